"""How a field's value of one interface becomes one of another: as it is, by its chip data, tags or named parts.

Fields are the same where their numbers and their `name`s are; fields without a name go by the number."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from switch.message.errors import MessageError
from switch.message.nodes import leave
from switch.message.ops import Op
from switch.message.structure import Part, Sub, SubError
from switch.message.values import ValueFault

if TYPE_CHECKING:
    from switch.message.codec import Codec
    from switch.message.view import View

Lacking = Literal["drop", "refuse"]
# The value for the other interface, elements changed before it is built; None when nothing of it can stand there.
Cross = Callable[["View", Mapping[str, str | None]], str | None]
_Entry = Mapping[str, Any]
_WIRE = ("data_enc", "len_enc", "len_type", "max_len", "len_count", "len_unit", "left_pad", "right_pad")
_CHIP_DATASET = "01"


def crossing(source: "Codec", target: "Codec", key: str, lacking: Lacking) -> Cross | None:
    """How the field `key` crosses; None when it means something else on the other side, or is built unlike it."""
    theirs, ours = source.parts[key], target.parts[key]
    names = {entry["name"] for entry in (theirs.op.entry, ours.op.entry) if "name" in entry}
    if len(names) > 1:
        return None
    if theirs.sub is None or ours.sub is None:
        return _text(key, ours.op)
    if _is_chip(theirs.sub) and _is_chip(ours.sub):
        return _chip(key, ours, target.name)
    if _shape(theirs.op.entry, _text_form) == _shape(ours.op.entry, _text_form):
        return _text(key, ours.op)
    kinds, parts = {theirs.sub.kind, ours.sub.kind}, (*theirs.sub.parts, *ours.sub.parts)
    if kinds == {"tlv"} or (kinds == {"positional"} and not any(name.isdecimal() for name in parts)):
        return _elements(target, key, lacking)
    return None


def written_alike(theirs: Part, ours: Part) -> bool:
    """Whether the bytes of two fields that cross are the same."""
    if _wire(theirs.op.entry) != _wire(ours.op.entry):
        return False
    return theirs.sub is None or ours.sub is None or _shape(theirs.op.entry, _wire) == _shape(ours.op.entry, _wire)


def _wire(entry: _Entry) -> object:
    """What makes two fields' bytes alike: how a length is written matters only where there is one."""
    return [entry.get(name) for name in _WIRE if name != "len_enc" or entry.get("len_type")]


def _text_form(entry: _Entry) -> object:
    """What makes two fields' texts alike: packed digits and any encoding read the same, bytes do not."""
    raw = entry["data_enc"] == "b" and entry.get("len_count") != "nibbles"
    return raw, entry.get("len_type", 0), entry.get("max_len")


def _shape(entry: _Entry, form: Callable[[_Entry], object]) -> object:
    """What is inside a field without what only describes it."""
    sub = entry.get("sub")
    if not isinstance(sub, Mapping):
        return None
    own = {name: value for name, value in sub.items() if name not in ("parts", "mask", "table")}
    parts = sub["parts"].items()
    return own, [(name, form(part), part.get("until"), part.get("rest"), _shape(part, form)) for name, part in parts]


def _text(key: str, op: Op) -> Cross:
    """The value as it is; track 2 with the separator that the other field can hold."""
    if op.kind.startswith("z"):
        old, new = ("=", "D") if op.entry["data_enc"] == "b" else ("D", "=")
        return lambda view, _edits: view[key].replace(old, new)
    return lambda view, _edits: view[key]


def _is_chip(sub: Sub) -> bool:
    """Whether the structure is EMV's tags, bare or in the dataset 01."""
    inner = sub.parts.get(_CHIP_DATASET) if sub.kind == "dataset" else None
    return sub.kind == "bertlv" or (inner is not None and inner.sub is not None and inner.sub.kind == "bertlv")


def _chip(key: str, ours: Part, interface: str) -> Cross:
    """The tags with their very bytes, put into a dataset or taken out of one."""

    def cross(view: "View", _edits: Mapping[str, str | None]) -> str | None:
        node = view.inside.node(key)
        if node is not None and node.sub.kind == "dataset":
            node = view.inside.node(f"{key}.{_CHIP_DATASET}")
        if node is None or ours.sub is None:
            raise MessageError(interface, key, "expected chip data in BER-TLV")
        elements = node.elements.values()
        data = node.data[min(each[1] for each in elements) : max(each[4] for each in elements)] if elements else b""
        try:
            whole = ours.sub.wrap(_CHIP_DATASET, data, len(data)) if ours.sub.kind == "dataset" else data
            raw, count = leave(ours, ours.sub, whole)
        except (SubError, ValueFault) as error:
            raise MessageError(interface, key, f"chip data: {error}") from None
        return ours.op.decode(raw, count)

    return cross


def _elements(target: "Codec", key: str, lacking: Lacking) -> Cross:
    """The field built of those elements that the other interface has."""
    sub = target.subs[key]

    def cross(view: "View", edits: Mapping[str, str | None]) -> str | None:
        found: dict[str, object] = {name: value for name, value in edits.items() if value is not None}
        for name in view.names(key):
            if name in edits:
                continue
            part, value = sub.parts.get(name.partition("#")[0]), view.text(f"{key}.{name}")
            if part is not None:
                found[name] = _fitted(part.op, value, lacking) if sub.kind == "positional" else value
            elif lacking == "refuse" and value.strip(" "):
                raise MessageError(target.name, f"{key}.{name}", "element is not part of the interface")
        return target.build_sub(key, found) if found else None

    return cross


def _fitted(op: Op, value: str, lacking: Lacking) -> str:
    """Free text with as many spaces behind it as its place has room for; one too long is cut where one may drop."""
    if not op.kind.startswith("ans") or op.entry["data_enc"] == "b":
        return value
    bare, most = value.rstrip(" "), op.entry.get("max_len")
    if most is not None and lacking == "drop":
        bare = bare[:most]
    return bare if op.variable or most is None else bare.ljust(most)
