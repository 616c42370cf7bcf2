"""Interface specs: a pyiso8583 spec in JSON, with keys of our own that pyiso8583 ignores. Validated at load."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switch import resources
from switch.message.errors import SpecError
from switch.message.mask import MASKS

CLASSES = ("n", "a", "an", "ans", "z", "b", "x+n")
_REQUIRED = {"data_enc": str, "len_enc": str, "len_type": int, "max_len": int, "desc": str}
_TEXT = ("ascii", "cp500", "latin-1")
_SUB_KINDS = ("tlv", "positional", "bitmap", "bertlv")


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


def _validate_own(field: dict[str, Any], refuse: Any) -> None:
    if field.get("class", "ans") not in CLASSES:
        raise refuse(f"expected class as one of {', '.join(CLASSES)}")
    if "mask" in field and field["mask"] not in MASKS:
        raise refuse(f"expected mask as one of {', '.join(MASKS)}")
    sub = field.get("sub")
    if sub is not None and (not isinstance(sub, dict) or sub.get("kind") not in _SUB_KINDS):
        raise refuse(f"expected sub.kind as one of {', '.join(_SUB_KINDS)}")
    odd = field.get("len_count") == "nibbles" and (field["len_type"] or field["max_len"] % 2)
    if odd and not (field.get("left_pad") or field.get("right_pad")):
        raise refuse("expected left_pad or right_pad: an odd number of nibbles can occur")
