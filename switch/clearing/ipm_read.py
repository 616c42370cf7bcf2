"""Reads an IPM file record by record and refuses what is not whole: order, numbers, totals. Writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from switch.cardnumbers import luhn_valid
from switch.clearing import ipm_spec
from switch.clearing.currency import exponent, show_amount
from switch.clearing.errors import ClearingError
from switch.clearing.presentment import CREDIT_CODES
from switch.clearing.settings import FileRules
from switch.clearing.totals import FileTotals, Tally
from switch.clearing.vbs import VbsReader
from switch.message import MessageError, mask_pan

NETWORK, KIND = "mastercard", "ipm"
_DEFAULT = FileRules()


@dataclass(frozen=True, slots=True)
class IpmRecord:
    """One message: `number` from 1, `offset` of its length in the file, fields by number, private data by tag.

    The card number in `fields` is clear; `repr` masks it.
    """

    number: int
    offset: int
    mti: str
    fields: dict[str, str]
    pds: dict[str, str]

    @property
    def kind(self) -> tuple[str, str]:
        """Message type and function code."""
        return self.mti, self.fields.get("24", "")

    @property
    def reversal(self) -> bool:
        return self.pds.get("0025", "").startswith("R")

    def __repr__(self) -> str:
        return f"IpmRecord({self.number}, {'-'.join(self.kind)}, pan={mask_pan(self.fields.get('2', ''))})"


def read_ipm(path: Path, rules: FileRules = _DEFAULT) -> Iterator[IpmRecord]:
    """The records in order. Raises ClearingError at the first thing wrong; a file is sound once all were read."""
    return _read(path, rules, Tally(), {})


def ipm_totals(path: Path, rules: FileRules = _DEFAULT) -> FileTotals:
    """Counts and sums of the detail records, which agree with the trailer. Raises ClearingError."""
    tally, trailer = Tally(), dict[str, int]()
    records = sum(1 for _ in _read(path, rules, tally, trailer))
    return FileTotals(KIND, NETWORK, records, tally.presentments, tally.reversals, tally.currencies, trailer)


def describe(record: IpmRecord) -> str:
    """The record in one line, its card number masked."""
    fields, pds = record.fields, record.pds
    line = f"{record.number:>8}  {'-'.join(record.kind)}"
    if record.kind == ipm_spec.FIRST_PRESENTMENT:
        back = "  reversal" if record.reversal else ""
        amount = show_amount(int(fields["4"]), fields["49"])
        return f"{line}  {mask_pan(fields['2'])}  {fields['3']}  {amount}  ref {fields['31']}{back}"
    return f"{line}  " + "  ".join(f"PDS{tag} {value}" for tag, value in pds.items())


def _read(path: Path, rules: FileRules, tally: Tally, trailer: dict[str, int]) -> Iterator[IpmRecord]:
    try:
        with path.open("rb") as source:
            yield from _records(VbsReader(source, path.name, rules.max_record), path.name, tally, trailer)
    except OSError as error:
        raise ClearingError(path.name, f"expected a file to read: {error.strerror}") from None


def _records(vbs: VbsReader, name: str, tally: Tally, trailer: dict[str, int]) -> Iterator[IpmRecord]:
    checker = _Checker(name, tally, trailer)
    while True:
        start = vbs.position
        raw = vbs.read()
        if raw is None:
            break
        record = _decode(raw, name, vbs, start)
        checker.check(record)
        yield record
    if not trailer:
        raise ClearingError(name, "expected a file trailer 1644-695", record=vbs.records + 1, offset=vbs.offset)


def _decode(raw: bytes, name: str, vbs: VbsReader, start: int) -> IpmRecord:
    try:
        view = ipm_spec.CODEC.view(raw)
        view.check()
        pds = ipm_spec.parse_pds(view.get("48", ""))
        fields = {number: view[number] for number in view.fields}
    except MessageError as error:
        offset = vbs.place(start + 4 + (error.offset or 0))
        raise ClearingError(name, error.reason, record=vbs.records, offset=offset, field=error.path) from None
    return IpmRecord(vbs.records, vbs.place(start), view.mti, fields, pds)


class _Checker:
    """What a record must be, given those before it."""

    def __init__(self, name: str, tally: Tally, trailer: dict[str, int]) -> None:
        self._name = name
        self._tally = tally
        self._trailer = trailer
        self._file_id = ""

    def check(self, record: IpmRecord) -> None:
        """Raises ClearingError when `record` does not belong here or contradicts what was read."""
        if self._trailer:
            raise self._refuse(record, "", "expected nothing behind the file trailer")
        if record.fields.get("71") != f"{record.number:08d}":
            raise self._refuse(record, "71", f"expected message number {record.number:08d}")
        if record.number == 1:
            self._header(record)
        elif record.kind == ipm_spec.FILE_TRAILER:
            self._end(record)
        elif record.kind == ipm_spec.FIRST_PRESENTMENT:
            self._detail(record)
        else:
            raise self._refuse(record, "24", "expected 1240-200 or the file trailer 1644-695")

    def _refuse(self, record: IpmRecord, field: str, expected: str) -> ClearingError:
        return ClearingError(self._name, expected, record=record.number, offset=record.offset, field=field)

    def _header(self, record: IpmRecord) -> None:
        if record.kind != ipm_spec.FILE_HEADER:
            raise self._refuse(record, "24", "expected a file header 1644-697")
        self._file_id = record.pds.get("0105", "")
        if len(self._file_id) != 25 or not (self._file_id.isascii() and self._file_id.isdigit()):
            raise self._refuse(record, "PDS0105", "expected 25 digits")
        if record.pds.get("0122") not in ("P", "T"):
            raise self._refuse(record, "PDS0122", "expected P or T")

    def _detail(self, record: IpmRecord) -> None:
        fields, pds = record.fields, record.pds
        for number in ipm_spec.MANDATORY:
            if number not in fields:
                raise self._refuse(record, number, "expected it in every first presentment")
        for tag in ipm_spec.MANDATORY_PDS:
            if not pds.get(tag):
                raise self._refuse(record, f"PDS{tag}", "expected it in every first presentment")
        currency = fields["49"]
        decimals = exponent(currency)
        if decimals is None:
            raise self._refuse(record, "49", "expected an ISO 4217 numeric code")
        if "0148" in pds and pds["0148"] != f"{currency}{decimals}":
            raise self._refuse(record, "PDS0148", "expected the currency of field 49 and its exponent")
        if len(fields["31"]) != 23 or not luhn_valid(fields["31"]):
            raise self._refuse(record, "31", "expected 23 digits, the last a check digit")
        credit = fields["3"][:2] in CREDIT_CODES
        self._tally.add(currency, int(fields["4"]), credit=credit, reversal=record.reversal)

    def _end(self, record: IpmRecord) -> None:
        if record.pds.get("0105") != self._file_id:
            raise self._refuse(record, "PDS0105", "expected the file id of the header")
        for tag, length, meant in (("0301", 16, self._tally.total), ("0306", 8, record.number)):
            if record.pds.get(tag) != f"{meant:0{length}d}":
                raise self._refuse(record, f"PDS{tag}", f"expected {meant:0{length}d}, counted from the records")
            self._trailer[f"PDS{tag}"] = meant
