"""A virtual disk under the journal, and a store that writes to it in its own time."""

import errno
import os
import select
from collections.abc import Callable, Sequence
from random import Random

import trio

from switch.crypto.datakeys import DataKeys
from switch.journal.delivery import DeliveryLog
from switch.journal.disk import MemoryDisk
from switch.journal.memory import MemoryStore
from switch.journal.records import Ack, Record
from switch.simulation.net import VirtualNetwork
from switch.simulation.process import Process


class Platter:
    """What outlives a process: files, of which the part behind `durable` outlives it only while the power is on."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.files: dict[str, bytearray] = {}
        self.durable: dict[str, int] = {}
        self.failing = False
        self.latency = (0.0002, 0.002)

    def power_cut(self) -> None:
        """What was not synced is lost from some byte on."""
        for name, data in self.files.items():
            safe = self.durable.get(name, 0)
            if len(data) > safe:
                del data[self.dice.randint(safe, len(data)) :]


class VirtualDisk(MemoryDisk):
    """One process's view of the platter: every operation may fail, and may be the last."""

    def __init__(self, platter: Platter, process: Process) -> None:
        self.files = platter.files
        self._platter, self._process = platter, process

    def _operate(self, step: str = "") -> None:
        self._process.gate(step)
        if self._platter.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def open(self, name: str, head: bytes) -> None:
        self._operate()
        super().open(name, head)
        self._platter.durable[name] = len(head)

    def append(self, name: str, data: bytes) -> None:
        try:
            self._operate("append")
        except BaseException:
            if name in self.files and self._platter.dice.random() < 0.5:  # a torn write
                self.files[name] += data[: self._platter.dice.randrange(len(data))]
            raise
        super().append(name, data)

    def sync(self, name: str) -> None:
        self._operate("sync")
        self._platter.durable[name] = len(self.files[name])

    def rewrite(self, name: str, offset: int, data: bytes) -> None:
        self._operate()
        super().rewrite(name, offset, data)
        self._platter.durable[name] = len(self.files[name])

    def truncate(self, name: str, size: int) -> None:
        self._operate()
        super().truncate(name, size)
        self._platter.durable[name] = size

    def remove(self, name: str) -> None:
        self._operate()
        super().remove(name)
        self._platter.durable.pop(name, None)


class SlowStore:
    """The journal's writer as a task: what has gathered is committed after a while, then acknowledged."""

    def __init__(self, inner: MemoryStore, platter: Platter, network: VirtualNetwork, process: Process) -> None:
        self.inner = inner
        self.recovery = inner.recovery
        self._platter, self._network, self._process = platter, network, process
        self._fd = network.wire.fd()
        self._gathered: list[tuple[Sequence[Record], object]] = []
        self._handed: list[tuple[Sequence[Record], object]] = []
        self._acks: list[tuple[object, Ack]] = []
        self._outstanding = 0
        self._work = trio.Event()

    def submit(self, unit: Sequence[Record], token: object) -> None:
        self._outstanding += 1
        self._gathered.append((unit, token))

    def flush(self) -> None:
        if self._gathered:
            self._process.gate()
            self._handed += self._gathered
            self._gathered = []
            self._work.set()

    async def run(self) -> None:
        while True:
            await self._work.wait()
            self._work = trio.Event()
            while self._handed:
                units, self._handed = self._handed, []
                await trio.sleep(self._platter.dice.uniform(*self._platter.latency))
                for unit, token in units:
                    self.inner.submit(unit, token)
                self.inner.flush()
                self._acks += self.inner.take()
                self._network.flag(self._fd, select.EPOLLIN)

    def take(self) -> list[tuple[object, Ack]]:
        taken, self._acks = self._acks, []
        self._outstanding -= len(taken)
        self._network.flags[self._fd] = 0
        return taken

    def fileno(self) -> int:
        return self._fd

    @property
    def backlog(self) -> int:
        return self._outstanding

    def close(self) -> None:
        self.inner.close()


class GatedMarks(DeliveryLog):
    """The real delivery log, whose process can die before a write; `written` is told of the transactions."""

    process: Process
    written: Callable[[list[int]], None]

    def flush(self) -> None:
        if self._buffer:
            self.process.gate("marks")
            marks = [int.from_bytes(mark, "big") for mark in self._buffer]
            super().flush()
            self.written(marks)

    def abandon(self) -> None:
        """What the kernel does with the file of a dead process."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def open_store(platter: Platter, keys: DataKeys, marks: GatedMarks, network: VirtualNetwork) -> SlowStore:
    """The journal as a restart finds it."""
    disk = VirtualDisk(platter, network.process)
    inner = MemoryStore(keys, disk, marks.known, same_boot=marks.same_boot)
    return SlowStore(inner, platter, network, network.process)
