"""Which network clears by which file: the one table that the rest of the floor goes through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from switch.clearing import base2_read, base2_write, ipm_read, ipm_write
from switch.clearing.errors import ClearingError
from switch.clearing.part import Part
from switch.clearing.presentment import Presentment
from switch.clearing.settings import ClearingSettings, FileRules
from switch.clearing.totals import FileTotals, Tally


class Writer(Protocol):
    """Writes one file, from its header on."""

    @property
    def tally(self) -> Tally: ...

    def fits(self, presentment: Presentment) -> bool: ...

    def add(self, presentment: Presentment) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """How one network clears; `bin_of` gives the acquirer's BIN there."""

    network: str
    suffix: str
    bin_of: Callable[[ClearingSettings], str]
    writer: Callable[[BinaryIO, Part, ClearingSettings], Writer]
    totals: Callable[[Path, FileRules], FileTotals]
    describe: Callable[[Path, FileRules], Iterator[str]]


def _ipm_lines(path: Path, rules: FileRules) -> Iterator[str]:
    return (ipm_read.describe(record) for record in ipm_read.read_ipm(path, rules))


def _base2_lines(path: Path, rules: FileRules) -> Iterator[str]:
    return (base2_read.describe(record) for record in base2_read.read_base2(path, rules))


FORMATS = (
    Format(
        network=ipm_read.NETWORK,
        suffix=ipm_write.SUFFIX,
        bin_of=lambda settings: settings.mastercard_bin,
        writer=ipm_write.IpmWriter,
        totals=ipm_read.ipm_totals,
        describe=_ipm_lines,
    ),
    Format(
        network=base2_read.NETWORK,
        suffix=base2_write.SUFFIX,
        bin_of=lambda settings: settings.visa_bin,
        writer=base2_write.Base2Writer,
        totals=base2_read.base2_totals,
        describe=_base2_lines,
    ),
)


def format_of(path: Path) -> Format:
    """The format of a file by its ending; raises ClearingError for another ending."""
    for known in FORMATS:
        if path.suffix == known.suffix:
            return known
    raise ClearingError(path.name, f"expected an ending of {' or '.join(known.suffix for known in FORMATS)}")
