"""Bugs in the engine's handling of requests and answers, to be planted. `original` is what they replace."""

from typing import Any

import msgspec

from switch.dialect.canonical import Payment
from switch.engine import codes
from switch.engine.queue import Item
from switch.journal.records import PinTries


def approval_before_ack(original: Any) -> Any:
    def finish(self: Any, flight: Any, state: str, code: str, extra: Any = None, item: Any = None) -> None:
        original(self, flight, state, code, extra, item)
        if state == "approved":
            self._replies.answer(flight, code, flight.reply)

    return finish


def no_reversal_at_timeout(_original: Any) -> Any:
    def give_up(self: Any, flight: Any, state: str, _reason: str) -> None:
        self._core.sent.pop((flight.txn.host, flight.txn.out_stan, flight.txn.out_transmission), None)
        self._closer.finish(flight, state, codes.UNAVAILABLE)

    return give_up


def late_passed_on(_original: Any) -> Any:
    def give_up(_self: Any, flight: Any, _state: str, _reason: str) -> None:
        # It waits for ever.
        flight.timer = None

    return give_up


def two_reversals(original: Any) -> Any:
    def enqueue(self: Any, host: str, item: Any) -> None:
        original(self, host, item)
        if item is not None and item.kind == "reversal":
            payment = msgspec.msgpack.decode(item.kept, type=Payment)
            payment.stan = f"{(int(payment.stan) + 200_000) % 1_000_000:06d}"
            kept = msgspec.msgpack.encode(payment)
            original(self, host, Item(item.saf_id + 100_000, item.family + 100_000, item.kind, kept))

    return enqueue


def approves_unsent(original: Any) -> Any:
    def decline(self: Any, flight: Any, _code: str) -> None:
        original(self, flight, "00")

    return decline


def failure_approved(original: Any) -> Any:
    def unstored(self: Any, flight: Any, _code: str) -> None:
        original(self, flight, "00")

    return unstored


def key_by_stan_only(_original: Any) -> Any:
    return lambda interface, payment: f"{interface} {payment.stan}"


def repeat_is_new(_original: Any) -> Any:
    serial = iter(range(1_000_000_000))
    return lambda interface, payment: f"{interface} {payment.stan} {next(serial)}"


def double(original: Any) -> Any:
    def answer(self: Any, flight: Any, code: str, reply: Any) -> bool:
        for link, view in list(flight.askers):
            link.send(flight.dialect.answer(view, code, reply), None)
        return bool(original(self, flight, code, reply))

    return answer


def silent_refusal(_original: Any) -> Any:
    return lambda self, flight, _code: self._land(flight)


def withheld_ignored(original: Any) -> Any:
    def out_of_time(self: Any, flight: Any) -> None:
        original(self, flight)
        flight.withheld = ""

    return out_of_time


def nothing(_original: Any) -> Any:
    return lambda *_args, **_more: None


def request_overtaken(original: Any) -> Any:
    """One request in five leaves so late that its reversal is there before it."""

    class Slow:
        def __init__(self, ports: Any) -> None:
            self.ports = ports

        def __getattr__(self, name: str) -> Any:
            return getattr(self.ports, name)

        def to_host(self, host: str, frame: bytes) -> bool:
            self.ports.arm(3.0, lambda _: self.ports.to_host(host, frame), None)
            return True

    def send(self: Any, flight: Any) -> None:
        ports = self._ports
        if flight.txn.txn_id % 5 == 0:
            self._ports = Slow(ports)
        original(self, flight)
        self._ports = ports

    return send


def undelivered_kept(original: Any) -> Any:
    def take_back(self: Any, stored: Any, why: str, reason: str = "timeout") -> None:
        if why != "requester is gone":
            original(self, stored, why, reason)

    return take_back


def wrong_link(original: Any) -> Any:
    """Each answer goes to whoever asked before."""
    last: list[Any] = []

    def answer(self: Any, flight: Any, code: str, reply: Any) -> bool:
        asker, view = flight.askers[0]
        flight.askers[0] = (last[-1] if last else asker, view)
        last.append(asker)
        return bool(original(self, flight, code, reply))

    return answer


def pins_not_counted(_original: Any) -> Any:
    return lambda _self, token, _tries: PinTries(token, 0)


def shown(field: str) -> Any:
    """A log line with a field of every request."""

    def make(original: Any) -> Any:
        def request(self: Any, link: Any, dialect: Any, view: Any, payment: Any, key: str) -> None:
            self._ports.log("info", "request", seen=getattr(payment, field))
            original(self, link, dialect, view, payment, key)

        return request

    return make
