"""What the switch's kernel has taken for terminals. An approval counts as delivered from there on, received or not."""

from switch.message import Framer, MessageError, make_framer
from switch.simulation.net import VirtualSocket
from switch.simulation.peers.host import codec_of
from switch.simulation.peers.terminal import SPECS
from switch.simulation.record import Record


class Handed:
    """A tap of the wire: notes every answer to a payment that was taken whole."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._framers: dict[int, Framer] = {}

    def __call__(self, sock: VirtualSocket, data: bytes) -> None:
        if sock.process.name != "switch" or sock.port not in SPECS:
            return
        framer = self._framers.setdefault(sock.number, make_framer("len2"))
        for frame in framer.feed(data):
            try:
                view = codec_of(SPECS[sock.port]).view(frame)
            except MessageError:
                continue  # its terminal will tell
            if view.mti[1] == "2":
                self._record.note("wire", "handed", mti=view.mti, amount=int(view["4"]), code=view["39"])
