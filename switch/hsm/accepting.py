"""Accepting connections, also when the system has nothing left to accept them with."""

import errno
from collections.abc import Awaitable, Callable

import structlog
import trio

log = structlog.get_logger()

# File descriptors of the process or the system, memory for sockets.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# Seconds: how long newcomers wait in the kernel's queue then, and how long all must be well to be called so.
_PAUSE, _WELL = 0.1, 1.0

Handler = Callable[[trio.SocketStream], Awaitable[None]]


class Acceptor:
    """Gives each connection of its listeners a task. Logs when accepting pauses and when it goes on, not each failure.

    Who is connected is served meanwhile; newcomers wait.
    """

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._short = False
        self._failed = float("-inf")

    async def accept(self, listeners: list[trio.SocketListener]) -> None:
        """Runs until cancelled, then closes the listeners."""
        async with trio.open_nursery() as nursery:
            for listener in listeners:
                nursery.start_soon(self._accept, listener, nursery)

    async def _accept(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if error.errno not in _EXHAUSTED:
                        raise
                    self._note_failure(error)
                    await trio.sleep(_PAUSE)
                    continue
                self._note_success()
                nursery.start_soon(self._run, stream)

    async def _run(self, stream: trio.SocketStream) -> None:
        try:
            await self._handle(stream)
        finally:
            await trio.aclose_forcefully(stream)

    def _note_failure(self, error: OSError) -> None:
        self._failed = trio.current_time()
        if not self._short:
            self._short = True
            log.error("accepting pauses", reason=error.strerror)

    def _note_success(self) -> None:
        # At the edge one is accepted, the next fails: that is one shortage.
        if self._short and trio.current_time() - self._failed > _WELL:
            self._short = False
            log.info("accepting again")
