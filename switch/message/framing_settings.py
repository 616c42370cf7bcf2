"""How an interface frames, as configuration says it: a struct, or its short name. Knows no bytes."""

import re

import msgspec

from switch.message.framing_lengths import LENGTHS
from switch.message.tpdu import TPDU_BYTES

_NAME = re.compile(
    rf"(?P<kind>{'|'.join(sorted(LENGTHS, key=len, reverse=True))})"
    r"(?P<inclusive>-inclusive)?(?P<tpdu>\+tpdu)?(?:\+header(?P<header>[0-9]{1,5}))?"
)


def parse_framing(name: str, max_frame: int = 8192, max_keep_alives: int = 10_000) -> "Framing":
    """The framing of a short name: a kind, then "-inclusive", "+tpdu", "+header8" in this order, each if needed.

    Raises ValueError for any other name.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        kinds = ", ".join(LENGTHS)
        raise ValueError(f"framing {name!r}: expected one of {kinds}, then -inclusive, +tpdu, +headerN where needed")
    return Framing(
        kind=found["kind"],
        inclusive=bool(found["inclusive"]),
        tpdu=bool(found["tpdu"]),
        header=int(found["header"] or 0),
        max_frame=max_frame,
        max_keep_alives=max_keep_alives,
    )


class Framing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an interface frames; raises ValueError for what cannot be.

    `kind` is a key of LENGTHS; an `inclusive` length counts itself. A frame is the TPDU (5 bytes, if `tpdu`), the
    fixed header (`header` bytes) and the message; `max_frame` bounds all three together, in bytes, and what the
    length can say bounds them too. `max_keep_alives` is how many may come in a row without a frame.
    """

    kind: str
    inclusive: bool = False
    tpdu: bool = False
    header: int = 0
    max_frame: int = 8192
    max_keep_alives: int = 10_000

    def __post_init__(self) -> None:
        if self.kind not in LENGTHS:
            raise ValueError(f"framing kind {self.kind!r}: expected one of {', '.join(LENGTHS)}")
        if self.header < 0 or self.max_keep_alives < 0:
            raise ValueError("framing header, max_keep_alives: expected 0 or more")
        if self.max_frame <= self.before_message:
            least = self.before_message + 1
            raise ValueError(f"framing max_frame {self.max_frame}: expected at least {least}: TPDU, header and 1 byte")

    @property
    def before_message(self) -> int:
        """Bytes of TPDU and header."""
        return (TPDU_BYTES if self.tpdu else 0) + self.header

    @property
    def name(self) -> str:
        """The short name that `parse_framing` reads."""
        header = f"+header{self.header}" if self.header else ""
        return self.kind + "-inclusive" * self.inclusive + "+tpdu" * self.tpdu + header
