"""What is worked out once per set of fields: where each lies, how they are read together, how they are written.

A message is marks: where its fields begin, and where each variable field ends. Fixed fields lie at known distances."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from switch.message.encodings import is_single_byte
from switch.message.ops import Op
from switch.message.splicing import Splicing
from switch.message.values import text_codec

# The mark before a field, its distance from there, the bytes of its prefix, its size (None: up to the next mark).
Place = tuple[int, int, int, int | None, Op]
# Distance of a prefix from the mark before, its width, what reads it as the bytes that follow.
Step = tuple[int, int, Callable[[bytes], int | None]]
FIXED_TEXT, TEXT, FIXED_HEX, HEX, OTHER = range(5)
# How a field is read: one of the above, the text to slice it from, the mark before, from where, to where.
Item = tuple[str, int, int, int, int, int]


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
    items: "tuple[Item, ...] | None" = None
    sources: tuple[str, ...] = ()
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
            steps.append((distance, op.prefix, op.sizes))
            mark, distance = mark + 1, 0
            special = special or op.measure is not None
        else:
            places[op.key] = (mark, distance, 0, op.size, op)
            distance += op.size
    return Plan(tuple(op.key for op in ops), places, tuple(steps), distance + third, special)


def reading(plan: Plan) -> tuple[Item, ...]:
    """How the values of all fields are taken from texts made of the whole message; made at the first need."""
    if plan.items is None:
        sources: list[str] = []
        plan.items = tuple(_item(key, place, sources) for key, place in plan.places.items())
        plan.sources = tuple(sources)
    return plan.items


def _item(key: str, place: Place, sources: list[str]) -> Item:
    mark, distance, prefix, size, op = place
    name = source_of(op)
    begin, end = distance + prefix, distance + prefix + (size or 0)
    if not name:
        return key, OTHER, 0, mark, begin, end
    if name not in sources:
        sources.append(name)
    if name == "hex":
        # Positions count hexadecimal digits, two a byte.
        kind = HEX if size is None else FIXED_HEX
        return key, kind, sources.index(name), mark, begin if size is None else 2 * begin, 2 * end
    return key, TEXT if size is None else FIXED_TEXT, sources.index(name), mark, begin, end


def source_of(op: Op) -> str:
    """The name of the text that the values of `op` are slices of; empty when they are no slices."""
    encoding = op.entry["data_enc"]
    if op.entry.get("len_unit"):
        return ""
    if encoding == "b":
        odd = op.nibbles and (op.prefix or op.count & 1)
        return "" if odd else "hex"
    return str(encoding) if is_single_byte(encoding) else ""


def source_text(name: str, data: bytes) -> str:
    """The whole message as text: hexadecimal, or in an encoding. Raises UnicodeError."""
    if name == "hex":
        return data.hex().upper()
    if name == "ascii":
        # Whether a value is ASCII is asked of the value: other fields may hold anything.
        return data.decode("latin-1")
    return text_codec(name)[0](data)
