"""Which descriptors are ready: the kernel's epoll here, the simulation's own in a virtual world."""

import os
import select
from typing import Protocol

import trio

_EVENTS_PER_TICK = 256


class Poller(Protocol):
    """Masks and events are those of epoll, level-triggered. `waker` is the descriptor that `wake` makes ready."""

    waker: int

    def register(self, fd: int, mask: int) -> None: ...

    def modify(self, fd: int, mask: int) -> None: ...

    def unregister(self, fd: int) -> None: ...

    def poll(self) -> list[tuple[int, int]]:
        """What is ready now, in (descriptor, events); never waits."""

    def wake(self) -> None:
        """Makes the waker ready: whoever waits goes on."""

    def heard(self) -> None:
        """The waker is not ready any more."""

    async def wait(self) -> None:
        """Until something is ready."""

    def close(self) -> None: ...


class EpollPoller:
    """An epoll that trio waits on as one descriptor."""

    def __init__(self) -> None:
        epoll = self._epoll = select.epoll()
        self.register, self.modify, self.unregister = epoll.register, epoll.modify, epoll.unregister
        # Output made outside a tick, by an ordinary task or a timer, wakes the reactor through this counter.
        self.waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.register(self.waker, select.EPOLLIN)

    def poll(self) -> list[tuple[int, int]]:
        return self._epoll.poll(0, _EVENTS_PER_TICK)

    def wake(self) -> None:
        os.eventfd_write(self.waker, 1)

    def heard(self) -> None:
        os.eventfd_read(self.waker)

    async def wait(self) -> None:
        await trio.lowlevel.wait_readable(self._epoll.fileno())

    def close(self) -> None:
        self._epoll.close()
        os.close(self.waker)
