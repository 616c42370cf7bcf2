"""The HSM of the simulated world: the real commands behind a virtual socket, with stalls."""

import trio

from switch.hsm.inprocess import exchange, open_conversation
from switch.simulation.net import VirtualSocket, Wire, listen
from switch.simulation.process import Killed, Process


class Hsm:
    """While `stalled` it takes commands and answers none."""

    def __init__(self, port: int, wire: Wire) -> None:
        self.name, self.port = "hsm", port
        self.stalled = False
        self._wire = wire
        self.process = Process(self.name)

    async def run(self) -> None:
        """Until killed."""
        process = self.process = Process(self.name)
        try:
            with process.scope, listen(self._wire, self.port, process) as door:
                async with trio.open_nursery() as nursery:
                    while True:
                        await door.ready()
                        nursery.start_soon(self._converse, door.accept()[0])
        except* Killed:
            pass

    async def _converse(self, sock: VirtualSocket) -> None:
        conversation = open_conversation(4)
        with sock:
            while data := await sock.receive():
                answer = exchange(conversation, data)
                if not self.stalled:
                    sock.put(answer)
