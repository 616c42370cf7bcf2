"""From one interface's bytes to another's: worked out once per layout, what is written alike is copied as bytes.

Knows no meaning: what a field says in another way on the other side is the caller's `changes`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from switch.message.codec import Codec
from switch.message.crossing import Cross, Lacking, crossing, written_alike
from switch.message.errors import MessageError
from switch.message.ops import Op
from switch.message.plan import Plan
from switch.message.splicing import Copy, make_splicing
from switch.message.view import View

# Layouts whose plans are remembered.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Move:
    """One field's way: as bytes, or as a value that `cross` makes and `op` writes; without `cross` it was given."""

    key: str
    op: Op
    copied: bool
    cross: Cross | None


@dataclass(frozen=True, slots=True)
class Way:
    """A layout's way: the bitmaps, then stretches to copy (of which `copied` fields are checked), fields and bytes."""

    bitmaps: bytes
    pieces: tuple[Copy | Move | bytes, ...]
    copied: tuple[Move, ...]


class Translation:
    """Turns views of one interface into bytes of another."""

    def __init__(self, source: Codec, target: Codec, lacking: Lacking = "drop") -> None:
        self.source = source
        self.target = target
        self.lacking = lacking
        moves = {key: _move(source, target, key, lacking) for key in source.ops if key in target.ops}
        self._moves = {key: move for key, move in moves.items() if move is not None}
        self._ways: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], Way] = {}

    def __call__(self, view: View, changes: Mapping[str, str | None] | None = None) -> bytes:
        """The message of `view` on the other interface.

        `changes` replace, add or (None) leave out fields and elements ("43.country"), in the other interface's form
        ("t" and "h" too). Every value is of the class that the other interface gives it, or MessageError, of that
        interface, names the field. What the other interface lacks, or means something else by, is dropped or refused.
        """
        if view.codec is not self.source:
            raise ValueError(f"expected a view of {self.source.name}, got one of {view.codec.name}")
        given = self._given(view, changes) if changes else {}
        way = self._way(view.plan, given)
        for move in way.copied:
            self._require(move.op, view[move.key])
        values = {move.key: self._value(view, move, given) for move in way.pieces if isinstance(move, Move)}
        nothing = [key for key, value in values.items() if value is None]
        if nothing:
            return self(view, {**given, **dict.fromkeys(nothing)})
        parts = [self._header(view, given), self.target.encode_mti(given.get("t") or view.mti), way.bitmaps]
        for piece in way.pieces:
            if isinstance(piece, tuple):
                start, from_start, end, from_end = piece
                parts.append(view.data[view.marks[start] + from_start : view.marks[end] + from_end])
            elif isinstance(piece, Move):
                parts.append(self._encoded(piece.op, values[piece.key]))
            else:
                parts.append(piece)
        return b"".join(parts)

    def _given(self, view: View, changes: Mapping[str, str | None]) -> dict[str, str | None]:
        """The changes with those of elements made into that field's whole value."""
        given: dict[str, str | None] = {}
        inside: dict[str, dict[str, str | None]] = {}
        for path, value in changes.items():
            field, dot, rest = str(path).partition(".")
            if dot:
                inside.setdefault(field, {})[rest] = value
            else:
                given[field] = value
        for field, edits in inside.items():
            if field in given:
                raise MessageError(self.target.name, field, "structure: given whole and in parts")
            move = self._moves.get(field)
            made = move.cross(view, edits) if move is not None and move.cross is not None and field in view else None
            elements: dict[str, object] = {**self.target.parse_sub(field, made)} if made is not None else {}
            elements |= edits
            given[field] = self.target.build_sub(
                field, {name: each for name, each in elements.items() if each is not None}
            )
        return given

    def _way(self, plan: Plan, given: Mapping[str, str | None]) -> Way:
        own = tuple(key for key in given if key not in ("t", "h") and given[key] is not None)
        left = tuple(key for key in plan.fields if key not in given) if given else plan.fields
        known = None if plan.narrow else self._ways.get((plan.fields, left, own))
        if known is None:
            known = self._planned(plan, left, own)
            if len(self._ways) >= _REMEMBERED:
                self._ways.clear()
            if not plan.narrow:
                self._ways[plan.fields, left, own] = known
        return known

    def _planned(self, plan: Plan, left: tuple[str, ...], own: tuple[str, ...]) -> Way:
        target = self.target
        for key in own:
            if key not in target.ops:
                raise MessageError(target.name, key, "field is not part of the interface")
        lacked = [key for key in left if key not in self._moves]
        if lacked and self.lacking == "refuse":
            what = (
                "means something else on the interface" if lacked[0] in target.ops else "is not part of the interface"
            )
            raise MessageError(target.name, lacked[0], f"field {what}")
        moves = [self._moves[key] for key in left if key in self._moves]
        moves += [Move(key, target.ops[key], False, None) for key in own]
        copied = {move.key for move in moves if move.copied}
        ops = sorted((move.op for move in moves), key=lambda op: op.number)
        head, third = target.bitmaps.write(op.number for op in ops)
        by_key = {move.key: move for move in moves}
        spliced = make_splicing(plan.places, ops, frozenset(by_key.keys() - copied), (head, third))
        pieces = tuple(by_key[piece.key] if isinstance(piece, Op) else piece for piece in spliced.pieces)
        return Way(head, pieces, tuple(move for move in moves if move.copied))

    def _header(self, view: View, given: Mapping[str, str | None]) -> bytes:
        part = self.target.header
        if part is None:
            return b""
        value = given.get("h") or (view["h"] if view.codec.header is not None else None)
        if value is None:
            raise MessageError(self.target.name, "h", "expected a header")
        return self.target.encode_field(part.op, value)

    def _value(self, view: View, move: Move, given: Mapping[str, str | None]) -> str | None:
        value = given.get(move.key)
        if value is not None or move.cross is None:
            return value
        value = move.cross(view, {})
        if value is None and self.lacking == "refuse":
            raise MessageError(self.target.name, move.key, "expected elements that the interface has")
        return value

    def _require(self, op: Op, value: object) -> None:
        if not isinstance(value, str) or not op.valid(value):
            raise MessageError(self.target.name, op.key, f"expected {op.expected}", expected=op.kind)

    def _encoded(self, op: Op, value: str | None) -> bytes:
        self._require(op, value)
        return self.target.encode_field(op, value or "")


def translate(source: Codec, target: Codec, *, lacking: Lacking = "drop") -> Translation:
    """What turns views of `source` into bytes of `target`: call it with a view and, if need be, changes.

    Raises ValueError for another word than "drop" or "refuse".
    """
    if lacking not in get_args(Lacking):
        raise ValueError(f"lacking: expected {' or '.join(get_args(Lacking))}")
    return Translation(source, target, lacking)


def _move(source: Codec, target: Codec, key: str, lacking: Lacking) -> Move | None:
    cross = crossing(source, target, key, lacking)
    if cross is None:
        return None
    return Move(key, target.ops[key], written_alike(source.parts[key], target.parts[key]), cross)
