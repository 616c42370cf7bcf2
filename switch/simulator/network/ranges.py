"""Which issuer a card number belongs to: the longest prefix of a table wins. Prefixes are strings, not numbers."""

import csv
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from switch import resources
from switch.simulator.network.config import NodeConfigError

_LONGEST = 11


@dataclass(frozen=True, slots=True)
class Ranges:
    """`by_prefix` from prefix to issuer name; `longest` in digits."""

    by_prefix: dict[str, str]
    longest: int

    def issuer(self, pan: str) -> str | None:
        """The issuer of `pan`, None when no range has it."""
        for size in range(min(self.longest, len(pan)), 0, -1):
            name = self.by_prefix.get(pan[:size])
            if name is not None:
                return name
        return None


def load_ranges(path: str, scheme: str, issuers: Container[str]) -> Ranges:
    """The table in the CSV file `path`, or the shipped one of `scheme` for ""; raises NodeConfigError with its line."""
    source = path or f"fixtures/{scheme}_bins.csv"
    try:
        text = Path(path).read_text("utf-8") if path else resources.read_text("fixtures", f"{scheme}_bins.csv")
    except (OSError, UnicodeDecodeError) as error:
        raise NodeConfigError(f"{source}: expected a readable CSV file: {error}") from None
    return parse_ranges(text, source, issuers)


def parse_ranges(text: str, source: str, issuers: Container[str]) -> Ranges:
    """A table of prefix,issuer; `source` is what errors call it. Raises NodeConfigError."""
    found: dict[str, str] = {}
    header = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if not header:
            header = True
            if cells != ["prefix", "issuer"]:
                raise NodeConfigError(f"{source} line {number}: expected the heading prefix,issuer")
            continue
        fault = _fault(cells, found, issuers)
        if fault:
            raise NodeConfigError(f"{source} line {number}: {fault}")
        found[cells[0]] = cells[1]
    if not found:
        raise NodeConfigError(f"{source}: expected at least one range")
    return Ranges(found, max(map(len, found)))


def _fault(cells: list[str], found: Container[str], issuers: Container[str]) -> str:
    if len(cells) != 2:
        return "expected two columns, prefix and issuer"
    prefix, issuer = cells
    if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= _LONGEST):
        return f"expected a prefix of 1 to {_LONGEST} digits"
    if prefix in found:
        return "expected each prefix once"
    if issuer not in issuers:
        return "expected an issuer that the configuration has under issuers"
    return ""
