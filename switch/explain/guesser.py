"""Guesses payload after payload of one input, which mostly are alike: what won before is tried first. Shows nothing."""

from collections.abc import Sequence

from switch.explain.guess import Candidate, again, guess, unsure
from switch.message import Codec

# Payloads that are asked for again, and winners of different kinds: requests and answers of a few interfaces.
_REMEMBERED, _WINNERS = 64, 6


class Guesser:
    """The candidates for one payload after the other.

    What an earlier payload was clearly read as is taken again when it reads the next one to its end as well as that
    (`again` has the rule). Else every framing, header and interface is tried afresh.
    """

    def __init__(self, codecs: Sequence[Codec], framing: str | None) -> None:
        self._codecs = codecs
        self._framing = framing
        self._known: dict[bytes, list[Candidate]] = {}
        self._won: list[list[Candidate]] = []

    def guess(self, data: bytes) -> list[Candidate]:
        """As `guess.guess`, perhaps of fewer candidates; raises ValueError for a framing of no such name."""
        known = self._known.get(data)
        if known is not None:
            return known
        found = self._as_before(data)
        if not found:
            found = guess(data, self._codecs, self._framing)
            if found and found[0].is_clear:
                self._won = [unsure(found), *self._won][:_WINNERS]
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[data] = found
        return found

    def _as_before(self, data: bytes) -> list[Candidate]:
        for index, won in enumerate(self._won):
            found = again(data, won)
            if found:
                self._won.insert(0, self._won.pop(index))
                return found
        return []
