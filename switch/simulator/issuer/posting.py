"""Decisions inside a transaction of the database: what is checked here cannot have changed when it is written."""

import sqlite3
from dataclasses import dataclass
from fractions import Fraction

from switch.simulator.issuer import decide
from switch.simulator.issuer.decide import Card, Verdicts
from switch.simulator.issuer.model import Advice, Answer, Entry
from switch.simulator.issuer.rates import Rates, UnknownCurrency, convert
from switch.simulator.issuer.reversing import SIGN, buried, move
from switch.simulator.issuer.store import Stored, find_card, find_entry

_AVAILABLE = "02"


@dataclass(frozen=True, slots=True)
class Case:
    """A request with everything learnt about it outside: `month` is YYMM, `received` epoch milliseconds."""

    entry: Entry
    expiries: tuple[str, ...]
    verdicts: Verdicts
    auth_code: str
    month: str
    received: int


@dataclass(frozen=True, slots=True)
class _Posting:
    """What a decision does to the account: `billed` minor units of the account's currency, `change` of funds."""

    billed: int = 0
    currency: str = ""
    rate: Fraction = Fraction(0)
    change: int = 0


class Books:
    """The operations; each takes the connection inside an open transaction and is repeated without harm."""

    def __init__(self, rates: Rates, pin_tries: int) -> None:
        self._rates = rates
        self._pin_tries = pin_tries

    def authorise(self, connection: sqlite3.Connection, case: Case) -> tuple[Answer, bool]:
        """Decides and posts a request; True when it was decided before."""
        entry = case.entry
        stored = find_entry(connection, entry.key)
        if stored is not None:
            return repeated(stored, entry), True
        card = find_card(connection, entry.token)
        action, posting = self._decide(connection, case, card)
        approved = action == decide.APPROVED
        amounts = ""
        if card is not None and approved:
            move(connection, card.token, posting.change)
            amounts = _balance(entry, card) if entry.kind == "balance" else ""
        answer = Answer(action, case.auth_code if approved else "", amounts)
        _insert(connection, entry, posting, answer, case.received, approved=approved)
        return answer, False

    def _decide(self, connection: sqlite3.Connection, case: Case, card: Card | None) -> tuple[str, _Posting]:
        entry = case.entry
        if buried(connection, entry):
            return decide.INVALID, _Posting()
        action = decide.refuse_card(card, entry, case.expiries, case.month)
        if action or card is None:
            return action, _Posting()
        action, tries = decide.judge(case.verdicts, card.pin_tries, self._pin_tries)
        if tries != card.pin_tries:
            set_tries(connection, card, tries)
        if action:
            return action, _Posting()
        try:
            posting = self._posting(entry, card)
        except UnknownCurrency:
            return decide.NOT_PERMITTED, _Posting()
        if posting.change < 0 and card.available + posting.change < 0:
            return decide.NO_FUNDS, posting
        return decide.APPROVED, posting

    def _posting(self, entry: Entry, card: Card) -> _Posting:
        if entry.kind == "balance":
            return _Posting()
        rate = self._rates.rate(entry.currency, card.currency)
        billed = convert(entry.amount, entry.currency, card.currency, rate)
        return _Posting(billed, card.currency, rate, SIGN[entry.kind] * billed)

    def advise(
        self, connection: sqlite3.Connection, advice: Advice, received: int, *, trusted: bool
    ) -> tuple[Answer, bool]:
        """Records what was decided elsewhere; an approval is posted without asking, for it has been given.

        The wrong PINs counted there are taken over from a trusted interface; a lower count is older news.
        """
        entry = advice.entry
        stored = find_entry(connection, entry.key)
        if stored is not None:
            return (stored.answer if stored.same(entry) else Answer(decide.DUPLICATE)), True
        card = find_card(connection, entry.token)
        if card is None:
            posting, action = None, decide.NO_CARD
        else:
            if trusted and advice.pin_tries > card.pin_tries:
                set_tries(connection, card, advice.pin_tries)
            posting, action = self._given(connection, advice, card)
        approved = posting is not None
        _insert(
            connection, entry, posting or _Posting(), Answer(action), received, approved=approved, told=advice.action
        )
        return Answer(action), False

    def _given(self, connection: sqlite3.Connection, advice: Advice, card: Card) -> tuple[_Posting | None, str]:
        """What an approval given elsewhere moves, None when it moves nothing, and the answer to the advice."""
        entry = advice.entry
        if advice.action[0] != "0" or not entry.kind or buried(connection, entry):
            return None, decide.APPROVED
        try:
            posting = self._posting(entry, card)
        except UnknownCurrency:
            return None, decide.NOT_PERMITTED
        move(connection, card.token, posting.change)
        return posting, decide.APPROVED


def set_tries(connection: sqlite3.Connection, card: Card, tries: int) -> None:
    connection.execute("UPDATE card SET pin_tries = ? WHERE token = ?", (tries, card.token))


def repeated(stored: Stored, entry: Entry) -> Answer:
    """The stored answer; another request under the same key is refused, and so is one that was taken back."""
    if not stored.same(entry):
        return Answer(decide.DUPLICATE)
    if stored.state == "reversed":
        return Answer(decide.INVALID)
    return stored.answer


def _balance(entry: Entry, card: Card) -> str:
    """DE54: account type of the request, available balance, currency, C or D, 12 digits."""
    sign = "D" if card.available < 0 else "C"
    return f"{entry.processing_code[2:4]}{_AVAILABLE}{card.currency}{sign}{abs(card.available):012d}"


def _insert(
    connection: sqlite3.Connection,
    entry: Entry,
    posting: _Posting,
    answer: Answer,
    received: int,
    *,
    approved: bool,
    told: str = "",
) -> None:
    connection.execute(
        "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.key, entry.reference, entry.listener, entry.mti, entry.stan, entry.transmission, entry.local,
         entry.acquirer, entry.token, entry.masked, entry.processing_code, entry.kind, entry.amount, entry.currency,
         posting.billed, posting.currency, str(posting.rate), "approved" if approved else "declined",
         answer.action, answer.auth_code, answer.amounts, told, received),
    )  # fmt: skip
