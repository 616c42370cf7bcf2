"""The engine: every frame of a terminal or a host, every end of a link and every restart comes in here.

Pure: what it does to the world goes through `Ports`."""

from typing import Any

from switch.dialect.canonical import Answer
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes
from switch.engine.authorise import Authoriser
from switch.engine.bins import BinTable
from switch.engine.closing import Closer
from switch.engine.complete import Completer
from switch.engine.config import EngineSettings
from switch.engine.core import REVERSED_REPLY, Core
from switch.engine.exchange import Exchange
from switch.engine.operating import Operating
from switch.engine.ports import Ports, TerminalLink
from switch.engine.queue import item_of
from switch.engine.recall import Recaller
from switch.engine.replies import Replies
from switch.engine.reversals import from_payload
from switch.engine.reverse import Reverser
from switch.engine.router import Router
from switch.journal.records import Ack, Lookup, Outcome, Record, Recovery, SafPut, Stored
from switch.message import MessageError, View


class Engine:
    """One switch's transactions."""

    def __init__(self, settings: EngineSettings, bins: BinTable, ports: Ports, recovery: Recovery) -> None:
        self._core = Core(settings, bins, ports, recovery)
        self._ports = ports
        self._replies = Replies(self._core)
        closer = Closer(self._core, self._replies)
        self._exchange = Exchange(self._core, closer)
        self._authoriser = Authoriser(self._core, closer, self._exchange)
        self._reverser = Reverser(self._core, self._exchange, self._replies)
        self._completer = Completer(self._core, self._replies)
        self._recaller = Recaller(self._core, self._replies)
        self.operating = Operating(self._core)
        self._draining = False

    # -- terminals

    def terminal_frame(self, link: TerminalLink, dialect: TerminalDialect, frame: bytes) -> None:
        """One message of a terminal: answered exactly once, or its link is closed with a reason."""
        self._core.counters.requests += 1
        try:
            view = dialect.view(frame)
            view.check()
        except MessageError as error:
            self._refuse(link, dialect, error)
            return
        mti = view.mti
        version, cls, function = mti[0], mti[1], mti[2]
        if function not in "02":
            # An answer or a notification expects none; it disturbs nobody.
            self._ports.log("warning", "message ignored", link=link.interface, mti=mti)
        elif version != "0" or cls not in "1248" or (function == "2" and cls not in "24"):
            self._replies.refuse(link, dialect, view, codes.INVALID)
        elif cls == "8":
            link.send(dialect.answer(view, "00", {}), None)
        else:
            self._transaction(link, dialect, view)

    def overloaded(self) -> None:
        """A payment was answered 96 before the engine saw it."""
        counters = self._core.counters
        counters.requests += 1
        counters.refused += 1
        counters.overloaded += 1

    def _transaction(self, link: TerminalLink, dialect: TerminalDialect, view: View) -> None:
        payment = dialect.payment(view)
        if checks.missing_key_fields(payment):
            self._replies.refuse(link, dialect, view, codes.FORMAT_ERROR)
            return
        key = checks.duplicate_key(link.interface, payment)
        running = self._core.flights.get(key)
        if running is not None:
            self._replies.join(running, link, view, payment)
        elif self._draining or len(self._core.flights) >= self._core.settings.max_in_flight:
            self._recaller.request(link, dialect, view, payment, key)
        elif view.mti[1] == "4":
            self._reverser.request(link, dialect, view, payment, key)
        elif view.mti[2] == "2":
            self._completer.request(link, dialect, view, payment, key)
        else:
            self._authoriser.request(link, dialect, view, payment, key)

    def _refuse(self, link: TerminalLink, dialect: TerminalDialect, error: MessageError) -> None:
        self._core.counters.refused += 1
        answer = dialect.refusal(error.partial, codes.FORMAT_ERROR)
        self._ports.log("warning", "message refused", link=link.interface, reason=str(error))
        if answer is None:
            link.close(f"unreadable message: {error}")
        else:
            link.send(answer, None)

    def terminal_gone(self, link: str, reason: str) -> None:
        """A terminal's link ended for another reason than its own wish."""
        self._ports.log("warning", "terminal disconnected", link=link, reason=reason)

    def undelivered(self, txn_id: int) -> None:
        """A link gave back the approval of `txn_id`: it is taken back unless another link has it."""
        left = self._core.copies.get(txn_id, 1) - 1
        self._core.remember(self._core.copies, txn_id, left)
        if left <= 0:
            self._ports.given_back(txn_id)
            self._look_up(txn_id)

    def _look_up(self, txn_id: int) -> None:
        self._ports.store([Lookup(txn_id=txn_id)], self._take_back, txn_id)

    def _take_back(self, txn_id: int, ack: Ack) -> None:
        if not ack.ok:
            self._ports.arm(self._core.settings.deadlines.journal_retry, self._look_up, txn_id)
        elif self._core.copies.get(txn_id, 0) > 0:
            return  # a repeat has collected it meanwhile
        elif ack.found is not None and ack.found.state == "approved":
            self._core.take_back(ack.found, "requester is gone")

    # -- hosts

    def host_answer(self, host: str, answer: Answer) -> None:
        """What a host said to a request, reversal or advice."""
        if self._core.queues[host].answered(answer) or self._exchange.answered(host, answer):
            return
        self._core.counters.unknown_answers += 1
        self._ports.log("warning", "answer to nothing", host=host, mti=answer.mti, stan=answer.stan)

    def host_up(self, host: str) -> None:
        """A host has signed on: what is owed to it goes out."""
        self._core.queues[host].pump()

    def host_down(self, host: str) -> None:
        """Requests in flight wait for their deadline: an answer may still come over a new link."""
        self._core.health.failed(host)
        self._core.queues[host].link_down()

    # -- routing

    @property
    def router(self) -> Router:
        """The routing that is in force."""
        return self._core.router

    def reroute(self, router: Router) -> None:
        """From now on requests are routed by `router`; those in flight keep their choice."""
        self._core.router = router
        self._core.health.settings = router.health

    # -- restart and drain

    def recover(self, recovery: Recovery) -> None:
        """Every doubt of a previous life is reversed, before the first new request."""
        for put in recovery.saf:
            queue = self._core.queues.get(put.host)
            if queue is None:
                self._ports.log("error", "queued message for an unknown host", saf_id=put.saf_id, host=put.host)
            else:
                queue.put(item_of(put, repeat=True))
                self._expect_late(put)
        for stored in recovery.pending:
            self._reverse_pending(stored)
        for stored in recovery.undelivered:
            self._core.take_back(stored, "answer not sent before restart")
        if recovery.assumed_delivered:
            self._ports.log("warning", "answers assumed delivered after a reboot", count=recovery.assumed_delivered)

    def _expect_late(self, put: SafPut) -> None:
        """The original of a queued reversal may still be answered over the new link."""
        original = from_payload(put.payload)
        if put.kind == "reversal":
            key = (put.host, original.original_stan, original.original_transmission)
            self._core.remember(self._core.late, key, put.txn_id)

    def _reverse_pending(self, stored: Stored) -> None:
        txn = stored.txn
        if txn is None:
            return
        self._core.remember(self._core.late, (txn.host, txn.out_stan, txn.out_transmission), txn.txn_id)
        now = self._ports.instant().epoch_ms
        outcome = Outcome(
            txn=txn, state="reversed", response_code=codes.UNAVAILABLE, reply=REVERSED_REPLY, answered=now, latency_us=0
        )
        put, item = self._core.reversal(txn, "timeout")
        unit: list[Record] = [outcome, put]
        self._ports.log("warning", "request in doubt reversed", txn_id=txn.txn_id, host=txn.host)
        self._core.store_for_certain(unit, txn.host, item)

    def drain(self) -> None:
        """From now on new requests are refused; `in_flight` goes to zero."""
        self._draining = True

    @property
    def in_flight(self) -> int:
        return len(self._core.flights)

    def status(self) -> dict[str, Any]:
        """Counters and depths for the operator."""
        return {
            "in_flight": self.in_flight,
            "queued": {name: len(queue) for name, queue in self._core.queues.items()},
            "failing": [name for name in self._core.settings.hosts if self._core.health.failing(name)],
            "full": [name for name in self._core.settings.hosts if self._core.full(name)],
            **self._core.counters.as_dict(),
        }
