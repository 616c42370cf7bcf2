"""Authorisations and sales, 0100 and 0200, from the check to the host. docs/engine.rst draws the states."""

import msgspec

from switch.crypto.pinblock import account_of
from switch.dialect.canonical import Payment
from switch.dialect.pos1987 import TerminalDialect
from switch.engine import checks, codes, onus
from switch.engine.closing import Closer
from switch.engine.config import HostSettings, TerminalSettings
from switch.engine.core import Core, records
from switch.engine.exchange import Exchange
from switch.engine.flight import PREPARING, Flight
from switch.engine.ports import Instant, TerminalLink
from switch.engine.prepare import outgoing_of, transaction_of
from switch.engine.queue import Item
from switch.engine.reversals import stan_of_queued
from switch.engine.rulesettings import OnUs
from switch.hsm import requests
from switch.journal.records import Ack, Intent, Record
from switch.message import View

_BAD_BLOCK = ("20", "24")


class Authoriser:
    """PREPARING: the intent becomes durable while the HSM works; the request leaves when both are done."""

    def __init__(self, core: Core, closer: Closer, exchange: Exchange) -> None:
        self._core = core
        self._ports = core.ports
        self._closer = closer
        self._exchange = exchange

    def request(self, link: TerminalLink, dialect: TerminalDialect, view: View, payment: Payment, key: str) -> None:
        """A 0100 or 0200 with its key fields, no other of its duplicate key in flight."""
        core = self._core
        instant = self._ports.instant()
        terminal = core.settings.terminal(payment.terminal.strip())
        settings = terminal or core.settings.default_terminal
        choice = core.choose(payment, settings)
        host = choice.host if choice else None
        code = self._decline_code(payment, terminal, host)
        txn_id = core.next_txn_id()
        outgoing = outgoing_of(payment, settings, txn_id, core.settings.acquirer, instant)
        network = choice.network if choice else ""
        for name in choice.strip if choice else ():
            setattr(outgoing, name, "")
        txn = transaction_of(
            payment, outgoing, host, network, txn_id=txn_id, key=key, interface=link.interface, instant=instant
        )
        flight = Flight(
            link=link,
            dialect=dialect,
            view=view,
            payment=payment,
            outgoing=outgoing,
            txn=txn,
            host=host,
            verify=choice.verify if choice else None,
            started=instant.epoch_us,
        )
        core.flights[key] = flight
        if code is not None or host is None:
            self._closer.decline_unsent(flight, code or codes.NO_ROUTE)
            return
        flight.timer = self._ports.arm(core.settings.deadlines.answer, self._exchange.deadline, flight)
        flight.waiting = 1
        self._ports.store([Intent(txn)], self._intent_stored, flight)
        self._ask_hsm(flight, host, settings.tpk)

    def _decline_code(
        self, payment: Payment, terminal: TerminalSettings | None, host: HostSettings | None
    ) -> str | None:
        if terminal is None:
            return codes.UNKNOWN_TERMINAL
        code = checks.decline_code(payment)
        if code is not None:
            return code
        if host is None:
            return codes.NO_ROUTE
        if not self._ports.host_up(host.name):
            return codes.UNAVAILABLE
        if self._core.full(host.name):
            self._core.counters.overloaded += 1
            return codes.UNAVAILABLE
        return None

    # -- the HSM

    def _ask_hsm(self, flight: Flight, host: HostSettings, tpk: str) -> None:
        commands = self._hsm_commands(flight.payment, flight.verify, host, tpk)
        if isinstance(commands, str):
            flight.failure = commands
            return
        for what, command in commands.items():
            if not self._ports.hsm(command, self._hsm_answered, (flight, what)):
                flight.failure = codes.MALFUNCTION
                return
            flight.waiting += 1

    def _hsm_commands(
        self, payment: Payment, verify: OnUs | None, host: HostSettings, tpk: str
    ) -> dict[str, bytes] | str:
        """The commands by what they are for, or the response code when they cannot be put."""
        if verify is not None:
            return onus.commands(payment, verify, tpk)
        if not payment.pin_block:
            return {}
        if not host.zpk:
            return codes.BAD_PIN_BLOCK
        block, account = payment.pin_block.upper(), account_of(payment.pan)
        return {onus.PIN: requests.translate_tpk_to_zpk(tpk, host.zpk, block, "01", "01", account)}

    def _hsm_answered(self, context: tuple[Flight, str], error: str, body: str) -> None:
        flight, what = context
        if flight.state != PREPARING:
            return
        flight.verdicts[what] = error
        if not error:
            flight.failure = codes.MALFUNCTION
        elif flight.verify is None:
            self._translated(flight, requests.HsmReply("CB", error, body))
        self._one_less(flight)

    def _translated(self, flight: Flight, reply: requests.HsmReply) -> None:
        try:
            flight.outgoing.pin_block = requests.translated_block(reply)
        except requests.HsmError:
            flight.failure = codes.BAD_PIN_BLOCK if reply.error in _BAD_BLOCK else codes.MALFUNCTION

    # -- the journal

    def _intent_stored(self, flight: Flight, ack: Ack) -> None:
        if flight.state != PREPARING:
            return
        if not ack.ok:
            self._closer.decline_unstored(flight, codes.MALFUNCTION)
        elif ack.duplicate is not None:
            self._closer.repeat(flight, ack.duplicate)
        else:
            flight.journalled = True
            self._one_less(flight)

    def _one_less(self, flight: Flight) -> None:
        flight.waiting -= 1
        if flight.waiting:
            return
        if flight.failure:
            self._closer.finish(flight, "declined", flight.failure)
        elif flight.verify is not None:
            self._verified(flight, flight.verify)
        else:
            self._exchange.send(flight)

    # -- on the issuer's behalf

    def _verified(self, flight: Flight, keys: OnUs) -> None:
        """A failure is declined here and told to the issuer; a success is forwarded with its result."""
        token = self._ports.pan_token(flight.payment.pan)
        before = self._core.pin_tries.get(token, 0)
        code, tries = onus.failure(flight.verdicts, before, keys.pin_tries)
        counted = self._core.count_pin(token, tries) if tries != before else None
        if code:
            advice, item = self._advice(flight, code, tries) if code != codes.MALFUNCTION else (None, None)
            self._closer.finish(flight, "declined", code, records(counted, advice), item)
            return
        outgoing = flight.outgoing
        outgoing.pin_result = "PV" if onus.PIN in flight.verdicts else ""
        outgoing.cvv_result = "M" if onus.CVV in flight.verdicts else ""
        outgoing.track2 = outgoing.cvv2 = ""
        if counted is not None:
            self._core.store_for_certain([counted], "", None)
        self._exchange.send(flight)

    def _advice(self, flight: Flight, code: str, tries: int) -> tuple[Record, Item]:
        def make(saf_id: int, instant: Instant) -> Payment:
            return msgspec.structs.replace(
                flight.outgoing.without_sensitive(),
                stan=stan_of_queued(saf_id),
                transmission=instant.transmission,
                response_code=code,
                pin_result="PI" if onus.PIN in flight.verdicts and code in (codes.WRONG_PIN, codes.PIN_LOCKED) else "",
                cvv_result="N" if code == codes.WRONG_CVV else "",
                pin_tries=tries,
            )

        return self._core.queue_message(flight.txn, "advice", make)
