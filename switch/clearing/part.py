"""What one file of a batch is called, inside and outside; a batch that does not fit one file has several parts."""

from dataclasses import dataclass
from datetime import date

from switch.clearing.errors import ClearingError

MOST_PARTS = 99


@dataclass(frozen=True, slots=True)
class Part:
    """Part `number` (from 1) of what `batch` presents to `network`; `day` is the batch's business date."""

    network: str
    day: date
    batch: int
    number: int

    def file_name(self, suffix: str) -> str:
        """`visa-20301124-000012-01.ctf`: network, business date, batch, part."""
        return f"{self.network}-{self.day:%Y%m%d}-{self.batch:06d}-{self.number:02d}{suffix}"

    def next(self) -> "Part":
        """The part that follows; raises ClearingError when the numbers are used up."""
        if self.number >= MOST_PARTS:
            raise ClearingError(f"{self.network} batch {self.batch}", f"expected at most {MOST_PARTS} files")
        return Part(self.network, self.day, self.batch, self.number + 1)
