"""What a rule asks of a payment: each condition tests one thing, tells what it expects, and may cover another. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from switch import countries, money
from switch.engine.bins import Route, RoutingError
from switch.engine.ranges import bounds
from switch.engine.rulesettings import AmountBounds


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at. `amount` is minor units; countries and currency are numeric codes; `card` is the range's."""

    pan: str
    card: Route
    mcc: str = ""
    amount: int = 0
    currency: str = ""
    country: str = ""
    terminal_group: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is among `values`; `of` takes it from the facts."""

    values: frozenset[str]
    of: Callable[[Facts], str]

    def matches(self, facts: Facts) -> bool:
        return self.of(facts) in self.values

    def covers(self, other: "Condition") -> bool:
        return isinstance(other, OneOf) and self.values >= other.values

    def found(self, facts: Facts) -> str:
        return self.of(facts)

    def __str__(self) -> str:
        shown = sorted(self.values)
        more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
        return ", ".join(shown[:8]) + more


@dataclass(frozen=True, slots=True)
class Amounts:
    """The currency is one of these and the amount within its bounds."""

    bounds: dict[str, AmountBounds]

    def matches(self, facts: Facts) -> bool:
        limits = self.bounds.get(facts.currency)
        return limits is not None and limits.min <= facts.amount and (limits.max is None or facts.amount <= limits.max)

    def covers(self, other: "Condition") -> bool:
        return isinstance(other, Amounts) and all(
            currency in self.bounds and _within(limits, self.bounds[currency])
            for currency, limits in other.bounds.items()
        )

    def found(self, facts: Facts) -> str:
        return f"{money.major_units(facts.amount, facts.currency)} {money.alphabetic(facts.currency)}"

    def __str__(self) -> str:
        return " or ".join(_words(currency, limits) for currency, limits in self.bounds.items())


@dataclass(frozen=True, slots=True)
class InRanges:
    """The card number is in one of the ranges, each its first number and the one behind it, as 19 digits."""

    ranges: tuple[tuple[int, int], ...]
    text: str

    def matches(self, facts: Facts) -> bool:
        number = bounds(facts.pan, facts.pan)[0]
        return any(low <= number < end for low, end in self.ranges)

    def covers(self, other: "Condition") -> bool:
        return isinstance(other, InRanges) and all(
            any(low <= first and end <= last for low, last in self.ranges) for first, end in other.ranges
        )

    def found(self, facts: Facts) -> str:
        return facts.pan[:6]

    def __str__(self) -> str:
        return self.text


Condition = OneOf | Amounts | InRanges


def _words(currency: str, limits: AmountBounds) -> str:
    most = f" to {money.major_units(limits.max, currency)}" if limits.max is not None else ""
    return f"{money.alphabetic(currency)} from {money.major_units(limits.min, currency)}{most}"


def _within(inner: AmountBounds, outer: AmountBounds) -> bool:
    return inner.min >= outer.min and (outer.max is None or (inner.max is not None and inner.max <= outer.max))


def words(values: Iterable[str], of: Callable[[Facts], str]) -> OneOf:
    """One of the words as they are."""
    return OneOf(frozenset(values), of)


def country_codes(values: Iterable[str], of: Callable[[Facts], str]) -> OneOf:
    """ISO 3166-1 codes of any form; raises RoutingError."""
    found = frozenset(map(countries.numeric, values))
    if "" in found:
        raise RoutingError("expected ISO 3166-1 codes such as DE, DEU or 276")
    return OneOf(found, of)


def currency_codes(values: Iterable[str], of: Callable[[Facts], str]) -> OneOf:
    """ISO 4217 codes of both forms; raises RoutingError."""
    return OneOf(frozenset(map(_currency, values)), of)


def merchant_categories(values: Iterable[str], of: Callable[[Facts], str]) -> OneOf:
    """Codes of 4 digits and ranges of them, "5411" or "5500-5599"; raises RoutingError."""
    found: set[str] = set()
    for value in values:
        low, high = _ends(value)
        if len(low) != 4:
            raise RoutingError("expected 4 digits, or a range of them such as 5500-5599")
        found.update(f"{code:04d}" for code in range(int(low), int(high) + 1))
    return OneOf(frozenset(found), of)


def amounts(values: dict[str, AmountBounds]) -> Amounts:
    """Bounds by currency; raises RoutingError for bounds that no amount is within."""
    for limits in values.values():
        if limits.min < 0 or (limits.max is not None and limits.max < limits.min):
            raise RoutingError("expected a max that is not below min, and no negative amount")
    return Amounts({_currency(code): limits for code, limits in values.items()})


def card_ranges(values: list[str]) -> InRanges:
    """Prefixes and ranges of 1 to 19 digits, "4571" or "457100-457199"; raises RoutingError."""
    return InRanges(tuple(bounds(*_ends(value)) for value in values), ", ".join(values))


def _currency(code: str) -> str:
    found = money.numeric(code)
    if not found:
        raise RoutingError("expected ISO 4217 codes such as EUR or 978")
    return found


def _ends(value: str) -> tuple[str, str]:
    low, dash, high = value.partition("-")
    high = high if dash else low
    digits = (low + high).isascii() and (low + high).isdecimal()
    if not digits or not low or not high or len(low) != len(high) or len(low) > 19 or low > high:
        raise RoutingError("expected digits, or two numbers of as many digits with - between, the lower first")
    return low, high
