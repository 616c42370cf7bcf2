"""One request on its way: its states, and what is needed to answer, reverse or repeat it."""

from typing import Any

from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import codes
from switch.engine.config import HostSettings
from switch.engine.ports import TerminalLink
from switch.engine.rulesettings import OnUs
from switch.journal.records import Stored, Transaction
from switch.message import View

# PREPARING: the journal and the HSM are at work. SENT: the host has it. CLOSING: the outcome is on its way to the
# journal. ANSWERED: the requester has its answer, the journal may still be at work.
PREPARING, SENT, CLOSING, ANSWERED = range(4)


class Flight:
    """A request in flight. `waiting` counts what PREPARING still waits for; `askers` are the links to answer."""

    __slots__ = (
        "amount",
        "askers",
        "auth_code",
        "dialect",
        "failure",
        "host",
        "journalled",
        "outgoing",
        "payment",
        "references",
        "reply",
        "response_code",
        "started",
        "state",
        "timer",
        "txn",
        "verdicts",
        "verify",
        "waiting",
        "withheld",
    )

    def __init__(
        self,
        *,
        link: TerminalLink,
        dialect: TerminalDialect,
        view: View,
        payment: Payment,
        outgoing: Payment,
        txn: Transaction,
        host: HostSettings | None,
        started: int,
        verify: OnUs | None = None,
    ) -> None:
        self.askers = [(link, view)]
        self.dialect = dialect
        self.payment = payment
        self.outgoing = outgoing
        self.txn = txn
        self.host = host
        self.verify = verify  # the keys when the switch verifies on the issuer's behalf
        self.started = started  # epoch microseconds
        self.state = PREPARING
        self.waiting = 0
        self.journalled = False
        self.timer: Any = None
        # The response code of what already rules the request out, while PREPARING waits for the rest.
        self.failure = ""
        self.verdicts: dict[str, str] = {}
        self.response_code = ""
        self.auth_code = ""
        self.amount: int | None = None  # what was approved, where that is not what was asked
        self.reply: dict[str, str] = {}
        self.references: dict[str, str] = {}
        # Set when the requester must not get an approval any more: it was reversed, or answered 91 already.
        self.withheld = ""

    @property
    def approved(self) -> bool:
        """Whether its outcome is an approval; never before there is an outcome, nor for a reversal."""
        return self.response_code in codes.FULL or self.amount is not None

    @property
    def stored(self) -> Stored:
        """The approval as the journal has it, or is about to."""
        return Stored(
            txn=self.txn,
            state="approved",
            auth_code=self.auth_code,
            references=self.references,
            amount=self.amount,
        )

    @property
    def last_word(self) -> str:
        """The code for whoever cannot wait for the journal: a decline stands as it is, an approval does not leave."""
        withheld = self.withheld or self.approved or not self.response_code
        return codes.UNAVAILABLE if withheld else self.response_code
