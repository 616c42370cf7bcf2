"""The lab's processes: started one after the other, restarted when they die, ended in order."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import trio

from switch.lab.errors import LabError

_PR_SET_PDEATHSIG = 1
_RESTART_PAUSE = 0.3
_LAST_LINES = 5
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    """In the child: SIGTERM when the lab itself is killed, so that nothing is left running."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One `switch ...` process; its output is appended to `log`. `stopping` keeps it from being restarted."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self.stopping = False
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        # sd_notify(3): an abstract address needs no file and no short path.
        self._address = f"switch-lab-{os.getpid()}-{name}"
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket = trio.socket.from_stdlib_socket(self._notices)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """False before the first start and between an end and the next start."""
        return self._process is not None and self._process.poll() is None

    async def listen(self) -> None:
        """Once, before the first start."""
        await self._socket.bind("\0" + self._address)

    def start(self) -> None:
        """In a process group of its own: Ctrl-C reaches the lab only, which ends its children in order."""
        with self.log.open("ab") as output:
            # Started by this thread: the parent's death signal belongs to the thread that forked.
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "switch", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "NOTIFY_SOCKET": "@" + self._address},
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    async def ready(self, within: float) -> None:
        """Returns when the process has said READY=1; raises LabError with its last words."""
        is_ready = False
        with trio.move_on_after(within):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._end_with_process, nursery.cancel_scope)
                while b"READY=1" not in await self._socket.recv(4096):
                    pass
                is_ready = True
                nursery.cancel_scope.cancel()
        if not is_ready:
            raise LabError(f"{self.name} did not start; {self.log} ends with:\n{self._last_words()}")

    async def _end_with_process(self, scope: trio.CancelScope) -> None:
        await self.ended()
        scope.cancel()

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])

    async def ended(self) -> int:
        """Waits for the end; the exit status, negative for a signal."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            descriptor = os.pidfd_open(process.pid)
            try:
                await trio.lowlevel.wait_readable(descriptor)
            finally:
                os.close(descriptor)
        return process.wait()

    async def keep_running(self, tell: Callable[[str], None]) -> None:
        """Starts it again whenever it ends, until `stopping`."""
        while True:
            status = await self.ended()
            if self.stopping:
                return
            tell(f"{self.name} ended ({_describe(status)}); starting it again")
            await trio.sleep(_RESTART_PAUSE)
            if not self.stopping:
                self._forget_notices()
                self.start()

    def _forget_notices(self) -> None:
        """Nobody waits for READY=1 after the first start, and a queue that is full would hold the process up."""
        with suppress(BlockingIOError):
            while True:
                self._notices.recv(4096)

    async def stop(self, within: float) -> int:
        """SIGTERM, then SIGKILL after `within` seconds; its exit status."""
        self.stopping = True
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.terminate()
        with trio.move_on_after(within, shield=True):
            return await self.ended()
        process.kill()
        return process.wait()

    def close(self) -> None:
        self._socket.close()


def _describe(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
