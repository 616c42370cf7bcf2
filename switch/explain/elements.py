"""A message as a tree of elements: where each lies, what it holds, what its spec says. The one place that asks the
codec; knows no meanings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from switch.explain.tlv import TlvFault, walk
from switch.message import MessageError, View

_EMV_FIELD = "55"


@dataclass(frozen=True, slots=True)
class Element:
    """A field or a part of one. `offset` and `length` are bytes of the frame, None where they are not known.

    `mask` is what the spec says of this very element ("" where it says nothing), `kind` the structure it stands in
    ("" for a field), `fault` what is wrong with it or inside it.
    """

    path: str
    name: str
    offset: int | None
    length: int | None
    value: str = field(repr=False)
    mask: str = ""
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    parts: tuple["Element", ...] = ()
    fault: str = ""
    numeric: bool = False


def elements(view: View) -> Iterator[Element]:
    """The fields of `view` in order, each with what is inside."""
    for key in view.fields:
        entry = view.codec.spec.fields[key]
        offset, end = span(view, key)
        fault = ""
        try:
            value = view[key]
            view.check([key])
        except MessageError as error:
            value, fault = _readable(view, key), error.reason
        parts, inner = _parts(view, key, entry, value, end - len(view.raw(key)))
        yield Element(
            path=key,
            name=str(entry.get("desc", "")),
            offset=offset,
            length=end - offset,
            value=value,
            mask=str(entry.get("mask", "")),
            values=_values(entry),
            parts=parts,
            fault=fault or inner,
            numeric=str(entry.get("class", "")).startswith(("n", "x")) and not str(entry.get("class")).startswith("ns"),
        )


def span(view: View, key: str) -> tuple[int, int]:
    """Where the field `key` begins and ends in its frame, its length included."""
    begin = view.offset(key)
    return begin, begin + int(view.codec.spec.fields[key].get("len_type", 0)) + len(view.raw(key))


def _readable(view: View, key: str) -> str:
    """The value of a field that has another class, or bytes that its encoding does not have."""
    try:
        return view[key]
    except MessageError:
        return view.raw(key).hex().upper()


def _values(entry: Mapping[str, Any]) -> Mapping[str, str]:
    found = entry.get("values", {})
    return found if isinstance(found, Mapping) else {}


def _parts(view: View, key: str, entry: Mapping[str, Any], value: str, begin: int) -> tuple[tuple[Element, ...], str]:
    """What is inside a field, and what is wrong there."""
    sub = entry.get("sub")
    if sub is not None:
        found = _described(key, sub, view.sub(key))
        if found:
            return found, ""
    if key == _EMV_FIELD and sub is None:
        return _emv(key, value, view.raw(key), begin)
    return (), ""


def _described(path: str, sub: Mapping[str, Any], found: Mapping[str, str]) -> tuple[Element, ...]:
    """The elements of a structure that the spec describes; `found` are their values by path inside the field."""
    tops: dict[str, dict[str, str]] = {}
    for name, value in found.items():
        top, _, rest = name.partition(".")
        tops.setdefault(top, {})[rest] = value
    return tuple(_one(f"{path}.{top}", top, sub, inside) for top, inside in tops.items())


def _one(path: str, top: str, sub: Mapping[str, Any], inside: dict[str, str]) -> Element:
    parts = sub.get("parts", {})
    name = top.partition("#")[0]
    part = parts.get(name) or parts.get("*") or {}
    inner = part.get("sub") or ({"kind": "bertlv"} if sub["kind"] == "bertlv" else {})
    if sub["kind"] == "positional" and sub.get("repeat"):
        part, inner = {}, {**sub, "repeat": 0}
    value = inside.pop("", "")
    return Element(
        path=path,
        name=str(part.get("desc", "")),
        offset=None,
        length=None,
        value=value,
        mask=str(part.get("mask", "")),
        kind=str(sub["kind"]),
        values=_values(part),
        parts=_described(path, inner, inside) if inside and inner else (),
    )


def _emv(key: str, value: str, raw: bytes, begin: int) -> tuple[tuple[Element, ...], str]:
    """Chip data that the spec does not describe: BER-TLV, as bytes, as hexadecimal digits, or in a dataset."""
    digits = value if raw.hex().upper() != value else ""
    try:
        data = bytes.fromhex(digits) if digits else raw
    except ValueError:
        data, digits = raw, ""
    scale = 2 if digits else 1
    base = f"{key}."
    if data[:1] == b"\x01" and int.from_bytes(data[1:3], "big") == len(data) - 3:
        data, begin, base = data[3:], begin + 3 * scale, f"{key}.01."
    found, fault = walk(data)
    tags = tuple(_tag(base, each, begin, scale) for each in found)
    return tags, _said(base, fault, begin, scale) if fault else ""


def _tag(base: str, each: Any, begin: int, scale: int) -> Element:
    return Element(
        path=base + each.name,
        name="",
        offset=begin + each.offset * scale,
        length=each.length * scale,
        value=each.value.hex().upper(),
        kind="bertlv",
        parts=tuple(_tag(f"{base}{each.name}.", inner, begin, scale) for inner in each.parts),
    )


def _said(base: str, fault: TlvFault, begin: int, scale: int) -> str:
    where = f"{(base + fault.path).rstrip('.')} at byte {begin + fault.offset * scale}"
    return f"{where}: {fault.reason} (needed {fault.needed * scale}, available {fault.available * scale})"
