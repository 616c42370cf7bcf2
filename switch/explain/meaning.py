"""What the values of fields mean, in words: by field number, length and version of the message. It masks nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from switch.explain import amounts, cards, dates, tables
from switch.explain.cards import Part
from switch.message import Mti

_POSITIONS = 12
_ADDITIONAL = re.compile(r"(?:[0-9]{7}[CD][0-9]{12})+")
_AMOUNT_CURRENCY = {"4": "49", "5": "50", "6": "51", "28": "49", "29": "50", "30": "49", "31": "50", "95": "49"}
_CURRENCIES = ("49", "50", "51")
_COUNTRIES = ("19", "20", "21", "68", "69")


@dataclass(frozen=True, slots=True)
class Context:
    """The message around a field: its type, and its other fields ("" for one that is absent)."""

    mti: str
    get: Callable[[str], str] = field(repr=False)
    masked: bool = True

    @property
    def is_1987(self) -> bool:
        """Whether the fields mean what they do in ISO 8583:1987."""
        return self.mti[:1] not in ("1", "2")

    def currency(self, path: str) -> str:
        """The numeric currency of the amounts at `path`, "" when it is not told."""
        return self.get(_AMOUNT_CURRENCY.get(path, "49"))[-3:]


def mti_in_words(mti: str) -> str:
    """ "authorisation request, acquirer (1987)"."""
    known = Mti(mti)
    return f"{known.name} ({known.version})"


def in_words(path: str, value: str, context: Context) -> str:
    """The value of the field `path` in words, "" where there are none."""
    form = dates.form_of(path, value, context.mti)
    if form:
        return dates.in_words(form, value, path)
    if path in _CURRENCIES:
        return tables.currency(value[-3:]) if value[-3:].isdigit() else _alphabetic(value)
    if path in _COUNTRIES:
        return tables.country(value[-3:])
    if path in ("4", "5", "6"):
        return amounts.in_words(value, context.currency(path))
    if path in ("28", "29", "30", "31") and len(value) == 9:
        return amounts.signed(value, context.currency(path))
    if path in ("9", "10"):
        return amounts.rate(value)
    special = _SPECIAL.get(path)
    return special(value, context) if special else ""


def parts(path: str, value: str, context: Context) -> tuple[Part, ...]:
    """The parts of a field that a spec may leave whole."""
    if path in ("35", "45"):
        return cards.track_parts(value, masked=context.masked)
    if path == "22" and len(value) == _POSITIONS:
        return tuple(_position(index, code) for index, code in enumerate(value, 1))
    if path == "90" and len(value) == 42:
        return _original(value)
    if path == "56" and not context.is_1987 and len(value) > 22:
        return _original_1993(value)
    if path == "54":
        return _additional(value)
    if path == "95" and len(value) == 42:
        return _replacement(value, context)
    return ()


def _alphabetic(value: str) -> str:
    return value if len(value) == 3 and value.isalpha() else ""


def _processing(value: str, _context: Context) -> str:
    if len(value) != 6:
        return ""
    kind, source, target = value[:2], value[2:4], value[4:]
    words = tables.code("transaction_type", kind) or "private transaction type"
    accounts = [tables.code("account_type", code) or f"account type {code}" for code in (source, target)]
    return f"{words}, from {accounts[0]}, to {accounts[1]}"


def _entry_mode(value: str, _context: Context) -> str:
    """n3 of 1987, and n4 of Visa, whose fourth digit is a filler."""
    if len(value) not in (3, 4):
        return ""
    entry, pin = tables.code("pan_entry", value[:2]), tables.code("pin_entry", value[2])
    return f"{entry or 'reserved entry mode'}, {pin or 'reserved PIN capability'}"


def _response(value: str, _context: Context) -> str:
    if len(value) == 2:
        return tables.code("response", value)
    return tables.code("action", value[-3:])


def _action_of_1993(table: str, length: int) -> Callable[[str, Context], str]:
    def words(value: str, context: Context) -> str:
        return tables.code(table, value) if len(value) == length and not context.is_1987 else ""

    return words


def _condition(value: str, context: Context) -> str:
    if len(value) == 2:
        return tables.code("pos_condition", value)
    return _action_of_1993("reason", 4)(value, context)


def _category(value: str, context: Context) -> str:
    return tables.category(value) if context.is_1987 else tables.country(value)


def _pin_capture(value: str, context: Context) -> str:
    return tables.code("pin_capture", value) if context.is_1987 else tables.category(value)


def _network(value: str, context: Context) -> str:
    return tables.code("network_management", value[-3:]) if context.is_1987 else tables.country(value[-3:])


def _acceptor(value: str, _context: Context) -> str:
    """Card acceptor name and location end with their country, in two or three letters or three digits."""
    return tables.country(value[-3:].strip()) or tables.country(value[-2:]) if len(value) == 40 else ""


def _position(index: int, code: str) -> Part:
    table = tables.load("codes")[f"pos_{index}"]
    return Part(table["title"], code, table.get(code, "reserved or private"))


def _original(value: str) -> tuple[Part, ...]:
    mti = value[:4]
    return (
        Part("Original message type", mti, mti_in_words(mti) if mti.isascii() and mti.isdigit() else ""),
        Part("Original trace number", value[4:10]),
        Part("Original transmission time", value[10:20], dates.in_words("MDhms", value[10:20], "7")),
        Part("Original acquirer", value[20:31]),
        Part("Original forwarder", value[31:]),
    )


def _original_1993(value: str) -> tuple[Part, ...]:
    mti = value[:4]
    return (
        Part("Original message type", mti, mti_in_words(mti) if mti.isascii() and mti.isdigit() else ""),
        Part("Original trace number", value[4:10]),
        Part("Original local time", value[10:22], dates.in_words("YMDhms", value[10:22])),
        Part("Original acquirer", value[22:]),
    )


def _additional(value: str) -> tuple[Part, ...]:
    found = []
    for start in range(0, len(value) if _ADDITIONAL.fullmatch(value) else 0, 20):
        one = value[start : start + 20]
        kind = tables.code("amount_type", one[2:4]) or f"amount type {one[2:4]}"
        account = tables.code("account_type", one[:2]) or f"account type {one[:2]}"
        words = f"{amounts.signed(one[7:], one[4:7])}, account: {account}"
        found.append(Part(kind.capitalize(), one, words.strip(", ")))
    return tuple(found)


def _replacement(value: str, context: Context) -> tuple[Part, ...]:
    currency = context.currency("95")
    return (
        Part("Actual amount, transaction", value[:12], amounts.in_words(value[:12], currency)),
        Part("Actual amount, settlement", value[12:24], amounts.in_words(value[12:24], context.get("50")[-3:])),
        Part("Actual fee, transaction", value[24:33], amounts.signed(value[24:33], currency)),
        Part("Actual fee, settlement", value[33:], amounts.signed(value[33:], context.get("50")[-3:])),
    )


_SPECIAL: dict[str, Callable[[str, Context], str]] = {
    "2": lambda value, _context: cards.pan_in_words(value),
    "3": _processing,
    "18": _category,
    "22": _entry_mode,
    "24": _action_of_1993("function", 3),
    "25": _condition,
    "26": _pin_capture,
    "39": _response,
    "40": lambda value, _context: cards.service_code(value),
    "43": _acceptor,
    "66": lambda value, _context: tables.code("settlement_code", value[-1:]),
    "70": _network,
    "91": lambda value, _context: tables.code("file_update", value[-1:]),
}
