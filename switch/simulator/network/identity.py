"""The network's own names for a transaction, derived from what names it already: a repeat gets the same ones.

Knows no message layout."""

from dataclasses import dataclass
from hashlib import sha256

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SECONDS = 366 * 86_400
_STANS = 1_000_000
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Identity:
    """A transaction as acquirers name it: DE7 (MMDDhhmmss), DE11, DE32 without leading zeros, DE37."""

    transmission: str
    stan: str
    acquirer: str
    rrn: str

    def transaction_id(self) -> str:
        """15 digits. Within a year no two pairs of DE7 and DE11 of one acquirer share one."""
        return f"{self._number(31):015d}"

    def banknet_reference(self) -> str:
        """9 letters and digits, unique in the same way."""
        rest, text = self._number(3), ""
        for _ in range(9):
            rest, digit = divmod(rest, 36)
            text = _DIGITS[digit] + text
        return text

    def validation_code(self) -> str:
        """4 letters and digits."""
        return "".join(_DIGITS[byte % 36] for byte in self._digest()[:4])

    def settlement_date(self) -> str:
        """MMDD: the day of transmission."""
        return self.transmission[:4]

    def _number(self, buckets: int) -> int:
        """Second of the year and DE11 side by side; above them what keeps most acquirers apart."""
        bucket = self._digest()[4] % buckets
        return (bucket * _SECONDS + second_of_year(self.transmission)) * _STANS + int(self.stan)

    def _digest(self) -> bytes:
        return sha256(f"{self.acquirer}|{self.rrn}|{self.transmission}|{self.stan}".encode()).digest()


def second_of_year(transmission: str) -> int:
    """Seconds since 1 January of a leap year for MMDDhhmmss; raises ValueError when that is no date and time."""
    month, day, hour, minute, second = (int(transmission[at : at + 2]) for at in range(0, 10, 2))
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] and hour < 24 and minute < 60 and second < 60):
        raise ValueError("expected MMDDhhmmss")
    return ((sum(_DAYS[: month - 1]) + day - 1) * 24 + hour) * 3600 + minute * 60 + second


def is_moment(transmission: str) -> bool:
    """Whether `transmission` is MMDDhhmmss of some year."""
    try:
        second_of_year(transmission)
    except ValueError:
        return False
    return True
