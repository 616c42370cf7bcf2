"""A message as a strategy gives it: its fields, its bytes, and words for a failing test that show no card data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switch.message import Codec, Spec, compile_spec, load_spec, mask_pan

SpecLike = Codec | Spec | str | Path | Mapping[str, Any]
_codecs: dict[str, Codec] = {}


def codec_of(spec: SpecLike) -> Codec:
    """The codec of a spec by name, path, dict or Spec; the shipped ones are compiled once. Raises SpecError."""
    if isinstance(spec, Codec):
        return spec
    if isinstance(spec, str) and spec in _codecs:
        return _codecs[spec]
    codec = compile_spec(spec if isinstance(spec, Spec) else load_spec(spec))
    if isinstance(spec, str):
        _codecs[spec] = codec
    return codec


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message; `fields` has pyiso8583's keys, `raw` is what Codec.encode makes of them."""

    codec: Codec
    fields: Mapping[str, str]
    raw: bytes

    @property
    def mti(self) -> str:
        """The message type, 4 digits."""
        return self.fields["t"]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What Hypothesis prints of a failing example: the same masked line, not the constructor's arguments."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        """Values as the spec's masks allow."""
        shown = (f"{key}={_shown(self.codec, key, value)}" for key, value in self.fields.items() if key != "t")
        return f"<{self.codec.name} {' '.join((self.mti, *shown))}>"


def _shown(codec: Codec, field: str, value: str) -> str:
    entry = codec.spec.fields[field]
    mask = entry.get("mask", "remove" if entry.get("sub", {}).get("mask") else "show")
    if mask == "pan":
        return mask_pan(value)
    return repr(value) if mask == "show" else f"[{len(value)} characters]"


def build(codec: Codec, fields: Mapping[str, str]) -> Message:
    """The message of these fields, in ascending order. Raises MessageError."""
    ordered = {key: fields[key] for key in sorted(fields, key=_place)}
    return Message(codec, ordered, codec.encode(ordered))


def _place(key: str) -> int:
    return int(key) if key.isdecimal() else -1
