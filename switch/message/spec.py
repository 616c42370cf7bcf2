"""Interface specs: a pyiso8583 spec in JSON, with keys of our own that pyiso8583 ignores. Validated at load."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switch import resources
from switch.message.errors import SpecError
from switch.message.mask import MASKS

CLASSES = ("n", "a", "an", "ans", "z", "b", "x+n")
_REQUIRED = {"data_enc": str, "len_enc": str, "len_type": int, "max_len": int, "desc": str}
_TEXT = ("ascii", "cp500", "latin-1")
_SUB_KEYS: dict[str, dict[str, type]] = {
    "tlv": {"tag": int, "len": int},
    "positional": {"parts": list},
    "bitmap": {"bytes": int, "parts": dict},
    "bertlv": {},
}


@dataclass(frozen=True, slots=True)
class Spec:
    """One interface: `fields` is what `iso8583.decode` takes as its spec, plus class, mask and sub."""

    name: str
    source: str
    fields: Mapping[str, Mapping[str, Any]]


def load_spec(name_or_path: str | Path) -> Spec:
    """The spec of that name in `specs/`, or of that file; raises SpecError naming file, field and reason."""
    text, source, name = _read(name_or_path)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SpecError(f"{source}: expected JSON: {error}") from None
    if not isinstance(document, dict) or not {"t", "p", "1", "h"} <= document.keys():
        raise SpecError(f"{source}: expected an object with the fields h, t, p and 1")
    for key, field in document.items():
        _validate(source, key, field)
    if document["h"]["max_len"]:
        raise SpecError(f"{source}: field h: expected max_len 0: headers are read before the message")
    if document["1"]["data_enc"] != document["p"]["data_enc"]:
        raise SpecError(f"{source}: field 1: expected the data_enc of p")
    return Spec(name, source, document)


def _read(name_or_path: str | Path) -> tuple[str, str, str]:
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and not path.suffix:
        source, name = f"specs/{name_or_path}.json", name_or_path
        try:
            return resources.read_text("specs", f"{name_or_path}.json"), source, name
        except FileNotFoundError:
            raise SpecError(f"{source}: no such spec") from None
    try:
        return path.read_text(encoding="utf-8"), str(path), path.stem
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from None


def _validate(source: str, key: str, field: Any) -> None:
    def refuse(reason: str) -> SpecError:
        return SpecError(f"{source}: field {key}: {reason}")

    if key not in ("h", "t", "p") and not (key.isdigit() and 1 <= int(key) <= 192):
        raise refuse("expected h, t, p or a number from 1 to 192")
    if not isinstance(field, dict):
        raise refuse("expected an object")
    for name, kind in _REQUIRED.items():
        if type(field.get(name)) is not kind:
            raise refuse(f"expected {name} as {kind.__name__}")
    if field["data_enc"] not in (*_TEXT, "b"):
        raise refuse(f"expected data_enc as one of b, {', '.join(_TEXT)}")
    if field["len_enc"] not in ("ascii", "cp500", "b", "bcd"):
        raise refuse("expected len_enc as one of ascii, cp500, b, bcd")
    if field.get("len_count", "bytes") not in ("bytes", "nibbles"):
        raise refuse("expected len_count as bytes or nibbles")
    if not 0 <= field["len_type"] <= 4 or field["max_len"] < 0:
        raise refuse("expected len_type 0 to 4 and max_len >= 0")
    _validate_own(field, refuse)


def _validate_own(field: dict[str, Any], refuse: Callable[[str], SpecError]) -> None:
    if field.get("len_count") == "nibbles" and field["data_enc"] != "b":
        raise refuse("expected data_enc b, for len_count is nibbles")
    base = {"b": 256, "bcd": 100}.get(field["len_enc"], 10)
    if field["len_type"] and field["max_len"] >= base ** field["len_type"]:
        raise refuse(f"expected max_len below {base ** field['len_type']}, which its length can say")
    if field.get("class", "ans") not in CLASSES:
        raise refuse(f"expected class as one of {', '.join(CLASSES)}")
    if "mask" in field and field["mask"] not in MASKS:
        raise refuse(f"expected mask as one of {', '.join(MASKS)}")
    if "sub" in field:
        _validate_sub(field["sub"], refuse)
    odd = field.get("len_count") == "nibbles" and (field["len_type"] or field["max_len"] % 2)
    pads = [field[pad] for pad in ("left_pad", "right_pad") if pad in field]
    if odd and not pads:
        raise refuse("expected left_pad or right_pad: an odd number of nibbles can occur")
    if any(len(pad) != 1 or pad not in "0123456789ABCDEF" for pad in pads):
        raise refuse("expected a pad of one upper-case hexadecimal digit")


def _validate_sub(sub: Any, refuse: Callable[[str], SpecError]) -> None:
    if not isinstance(sub, dict) or sub.get("kind") not in _SUB_KEYS:
        raise refuse(f"expected sub.kind as one of {', '.join(_SUB_KEYS)}")
    for name, kind in _SUB_KEYS[sub["kind"]].items():
        if type(sub.get(name)) is not kind:
            raise refuse(f"expected sub.{name} as {kind.__name__}")
    if not set(sub.get("mask", {}).values()) <= MASKS.keys():
        raise refuse(f"expected each sub.mask as one of {', '.join(MASKS)}")
