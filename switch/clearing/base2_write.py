"""Writes one BASE II file: TC90, drafts TC05/06/07 and their reversals, TC91, TC92. See docs/clearing.rst."""

from typing import BinaryIO

from switch.clearing import base2_layout
from switch.clearing.base2_totals import MOST_TOTAL, MOST_TRANSACTIONS, Figures
from switch.clearing.errors import ClearingError
from switch.clearing.part import Part
from switch.clearing.presentment import CASH, REFUND, SALE, Presentment, printable
from switch.clearing.settings import ClearingSettings
from switch.clearing.totals import Tally

SUFFIX = ".ctf"
_CODE = {SALE: "05", REFUND: "06", CASH: "07"}


class Base2Writer:
    """Begins with the header; one batch per file. `out` is closed by the caller."""

    def __init__(self, out: BinaryIO, part: Part, settings: ClearingSettings) -> None:
        self._out = out
        self._part = part
        self._settings = settings
        self._batch = Figures(settings.rules)
        self._file = Figures(settings.rules)
        self._lines = 0
        self._date = f"{part.day:%y%j}"
        header = {
            "transaction_code": base2_layout.FILE_HEADER,
            "processing_bin": settings.visa_bin,
            "processing_date": self._date,
            "test": "TEST" if settings.test else "",
            "file_id": f"{part.number:03d}",
        }
        self._write(header, "file header")

    @property
    def tally(self) -> Tally:
        """What was written."""
        return self._file.tally

    def fits(self, presentment: Presentment) -> bool:
        """Whether the counts and sums of the trailers have room for it and for them."""
        room = min(self._settings.max_messages, MOST_TRANSACTIONS) - self._file.transactions
        return room >= 3 and self.tally.total + presentment.txn.amount <= MOST_TOTAL

    def add(self, presentment: Presentment) -> None:
        """One draft, or its reversal; raises ClearingError naming the transaction and the column."""
        txn = presentment.txn
        code = _CODE[presentment.flow]
        if presentment.reversal:
            code = base2_layout.REVERSAL_OF[code]
        records = [self._tcr0(presentment, code), self._tcr1(presentment, code)]
        if presentment.references.get("transaction_id"):
            records.append(self._tcr5(presentment, code))
        for record in records:
            self._write(record, f"transaction {txn.txn_id}")
        for figures in (self._batch, self._file):
            figures.records += len(records)
            figures.transactions += 1
            for tally in (figures.tally, figures.destination):
                tally.add(txn.currency, txn.amount, credit=presentment.credit, reversal=presentment.reversal)

    def finish(self) -> None:
        """The batch trailer and the file trailer; both number the batch 1, as the file holds one."""
        self._trailer(base2_layout.BATCH_TRAILER, self._batch)
        self._file.count_trailer()
        self._trailer(base2_layout.FILE_TRAILER, self._file)

    def _tcr0(self, presentment: Presentment, code: str) -> dict[str, str]:
        txn = presentment.txn
        amount = {"amount": str(txn.amount), "currency": txn.currency}
        return {
            "transaction_code": code,
            "account_number": txn.pan[:16],
            "account_extension": txn.pan[16:] or "000",
            "acquirer_reference_number": presentment.arn,
            "acquirer_business_id": self._settings.business_id,
            "purchase_date": f"{presentment.local:%m%d}",
            **{f"destination_{name}": value for name, value in amount.items()},
            **{f"source_{name}": value for name, value in amount.items()},
            "merchant_name": presentment.name,
            "merchant_city": presentment.city,
            "merchant_country": presentment.country,
            "merchant_category": presentment.mcc,
            "usage_code": "1",
            "settlement_flag": self._settings.settlement_flag,
            "authorisation_characteristics": printable(presentment.references.get("aci", ""), 1),
            "authorisation_code": presentment.auth_code,
            "pos_entry_mode": txn.entry_mode[:2] if txn.entry_mode[:2].isdecimal() else "",
            "central_processing_date": f"{self._part.day:%y%j}"[1:],
        }

    def _tcr1(self, presentment: Presentment, code: str) -> dict[str, str]:
        txn = presentment.txn
        return {
            "transaction_code": code,
            "sequence": "1",
            "card_acceptor_id": printable(txn.merchant_id, 15),
            "terminal_id": printable(txn.terminal_id, 8),
            "moto_eci": printable(txn.eci, 2)[-1:],
        }

    def _tcr5(self, presentment: Presentment, code: str) -> dict[str, str]:
        txn, references = presentment.txn, presentment.references
        return {
            "transaction_code": code,
            "sequence": "5",
            "transaction_id": references["transaction_id"],
            "authorised_amount": str(txn.amount),
            "authorised_currency": txn.currency,
            # What is presented was approved; the row's own code changes when it is reversed later.
            "response_code": "00",
            "validation_code": printable(references.get("validation_code", ""), 4),
        }

    def _trailer(self, code: str, figures: Figures) -> None:
        record = {
            "transaction_code": code,
            "processing_bin": self._settings.visa_bin,
            "processing_date": self._date,
            "batch_number": "1",
            "center_batch_id": f"{self._part.batch:08d}",
        }
        self._write(record | {name: str(value) for name, value in figures.trailer().items()}, f"TC{code}")

    def _write(self, record: dict[str, str], what: str) -> None:
        self._lines += 1
        try:
            line = base2_layout.build(record)
        except ValueError as error:
            raise ClearingError(
                what, "expected a value for its columns", record=self._lines, field=str(error)
            ) from None
        self._out.write(line.encode("ascii") + b"\n")
