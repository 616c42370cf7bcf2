"""How much a message may ask of its reader. The defaults hold every real message and refuse what only wears down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`size` of a frame in bytes; `depth` of structures inside each other; `elements` inside all fields together."""

    size: int = 131_072
    depth: int = 8
    elements: int = 256


DEFAULT_LIMITS = Limits()
