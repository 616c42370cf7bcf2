"""The file of a BIN table: CSV with named columns, read in blocks into arrays. docs/routing.rst describes it."""

import csv
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from switch.engine.bincells import PLAIN, CellError, block_bounds, header, row_bounds, row_route
from switch.engine.bins import BinTable, Route, RoutingError
from switch.engine.ranges import OverlapError, flatten

MAX_RANGES = 2_000_000
_BLOCK = 512
_OPEN_QUOTES = "expected quotes to be closed on their line"


def parse_bin_table(lines: Iterable[str], source: str, limit: int = MAX_RANGES) -> BinTable:
    """A table from CSV with `#` comments; without a header its columns are prefix, network and host.

    Raises RoutingError naming `source`, line and column; `limit` is the most ranges there may be.
    """
    rows, reader = csv.reader(lines, strict=True), _Reader(limit)
    try:
        reader.read(rows)
    except csv.Error as error:
        raise RoutingError(f"{source}:{rows.line_num}: expected CSV: {error}") from None
    except UnicodeDecodeError as error:
        raise RoutingError(f"{source}: expected UTF-8: {error.reason}") from None
    except CellError as error:
        raise RoutingError(f"{source}:{reader.line}: {error}") from None
    return reader.table(source)


class _Rows(Protocol):
    """A csv.reader."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


class _Reader:
    """What has been read so far: a number per range in each array, a Route per different content.

    A block of rows that are all alike is taken in column by column, which is what a million of them need; any other
    block row by row. `line` is the latest line that was looked at.
    """

    def __init__(self, limit: int) -> None:
        self.line = 0
        self._limit = limit
        self._columns: Sequence[str] = ()
        self._lows, self._ends = array("Q"), array("Q")
        self._kinds, self._lines = array("I"), array("I")
        self._contents: dict[Route, int] = {}
        self._known: dict[tuple[str, ...], int] = {}

    def read(self, rows: _Rows) -> None:
        while block := list(islice(rows, _BLOCK if self._columns else 1)):
            end = rows.line_num
            if not (self._columns and end - self.line == len(block) and self._take_block(block)):
                for row in block:
                    self.line += 1
                    self._take(row)
            if self.line != end:
                raise CellError(_OPEN_QUOTES)
            if len(self._lows) > self._limit:
                raise CellError(f"expected at most {self._limit} ranges (routing.max_ranges)")

    def _take_block(self, block: list[list[str]]) -> bool:
        """Takes in a block of good rows; False when they want a closer look."""
        if set(map(len, block)) != {len(self._columns)}:
            return False
        cells = dict(zip(self._columns, zip(*block, strict=True), strict=True))
        found = block_bounds(cells)
        kinds = self._block_kinds(cells)
        if found is None or kinds is None:
            return False
        self._lows.extend(found[0])
        self._ends.extend(found[1])
        self._kinds.extend(kinds)
        self._lines.extend(range(self.line + 1, self.line + 1 + len(block)))
        self.line += len(block)
        return True

    def _block_kinds(self, cells: dict[str, tuple[str, ...]]) -> list[int] | None:
        """The kind of each row of a block, None when one of them is not known yet and wrong."""
        names = [name for name in self._columns if name in Route.__slots__]
        contents = list(zip(*(cells[name] for name in names), strict=True))
        try:
            return list(map(self._known.__getitem__, contents))
        except KeyError:
            pass
        try:
            for content in dict.fromkeys(contents):
                self._known[content] = self._kind(dict(zip(names, content, strict=True)))
        except CellError:
            return None
        return list(map(self._known.__getitem__, contents))

    def _kind(self, cells: dict[str, str]) -> int:
        return self._contents.setdefault(row_route(cells), len(self._contents) + 1)

    def _take(self, row: list[str]) -> None:
        if "\n" in "".join(row):
            raise CellError(_OPEN_QUOTES)
        if not any(row) or row[0].lstrip().startswith("#"):
            return
        if not self._columns:
            self._columns = header(row) or PLAIN
            if self._columns is not PLAIN:
                return
        if len(row) != len(self._columns):
            raise CellError(f"expected {','.join(self._columns)}")
        cells = {name: cell.strip() for name, cell in zip(self._columns, row, strict=True)}
        low, end = row_bounds(cells)
        self._kinds.append(self._kind(cells))
        self._lows.append(low)
        self._ends.append(end)
        self._lines.append(self.line)

    def table(self, source: str) -> BinTable:
        if not self._lows:
            raise RoutingError(f"{source}: expected at least one prefix")
        try:
            pieces = flatten(self._lows, self._ends)
        except OverlapError as error:
            first, second = sorted((self._lines[error.first], self._lines[error.second]))
            raise RoutingError(
                f"{source}:{second}: expected a range wider or narrower than the one in line {first}, "
                "which has card numbers of it too"
            ) from None
        self._kinds.append(0)
        self._lines.append(0)
        return BinTable(pieces, self._kinds, self._lines, list(self._contents), source)
