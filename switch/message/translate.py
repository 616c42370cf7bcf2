"""From one interface's bytes to another's: worked out once per layout, what is written alike is copied as bytes.

Knows no meaning: what a field says in another way on the other side is the caller's `changes`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from switch.message.codec import Codec
from switch.message.errors import MessageError
from switch.message.ops import Op
from switch.message.plan import Plan
from switch.message.splicing import Copy, make_splicing
from switch.message.view import View

Lacking = Literal["drop", "refuse"]
# Layouts whose plans are remembered.
_REMEMBERED = 1024
_WIRE = ("data_enc", "len_enc", "len_type", "max_len", "len_count", "len_unit", "left_pad", "right_pad")


@dataclass(frozen=True, slots=True)
class Move:
    """One field's way: as bytes, or as a value that `op` writes; `inside` when its elements go one by one."""

    key: str
    op: Op
    copied: bool
    inside: bool


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
        self._moves = {key: _move(source, target, key) for key in source.ops if key in target.ops}
        self._ways: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], Way] = {}

    def __call__(self, view: View, changes: Mapping[str, str | None] | None = None) -> bytes:
        """The message of `view` on the other interface.

        `changes` replace, add or (None) leave out fields, in the other interface's form ("t" and "h" too). Every value
        is of the class that the other interface gives it, or MessageError, of that interface, names the field. Fields
        that the other interface lacks are dropped or refused.
        """
        given = changes or {}
        way = self._way(view.plan, given)
        for move in way.copied:
            self._require(move.op, view[move.key])
        parts = [self._header(view, given), self.target.encode_mti(given.get("t") or view.mti), way.bitmaps]
        for piece in way.pieces:
            if isinstance(piece, tuple):
                start, from_start, end, from_end = piece
                parts.append(view.data[view.marks[start] + from_start : view.marks[end] + from_end])
            elif isinstance(piece, Move):
                value = given.get(piece.key)
                parts.append(self._encoded(piece.op, self._value(view, piece) if value is None else value))
            else:
                parts.append(piece)
        return b"".join(parts)

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
        lacked = [key for key in (*left, *own) if key not in target.ops]
        if lacked and (self.lacking == "refuse" or lacked[0] in own):
            raise MessageError(target.name, str(lacked[0]), "field is not part of the interface")
        moves = [self._moves[key] for key in left if key in self._moves]
        moves += [Move(key, target.ops[key], False, False) for key in own]
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

    def _value(self, view: View, move: Move) -> str:
        """The value as the other interface writes it; track 2 with the separator that the field can hold."""
        if move.inside and view.names(move.key):
            return self._element_wise(view, move.key)
        value = view[move.key]
        if move.op.kind.startswith("z"):
            value = value.replace("=", "D") if move.op.entry["data_enc"] == "b" else value.replace("D", "=")
        return value

    def _require(self, op: Op, value: str) -> None:
        if not op.valid(value):
            raise MessageError(self.target.name, op.key, f"expected {op.expected}", expected=op.kind)

    def _encoded(self, op: Op, value: str) -> bytes:
        self._require(op, value)
        return self.target.encode_field(op, value)

    def _element_wise(self, view: View, key: str) -> str:
        """The field built of those elements that the other interface knows."""
        sub = self.target.subs[key]
        found: dict[str, object] = {}
        for name in view.names(key):
            if name.partition("#")[0] in sub.parts:
                found[name] = view.text(f"{key}.{name}")
            elif self.lacking == "refuse":
                raise MessageError(self.target.name, f"{key}.{name}", "element is not part of the interface")
        return self.target.build_sub(key, found)


def translate(source: Codec, target: Codec, *, lacking: Lacking = "drop") -> Translation:
    """What turns views of `source` into bytes of `target`: call it with a view and, if need be, changes."""
    return Translation(source, target, lacking)


def _move(source: Codec, target: Codec, key: str) -> Move:
    theirs, ours = source.parts[key], target.parts[key]
    alike = _wire(theirs.op.entry) == _wire(ours.op.entry)
    same_inside = _shape(theirs.op.entry) == _shape(ours.op.entry)
    both = theirs.sub is not None and ours.sub is not None
    return Move(key, ours.op, alike and (same_inside or not both), both and not same_inside)


def _shape(entry: Mapping[str, object]) -> object:
    """What is inside a field without what only describes it."""
    sub = entry.get("sub")
    if not isinstance(sub, Mapping):
        return None
    own = {name: value for name, value in sub.items() if name not in ("parts", "mask", "table")}
    parts = sub["parts"].items()
    return own, [(name, _wire(part), part.get("until"), part.get("rest"), _shape(part)) for name, part in parts]


def _wire(entry: Mapping[str, object]) -> list[object]:
    """What makes two fields' bytes alike: how a length is written matters only where there is one."""
    return [entry.get(name) for name in _WIRE if name != "len_enc" or entry.get("len_type")]
