"""Overlapping ranges of card numbers, cut into pieces that do not overlap: the narrowest range wins. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain, islice
from operator import le

# Every bound is filled to the longest PAN (ISO/IEC 7812-1: 19 digits): a lower one with 0, an upper one with 9.
DIGITS = 19
END = 10**DIGITS
_Open = tuple[int, int, int]


class OverlapError(ValueError):
    """Two ranges of one width share numbers, so that neither is the narrower; `first` and `second` are their rows."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"rows {first} and {second} overlap")
        self.first, self.second = first, second


def bounds(low: str, high: str) -> tuple[int, int]:
    """The numbers of 19 digits that a range of digit strings stands for: its first, and the first behind it."""
    return int(low.ljust(DIGITS, "0")), int(high.ljust(DIGITS, "9")) + 1


def flatten(lows: "array[int]", ends: "array[int]") -> "tuple[array[int], array[int]]":
    """(starts, rows): from each start on, up to the next start, a row holds; -1 where none does. Raises OverlapError.

    Of equal starts the last counts. One walk over the ranges by their lower bound; `around` holds those around the
    place reached, the narrowest last, as minus width, end and row. Most ranges have nothing inside them and lie in one
    thing: a run of those is written at once.
    """
    order = _order(lows)
    if not isinstance(order, range):
        lows, ends = (array("Q", map(bound.__getitem__, order)) for bound in (lows, ends))
    plain = bytes(map(le, ends, chain(islice(lows, 1, None), [END])))
    starts, rows = array("Q", [0]), array("i", [-1])
    around: list[_Open] = [(-2 * END, END + 1, -1)]
    at = 0
    while at < len(lows):
        low, end = lows[at], ends[at]
        _close(around, low, starts, rows)
        wider, until, row_around = around[-1]
        if plain[at] and end <= until and wider < low - end:
            stop = plain.find(0, at)
            stop = bisect_right(ends, until, at, len(lows) if stop < 0 else stop)
            starts.extend(_in_turn(lows[at:stop], ends[at:stop]))
            rows.extend(_in_turn(array("i", order[at:stop]), array("i", [row_around]) * (stop - at)))
            at = stop
        else:
            _insert(around, (low - end, end, order[at]))
            starts.append(low)
            rows.append(around[-1][2])
            at += 1
    _close(around, END, starts, rows)
    return starts, rows


def _order(lows: "array[int]") -> Sequence[int]:
    """The rows by lower bound. Most files are in order, which one look in C tells."""
    if all(map(le, lows, islice(lows, 1, None))):
        return range(len(lows))
    return sorted(range(len(lows)), key=lows.__getitem__)


def _in_turn(first: "array[int]", second: "array[int]") -> "array[int]":
    both = first + second
    both[::2], both[1::2] = first, second
    return both


def _insert(around: list[_Open], new: _Open) -> None:
    """Puts a range below the narrower ones that it overlaps in part."""
    place = bisect_left(around, (new[0],))
    for other in islice(around, place, None):
        if other[0] != new[0]:
            break
        if other[1] > new[0] + new[1]:  # it has not ended before the new one begins
            raise OverlapError(other[2], new[2])
    around.insert(place, new)


def _close(around: list[_Open], before: int, starts: "array[int]", rows: "array[int]") -> None:
    """Ends what ends up to `before`: behind it the next wider range goes on."""
    while around[-1][1] <= before:
        end = around.pop()[1]
        while around[-1][1] <= end:
            around.pop()
        starts.append(end)
        rows.append(around[-1][2])
