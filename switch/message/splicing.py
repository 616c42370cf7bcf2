"""How some fields of a message are changed, worked out once per layout and set of changes: which bytes are copied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from switch.message.ops import Op

# From the place (mark, distance) to the place (mark, distance).
Copy = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Splicing:
    """`bitmap` is None where it stays; `pieces` are stretches to copy, fields to encode and bytes to put."""

    bitmap: bytes | None
    pieces: tuple[Copy | Op | bytes, ...]


def make_splicing(
    places: Mapping[str, tuple[int, int, int, int | None, Op]],
    ops: Sequence[Op],
    changed: frozenset[str],
    bitmaps: tuple[bytes | None, bytes],
) -> Splicing:
    """The plan: `ops` are the fields afterwards in ascending order, those `changed` are encoded, the rest copied."""
    head, third = bitmaps
    pieces: list[Copy | Op | bytes] = []
    for op in ops:
        if third and op.number > 65:
            pieces.append(third)
            third = b""
        if op.key in changed:
            pieces.append(op)
            continue
        mark, distance, _, size, _ = places[op.key]
        end = (mark + 1, 0) if size is None else (mark, distance + size)
        last = pieces[-1] if pieces else None
        if type(last) is tuple and last[2:] == (mark, distance):
            pieces[-1] = (last[0], last[1], *end)
        else:
            pieces.append((mark, distance, *end))
    return Splicing(head, tuple(pieces))
