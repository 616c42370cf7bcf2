"""The HSM of the simulated world: the real commands behind a virtual socket, with stalls."""

from switch.hsm.inprocess import exchange, open_conversation
from switch.simulation.net import VirtualSocket, Wire
from switch.simulation.peers.door import serve
from switch.simulation.process import Process


class Hsm:
    """While `stalled` it takes commands and answers none."""

    def __init__(self, port: int, wire: Wire) -> None:
        self.name, self.port = "hsm", port
        self.stalled = False
        self._wire = wire
        self.process = Process(self.name)

    async def run(self) -> None:
        """Until killed."""
        self.process = Process(self.name)
        await serve(self._wire, self.port, self.process, self._converse)

    async def _converse(self, sock: VirtualSocket) -> None:
        conversation = open_conversation(4)
        with sock:
            while data := await sock.receive():
                answer = exchange(conversation, data)
                if not self.stalled:
                    sock.put(answer)
