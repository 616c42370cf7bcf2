"""Reads a BASE II file record by record and refuses what is not whole: order, columns, totals. Writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from switch.cardnumbers import luhn_valid
from switch.clearing import base2_layout
from switch.clearing.base2_totals import Figures
from switch.clearing.currency import exponent, show_amount
from switch.clearing.errors import ClearingError
from switch.clearing.settings import FileRules
from switch.clearing.totals import FileTotals
from switch.message import mask_pan

NETWORK, KIND = "visa", "base2"
_DEFAULT = FileRules()
# What stands before TCR1 and TCR5.
_AHEAD = {"1": "0", "5": "1"}
_HEAD = ("transaction_code", "qualifier", "sequence")


@dataclass(frozen=True, slots=True)
class Base2Record:
    """One line: `number` from 1, `offset` of its first byte, `code` (TC), `sequence` (TCR), columns by name.

    The card number in `columns` is clear; `repr` masks it.
    """

    number: int
    offset: int
    code: str
    sequence: str
    columns: dict[str, str]

    @property
    def pan(self) -> str:
        """The card number of a TCR0; an extension of 000 is none."""
        extension = self.columns.get("account_extension", "")
        return self.columns.get("account_number", "") + ("" if extension == "000" else extension)

    @property
    def reversal(self) -> bool:
        return self.code in base2_layout.REVERSAL_OF.values()

    def __repr__(self) -> str:
        return f"Base2Record({self.number}, TC{self.code} TCR{self.sequence}, pan={mask_pan(self.pan)})"


def read_base2(path: Path, rules: FileRules = _DEFAULT) -> Iterator[Base2Record]:
    """The records in order. Raises ClearingError at the first thing wrong; a file is sound once all were read."""
    return _read(path, _Checker(path.name, rules))


def base2_totals(path: Path, rules: FileRules = _DEFAULT) -> FileTotals:
    """Counts and sums of the detail records, which agree with TC91 and TC92. Raises ClearingError."""
    checker = _Checker(path.name, rules)
    records = sum(1 for _ in _read(path, checker))
    tally = checker.file.tally
    return FileTotals(
        KIND, NETWORK, records, tally.presentments, tally.reversals, tally.currencies, dict(checker.trailer)
    )


def describe(record: Base2Record) -> str:
    """The record in one line, its card number masked."""
    columns = record.columns
    line = f"{record.number:>8}  TC{record.code} TCR{record.sequence}"
    if "account_number" in columns:
        amount = show_amount(int(columns["source_amount"]), columns["source_currency"])
        back = "  reversal" if record.reversal else ""
        return f"{line}  {mask_pan(record.pan)}  {amount}  ref {columns['acquirer_reference_number']}{back}"
    shown = {name: value for name, value in columns.items() if name not in _HEAD and value.strip("0")}
    return f"{line}  " + "  ".join(f"{name} {value}" for name, value in shown.items())


def _read(path: Path, checker: "_Checker") -> Iterator[Base2Record]:
    try:
        with path.open("rb") as source:
            yield from _records(source, path.name, checker)
    except OSError as error:
        raise ClearingError(path.name, f"expected a file to read: {error.strerror}") from None


def _records(source: BinaryIO, name: str, checker: "_Checker") -> Iterator[Base2Record]:
    number = 0
    while line := source.read(base2_layout.RECORD + 1):
        number += 1
        record = _parse(line, number, name)
        checker.check(record)
        yield record
    if not checker.trailer:
        offset = number * (base2_layout.RECORD + 1)
        raise ClearingError(name, "expected a file trailer TC92", record=number + 1, offset=offset)


def _parse(line: bytes, number: int, name: str) -> Base2Record:
    offset = (number - 1) * (base2_layout.RECORD + 1)

    def refuse(expected: str, field: str = "") -> ClearingError:
        return ClearingError(name, expected, record=number, offset=offset, field=field)

    if len(line) != base2_layout.RECORD + 1 or line[-1:] != b"\n":
        raise refuse("expected 168 characters and a line feed")
    text = line[:-1].decode("ascii", "replace")
    if not (text.isascii() and text.isprintable()):
        raise refuse("expected printable ASCII")
    code = text[:2]
    # In the file header the BIN begins where other records have qualifier and sequence.
    sequence = "0" if code == base2_layout.FILE_HEADER else text[3]
    layout = base2_layout.layout_of(code, sequence)
    if layout is None:
        raise refuse("expected TC 05, 06, 07, 25, 26, 27 with TCR 0, 1 or 5, or TC 90, 91 or 92", "transaction_code")
    try:
        columns = base2_layout.parse(text, layout)
    except ValueError as error:
        raise refuse("expected digits", str(error)) from None
    return Base2Record(number, offset, code, sequence, columns)


class _Checker:
    """What a record must be, given those before it. `file` are the figures so far, `trailer` TC92's once it came."""

    def __init__(self, name: str, rules: FileRules) -> None:
        self._name = name
        self._rules = rules
        self._batch = Figures(rules)
        self._batches = 0
        self._open = ("", "")
        self._header: dict[str, str] = {}
        self.file = Figures(rules)
        self.trailer: dict[str, int] = {}

    def check(self, record: Base2Record) -> None:
        """Raises ClearingError when `record` does not belong here or contradicts what was read."""
        if self.trailer:
            raise self._refuse(record, "expected nothing behind the file trailer")
        if (record.number == 1) != (record.code == base2_layout.FILE_HEADER):
            raise self._refuse(record, "expected one file header TC90, as the first record")
        if record.number == 1:
            self._header = record.columns
        elif record.code == base2_layout.BATCH_TRAILER:
            self._end_batch(record)
        elif record.code == base2_layout.FILE_TRAILER:
            self._end_file(record)
        else:
            self._detail(record)

    def _refuse(self, record: Base2Record, expected: str, field: str = "") -> ClearingError:
        return ClearingError(self._name, expected, record=record.number, offset=record.offset, field=field)

    def _detail(self, record: Base2Record) -> None:
        if record.sequence != "0":
            code, before = self._open
            if code != record.code or _AHEAD.get(record.sequence) != before:
                raise self._refuse(record, "expected TCR0, TCR1 and then TCR5, of one transaction code")
        else:
            self._require_second(record)
            self._draft(record)
        self._open = record.code, record.sequence
        for figures in (self._batch, self.file):
            figures.records += 1

    def _require_second(self, record: Base2Record) -> None:
        if self._open[1] == "0":
            raise self._refuse(record, "expected TCR1 behind TCR0", "sequence")

    def _draft(self, record: Base2Record) -> None:
        columns = record.columns
        pan = record.pan
        if not (pan.isdigit() and 12 <= len(pan) <= 19):
            raise self._refuse(record, "expected 12 to 19 digits", "account_number")
        if not luhn_valid(columns["acquirer_reference_number"]):
            raise self._refuse(record, "expected a check digit at its end", "acquirer_reference_number")
        credit = record.code in base2_layout.CREDITS
        for side in ("source", "destination"):
            currency = columns[f"{side}_currency"]
            if exponent(currency) is None:
                raise self._refuse(record, "expected an ISO 4217 numeric code", f"{side}_currency")
            for figures in (self._batch, self.file):
                tally = figures.tally if side == "source" else figures.destination
                tally.add(currency, int(columns[f"{side}_amount"]), credit=credit, reversal=record.reversal)
        for figures in (self._batch, self.file):
            figures.transactions += 1

    def _end_batch(self, record: Base2Record) -> None:
        self._require_second(record)
        self._batches += 1
        self._compare(record, self._batch)
        self.file.count_trailer()
        self._batch = Figures(self._rules)
        self._open = ("", "")

    def _end_file(self, record: Base2Record) -> None:
        self._require_second(record)
        if self._batch.records or not self._batches:
            raise self._refuse(record, "expected a batch trailer TC91 first")
        self._compare(record, self.file)
        self.trailer = self.file.trailer()

    def _compare(self, record: Base2Record, figures: Figures) -> None:
        for name in ("processing_bin", "processing_date"):
            if record.columns[name] != self._header[name]:
                raise self._refuse(record, "expected what the file header says", name)
        meant = figures.trailer() | {"batch_number": self._batches}
        for name, value in meant.items():
            if int(record.columns[name]) != value:
                raise self._refuse(record, f"expected {value}, counted from the records", name)
