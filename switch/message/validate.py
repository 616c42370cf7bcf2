"""The checks of a spec at load, key by key and of what keys mean together; each refusal is a SpecError.

Knows no file: `spec` reads those."""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from switch.message.encodings import is_single_byte, is_utf8
from switch.message.errors import SpecError
from switch.message.format import BITMAP_KEYS, CLASS_PATTERN, FIELD_KEYS, PART_KEYS

Entry = dict[str, Any]
Refuse = Callable[[str, str], SpecError]
_CLASS = re.compile(CLASS_PATTERN)
_TEXT = "the name of a single-byte encoding"


def check_field(source: str, key: str, entry: Any) -> Entry:
    """The entry of the field `key`, complete in itself; raises SpecError. What is inside it `validate_sub` checks."""

    def refuse(name: str, expected: str) -> SpecError:
        return SpecError(source, f"expected {expected}", key, name)

    if key not in ("h", "t", "p") and not (key.isdecimal() and str(int(key)) == key and 1 <= int(key) <= 192):
        raise SpecError(source, "expected h, t, p or a number from 1 to 192", key)
    if not isinstance(entry, dict):
        raise SpecError(source, "expected an object", key)
    bitmap = key in ("p", "1")
    check_keys(entry, {**FIELD_KEYS, **BITMAP_KEYS} if bitmap else FIELD_KEYS, refuse)
    needed = ("data_enc",) if bitmap or key == "t" else ("data_enc", "len_type", "max_len")
    for name in needed:
        if name not in entry:
            raise refuse(name, expected(FIELD_KEYS[name]))
    if bitmap or key == "t":
        if entry["data_enc"] != "b" and not is_single_byte(entry["data_enc"]):
            raise refuse("data_enc", f"b or {_TEXT}")
        check_bitmap(entry, refuse)
    else:
        check_value(entry, refuse)
        check_length(entry, refuse)
    return entry


def check_keys(entry: Mapping[str, Any], keys: Mapping[str, Mapping[str, Any]], refuse: Refuse) -> None:
    """Every key of ours has a value that the format allows, and no other key looks like a misspelt one."""
    for name, value in entry.items():
        rule = keys.get(name)
        if rule is None:
            near = difflib.get_close_matches(name, (*PART_KEYS, *keys), 1, 0.75)
            if near:
                raise refuse(name, f"{near[0]}, or a key less like it")
        elif not allowed(rule, value):
            raise refuse(name, expected(rule))


def check_value(entry: Mapping[str, Any], refuse: Refuse) -> None:
    """The encoding and the class of a field or part."""
    encoding = entry["data_enc"]
    if encoding != "b" and not is_single_byte(encoding) and not is_utf8(encoding):
        raise refuse("data_enc", f"b, utf-8 or {_TEXT}")
    kind = _CLASS.match(entry.get("class", "ans"))
    # What a class counts in a binary field are bytes, whatever max_len counts.
    if kind and kind[2] and kind[1] != "b" and (encoding != "b" or entry.get("len_count") == "nibbles"):
        most = int(re.split(r"\.\.", kind[2].strip())[-1]) + (kind[1] == "x+n")
        if "max_len" in entry and most > entry["max_len"]:
            raise refuse("class", f"a length of at most max_len, {entry['max_len']}")
        fixed = not ({"until", "rest", "tagged"} & entry.keys()) and entry.get("len_type") == 0
        if fixed and most < entry["max_len"]:
            raise refuse("class", f"a length of max_len, {entry['max_len']}, for the field is fixed")


def check_length(entry: Mapping[str, Any], refuse: Refuse) -> None:
    """The length prefix can say every length, and an odd number of nibbles can be packed."""
    prefix, most = entry.get("len_type", 0), entry.get("max_len", 0)
    nibbles = entry.get("len_count") == "nibbles"
    if prefix:
        encoding = entry.get("len_enc")
        if encoding is None or (encoding not in ("b", "bcd") and not is_single_byte(encoding)):
            raise refuse("len_enc", f"b, bcd or {_TEXT}, for len_type is {prefix}")
        said = (most + 1) // 2 if nibbles and entry.get("len_unit") == "bytes" else most
        base: int = {"b": 256, "bcd": 100}.get(encoding, 10)
        if said >= base**prefix:
            raise refuse("len_type", f"room for a length of {said}, {prefix} bytes say {base**prefix - 1} at most")
    elif nibbles and most % 2 and not (entry.get("left_pad") or entry.get("right_pad")):
        raise refuse("left_pad", "left_pad or right_pad, for an odd number of nibbles")
    if entry.get("len_unit") == "digits" and entry["data_enc"] != "b":
        raise refuse("len_unit", "bytes or chars, for data_enc is not b")


def check_bitmap(entry: Mapping[str, Any], refuse: Refuse) -> None:
    """The keys of a message's bitmap fit each other."""
    if entry.get("bitmap") == "fixed":
        if "width" not in entry:
            raise refuse("width", f"{expected(BITMAP_KEYS['width'])}, for bitmap is fixed")
    else:
        for name in ("width", "bit1"):
            if name in entry:
                raise refuse(name, "bitmap fixed beside it")


def allowed(rule: Mapping[str, Any], value: Any) -> bool:
    """Whether `value` satisfies the part of a JSON schema that `format` writes its rules in."""
    if "anyOf" in rule:
        return any(allowed(option, value) for option in rule["anyOf"])
    if "enum" in rule:
        # True is equal to 1 in Python, and no number is meant where a schema says true.
        return any(value == option and type(value) is type(option) for option in rule["enum"])
    kind = rule.get("type")
    if kind == "integer":
        return type(value) is int and _in_range(rule, value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str) and _fits(rule, value)
    if kind == "object":
        inner = rule.get("additionalProperties")
        return isinstance(value, dict) and (inner is None or all(allowed(inner, each) for each in value.values()))
    return True


def _in_range(rule: Mapping[str, Any], value: int) -> bool:
    least, most, step = rule.get("minimum", value), rule.get("maximum", value), rule.get("multipleOf", 1)
    return bool(least <= value <= most and value % step == 0)


def _fits(rule: Mapping[str, Any], value: str) -> bool:
    sized = rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", len(value))
    return sized and ("pattern" not in rule or re.search(rule["pattern"], value) is not None)


def expected(rule: Mapping[str, Any]) -> str:
    """The words for what `allowed` checks."""
    if "enum" in rule:
        return "one of " + ", ".join(str(option) for option in rule["enum"])
    if rule.get("type") == "integer":
        least, most = rule.get("minimum"), rule.get("maximum")
        return f"a whole number from {least}" + (f" to {most}" if most is not None else "")
    return str(rule["description"])
