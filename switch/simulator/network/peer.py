"""One framed connection whose outgoing frames wait in a bounded outbox: a peer that does not read stops nobody else.

Knows no message."""

import math
from collections.abc import Callable

import trio

from switch.simulator.network.config import Limits
from switch.simulator.wire import ConnectionLost, FrameStream


class Peer:
    """`run` serves until the connection ends; `send`, `close` and `finish` never wait."""

    def __init__(self, stream: trio.SocketStream, framing: str, limits: Limits) -> None:
        self._frames = FrameStream(stream, framing, limits.max_frame)
        self._limits = limits
        self._outbox, self._waiting = trio.open_memory_channel[bytes](limits.max_queued)
        self._room = trio.Event()
        self._scope = trio.CancelScope()
        self.reason = ""

    def send(self, frame: bytes) -> bool:
        """Queues a frame; False when the connection ends, as it does when the frame is too long or the outbox full."""
        if self.reason:
            return False
        if len(frame) > self._limits.max_frame:
            self.finish(f"frame to send of {len(frame)} bytes, expected at most {self._limits.max_frame}")
            return False
        try:
            self._outbox.send_nowait(frame)
        except trio.WouldBlock:
            self.close(f"peer does not read: {self._limits.max_queued} frames wait")
            return False
        return True

    def close(self, reason: str) -> None:
        """Ends the connection now; the first reason stands."""
        self.reason = self.reason or reason
        self._scope.cancel()

    def finish(self, reason: str) -> None:
        """Ends the connection once what is queued is written."""
        self.reason = self.reason or reason
        self._outbox.close()

    async def run(self, on_frame: Callable[[bytes], None]) -> str:
        """Passes on every frame until the connection ends; returns why it ended."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    await self._read(on_frame)
        finally:
            self.reason = self.reason or "stopped"
            self._outbox.close()
            await self._frames.aclose()
        return self.reason

    async def _read(self, on_frame: Callable[[bytes], None]) -> None:
        patience = self._limits.idle_timeout or math.inf
        while not self.reason:
            frames: list[bytes] = []
            with trio.move_on_after(patience) as silence:
                try:
                    frames = await self._frames.receive()
                except ConnectionLost as error:
                    self.finish(str(error))
                    return
            if not frames:
                silent = f"no whole frame for {patience:g} s"
                self.finish(silent if silence.cancelled_caught else "closed by peer")
                return
            for frame in frames:
                # A peer that asks faster than it is written to waits; only one that does not read is dropped.
                while self._crowded and not self.reason:
                    self._room = trio.Event()
                    await self._room.wait()
                if not self.reason:
                    on_frame(frame)

    @property
    def _crowded(self) -> bool:
        return self._outbox.statistics().current_buffer_used > self._limits.max_queued // 2

    async def _write(self) -> None:
        async for frame in self._waiting:
            if not self._crowded:
                self._room.set()
            with trio.move_on_after(self._limits.write_timeout) as stall:
                try:
                    await self._frames.send(frame)
                except ConnectionLost as error:
                    self.close(str(error))
                    return
            if stall.cancelled_caught:
                self.close("peer does not read what it is sent")
                return
        self._scope.cancel()
