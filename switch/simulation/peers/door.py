"""How a counterparty listens, until it is killed."""

from collections.abc import Awaitable, Callable

import trio

from switch.simulation.net import VirtualSocket, Wire, listen
from switch.simulation.process import Killed, Process


async def serve(wire: Wire, port: int, process: Process, converse: Callable[[VirtualSocket], Awaitable[None]]) -> None:
    """A task of `converse` for each connection; returns when the process has died."""
    try:
        with process.scope, listen(wire, port, process) as door:
            async with trio.open_nursery() as nursery:
                while True:
                    await door.ready()
                    nursery.start_soon(converse, door.accept()[0])
    except* Killed:
        pass
