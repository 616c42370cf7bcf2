"""A message with some fields or elements changed and all other bytes kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from switch.message.errors import MessageError
from switch.message.nodes import edit, leave, nested_changes, open_field, spelt_out
from switch.message.ops import Op
from switch.message.splicing import Splicing, make_splicing
from switch.message.structure import SubError
from switch.message.values import ValueFault

if TYPE_CHECKING:
    from switch.message.view import View

# Sets of changes remembered for one layout.
_REMEMBERED = 256


class _Made(bytes):
    """A field's bytes after a change inside it: a caller's own bytes are no value."""


def splice(view: "View", changes: Mapping[str, str | None]) -> bytes:
    """As View.splice."""
    codec, data, marks, plan = view.codec, view.data, view.marks, view.plan
    splicing = plan.splices.get(_shape(changes))
    ready: Mapping[str, str | bytes | None] = changes
    if splicing is None:
        ready = _by_field(view, changes)
        splicing = _splicing(view, ready)
    mti = changes.get("t")
    same_head = mti is None and splicing.bitmap is None
    parts = [data[: marks[0]]] if same_head else _head(view, mti, splicing)
    for piece in splicing.pieces:
        if isinstance(piece, tuple):
            start, from_start, end, from_end = piece
            parts.append(data[marks[start] + from_start : marks[end] + from_end])
        elif isinstance(piece, Op):
            value = ready[piece.key]
            try:
                parts.append(value if isinstance(value, _Made) else piece.encode(_text(value)))
            except ValueFault as error:
                raise MessageError(codec.name, piece.key, str(error)) from None
        else:
            parts.append(piece)
    made = b"".join(parts)
    return _with_header(view, made, changes["h"]) if "h" in changes else made


def _shape(changes: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a plan depends on: which fields are set, and which are removed."""
    return tuple(changes) if None not in changes.values() else tuple((key, changes[key] is None) for key in changes)


def _head(view: "View", mti: str | None, splicing: Splicing) -> list[bytes]:
    """All before the fields."""
    body = view.head + view.codec.mti_size
    head = view.data[:body] if mti is None else view.data[: view.head] + view.codec.encode_mti(mti)
    return [head, view.data[body : view.marks[0]] if splicing.bitmap is None else splicing.bitmap]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueFault("expected text")
    return value


def _with_header(view: "View", made: bytes, header: str | None) -> bytes:
    part = view.codec.header
    if part is None or header is None:
        raise MessageError(view.codec.name, "h", "no header to change on this interface")
    return made[: view.start] + view.codec.encode_field(part.op, header) + made[view.head :]


def _splicing(view: "View", changes: Mapping[str, str | bytes | None]) -> Splicing:
    """The plan of these changes, remembered when nothing is changed in parts."""
    codec, plan = view.codec, view.plan
    changed = [key for key in changes if key not in ("t", "h")]
    for key in changed:
        if key not in codec.ops:
            raise MessageError(codec.name, str(key), "field is not part of the interface")
    kept = {key for key in changed if changes[key] is not None}
    after = sorted({*plan.places, *kept} - {key for key in changed if key not in kept}, key=int)
    same = not plan.narrow and after == list(plan.fields)
    head, third = codec.bitmaps.write(int(key) for key in after)
    ops = [codec.ops[key] for key in after]
    made = make_splicing(plan.places, ops, frozenset(kept), (None if same else head, third))
    whole = not any(isinstance(value, bytes) for value in changes.values())
    if whole and len(plan.splices) < _REMEMBERED:
        plan.splices[_shape(changes)] = made
    return made


def _by_field(view: "View", changes: Mapping[str, str | None]) -> dict[str, str | bytes | None]:
    """The changes with those inside a field made into that field's bytes, length included."""
    ready: dict[str, str | bytes | None] = {}
    inside: dict[str, dict[str, str | None]] = {}
    for path, value in changes.items():
        field, dot, rest = str(path).partition(".")
        if dot:
            inside.setdefault(field, {})[rest] = value
        else:
            ready[field] = value
    for field, edits in inside.items():
        if field in ready:
            raise MessageError(view.codec.name, field, "structure: given whole and in parts")
        ready[field] = _edited(view, field, edits)
    return ready


def _edited(view: "View", field: str, edits: Mapping[str, str | None]) -> bytes | None:
    codec = view.codec
    part = codec.parts.get(field)
    if part is None or part.sub is None:
        path = f"{field}.{next(iter(edits))}"
        raise MessageError(codec.name, path, "field is not part of the interface")
    node, spelt = None, True
    try:
        if field in view.plan.places:
            begin, end, count = view.counted(field)
            node = open_field(part, view.data, begin, end, count, codec.limits.elements)
            spelt = spelt_out(part, view.data[begin:end], count)
        elif not any(value is not None for value in edits.values()):
            return None
        made = edit(part.sub, node, nested_changes(edits), codec.limits.elements, codec.limits.depth)
        # Whole groups of parts are given as text, which need not be as long as they are.
        part.sub.split(made, 0, len(made), codec.limits.elements)
        data, count = leave(part, part.sub, made, spelt)
    except (SubError, ValueFault) as error:
        name = error.name if isinstance(error, SubError) else ""
        raise MessageError(codec.name, f"{field}.{name}" if name else field, f"structure: {error}") from None
    return _Made(part.op.lead(data, count) + data)
