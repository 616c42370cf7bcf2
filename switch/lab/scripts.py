"""What the lab's terminals do: a mix of payments that meets every answer, from the fixture cards. No I/O."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from switch.message import luhn_check_digit
from switch.resources import read_text
from switch.simulator.terminal.messages import Sale

_NO_ROUTE = "900000000000001"
_UNKNOWN_CARD = "411199000000001"
_APPROVED = ("00",)


@dataclass(frozen=True, slots=True)
class Step:
    """One payment, the response codes it may get, and whether the terminal takes it back afterwards."""

    network: str
    sale: Sale
    expected: tuple[str, ...] = _APPROVED
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Steps that one terminal takes one after the other. Scripts of one `lane` share a card and never overlap."""

    lane: str
    steps: tuple[Step, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A fixture card; only the lab and the tests know so much of one."""

    pan: str
    network: str
    issuer: str
    name: str
    currency: str
    expiry: str
    balance: int
    status: str
    service_code: str
    pin: str
    pvki: str
    pvv: str
    cvv: str
    cvv2: str
    icvv: str
    track2: str

    def __repr__(self) -> str:
        return f"Card({self.name!r})"


def load_cards() -> list[Card]:
    """The cards of fixtures/cards.json."""
    text = read_text("fixtures", "cards.json")
    return msgspec.convert(msgspec.json.decode(text)["cards"], list[Card])


def plan(payments: int, seed: int) -> list[Script]:
    """Scripts of `payments` payments in all, the same for the same seed."""
    source = random.Random(seed)
    cards = Deck(load_cards())
    makers, weights = zip(*_MIX, strict=True)
    scripts: list[Script] = []
    count = 0
    # Every kind once, so that a small batch shows them all; then by weight.
    kinds: Iterator[Callable[[Deck, random.Random], Script]] = iter(makers)
    while count < payments:
        maker = next(kinds, None) or source.choices(makers, weights)[0]
        script = maker(cards, source)
        script = Script(script.lane, script.steps[: payments - count])
        scripts.append(script)
        count += len(script.steps)
    return scripts


class Deck:
    """The cards by what they are good for."""

    def __init__(self, cards: list[Card]) -> None:
        good = [card for card in cards if card.name.endswith("good") and card.pan.isdigit()]
        self._good = {
            network: [card for card in good if card.network == network] for network in ("visa", "mastercard", "on-us")
        }
        # The last of each network are kept for wrong PINs: a card that is locked stays so.
        self.wrong_pin = self._good["visa"].pop()
        self.locked = self._good["mastercard"].pop()
        self.bad = [(card, card.name.rpartition("(")[2].rstrip(")")) for card in cards if card.name.endswith(")")]

    def good(self, network: str, source: random.Random) -> Card:
        return source.choice(self._good[network])


def _amount(source: random.Random) -> int:
    return source.randint(100, 20_000)


def _sale(card: Card, amount: int, kind: str = "purchase", **more: object) -> Sale:
    """At a chip-less terminal: stripe and PIN."""
    fields = {"pin": card.pin, "track2": card.track2, "expiry": card.expiry} | more
    return msgspec.convert({"kind": kind, "pan": card.pan, "amount": amount, "currency": card.currency, **fields}, Sale)


def _one(card: Card, sale: Sale, expected: tuple[str, ...] = _APPROVED, *, reverse: bool = False) -> Script:
    return Script(card.pan, (Step(card.network, sale, expected, reverse),))


def _at_counter(network: str) -> Callable[[Deck, random.Random], Script]:
    def make(deck: Deck, source: random.Random) -> Script:
        card = deck.good(network, source)
        return _one(card, _sale(card, _amount(source)))

    return make


def _on_line(network: str) -> Callable[[Deck, random.Random], Script]:
    def make(deck: Deck, source: random.Random) -> Script:
        card = deck.good(network, source)
        return _one(card, _sale(card, _amount(source), pin="", track2="", cvv2=card.cvv2))

    return make


def _of_kind(kind: str) -> Callable[[Deck, random.Random], Script]:
    def make(deck: Deck, source: random.Random) -> Script:
        card = deck.good(source.choice(("visa", "mastercard")), source)
        return _one(card, _sale(card, 0 if kind == "balance" else _amount(source), kind))

    return make


def _authorisation(deck: Deck, source: random.Random) -> Script:
    card = deck.good(source.choice(("visa", "mastercard")), source)
    return _one(card, _sale(card, _amount(source), authorisation_only=True))


def _taken_back(deck: Deck, source: random.Random) -> Script:
    card = deck.good(source.choice(("visa", "mastercard", "on-us")), source)
    return _one(card, _sale(card, _amount(source)), reverse=True)


def _wrong_then_right_pin(deck: Deck, source: random.Random) -> Script:
    card = deck.wrong_pin
    wrong = _sale(card, _amount(source), pin=_other_pin(card.pin))
    right = _sale(card, _amount(source))
    return Script(card.pan, (Step(card.network, wrong, ("55",)), Step(card.network, right)))


def _locked(deck: Deck, source: random.Random) -> Script:
    card = deck.locked
    wrong = _sale(card, _amount(source), pin=_other_pin(card.pin))
    return Script(card.pan, (Step(card.network, wrong, ("55", "75")),) * 3)


def _wrong_cvv(deck: Deck, source: random.Random) -> Script:
    card = deck.good(source.choice(("visa", "mastercard", "on-us")), source)
    track2 = card.track2[:-1] + str((int(card.track2[-1]) + 1) % 10)
    return _one(card, _sale(card, _amount(source), pin="", track2=track2), ("82",))


def _bad_card(deck: Deck, source: random.Random) -> Script:
    card, code = source.choice(deck.bad)
    return _one(card, _sale(card, 2_000), (code,))


def _unknown_card(_deck: Deck, source: random.Random) -> Script:
    return _made_up(_UNKNOWN_CARD, "visa", ("14",), source)


def _unroutable(_deck: Deck, source: random.Random) -> Script:
    return _made_up(_NO_ROUTE, "no route", ("92",), source)


def _made_up(body: str, network: str, expected: tuple[str, ...], source: random.Random) -> Script:
    pan = body + luhn_check_digit(body)
    sale = Sale(kind="purchase", pan=pan, amount=_amount(source), currency="978", expiry="3012")
    return Script(pan, (Step(network, sale, expected),))


def _other_pin(pin: str) -> str:
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)


_MIX: tuple[tuple[Callable[[Deck, random.Random], Script], int], ...] = (
    (_at_counter("visa"), 24),
    (_at_counter("mastercard"), 24),
    (_at_counter("on-us"), 8),
    (_on_line("visa"), 8),
    (_on_line("mastercard"), 8),
    (_of_kind("withdrawal"), 4),
    (_of_kind("refund"), 3),
    (_of_kind("balance"), 3),
    (_authorisation, 3),
    (_taken_back, 5),
    (_wrong_then_right_pin, 1),
    (_wrong_cvv, 2),
    (_bad_card, 4),
    (_unknown_card, 1),
    (_unroutable, 1),
    (_locked, 1),
)
