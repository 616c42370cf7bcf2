"""What the values of parts inside fields mean, for those that a spec names but whose values it does not list.

By the field and the part's name, else by what the spec calls it; masks nothing itself."""

from collections.abc import Callable

from switch.explain import amounts, dates, tables
from switch.explain.meaning import Context, mti_in_words

_Words = Callable[[str, str, Context], str]
_SIGNS = {"C": "credit", "D": "debit"}


def in_words(path: str, name: str, value: str, context: Context) -> str:
    """The value of the part at `path`, which its spec calls `name`, in words; "" where there are none."""
    field, _, inside = path.partition(".")
    part = inside.rpartition(".")[2].partition("#")[0]
    words = _OF_FIELD.get((field, part)) or _OF_NAME.get(part)
    found = words(path, value, context) if words else ""
    return found or _by_description(name.lower(), value)


def _by_description(name: str, value: str) -> str:
    if "currency" in name and value[-3:].isdigit():
        return tables.currency(value[-3:])
    if "country" in name:
        return tables.country(value[-3:].strip()) or tables.country(value.strip())
    return ""


def _code(table: str) -> _Words:
    return lambda _path, value, _context: tables.code(table, value)


def _date(form: str, field: str = "") -> _Words:
    return lambda _path, value, _context: dates.in_words(form, value, field) if len(value) == 2 * len(form) else ""


def _entry(path: str, value: str, context: Context) -> str:
    """Field 22: two parts in 1987, twelve positions of one character later."""
    part = path.rpartition(".")[2]
    if context.is_1987:
        return tables.code("pan_entry" if part == "1" else "pin_entry", value)
    return tables.code(f"pos_{part}", value) if len(value) == 1 else ""


def _amount(path: str, value: str, context: Context) -> str:
    """An amount of the currency beside it, else of the field's."""
    parent, _, part = path.rpartition(".")
    prefix = part.removesuffix("amount")
    beside = context.get(f"{parent}.{prefix}currency")
    return amounts.in_words(value, beside[-3:] or context.currency(path.partition(".")[0]))


def _amount_of(currency: str) -> _Words:
    def words(_path: str, value: str, context: Context) -> str:
        if value[:1] in _SIGNS:
            return amounts.signed(value, context.get(currency)[-3:])
        return amounts.in_words(value, context.get(currency)[-3:])

    return words


def _message_type(_path: str, value: str, _context: Context) -> str:
    return mti_in_words(value) if len(value) == 4 and value.isascii() and value.isdigit() else ""


_OF_FIELD: dict[tuple[str, str], _Words] = {
    ("3", "1"): _code("transaction_type"),
    ("3", "2"): _code("account_type"),
    ("3", "3"): _code("account_type"),
    **{("22", str(number)): _entry for number in range(1, 13)},
    ("54", "type"): _code("amount_type"),
    ("54", "account"): _code("account_type"),
    ("63", "3"): _code("reversal_reason"),
    ("95", "transaction"): _amount_of("49"),
    ("95", "settlement"): _amount_of("50"),
    ("95", "billing"): _amount_of("51"),
    ("95", "transaction_fee"): _amount_of("49"),
    ("95", "settlement_fee"): _amount_of("50"),
    ("30", "transaction"): _amount_of("49"),
    ("30", "reconciliation"): _amount_of("50"),
    ("56", "local"): _date("YMDhms"),
}
_OF_NAME: dict[str, _Words] = {
    "mti": _message_type,
    "transmission": _date("MDhms", "7"),
    "sign": lambda _path, value, _context: _SIGNS.get(value, ""),
    "amount": _amount,
    "transaction_amount": _amount,
    "reconciliation_amount": _amount,
}
