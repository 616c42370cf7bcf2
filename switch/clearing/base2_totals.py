"""What TC91 and TC92 say of the records before them: one calculation for writer and reader. No layout, no I/O."""

from dataclasses import dataclass, field

from switch.clearing.settings import FileRules
from switch.clearing.totals import Tally

# TC91 and TC92 have 15 digits for a sum and 9 for a count of transactions.
MOST_TOTAL = 10**15 - 1
MOST_TRANSACTIONS = 10**9 - 1


@dataclass(slots=True)
class Figures:
    """Of a batch or a file: `records` are lines and `transactions` groups of them, both without the file header.

    `destination` and `tally` sum the two amounts of each transaction, which differ once a network has converted.
    """

    rules: FileRules
    records: int = 0
    transactions: int = 0
    destination: Tally = field(default_factory=Tally)
    tally: Tally = field(default_factory=Tally)

    def trailer(self) -> dict[str, int]:
        """The figures of the trailer that follows, itself counted if the rules say so."""
        itself = 1 if self.rules.trailers_count else 0
        return {
            "destination_amount": self._sum(self.destination),
            "monetary_count": self.tally.presentments,
            "record_count": self.records + itself,
            "transaction_count": self.transactions + itself,
            "source_amount": self._sum(self.tally),
        }

    def count_trailer(self) -> None:
        """A batch trailer, which the file's figures include if the rules say so."""
        if self.rules.trailers_count:
            self.records += 1
            self.transactions += 1

    def _sum(self, tally: Tally) -> int:
        return abs(tally.net) if self.rules.net_totals else tally.total
