"""Writes one IPM file: header 1644-697, first presentments 1240-200, trailer 1644-695. See docs/clearing.rst."""

from collections.abc import Mapping
from typing import BinaryIO

from switch import countries
from switch.clearing import ipm_spec
from switch.clearing.errors import ClearingError
from switch.clearing.part import Part
from switch.clearing.pos_data import pos_data_code, terminal_type
from switch.clearing.presentment import Presentment, printable
from switch.clearing.settings import ClearingSettings
from switch.clearing.totals import Tally
from switch.clearing.vbs import VbsWriter
from switch.message import MessageError

SUFFIX = ".ipm"


class IpmWriter:
    """Begins with the header; `tally` is what was written. `out` is closed by the caller."""

    def __init__(self, out: BinaryIO, part: Part, settings: ClearingSettings) -> None:
        self._vbs = VbsWriter(out, blocked=settings.blocked)
        self._settings = settings
        self._file_id = (
            f"{ipm_spec.MEMBER_TO_NETWORK}{part.day:%y%m%d}{settings.endpoint:0>11}"
            f"{part.batch % 1000:03d}{part.number:02d}"
        )
        self._messages = 0
        self.tally = Tally()
        mode = "T" if settings.test else "P"
        self._write(ipm_spec.FILE_HEADER, {}, {"0105": self._file_id, "0122": mode}, "file header")

    def fits(self, presentment: Presentment) -> bool:
        """Whether the message numbers and the sum of the trailer have room for it and the trailer."""
        room = min(self._settings.max_messages, ipm_spec.MOST_MESSAGES) - self._messages
        return room >= 2 and self.tally.total + presentment.txn.amount <= ipm_spec.MOST_TOTAL

    def add(self, presentment: Presentment) -> None:
        """One first presentment, or its reversal; raises ClearingError naming the transaction and the field."""
        txn = presentment.txn
        fields = {
            "2": txn.pan,
            "3": txn.processing_code,
            "4": f"{txn.amount:012d}",
            "12": f"{presentment.local:%y%m%d%H%M%S}",
            "22": pos_data_code(presentment),
            "26": presentment.mcc,
            "31": presentment.arn,
            "33": self._settings.forwarder,
            "37": _padded(txn.rrn, 12),
            "38": _padded(presentment.auth_code, 6),
            "41": _padded(txn.terminal_id, 8),
            "42": _padded(txn.merchant_id, 15),
            "43": _name_and_location(presentment),
            "49": txn.currency,
            "63": _life_cycle(presentment.references),
            "94": self._settings.originator,
        }
        pds = {
            "0023": terminal_type(presentment),
            "0148": f"{txn.currency}{presentment.exponent}",
            "0165": "M",
        }
        if presentment.reversal:
            pds["0025"] = "R"
        self._write(ipm_spec.FIRST_PRESENTMENT, fields, pds, f"transaction {txn.txn_id}")
        self.tally.add(txn.currency, txn.amount, credit=presentment.credit, reversal=presentment.reversal)

    def finish(self) -> None:
        """The trailer and the end of the records."""
        pds = {"0105": self._file_id, "0301": f"{self.tally.total:016d}", "0306": f"{self._messages + 1:08d}"}
        self._write(ipm_spec.FILE_TRAILER, {}, pds, "file trailer")
        self._vbs.close()

    def _write(self, kind: tuple[str, str], fields: dict[str, str], pds: dict[str, str], what: str) -> None:
        mti, function = kind
        self._messages += 1
        present = {number: value for number, value in fields.items() if value}
        present |= {"t": mti, "24": function, "71": f"{self._messages:08d}", "48": ipm_spec.build_pds(pds)}
        try:
            record = ipm_spec.CODEC.encode(present)
        except MessageError as error:
            raise ClearingError(what, error.reason, record=self._messages, field=error.path) from None
        self._vbs.write(record)


def _padded(text: str, width: int) -> str:
    """`text` filled with spaces; "" when there is none."""
    plain = printable(text, width)
    return plain.ljust(width) if plain else ""


def _name_and_location(presentment: Presentment) -> str:
    r"""DE43: name\street\city\postal code 10, state 3, country 3; street, postal code and state are not known."""
    country = countries.alpha3(presentment.country)
    return f"{presentment.name[:22]}\\ \\{presentment.city or ' '}\\{' ' * 13}{country}"


def _life_cycle(references: Mapping[str, str]) -> str:
    """DE63: no life cycle support indicator, then the trace: Banknet reference 9, settlement date MMDD, 2 spaces.

    The network's DE63 is its code (3) and the Banknet reference; "" when it gave none.
    """
    reference = references.get("banknet", "")[3:].strip()
    if not reference:
        return ""
    return f" {printable(reference, 9):9}{printable(references.get('settlement_date', ''), 4):4}  "
