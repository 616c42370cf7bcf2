"""A message as a tree of elements: where each lies, what it holds, what its spec says. The one place that asks the
codec for them; knows no meanings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from switch.explain.tlv import Tlv, TlvFault, walk
from switch.message import MessageError, View
from switch.message.mask import is_numeric

_CHIP_DATA = "55"


@dataclass(frozen=True, slots=True)
class Element:
    """A field or a part of one; `offset` and `length` are bytes of the frame, with the length or tag before it.

    `mask` is what the spec says of this very element ("" where it says nothing), `kind` the structure it stands in
    ("" for a field), `fault` what is wrong with it or inside it, `numeric` whether its class is of digits.
    """

    path: str
    name: str
    offset: int
    length: int
    value: str = field(repr=False)
    mask: str = ""
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    parts: tuple["Element", ...] = ()
    fault: str = ""
    numeric: bool = False


def elements(view: View) -> Iterator[Element]:
    """The fields of `view` in order, each with what is inside."""
    return (_element(view, key, "") for key in view.fields)


def announced(view: View) -> list[str]:
    """The fields that the bitmaps name, those too that could not be read; none when the bitmaps are damaged."""
    try:
        return [str(number) for number in view.codec.bitmaps.read(view.data, view.range("t").end).numbers]
    except MessageError:
        return []


def _element(view: View, path: str, kind: str) -> Element:
    part = view.part(path)
    entry: Mapping[str, Any] = part.op.entry if part else {}
    place = view.range(path)
    value, fault = _value(view, path)
    parts: tuple[Element, ...] = ()
    if part is not None and path.count(".") < view.codec.limits.depth:
        inside = part.sub.kind if part.sub else kind
        parts = tuple(_element(view, f"{path}.{name}", inside) for name in view.names(path))
    if not parts and value:
        parts, inner = _undescribed(view, path, value, place.data)
        fault = fault or inner
    values = entry.get("values", {})
    # Secrets inside are not where the spec has them when the structure is another.
    hides = any(mask != "show" for mask in entry.get("sub", {}).get("mask", {}).values())
    return Element(
        path=path,
        name=str(entry.get("desc", "")),
        offset=place.start,
        length=place.end - place.start,
        value=value,
        mask=str(entry.get("mask", "")) or ("remove" if hides and view.fault(path) else ""),
        kind=kind,
        values=values if isinstance(values, Mapping) else {},
        parts=parts,
        fault=fault,
        numeric=is_numeric(str(entry.get("class", ""))),
    )


def _value(view: View, path: str) -> tuple[str, str]:
    """The value at `path`, in hexadecimal when it is none of its encoding, and what is wrong with it."""
    place = view.range(path)
    try:
        value = view.get(path)
        view.check([path])
    except MessageError as error:
        return _or_raw(view, path), error.reason
    # An element whose value has another class is not given at all.
    return (value, "") if value is not None else (view.data[place.data : place.end].hex().upper(), "of another class")


def _or_raw(view: View, path: str) -> str:
    try:
        return view[path]
    except (MessageError, KeyError):
        # Of an element whose value has another class the view has none.
        place = view.range(path)
        return view.data[place.data : place.end].hex().upper()


def _undescribed(view: View, path: str, value: str, begin: int) -> tuple[tuple[Element, ...], str]:
    """What is inside a field that has not the structure of its spec; chip data is read as far as it goes."""
    error = view.fault(path)
    fault = f"{error.path} at byte {error.offset}: {error.reason}" if error else ""
    if path != _CHIP_DATA:
        return (), fault
    raw = view.raw(path)
    try:
        data, scale = (raw, 1) if raw.hex().upper() == value else (bytes.fromhex(value), 2)
    except ValueError:
        return (), fault
    base = f"{path}."
    if data[:1] == b"\x01" and int.from_bytes(data[1:3], "big") == len(data) - 3:
        data, begin, base = data[3:], begin + 3 * scale, f"{base}01."
    found, cut = walk(data)
    tags = tuple(_tag(base, each, begin, scale) for each in found)
    return tags, _said(base, cut, begin, scale) if cut else fault


def _tag(base: str, each: Tlv, begin: int, scale: int) -> Element:
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
