"""What is worked out once per set of fields: where each lies, how they are read together, how they are written.

A message is marks: where its fields begin, and where each variable field ends. Fixed fields lie at known distances."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from switch.message.ops import Op
from switch.message.slicing import Slicing
from switch.message.splicing import Splicing

# The mark before a field, its distance from there, the bytes of its prefix, its size (None: up to the next mark).
Place = tuple[int, int, int, int | None, Op]
# Distances of a prefix and of what is behind it from the mark before, and what reads it as the bytes that follow.
Step = tuple[int, int, Callable[[bytes], int | None]]


@dataclass(slots=True)
class Plan:
    """The layout of the messages with one set of fields. `special` ones are walked field by field."""

    fields: tuple[str, ...]
    places: dict[str, Place]
    steps: tuple[Step, ...]
    tail: int
    special: bool
    texts: dict[str, str] = field(default_factory=dict)
    unknown: str = ""
    narrow: bool = False
    # No layout yet: so many bytes of bitmaps tell it.
    longer: int = 0
    slicing: "Slicing | None" = None
    # Made for the fields that are read.
    readers: "dict[str, Callable[[Any], str]]" = field(default_factory=dict)
    splices: "dict[tuple[object, ...], Splicing]" = field(default_factory=dict)

    def narrowed(self, fields: Sequence[str]) -> "Plan":
        """The plan of the same bytes in which only `fields` count."""
        places = {key: self.places[key] for key in fields}
        return Plan(tuple(fields), places, self.steps, self.tail, True, self.texts, narrow=True)


def make_plan(ops: Sequence[Op], third: int = 0) -> Plan:
    """The layout of these fields in ascending order; `third` bytes of bitmap stand in the place of field 65."""
    places: dict[str, Place] = {}
    steps: list[Step] = []
    mark, distance, special = 0, 0, False
    for op in ops:
        if third and op.number > 65:
            distance, third = distance + third, 0
        if op.prefix:
            places[op.key] = (mark, distance, op.prefix, None, op)
            steps.append((distance, distance + op.prefix, op.sizes))
            mark, distance = mark + 1, 0
            special = special or op.measure is not None
        else:
            places[op.key] = (mark, distance, 0, op.size, op)
            distance += op.size
    return Plan(tuple(op.key for op in ops), places, tuple(steps), distance + third, special)
