"""Rules checked and made ready at load: what can never match, or says what cannot be, is an error by name. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from switch.engine import checks
from switch.engine.bins import RoutingError
from switch.engine.conditions import (
    Amounts,
    Condition,
    Facts,
    OneOf,
    amounts,
    card_ranges,
    country_codes,
    currency_codes,
    merchant_categories,
    words,
)
from switch.engine.rulesettings import RuleSettings

# What a condition is made of, by its key. The first four depend on the card's range alone.
_OF_CARD: Mapping[str, tuple[Callable[..., Condition], Callable[[Facts], str]]] = {
    "network": (words, attrgetter("card.network")),
    "product": (words, attrgetter("card.product")),
    "funding": (words, attrgetter("card.funding")),
    "card_country": (country_codes, attrgetter("card.country")),
}
_OF_PAYMENT: Mapping[str, tuple[Callable[..., Condition], Callable[[Facts], str]]] = {
    "mcc": (merchant_categories, attrgetter("mcc")),
    "currency": (currency_codes, attrgetter("currency")),
    "country": (country_codes, attrgetter("country")),
    "terminal_group": (words, attrgetter("terminal_group")),
    "kind": (words, attrgetter("kind")),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """`of_card` are the conditions that a range answers once for all its cards, `of_payment` the others."""

    name: str
    route: str
    of_card: Mapping[str, Condition]
    of_payment: Mapping[str, Condition]

    @property
    def conditions(self) -> dict[str, Condition]:
        return {**self.of_card, **self.of_payment}

    def may_match(self, facts: Facts) -> bool:
        """Whether a card of this range can meet it."""
        return _all_match(self.of_card, facts)

    def matches(self, facts: Facts) -> bool:
        """Whether this payment meets it, given that its card may."""
        return _all_match(self.of_payment, facts)

    def may_match_merchant(self, facts: Facts) -> bool:
        """Whether a merchant of this category can meet it."""
        condition = self.of_payment.get("mcc")
        return condition is None or condition.matches(facts)

    def covers(self, other: "Rule") -> bool:
        """Whether everything that `other` matches is matched by this one too."""
        theirs = other.conditions
        return all(name in theirs and mine.covers(theirs[name]) for name, mine in self.conditions.items())


def _all_match(conditions: Mapping[str, Condition], facts: Facts) -> bool:
    for condition in conditions.values():  # noqa: SIM110 # a loop is twice as fast as all()
        if not condition.matches(facts):
            return False
    return True


def compile_rules(settings: Sequence[RuleSettings], known: Mapping[str, frozenset[str]]) -> list[Rule]:
    """The rules in order. `known` holds the words there are: of "route", "network" and "terminal_group".

    Raises RoutingError naming rule and key.
    """
    rules: list[Rule] = []
    for item in settings:
        if not item.name or any(rule.name == item.name for rule in rules):
            raise RoutingError("routing.rules: expected a name of its own for each")
        rule = _compile(item, {**known, "kind": checks.KINDS})
        for earlier in rules:
            if earlier.covers(rule):
                raise RoutingError(
                    f"routing.rules: {rule.name}: can never match: {earlier.name} in front of it takes all of it"
                )
        rules.append(rule)
    return rules


def _compile(settings: RuleSettings, known: Mapping[str, frozenset[str]]) -> Rule:
    where = f"routing.rules: {settings.name}"
    if settings.route not in known["route"]:
        raise RoutingError(f"{where}: route: expected one of {', '.join(sorted(known['route']))}")
    of_card = _conditions(settings, _OF_CARD, where)
    of_payment = _conditions(settings, _OF_PAYMENT, where)
    for key, make in (("bins", card_ranges), ("amount", amounts)):
        if getattr(settings, key) is not None:
            of_payment[key] = _condition(make, getattr(settings, key), f"{where}: {key}")
    for key, condition in {**of_card, **of_payment}.items():
        if isinstance(condition, OneOf) and key in known and not condition.values <= known[key]:
            raise RoutingError(f"{where}: {key}: expected among {', '.join(sorted(known[key])) or 'none'}")
    currency, amount = of_payment.get("currency"), of_payment.get("amount")
    if isinstance(currency, OneOf) and isinstance(amount, Amounts) and not currency.values & amount.bounds.keys():
        raise RoutingError(f"{where}: amount: expected bounds in a currency that the rule allows")
    return Rule(settings.name, settings.route, of_card, of_payment)


def _conditions(
    settings: RuleSettings, makers: Mapping[str, tuple[Callable[..., Condition], Callable[[Facts], str]]], where: str
) -> dict[str, Condition]:
    return {
        key: _condition(partial(make, of=of), getattr(settings, key), f"{where}: {key}")
        for key, (make, of) in makers.items()
        if getattr(settings, key) is not None
    }


def _condition(make: Callable[[Any], Condition], value: Any, where: str) -> Condition:
    if not value:
        raise RoutingError(f"{where}: expected at least one")
    try:
        return make(value)
    except RoutingError as error:
        raise RoutingError(f"{where}: {error}") from None
