"""Chip data in words: names of tags, and what their bits say. Source: EMV 4.3 books 3 and 4. Knows no message."""

from collections.abc import Callable

from switch.explain import dates, tables
from switch.explain.amounts import in_words as amount_in_words
from switch.explain.cards import Part, pan_in_words, service_code, track_parts

_BITS = ("95", "9B", "82", "9F07", "9F33", "9F40")
_ACTION_CODES = ("9F0D", "9F0E", "9F0F")
_CURRENCIES = ("5F2A", "9F42", "9F3C", "9F3B")
_COUNTRIES = ("5F28", "9F1A")
_AMOUNTS = ("9F02", "9F03")
_TRACKS = ("57", "9F6B")
_TEXTS = ("50", "5F20", "5F2D", "9F12", "9F0B", "9F16", "9F1C", "9F1E", "9F4E", "8A", "89", "5F50", "5F55", "5F56")
_SECRET_TEXTS = ("5F20", "9F0B")


def name(tag: str) -> str:
    """What the tag is called, "" for one that is not listed."""
    return str(tables.load("emv")["tags"].get(tag, ""))


def mask(tag: str) -> str:
    """Which mask fits the tag: cards and tracks by their kind, cryptograms and what is not listed hidden."""
    if tag == "5A":
        return "pan"
    if tag in _TRACKS:
        return "track"
    emv = tables.load("emv")
    return "remove" if tag in emv["secret"] or tag not in emv["tags"] else "show"


def in_words(tag: str, value: str, currency: str) -> str:
    """The value in hexadecimal in words, "" where there are none. `currency` is that of amounts, numeric, or ""."""
    if tag in _CURRENCIES:
        return tables.currency(value[-3:])
    if tag in _COUNTRIES:
        return tables.country(value[-3:])
    if tag in _AMOUNTS:
        return amount_in_words(value, currency)
    if dates.tag_form(tag):
        return dates.in_words(dates.tag_form(tag), value)
    if tag in ("4F", "84", "9F06"):
        return str(tables.load("emv")["rid"].get(value[:10], ""))
    if tag in _TEXTS:
        return _text(tag, value)
    return _number(tag, value)


def parts(tag: str, value: str, *, masked: bool) -> tuple[Part, ...]:
    """The bits that are set, or the parts of a track; "1.8" is byte 1, bit 8."""
    if tag in _TRACKS:
        return track_parts(value.rstrip("F"), masked=masked)
    layout = "95" if tag in _ACTION_CODES else tag
    if layout in _BITS:
        return _set_bits(tables.load("emv")[layout], value)
    return ()


def _set_bits(layout: list[list[str]], value: str) -> tuple[Part, ...]:
    found = []
    for number, byte in enumerate(_bytes(value), 1):
        known = dict(entry.split(" ", 1) for entry in layout[number - 1]) if number <= len(layout) else {}
        for bit in range(8, 0, -1):
            if byte >> (bit - 1) & 1:
                found.append(Part(f"byte {number} bit {bit}", "1", known.get(str(bit), "reserved")))
    return tuple(found)


def _number(tag: str, value: str) -> str:
    """Tags whose value is one code."""
    if tag in ("9F36", "9F13", "9F17"):
        return str(int.from_bytes(_bytes(value), "big"))
    words = _CODES.get(tag)
    if words:
        return words(value)
    return "all clear" if tag in ("95", "9B") and value and not value.strip("0") else ""


def _terminal_type(value: str) -> str:
    if len(value) != 2:
        return "expected 1 byte"
    emv = tables.load("emv")
    words = emv["terminal_operator"].get(value[0]), emv["terminal_mode"].get(value[1])
    return ", ".join(word for word in words if word)


def _text(tag: str, value: str) -> str:
    text = "".join(character if character.isprintable() else "." for character in _bytes(value).decode("latin-1"))
    if tag in _SECRET_TEXTS:
        return ""
    if tag == "8A":
        return f'"{text}" {tables.load("emv")["arc"].get(text) or tables.code("response", text)}'.strip()
    return f'"{text}"'


def _cvm(value: str) -> str:
    if len(value) != 6:
        return "expected 3 bytes"
    emv = tables.load("emv")
    method, condition, result = _bytes(value)
    performed = emv["cvm"].get(f"{method if method == 0x3F else method & 0x3F:02X}", "reserved or private method")
    following = ", else the next one" if method & 0x40 and method != 0x3F else ""
    when = emv["cvm_condition"].get(f"{condition:02X}", "reserved condition")
    return f"{performed}{following}; {when}; {emv['cvm_result'].get(f'{result:02X}', 'reserved result')}"


def _cid(value: str) -> str:
    if len(value) != 2:
        return "expected 1 byte"
    emv = tables.load("emv")
    byte = int(value, 16)
    words = [emv["cid"][str(byte >> 6)]]
    if byte & 8:
        words.append("advice required")
    if byte & 7:
        words.append(emv["cid_reason"].get(str(byte & 7), "reserved reason"))
    return ", ".join(words)


def _bytes(value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        return b""


_CODES: dict[str, Callable[[str], str]] = {
    "9F34": _cvm,
    "9F27": _cid,
    "9F35": _terminal_type,
    "9C": lambda value: tables.code("transaction_type", value),
    "9F39": lambda value: tables.code("pan_entry", value),
    "9F15": tables.category,
    "5F30": lambda value: service_code(value[-3:]),
    "5F57": lambda value: str(tables.load("emv")["account_type"].get(value, "")),
    "5A": lambda value: pan_in_words(value.rstrip("F")),
}
