"""The cells of a BIN table's row: which columns there are, and what must be in them. docs/routing.rst lists them."""

from collections.abc import Sequence
from operator import add, le, mul

from switch import countries
from switch.engine.bins import Route
from switch.engine.ranges import DIGITS, bounds

PLAIN = ("prefix", "network", "host")
_LONGEST_PREFIX = 11
_WIDTHS = [10 ** (DIGITS - length) for length in range(DIGITS + 1)]
COLUMNS = ("prefix", "range_low", "range_high", *Route.__slots__, "name")


class CellError(ValueError):
    """What is wrong with a line; the message begins with the column where there is one."""


def header(row: list[str]) -> tuple[str, ...]:
    """The columns a first row names, none when it is a range already; raises CellError."""
    names = tuple(cell.strip() for cell in row)
    if not {"prefix", "range_low", "range_high"} & set(names):
        return ()
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise CellError(f"column {name}: expected each at most once of {', '.join(COLUMNS)}")
    if not {"network", "host"} <= set(names) or ("range_low" in names) != ("range_high" in names):
        raise CellError("expected the columns network, host and prefix, or range_low and range_high")
    return names


def block_bounds(cells: dict[str, tuple[str, ...]]) -> tuple[list[int], list[int]] | None:
    """The bounds of many rows at once, None when they are not all good or not all of one form."""
    prefixes, lows, highs = (cells.get(name, ()) for name in COLUMNS[:3])
    if prefixes and not any(lows) and not any(highs):
        if not _all_digits(prefixes, _LONGEST_PREFIX):
            return None
        starts, widths = _numbers(prefixes)
        return starts, list(map(add, starts, widths))
    if any(prefixes) or not (_all_digits(lows, DIGITS) and _all_digits(highs, DIGITS)):
        return None
    if not all(map(le, lows, highs)) or list(map(len, lows)) != list(map(len, highs)):
        return None
    last, widths = _numbers(highs)
    return _numbers(lows)[0], list(map(add, last, widths))


def _all_digits(texts: tuple[str, ...], most: int) -> bool:
    joined = "".join(texts)
    return joined.isascii() and joined.isdecimal() and all(texts) and max(map(len, texts)) <= most


def _numbers(texts: Sequence[str]) -> tuple[list[int], list[int]]:
    """Numbers filled with 0 to 19 digits, and how many numbers each text is the beginning of."""
    widths = list(map(_WIDTHS.__getitem__, map(len, texts)))
    return list(map(mul, map(int, texts), widths)), widths


def row_bounds(cells: dict[str, str]) -> tuple[int, int]:
    """The bounds of one row's range, as `ranges.bounds` has them; raises CellError."""
    prefix, low, high = (cells.get(name, "") for name in COLUMNS[:3])
    if prefix and (low or high):
        raise CellError("column prefix: expected either a prefix, or range_low and range_high")
    if prefix or "range_low" not in cells:
        _digits("prefix", prefix, _LONGEST_PREFIX)
        return bounds(prefix, prefix)
    _digits("range_low", low, DIGITS)
    _digits("range_high", high, DIGITS)
    if len(low) != len(high):
        raise CellError("column range_high: expected as many digits as in range_low")
    if low > high:
        raise CellError("column range_high: expected no less than range_low")
    return bounds(low, high)


def _digits(column: str, value: str, most: int) -> None:
    if not (value.isascii() and value.isdecimal() and len(value) <= most):
        raise CellError(f"column {column}: expected 1 to {most} digits")


def row_route(cells: dict[str, str]) -> Route:
    """What a row says of its cards; raises CellError."""
    found = {name: cells.get(name, "").strip() for name in Route.__slots__}
    for name in ("network", "host"):
        if not found[name]:
            raise CellError(f"column {name}: expected a name")
    if found["country"]:
        found["country"] = countries.numeric(found["country"])
        if not found["country"]:
            raise CellError("column country: expected an ISO 3166-1 code such as DE, DEU or 276")
    return Route(**found)
