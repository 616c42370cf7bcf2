"""What entries of a spec say, in words. Knows no file."""

from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]
_ENCODINGS = {"ascii": "ASCII", "cp500": "EBCDIC", "latin-1": "Latin-1", "b": "bytes"}
_MASKS = {"pan": "first 6, last 4", "track": "card number masked", "remove": "hidden"}


def message_type(entry: Entry) -> str:
    """How the message type is written."""
    return "packed digits" if entry["data_enc"] == "b" else _encoding(entry["data_enc"])


def bitmaps(fields: Mapping[str, Entry]) -> str:
    """How the bitmaps are written."""
    entry = fields["p"]
    form = "binary" if entry["data_enc"] == "b" else f"hexadecimal, {_encoding(entry['data_enc'])}"
    if entry.get("bitmap") == "fixed":
        return f"{form}, always {entry['width']} bits"
    return form + (", up to three" if any(key.isdecimal() and int(key) > 128 for key in fields) else "")


def form(entry: Entry) -> str:
    """ISO 8583's class and length."""
    kind, most = entry.get("class", ""), entry.get("max_len")
    if kind[-1:].isdigit():
        letters = kind.rstrip("0123456789.")
        return f"{letters} {kind.removeprefix(letters)}"
    if kind == "x+n" and most:
        most -= 1
    if kind == "b" and _is_spelt(entry) and most:
        most //= 2
    open_ended = entry.get("len_type") or "until" in entry or entry.get("rest")
    return str(kind) if most is None else f"{kind} {'..' if open_ended else ''}{most}".strip()


def wire(entry: Entry) -> str:
    """How the value is written; nothing where that is inherited."""
    if entry.get("len_count") == "nibbles":
        pads = [f", {pad} {side}" for side in ("left", "right") if (pad := entry.get(f"{side}_pad"))]
        return "packed" + "".join(pads)
    words = _encoding(str(entry.get("data_enc", "")))
    return f"hexadecimal, {words}" if entry.get("class") == "b" and _is_spelt(entry) else words


def _encoding(name: str) -> str:
    return _ENCODINGS.get(name, name)


def _is_spelt(entry: Entry) -> bool:
    return bool(entry.get("data_enc", "b") != "b")


def length(entry: Entry) -> str:
    """What tells where the value ends."""
    size = entry.get("len_type", 0)
    if "until" in entry:
        return f"up to ``{entry['until']}``"
    if entry.get("rest"):
        return "the rest"
    if not size:
        return ""
    words = {"b": "binary", "bcd": "packed"}.get(entry.get("len_enc", ""))
    return _count(size, "byte") + f", {words}" if words else _count(size, "digit")


def shown(mask: str) -> str:
    """What of a value with this mask may be shown."""
    return _MASKS.get(mask, "")


def structure(sub: Entry) -> str:
    """The structure inside a field or element."""
    words = {"positional": _positions, "bertlv": _ber, "dataset": _datasets, "bitmap": _bits, "tlv": _tags}
    return words[sub["kind"]](sub)


def _positions(sub: Entry) -> str:
    return "positions" + (f", up to {sub['repeat']} times" if "repeat" in sub else "")


def _ber(sub: Entry) -> str:
    return "BER-TLV" + (", in hexadecimal digits or bytes" if sub.get("hex") == "auto" else "")


def _datasets(_sub: Entry) -> str:
    return "datasets: identifier, length of two bytes, content"


def _bits(sub: Entry) -> str:
    lead = _count(sub["head"], "byte") + ", " if sub.get("head") else ""
    chain = ", further bitmaps where its first bit says so" if sub.get("chain") else ""
    tail = ", BER-TLV where its last bit says so" if sub.get("tail") else ""
    return f"{lead}a bitmap of {sub['width']} bits{chain}, the elements it names{tail}"


def _tags(sub: Entry) -> str:
    lead = _count(sub["head"], "character") + ", then " if sub.get("head") else ""
    tag, size = f"tag of {sub['tag']}", f"length of {sub['len']}"
    order = (size, tag) if sub.get("order") == "ltv" else (tag, size)
    return f"{lead}{', '.join(order)}, value"


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'s' if number > 1 else ''}"
