"""Counts and sums of a clearing file. Amounts are unsigned integers in minor units. Knows no file format."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileTotals:
    """What a file holds, counted from its detail records; `trailer` is what its last record says.

    `records` are all records (IPM messages, BASE II lines), `presentments` the transactions among them, `reversals`
    those that take one back. `currencies` maps a numeric currency to (count, unsigned sum), reversals included.
    """

    kind: str
    network: str
    records: int
    presentments: int
    reversals: int
    currencies: Mapping[str, tuple[int, int]]
    trailer: Mapping[str, int]


@dataclass(slots=True)
class Tally:
    """Counts transactions one by one; `total` adds all currencies up, as the trailers do, `net` with their signs."""

    presentments: int = 0
    reversals: int = 0
    total: int = 0
    net: int = 0
    currencies: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, currency: str, amount: int, *, credit: bool, reversal: bool) -> None:
        """One transaction; `credit` is money to the cardholder, which a reversal turns round."""
        count, total = self.currencies.get(currency, (0, 0))
        self.currencies[currency] = count + 1, total + amount
        self.presentments += 1
        self.reversals += reversal
        self.total += amount
        self.net += -amount if credit != reversal else amount
