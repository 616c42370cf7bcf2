"""Lines of connections made, ended and refused: the first few of a peer in a minute, one line about the others."""

from collections import Counter

import structlog
import trio

log = structlog.get_logger()

# Seconds that a peer's lines are counted for.
PERIOD = 60.0
# Peers told apart in that time; what further ones do is counted together.
_MOST_PEERS = 256
_OTHERS = "others"


# Of connections refused: a flood of them must not become a flood of lines.
_REFUSALS = 3


class ConnectionLog:
    """`lines` of each peer in a minute are written as they come; a minute's end tells of the rest in one line."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._written: dict[str, Counter[str]] = {}
        self._held_back: dict[str, Counter[str]] = {}

    def note(self, event: str, peer: str, /, **details: object) -> None:
        """A connection of `peer` was "connected", "disconnected" or "refused"."""
        if peer not in self._written and len(self._written) >= _MOST_PEERS:
            peer = _OTHERS
        written = self._written.setdefault(peer, Counter())
        refused = event == "refused"
        if (written[event] < _REFUSALS) if refused else (written.total() - written["refused"] < self._lines):
            written[event] += 1
            (log.warning if refused else log.info)(event, **details)
        else:
            self._held_back.setdefault(peer, Counter())[event] += 1

    async def run(self) -> None:
        """Begins a new minute every minute; runs until cancelled."""
        while True:
            await trio.sleep(PERIOD)
            self.summarise()

    def summarise(self) -> None:
        """Tells what was not written, and begins to count anew."""
        for peer, counts in self._held_back.items():
            log.warning("connections not logged", peer=peer, **counts)
        self._held_back.clear()
        self._written.clear()
