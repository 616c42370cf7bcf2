"""The BIN table: the narrowest range wins, on strings, so that leading zeros stand. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from switch.engine.ranges import DIGITS, END, bounds

# Past this many pieces the search begins between two marks, one for every five leading digits.
_MARKED = 50_000
_MARKS = 100_000


class RoutingError(ValueError):
    """A BIN table or rule that cannot be used; the message names the source, the line and what was expected."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a range says of its cards: `network` names the scheme (or "on-us"), `host` the host or route.

    `country` is the issuer's by number, `product` and `funding` are words of the table's own; "" where it is silent.
    """

    network: str
    host: str
    country: str = ""
    product: str = ""
    funding: str = ""


class BinTable:
    """Finds the range of a card number, overlaps allowed; ranges count as 19 digits, a shorter PAN is filled with 0.

    Arrays, no object per range. From `starts[i]` up to the next start the range `rows[i]` holds, -1 where none does;
    it is in line `lines[row]` of `source` and says `contents[kinds[row]]`. The last row stands for no range.
    """

    def __init__(
        self,
        pieces: "tuple[array[int], array[int]]",
        kinds: "array[int]",
        lines: "array[int]",
        contents: Sequence[Route],
        source: str,
    ) -> None:
        self.source = source
        self._starts, self._rows = pieces
        self._kinds = kinds
        self._lines = lines
        self.contents: list[Route | None] = [None, *contents]
        parts = _MARKS if len(self._starts) > _MARKED else 1
        self._part = END // parts
        self._marks = array("I", [bisect_right(self._starts, self._part * part) for part in range(parts + 1)])

    def kind(self, pan: str) -> int:
        """Which of `contents` the narrowest range that has `pan` says; 0, where None stands, when there is none."""
        if not pan.isdecimal() or len(pan) > DIGITS:
            return 0
        number = int(pan.ljust(DIGITS, "0"))
        part = number // self._part
        place = bisect_right(self._starts, number, self._marks[part], self._marks[part + 1])
        return self._kinds[self._rows[place - 1]]

    def route(self, pan: str) -> Route | None:
        """The route of the narrowest range that has `pan`, None when there is none."""
        return self.contents[self.kind(pan)]

    def line(self, pan: str) -> int:
        """The line of `source` that decides for `pan`, 0 when none does."""
        return self._lines[self._rows[bisect_right(self._starts, bounds(pan, pan)[0]) - 1]]

    def lines_within(self, prefix: str) -> set[int]:
        """The lines that decide for card numbers that begin with `prefix`."""
        low, end = bounds(prefix, prefix)
        first, last = bisect_right(self._starts, low) - 1, bisect_left(self._starts, end)
        return {self._lines[row] for row in self._rows[first:last]} - {0}

    @property
    def routes(self) -> list[Route]:
        """The different contents of all ranges."""
        return [route for route in self.contents if route is not None]

    @property
    def hosts(self) -> set[str]:
        """The names of all hosts and routes that ranges lead to."""
        return {route.host for route in self.routes}

    def __len__(self) -> int:
        return len(self._kinds) - 1
