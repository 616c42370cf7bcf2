"""Authorisations and sales: 0100 and 0200 from the check to the answer. See docs/engine.rst for the states."""

import msgspec

from switch.crypto.pinblock import account_of
from switch.dialect.canonical import Answer, Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, onus
from switch.engine.config import HostSettings, OnUs, TerminalSettings
from switch.engine.core import Core, records
from switch.engine.flight import ANSWERED, CLOSING, PREPARING, SENT, Flight
from switch.engine.ports import Instant, TerminalLink
from switch.engine.queue import Item
from switch.engine.reversals import stan_of
from switch.hsm import requests
from switch.journal.records import Ack, Intent, Outcome, PinTries, Record, Stored, Transaction
from switch.message import View

_BAD_BLOCK = ("20", "24")
_LATE_KEPT = 10_000


class Authoriser:
    """One method per event of a request's life."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ports = core.ports
        self._deadlines = core.settings.deadlines

    # -- the request

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment) -> None:
        """A 0100, 0200 or a repeat of one, its key fields present."""
        core = self._core
        key = checks.duplicate_key(link.interface, payment)
        running = core.flights.get(key)
        if running is not None:
            self._repeat_in_flight(running, link, view, payment)
            return
        instant = self._ports.instant()
        terminal = core.settings.terminal(payment.terminal.strip())
        route = core.bins.route(payment.pan)
        host = core.host(route.host) if route else None
        code = self._decline_code(payment, terminal, host)
        settings = terminal or core.settings.default_terminal
        network = route.network if route else ""
        outgoing, txn = self._prepare(payment, settings, host, network, key, link.interface, instant)
        flight = Flight(
            link=link,
            dialect=dialect,
            view=view,
            payment=payment,
            outgoing=outgoing,
            txn=txn,
            host=host,
            started=instant.epoch_us,
        )
        core.flights[key] = flight
        if code is not None:
            self._decline_unsent(flight, code)
            return
        flight.timer = self._ports.arm(self._deadlines.answer, self._deadline, flight)
        flight.waiting = 1
        self._ports.store([Intent(txn)], self._intent_stored, flight)
        self._ask_hsm(flight, settings.tpk)

    def _decline_code(
        self, payment: Payment, terminal: TerminalSettings | None, host: HostSettings | None
    ) -> str | None:
        if terminal is None:
            return "03"
        code = checks.decline_code(payment)
        if code is not None:
            return code
        if host is None:
            return "92"
        return None if self._ports.host_up(host.name) else "91"

    def _repeat_in_flight(self, flight: Flight, link: TerminalLink, view: View, payment: Payment) -> None:
        """The same request while the first is on its way gets the same answer; another one under its key gets 94."""
        self._core.counters.repeats += 1
        if not _same(flight.payment, payment):
            link.send(flight.dialect.answer(view, "94", {}), None)
        elif flight.state != ANSWERED:
            flight.askers.append((link, view))
        else:
            link.send(flight.dialect.answer(view, "91", {}), None)

    def _prepare(
        self,
        payment: Payment,
        terminal: TerminalSettings,
        host: HostSettings | None,
        network: str,
        key: str,
        interface: str,
        instant: Instant,
    ) -> tuple[Payment, Transaction]:
        """The message for the host, without a PIN block yet, and the journal's record of it."""
        txn_id = self._core.next_txn_id()
        stan = stan_of(txn_id)
        outgoing = msgspec.structs.replace(
            payment,
            transmission=instant.transmission,
            stan=stan,
            local_time=payment.local_time or instant.transmission[4:],
            local_date=payment.local_date or instant.transmission[:4],
            year=_year_of(payment.local_date, instant),
            mcc=payment.mcc or terminal.mcc,
            entry_mode=payment.entry_mode or "000",
            condition=payment.condition or "00",
            acquirer=self._core.settings.acquirer,
            rrn=payment.rrn.strip() or f"{instant.year[-1]}{instant.day_of_year}{instant.transmission[4:6]}{stan}",
            name_location=payment.name_location or terminal.name_location,
            country=terminal.country,
            pin_block="",
            financial=checks.captured(payment),
        )
        txn = Transaction(
            txn_id=txn_id,
            dedupe=key,
            received=instant.epoch_ms,
            business_date=instant.business_date,
            interface=interface,
            mti=payment.mti,
            kind=checks.kind(payment) or "unsupported",
            processing_code=payment.processing_code,
            amount=payment.amount,
            currency=payment.currency,
            pan=payment.pan,
            stan=payment.stan,
            transmission=payment.transmission,
            local_time=outgoing.local_time,
            local_date=outgoing.local_date,
            year=outgoing.year,
            rrn=outgoing.rrn,
            terminal_id=payment.terminal.strip(),
            merchant_id=payment.merchant.strip(),
            name_location=outgoing.name_location,
            country=outgoing.country,
            mcc=outgoing.mcc,
            entry_mode=outgoing.entry_mode,
            condition=outgoing.condition,
            acquirer=outgoing.acquirer,
            eci=payment.eci,
            network=network,
            host=host.name if host else "",
            out_stan=stan,
            out_transmission=instant.transmission,
            captured=outgoing.financial and host is not None,
        )
        return outgoing, txn

    # -- preparing: the intent becomes durable while the HSM works

    def _ask_hsm(self, flight: Flight, tpk: str) -> None:
        assert flight.host is not None
        commands = self._hsm_commands(flight, flight.host, tpk)
        if commands is None:
            flight.failure = "86"
            return
        for what, command in commands.items():
            if not self._ports.hsm(command, self._hsm_answered, (flight, what)):
                flight.failure = "96"
                return
            flight.waiting += 1

    def _hsm_commands(self, flight: Flight, host: HostSettings, tpk: str) -> dict[str, bytes] | None:
        payment = flight.payment
        if host.on_us is not None:
            return onus.commands(payment, host.on_us, tpk)
        if not payment.pin_block:
            return {}
        block, account = payment.pin_block.upper(), account_of(payment.pan)
        return {onus.PIN: requests.translate_tpk_to_zpk(tpk, host.zpk, block, "01", "01", account)}

    def _hsm_answered(self, context: tuple[Flight, str], error: str, body: str) -> None:
        flight, what = context
        if flight.state != PREPARING:
            return
        flight.verdicts[what] = error
        if not error:
            flight.failure = "96"
        elif flight.host is not None and flight.host.on_us is None:
            if error == "00":
                flight.outgoing.pin_block = body[2:18]
            else:
                flight.failure = "86" if error in _BAD_BLOCK else "55" if error == "01" else "96"
        self._one_less(flight)

    def _intent_stored(self, flight: Flight, ack: Ack) -> None:
        if flight.state != PREPARING:
            return
        if not ack.ok:
            self._answer_unstored(flight, "96")
        elif ack.duplicate is not None:
            self._answer_duplicate(flight, ack.duplicate)
        else:
            self._one_less(flight)

    def _one_less(self, flight: Flight) -> None:
        flight.waiting -= 1
        if flight.waiting:
            return
        if flight.failure:
            self._finish(flight, "declined", flight.failure)
        elif flight.host is not None and flight.host.on_us is not None:
            self._verified(flight, flight.host.on_us)
        else:
            self._send(flight)

    def _verified(self, flight: Flight, keys: OnUs) -> None:
        """On-us: a failure is declined here and told to the issuer; a success is forwarded with its result."""
        token = self._core.pan_token(flight.payment.pan)
        before = self._core.pin_tries.get(token, 0)
        code, tries = onus.failure(flight.verdicts, before, keys.pin_tries)
        counted: Record | None = None
        if tries != before:
            self._core.pin_tries[token] = tries
            counted = PinTries(token, tries)
        if code:
            advice, item = self._advice(flight, code, tries) if code != "96" else (None, None)
            self._finish(flight, "declined", code, records(counted, advice), item)
            return
        outgoing = flight.outgoing
        outgoing.pin_result = "PV" if onus.PIN in flight.verdicts else ""
        outgoing.cvv_result = "M" if onus.CVV in flight.verdicts else ""
        outgoing.track2 = outgoing.cvv2 = ""
        if counted is not None:
            self._core.store_for_certain([counted], "", None)
        self._send(flight)

    def _advice(self, flight: Flight, code: str, tries: int) -> tuple[Record, Item]:
        def make(saf_id: int, instant: Instant) -> Payment:
            return msgspec.structs.replace(
                flight.outgoing.without_sensitive(),
                stan=stan_of(saf_id),
                transmission=instant.transmission,
                response_code=code,
                pin_result="PI" if onus.PIN in flight.verdicts and code in ("55", "75") else "",
                cvv_result="N" if code == "82" else "",
                pin_tries=tries,
            )

        return self._core.queue_message(flight.txn, "advice", make)

    def _send(self, flight: Flight) -> None:
        host = flight.host
        assert host is not None
        if not self._ports.to_host(host.name, host.dialect.request(flight.outgoing)):
            self._finish(flight, "declined", "91")
            return
        flight.state = SENT
        self._core.sent[host.name, flight.outgoing.stan, flight.outgoing.transmission] = flight
        self._forget_sensitive(flight)

    def _forget_sensitive(self, flight: Flight) -> None:
        """What left is not needed again: a reversal carries neither PIN nor track."""
        flight.outgoing = flight.outgoing.without_sensitive()
        flight.payment = flight.payment.without_sensitive()

    # -- the answer

    def answered(self, host: str, answer: Answer) -> bool:
        """A host's answer; False when no request of this kind is or was waiting for it."""
        key = (host, answer.stan, answer.transmission)
        flight = self._core.sent.pop(key, None)
        if flight is None:
            return self._late(key, answer)
        code = answer.response_code
        flight.references = dict(answer.references)
        flight.auth_code = answer.auth_code
        reply = {"38": answer.auth_code, "54": answer.additional_amounts}
        flight.reply = {name: value for name, value in reply.items() if value}
        approved = code in ("00", "10", "11", "85")
        self._finish(flight, "approved" if approved else "declined", code or "96")
        return True

    def _late(self, key: tuple[str, str, str], answer: Answer) -> bool:
        txn_id = self._core.late.pop(key, None)
        if txn_id is None:
            return False
        self._core.counters.late += 1
        self._ports.log("warning", "late answer", txn_id=txn_id, host=key[0], response_code=answer.response_code)
        return True

    def _deadline(self, flight: Flight) -> None:
        """The requester must have an answer now; who has the request, if anyone, learns that it is undone."""
        if flight.state == PREPARING:
            self._answer_unstored(flight, "91" if flight.failure == "" else flight.failure)
            outcome = self._outcome(flight, "declined", flight.response_code)
            self._core.store_for_certain([outcome], "", None)
        elif flight.state == SENT:
            self._give_up(flight, "timeout")
        elif flight.state == CLOSING:
            self._journal_is_slow(flight)

    def _give_up(self, flight: Flight, reason: str) -> None:
        """A request that went out is answered 91 and reversed, in one write."""
        self._no_longer_sent(flight)
        put, item = self._core.reversal(flight.txn, "cancel" if reason == "cancelled" else "timeout")
        self._finish(flight, "reversed" if reason == "cancelled" else "timeout", "91", [put], item)

    def _no_longer_sent(self, flight: Flight) -> None:
        key = (flight.txn.host, flight.txn.out_stan, flight.txn.out_transmission)
        self._core.sent.pop(key, None)
        self._core.late[key] = flight.txn.txn_id
        while len(self._core.late) > _LATE_KEPT:
            del self._core.late[next(iter(self._core.late))]

    def _journal_is_slow(self, flight: Flight) -> None:
        """Fail closed: 91 now, and an approval that becomes durable afterwards is taken back."""
        flight.withheld = flight.withheld or "journal too slow"
        flight.state = ANSWERED
        self._core.answer(flight, "91", {})

    # -- the end

    def _finish(
        self, flight: Flight, state: str, code: str, extra: list[Record] | None = None, item: Item | None = None
    ) -> None:
        """The outcome goes to the journal; the answer leaves when it is durable."""
        flight.state = CLOSING
        flight.response_code = code
        flight.reply["37"] = flight.txn.rrn
        if flight.timer is not None:
            self._ports.disarm(flight.timer)
            flight.timer = self._ports.arm(self._deadlines.grace, self._deadline, flight)
        unit = [self._outcome(flight, state, code), *(extra or [])]
        self._ports.store(unit, self._closed, (flight, unit, item))

    def _outcome(self, flight: Flight, state: str, code: str) -> Outcome:
        now = self._ports.instant().epoch_us
        return Outcome(
            txn=flight.txn,
            state=state,
            response_code=code,
            auth_code=flight.auth_code,
            reply={**flight.reply, "39": code},
            references=flight.references,
            answered=now // 1000,
            latency_us=now - flight.started,
        )

    def _closed(self, context: tuple[Flight, list[Record], Item | None], ack: Ack) -> None:
        flight, unit, item = context
        self._land(flight)
        if not ack.ok:
            self._outcome_lost(flight, unit, item)
            return
        self._core.enqueue(flight.txn.host, item)
        withheld = flight.withheld
        if flight.state != ANSWERED:
            flight.state = ANSWERED
            code = "91" if withheld else flight.response_code
            if not self._core.answer(flight, code, {} if withheld else flight.reply):
                withheld = withheld or "requester is gone"
        if withheld and flight.approved:
            self._core.take_back(self._stored(flight), withheld)

    def _outcome_lost(self, flight: Flight, unit: list[Record], item: Item | None) -> None:
        """The journal failed: no approval leaves, and what the host did is undone as soon as the journal works."""
        if flight.state != ANSWERED:
            flight.state = ANSWERED
            self._core.answer(flight, "96", {})
        if flight.approved:
            put, item = self._core.reversal(flight.txn, "timeout", flight.auth_code, flight.references)
            unit = [self._outcome(flight, "reversed", "96"), put]
        self._core.store_for_certain(unit, flight.txn.host, item)

    def _stored(self, flight: Flight) -> Stored:
        return Stored(txn=flight.txn, state="approved", auth_code=flight.auth_code, references=flight.references)

    def _land(self, flight: Flight) -> None:
        if flight.timer is not None:
            self._ports.disarm(flight.timer)
        if self._core.flights.get(flight.txn.dedupe) is flight:
            del self._core.flights[flight.txn.dedupe]

    def _decline_unsent(self, flight: Flight, code: str) -> None:
        """Nothing left the switch: the intent and its outcome are one write."""
        flight.state = CLOSING
        flight.response_code = code
        flight.reply["37"] = flight.txn.rrn
        flight.timer = self._ports.arm(self._deadlines.answer, self._deadline, flight)
        unit: list[Record] = [Intent(flight.txn), self._outcome(flight, "declined", code)]
        self._ports.store(unit, self._decline_stored, (flight, unit, None))

    def _decline_stored(self, context: tuple[Flight, list[Record], Item | None], ack: Ack) -> None:
        flight = context[0]
        if ack.duplicate is not None and flight.state == CLOSING:
            self._answer_duplicate(flight, ack.duplicate)
        elif not ack.ok:
            self._answer_unstored(flight, "96")
        else:
            self._closed(context, ack)

    def _answer_unstored(self, flight: Flight, code: str) -> None:
        """A decline that need not be durable, because nothing has left the switch."""
        self._land(flight)
        flight.response_code = code
        if flight.state != ANSWERED:
            flight.state = ANSWERED
            self._core.answer(flight, code, {"37": flight.txn.rrn})

    def _answer_duplicate(self, flight: Flight, stored: Stored) -> None:
        """The key was used before: the stored answer for a repeat, 94 for another request under the same key."""
        self._land(flight)
        flight.state = ANSWERED
        self._core.counters.repeats += 1
        txn = stored.txn
        empty: dict[str, str] = {}
        if txn is None:
            code, reply = "12", empty
        elif (txn.pan, txn.amount, txn.currency) != (flight.txn.pan, flight.txn.amount, flight.txn.currency):
            code, reply = "94", empty
        else:
            code = stored.reply.get("39", "91")
            reply = {name: value for name, value in stored.reply.items() if name != "39"}
        flight.response_code = ""
        self._core.answer(flight, code, reply)

    # -- cancelled by the terminal while in flight

    def cancel(self, flight: Flight) -> None:
        """The terminal reverses a request whose answer it does not have: the answer is withheld."""
        if flight.state == SENT:
            self._give_up(flight, "cancelled")
        elif flight.state == PREPARING:
            flight.failure = "91"
        else:
            flight.withheld = "cancelled"


def _same(one: Payment, other: Payment) -> bool:
    return (one.pan, one.amount, one.currency) == (other.pan, other.amount, other.currency)


def _year_of(local_date: str, instant: Instant) -> str:
    """The year of DE13: around New Year the terminal may still be in the old one, or already in the new."""
    month, now = local_date[:2], instant.transmission[:2]
    year = int(instant.year)
    if month == "12" and now == "01":
        year -= 1
    elif month == "01" and now == "12":
        year += 1
    return f"{year % 100:02d}"
