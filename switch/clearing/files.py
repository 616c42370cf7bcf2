"""What can be asked of a clearing file and of a batch's files together: totals, a masked listing, agreement."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from switch.clearing.currency import show_amount
from switch.clearing.formats import format_of
from switch.clearing.settings import FileRules
from switch.clearing.totals import FileTotals
from switch.journal import reader

_DEFAULT = FileRules()
_Totals = Mapping[str, Mapping[str, tuple[int, int]]]


def file_totals(path: Path, rules: FileRules = _DEFAULT) -> FileTotals:
    """Counts and sums of an `.ipm` or `.ctf` file, from its details and as its trailers say.

    Raises ClearingError when the file is not whole or contradicts itself.
    """
    return format_of(path).totals(path, rules)


def describe_file(path: Path, rules: FileRules = _DEFAULT) -> Iterator[str]:
    """One line per record, card numbers masked; raises ClearingError at the first record that is wrong."""
    return format_of(path).describe(path, rules)


def compare(
    connection: sqlite3.Connection, batch: int, files: Iterable[Path], rules: FileRules = _DEFAULT
) -> list[str]:
    """How the files differ from what the journal says `batch` presents, per network and currency; empty: they agree.

    `files` are all files of the batch. Raises ClearingError for one that is not whole.
    """
    return differences(reader.captured_totals(connection, batch), [file_totals(path, rules) for path in files])


def differences(journal: _Totals, files: Iterable[FileTotals]) -> list[str]:
    """One line per network and currency in which journal and files differ."""
    carried: dict[str, dict[str, tuple[int, int]]] = {}
    for totals in files:
        sums = carried.setdefault(totals.network, {})
        for currency, (count, amount) in totals.currencies.items():
            before = sums.get(currency, (0, 0))
            sums[currency] = before[0] + count, before[1] + amount
    lines = []
    for network in sorted(journal.keys() | carried.keys()):
        theirs, ours = carried.get(network, {}), journal.get(network, {})
        for currency in sorted(theirs.keys() | ours.keys()):
            in_files, in_journal = theirs.get(currency, (0, 0)), ours.get(currency, (0, 0))
            if in_files != in_journal:
                both = f"files {_show(in_files, currency)}, journal {_show(in_journal, currency)}"
                lines.append(f"{network} {currency}: {both}")
    return lines


def _show(total: tuple[int, int], currency: str) -> str:
    return f"{total[0]} of {show_amount(total[1], currency)}"
