"""A process that can be killed between any two of its I/O operations: all of them pass its gate."""

from typing import Protocol

import trio

# Steps of a payment between which a death leaves different doubts.
STEPS = ("append", "sync", "marks", "send")


class Killed(BaseException):
    """kill -9: no handler of the dead process may run on it, so it is no Exception."""


class Held(Protocol):
    """What the kernel takes away from a dead process."""

    def abort(self) -> None: ...


class Process:
    """`kill` closes the gate, aborts what it holds, and cancels its tasks, whose further I/O raises Killed.

    `fuse` is the number of operations after which it dies by itself, 0 for never; those of one `step` when it has one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.fuse, self.step = 0, ""
        self.scope = trio.CancelScope()
        self.held: list[Held] = []

    def gate(self, step: str = "") -> None:
        """Before every operation; `step` names one of which the next may be the last."""
        if self.alive and self.fuse and self.step in ("", step):
            self.fuse -= 1
            if not self.fuse:
                self.kill()
        if not self.alive:
            raise Killed(self.name)

    def kill(self) -> None:
        if self.alive:
            self.alive = False
            for each in list(self.held):
                each.abort()
            self.scope.cancel()
