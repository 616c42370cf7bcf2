"""The checks of what a spec says is inside a field; gives it back with all that is inherited written out.

Knows no file: tables of parts come through a function."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from switch.message.encodings import is_single_byte
from switch.message.errors import SpecError
from switch.message.format import PART_KEYS, SUB_KEYS, SUB_REQUIRED
from switch.message.validate import Entry, Refuse, allowed, check_keys, check_length, check_value, expected

# The named table of parts or meanings; raises KeyError when there is none.
Tables = Callable[[str], dict[str, Any]]
MOST_NESTED = 8
_INHERITED = ("data_enc", "len_enc", "len_count")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,24}\Z")
# Two digits, or more when the five low bits of the first byte are all set (X.690 clause 8.1.2.4).
_BER_TAG = re.compile(r"(?:[02468ACE][0-9A-F]|[13579BDF][0-9A-E]|[13579BDF]F(?:[89A-F][0-9A-F]){0,2}[0-7][0-9A-F])\Z")
_TAGGED = ("tlv", "bertlv", "dataset")


def check_inside(source: str, path: str, entry: Entry, tables: Tables, depth: int = 0) -> Entry:
    """The field or part at `path` with its `sub` and `values` checked and complete; raises SpecError."""

    def refuse(name: str, wanted: str) -> SpecError:
        return SpecError(source, f"expected {wanted}", path, name)

    done = dict(entry)
    if isinstance(entry.get("values"), str):
        done["values"] = _table(tables, entry["values"], "values", refuse)
    if "sub" not in entry:
        return done
    if depth >= MOST_NESTED:
        raise refuse("sub", f"at most {MOST_NESTED} structures inside each other")
    sub = entry["sub"]
    if not isinstance(sub, dict) or sub.get("kind") not in SUB_KEYS:
        raise refuse("sub.kind", f"one of {', '.join(SUB_KEYS)}")
    _check_own(sub, entry, refuse)
    sub = _with_parts(sub, tables, refuse)
    parts = {}
    for name, part in sub["parts"].items():
        parts[name] = _check_part(source, f"{path}.{name}", part, sub, entry)
        _check_name(source, path, name, sub)
        parts[name] = check_inside(source, f"{path}.{name}", parts[name], tables, depth + 1)
    sub["parts"] = parts
    sub["mask"] = _masks(parts)
    _check_last(sub, refuse)
    _check_widths(sub, entry, refuse)
    done["sub"] = sub
    return done


def inner_encoding(sub: Mapping[str, Any], parent: Mapping[str, Any]) -> Entry:
    """What the elements of `sub` inherit from the field around it."""
    if sub["kind"] in ("bertlv", "dataset") or sub.get("hex"):
        return {"data_enc": "b", "len_enc": "b"}
    if counts_digits(sub, parent):
        return {"data_enc": "ascii", "len_enc": "ascii"}
    inherited = {key: parent[key] for key in _INHERITED if key in parent}
    inherited.setdefault("len_enc", "b" if parent["data_enc"] == "b" else parent["data_enc"])
    return inherited


def counts_digits(sub: Mapping[str, Any], parent: Mapping[str, Any]) -> bool:
    """Whether the widths of a positional structure are digits of a packed field."""
    if sub["kind"] != "positional" or parent["data_enc"] != "b" or sub.get("hex"):
        return False
    unit = sub.get("unit") or ("digits" if parent.get("len_count") == "nibbles" else "bytes")
    return bool(unit == "digits")


def _table(tables: Tables, name: str, key: str, refuse: Refuse) -> dict[str, Any]:
    try:
        return tables(name)
    except KeyError:
        raise refuse(key, f"the name of a table, and there is no {name}.table.json") from None


def _check_own(sub: Entry, parent: Entry, refuse: Refuse) -> None:
    kind = sub["kind"]
    for name, value in sub.items():
        rule = SUB_KEYS[kind].get(name)
        if rule is None:
            raise refuse(f"sub.{name}", f"one of {', '.join(SUB_KEYS[kind])}")
        if name != "parts" and not allowed(rule, value):
            raise refuse(f"sub.{name}", expected(rule))
    for name in SUB_REQUIRED[kind]:
        if name not in sub:
            raise refuse(f"sub.{name}", expected(SUB_KEYS[kind][name]))
    if sub.get("hex") and parent["data_enc"] == "b":
        raise refuse("sub.hex", "a field of text, for only text spells bytes")
    if sub.get("unit") and parent["data_enc"] != "b":
        raise refuse("sub.unit", "a packed field, for widths of text count characters")
    for name, more in (("tag_enc", ("b", "bcd", "hex", "text")), ("len_enc", ("b", "bcd", "hex")), ("enc", ("b",))):
        if name in sub and sub[name] not in more and not is_single_byte(sub[name]):
            raise refuse(f"sub.{name}", f"{', '.join(more)} or the name of a single-byte encoding")


def _with_parts(sub: Entry, tables: Tables, refuse: Refuse) -> Entry:
    """A copy with the table's parts and the short forms written out."""
    parts: dict[str, Any] = dict(_table(tables, sub["table"], "sub.table", refuse)) if "table" in sub else {}
    own = sub.get("parts", {})
    if not isinstance(own, dict):
        raise refuse("sub.parts", "an object of elements by name")
    parts.update(own)
    entries = {name: {"max_len": part} if type(part) is int else part for name, part in parts.items()}
    for name, mask in sub.get("mask", {}).items():
        first, _, rest = name.partition(".")
        if first not in entries and sub["kind"] not in _TAGGED:
            raise refuse("sub.mask", f"elements that sub.parts names, not {first}")
        entries[first] = _with_mask(entries.get(first, {}), rest, mask, refuse)
    return {**{key: value for key, value in sub.items() if key not in ("table", "mask")}, "parts": entries}


def _with_mask(part: Any, rest: str, mask: str, refuse: Refuse) -> Any:
    if not isinstance(part, dict):
        return part
    if not rest:
        return {**part, "mask": mask}
    if not isinstance(part.get("sub"), dict):
        raise refuse("sub.mask", f"a structure around the element {rest}")
    inner = part["sub"]
    return {**part, "sub": {**inner, "mask": {**inner.get("mask", {}), rest: mask}}}


def _check_part(source: str, path: str, part: Any, sub: Entry, parent: Entry) -> Entry:
    def refuse(name: str, wanted: str) -> SpecError:
        return SpecError(source, f"expected {wanted}", path, name)

    if not isinstance(part, dict) or (type(part.get("max_len")) is int and part["max_len"] < 1):
        raise SpecError(source, "expected a width from 1 or an object with one", path)
    check_keys(part, PART_KEYS, refuse)
    inherited = inner_encoding(sub, parent)
    if "data_enc" in part and part["data_enc"] != inherited["data_enc"]:
        inherited.pop("len_count", None)
        if counts_digits(sub, parent):
            raise refuse("data_enc", "none, for the parts are digits of a packed field")
    entry = {**inherited, **part}
    check_value(entry, refuse)
    if sub["kind"] in _TAGGED and path.rpartition(".")[2] != "0":
        if part.get("len_type"):
            raise refuse("len_type", "none, for the tag is followed by the length")
    elif "max_len" not in part and not ({"until", "rest"} & part.keys()):
        raise refuse("max_len", "a width")
    else:
        check_length(entry, refuse)
    if ({"until", "rest"} & part.keys()) and (sub["kind"] != "positional" or counts_digits(sub, parent)):
        raise refuse("until" if "until" in part else "rest", "a positional structure of bytes or characters around it")
    return entry


def _check_name(source: str, path: str, name: str, sub: Entry) -> None:
    wanted = _unfit(name, sub)
    if wanted:
        raise SpecError(source, f"expected {wanted}", f"{path}.{name}")


def _unfit(name: str, sub: Entry) -> str:
    """What an element of this structure is called, when `name` is no such name."""
    kind = sub["kind"]
    if (name == "*" and kind in _TAGGED) or (name == "0" and sub.get("head")):
        return ""
    if kind == "positional":
        return "" if _NAME.match(name) else "a name of letters, digits, - and _"
    if kind == "bertlv":
        return "" if _BER_TAG.match(name) else "a BER tag in upper-case hexadecimal digits"
    if kind == "bitmap":
        return _unfit_bit(name, sub)
    encoding = sub.get("tag_enc", "") if kind == "tlv" else "b"
    width = sub["tag"] if kind == "tlv" else sub.get("id", 1)
    if encoding in ("b", "hex"):
        digits = width * (2 if encoding == "b" else 1)
        return "" if re.match(rf"[0-9A-F]{{{digits}}}\Z", name) else f"a tag of {digits} upper-case hexadecimal digits"
    if encoding == "text":
        return "" if len(name) == width and not set(".#") & set(name) else f"a tag of {width} characters, no . or #"
    digits = width * (2 if encoding == "bcd" else 1)
    plain = name.isascii() and name.isdecimal() and (name == str(int(name)) or name == "0" * digits)
    return "" if plain and int(name) < 10**digits else f"a tag of {digits} digits, without leading zeros"


def _unfit_bit(name: str, sub: Entry) -> str:
    first = sub.get("first", 1)
    last = sub["width"] + first - 1
    plain = name.isascii() and name.isdecimal() and name == str(int(name))
    flags = {first} if sub.get("chain") else set()
    if not sub.get("chain") and sub.get("tail"):
        flags.add(last)
    most = last if not sub.get("chain") else 8 * last
    if plain and first <= int(name) <= most and int(name) not in flags:
        return ""
    return f"a number from {first} to {most} whose bit announces nothing else"


def _check_last(sub: Entry, refuse: Refuse) -> None:
    takers = [index for index, part in enumerate(sub["parts"].values()) if part.get("rest")]
    if takers and (takers != [len(sub["parts"]) - 1] or sub.get("repeat")):
        raise refuse("sub.parts", "rest only in the last part, and no repeat beside it")


def _check_widths(sub: Entry, parent: Entry, refuse: Refuse) -> None:
    """Parts of fixed widths fit the field, and fill a fixed one."""
    parts = sub["parts"].values()
    if sub["kind"] != "positional" or any(part.get("len_type") or {"until", "rest"} & part.keys() for part in parts):
        return
    digits = counts_digits(sub, parent)
    packed = [part.get("len_count") == "nibbles" and not digits for part in parts]
    width = sum(
        (part["max_len"] + 1) // 2 if half else part["max_len"] for part, half in zip(parts, packed, strict=True)
    )
    most = parent.get("max_len")
    if most is None or (parent["data_enc"] != "b" and any(part["data_enc"] == "utf-8" for part in (*parts, parent))):
        return
    if digits and parent.get("len_count") != "nibbles":
        most *= 2
    elif not digits and parent["data_enc"] == "b" and parent.get("len_count") == "nibbles":
        most = (most + 1) // 2
    if sub.get("hex"):
        most //= 2
    fixed = not parent.get("len_type") and not ({"until", "rest", "tagged"} & parent.keys())
    if width > most or (fixed and "repeat" not in sub and width != most):
        raise refuse("sub.parts", f"widths of {'' if fixed else 'at most '}{most} together, not {width}")


def _masks(parts: Mapping[str, Entry]) -> dict[str, str]:
    """The masks of all that is inside, by path: what hides anything is found without a walk."""
    found = {}
    for name, part in parts.items():
        if "mask" in part:
            found[name] = part["mask"]
        for inner, mask in part.get("sub", {}).get("mask", {}).items():
            found[f"{name}.{inner}"] = mask
    return found
