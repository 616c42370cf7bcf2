"""The one task that moves bytes: a nested epoll under trio, frames handed on by plain calls, one write per tick.

No task, event, lock or cancel scope per frame; what is not hot stays ordinary trio."""

import select
import socket
from collections.abc import Callable
from typing import Any

import structlog
import trio

from switch.link.connection import Connection, Framer, Handler, Limits
from switch.link.poller import EpollPoller, Poller

log = structlog.get_logger()

_HUNG_UP = select.EPOLLHUP | select.EPOLLERR


class Reactor:
    """`tick_end` runs after the frames of a tick and before its writes: journal hand-over, delivery marks.

    A handler that raises loses its connection with a logged reason; with `strict` the error ends the reactor. The
    simulation passes a `poller` of its own, and sockets that it knows.
    """

    def __init__(
        self, clock: Callable[[], float] = trio.current_time, *, strict: bool = False, poller: Poller | None = None
    ) -> None:
        self.clock = clock
        self.tick_end: list[Callable[[], None]] = []
        self._strict = strict
        self._poller = poller or EpollPoller()
        self._connections: dict[int, Connection] = {}
        self._masks: dict[int, int] = {}
        self._watched: dict[int, Callable[[], None]] = {}
        # Whose output or state changed; True when the kernel has said that it takes bytes again.
        self._touched: dict[Connection, bool] = {}
        self._closed = False
        self._in_tick = False
        self._woken = False

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, sock: socket.socket, name: str, framer: Framer, handler: Handler, limits: Limits) -> Connection:
        """Takes over a connected, non-blocking socket; raises OSError, and then the caller still owns it."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._poller.register(sock.fileno(), select.EPOLLIN)
        connection = Connection(sock, name, framer, handler, limits, self._touch, self.clock())
        self._connections[connection.fd] = connection
        self._masks[connection.fd] = select.EPOLLIN
        return connection

    def watch(self, fd: int, then: Callable[[], None]) -> None:
        """Calls `then` in a tick whenever `fd` is readable."""
        self._watched[fd] = then
        self._poller.register(fd, select.EPOLLIN)

    def unwatch(self, fd: int) -> None:
        if self._watched.pop(fd, None):
            self._poller.unregister(fd)

    def pause(self, connection: Connection, *, paused: bool) -> None:
        """Stops or resumes reading: back-pressure on one peer."""
        connection.pause(self.clock(), paused=paused)

    def wake(self) -> None:
        """A tick is wanted although nothing arrived."""
        if not self._in_tick and not self._woken and not self._closed:
            self._woken = True
            self._poller.wake()

    def guard(self, then: Callable[..., None], *args: Any) -> bool:
        """Calls `then`; an error in it is logged and hurts nothing else. True when there was none."""
        try:
            then(*args)
        except Exception:
            if self._strict:
                raise
            log.exception("callback failed", callback=getattr(then, "__qualname__", type(then).__name__))
            return False
        return True

    def _touch(self, connection: Connection) -> None:
        self._touched.setdefault(connection, False)
        self.wake()

    async def run(self) -> None:
        """Until cancelled; then every connection is closed."""
        try:
            while True:
                await self._poller.wait()
                self.tick()
        finally:
            for connection in list(self._connections.values()):
                connection.close("switch stopped")
            self._settle(self.clock())

    def tick(self) -> None:
        """One round: read, hand on, `tick_end`, write."""
        self._in_tick = True
        try:
            now = self.clock()
            for fd, events in self._poller.poll():
                self._dispatch(fd, events, now)
            self._end_tick()
            self._settle(now)
            self._end_tick()  # what the ends of connections have caused
        finally:
            self._in_tick = False

    def _end_tick(self) -> None:
        for then in self.tick_end:
            then()

    def _dispatch(self, fd: int, events: int, now: float) -> None:
        connection = self._connections.get(fd)
        if connection is not None:
            if events & select.EPOLLOUT:
                self._touched[connection] = True
            if events & ~select.EPOLLOUT and not connection.closed:
                self._read(connection, now, hung_up=bool(events & _HUNG_UP))
        elif fd in self._watched:
            self.guard(self._watched[fd])
        elif fd == self._poller.waker:
            self._woken = False
            self._poller.heard()

    def _read(self, connection: Connection, now: float, *, hung_up: bool) -> None:
        try:
            connection.readable(now, hung_up=hung_up)
        except Exception:
            if self._strict:
                raise
            log.exception("handler failed", link=connection.name)
            connection.close("internal error")

    def _settle(self, now: float) -> None:
        """Writes what was gathered and releases what was closed, until neither makes more."""
        while self._touched:
            touched, self._touched = self._touched, {}
            for connection, writable in touched.items():
                if not connection.closed and (writable or not connection.blocked):
                    connection.write(now)
                if connection.closed:
                    self._release(connection)
                else:
                    self._register(connection)

    def _register(self, connection: Connection) -> None:
        """Asks for no event that could not be used: a socket left readable would keep the loop busy."""
        mask = (select.EPOLLIN if connection.wants_input else 0) | (select.EPOLLOUT if connection.blocked else 0)
        if mask != self._masks[connection.fd]:
            self._masks[connection.fd] = mask
            self._poller.modify(connection.fd, mask)

    def _release(self, connection: Connection) -> None:
        if self._connections.get(connection.fd) is connection:
            del self._connections[connection.fd], self._masks[connection.fd]
            self._poller.unregister(connection.fd)
            self.guard(connection.released)

    def close_unsent(self, reason: str) -> None:
        """Closes the connections that were about to write frames with tokens in this tick."""
        for connection in list(self._touched):
            if connection.unsent:
                connection.close(reason)

    def sweep(self) -> None:
        """Closes connections that are silent in mid-frame or idle for too long; called by the timer task."""
        now = self.clock()
        for connection in self._connections.values():
            reason = connection.overdue(now)
            if reason:
                connection.close(reason)

    def close(self) -> None:
        """Frees what is left after `run`."""
        if not self._closed:
            self._closed = True
            self._poller.close()


def describe_peer(sock: socket.socket) -> str:
    """host:port of the other end, for logs."""
    try:
        host, port, *_ = sock.getpeername()
    except OSError:
        return "gone"
    return f"{host}:{port}"
