"""What passes between the switch and a host for one request: it leaves, is answered, given up or answered late."""

from switch.dialect.canonical import Answer
from switch.engine import codes
from switch.engine.agreement import contradicted, meaning_of, partial_reply, tell
from switch.engine.closing import Closer
from switch.engine.core import Core
from switch.engine.flight import PREPARING, SENT, Flight
from switch.message import MessageError

# The second and third digit of the answer to an authorisation request.
_ANSWER = "11"
_Key = tuple[str, str, str]


class Exchange:
    """One method per event; sends only what is durable."""

    def __init__(self, core: Core, closer: Closer) -> None:
        self._core = core
        self._ports = core.ports
        self._closer = closer

    def send(self, flight: Flight) -> None:
        """The request leaves; what no host could read is declined with 30, and with 91 when the link is gone."""
        host = flight.host
        assert host is not None
        try:
            frame = host.dialect.request(flight.outgoing)
        except MessageError as error:
            self._ports.log("warning", "request has no form", txn_id=flight.txn.txn_id, reason=str(error))
            self._closer.finish(flight, "declined", codes.FORMAT_ERROR)
            return
        if not self._ports.to_host(host.name, frame):
            self._closer.finish(flight, "declined", codes.UNAVAILABLE)
            return
        flight.state = SENT
        self._core.sent[_key(flight)] = flight
        self._core.sent_to[host.name] += 1
        flight.outgoing = flight.outgoing.without_sensitive()

    def answered(self, host: str, answer: Answer) -> bool:
        """A host's answer; False when no request of this kind is or was waiting for it."""
        if answer.mti[1:3] != _ANSWER:
            return False
        key = (host, answer.stan, answer.transmission)
        flight = self._core.sent.get(key)
        if flight is None:
            return self._late(key, answer)
        wrong = contradicted(flight.outgoing, answer)
        if wrong:  # whatever it answers, it is not this request: that one waits on, and is reversed at its deadline
            tell(self._ports, self._core.counters, flight.txn.txn_id, host, wrong)
            return True
        del self._core.sent[key]
        self._core.sent_to[host] -= 1
        if self._core.health.failures:
            self._core.health.answered(host)
        meaning = meaning_of(answer, flight.outgoing)
        if meaning in (codes.OTHERWISE, codes.UNREADABLE):
            self._not_as_asked(flight, answer, meaning)
            return True
        flight.references = dict(answer.references)
        flight.auth_code = answer.auth_code
        reply = {"38": answer.auth_code, "54": answer.additional_amounts}
        flight.reply = {name: value for name, value in reply.items() if value}
        if answer.response_code == codes.PARTIAL:
            flight.amount = answer.amount
            flight.reply = partial_reply(flight.outgoing, answer) | flight.reply
        state = "approved" if meaning == codes.APPROVED else "declined"
        self._closer.finish(flight, state, answer.response_code)
        return True

    def _not_as_asked(self, flight: Flight, answer: Answer, meaning: str) -> None:
        """The host may hold something that was not asked for: undone, and declined here."""
        code = codes.NOT_HONOURED if meaning == codes.OTHERWISE else codes.MALFUNCTION
        self._ports.log(
            "warning", f"answer {meaning}", txn_id=flight.txn.txn_id, host=flight.txn.host, code=answer.response_code
        )
        put, item = self._core.reversal(flight.txn, "cancel", answer.auth_code, dict(answer.references))
        self._closer.finish(flight, "reversed", code, [put], item)

    def _late(self, key: _Key, answer: Answer) -> bool:
        txn_id = self._core.late.pop(key, None)
        if txn_id is None:
            return False
        self._core.counters.late += 1
        self._ports.log("warning", "late answer", txn_id=txn_id, host=key[0], response_code=answer.response_code)
        return True

    def deadline(self, flight: Flight) -> None:
        """The requester must have an answer now; who has the request, if anyone, learns that it is undone."""
        flight.timer = None
        if flight.state == PREPARING:
            # The journal or the HSM is silent: nobody outside is to blame.
            self._closer.decline_unstored(flight, flight.failure or codes.MALFUNCTION)
            self._closer.close_pending(flight)
        elif flight.state == SENT:
            self._core.health.failed(flight.txn.host)
            self._give_up(flight, "timeout", "timeout")
        else:
            self._closer.out_of_time(flight)

    def cancel(self, flight: Flight) -> bool:
        """The terminal reverses a request whose answer it does not have.

        False when an approval is on its way into the journal, and has to be reversed there.
        """
        if flight.state == SENT:
            self._give_up(flight, "reversed", "cancel")
        elif flight.state == PREPARING:
            flight.failure = codes.UNAVAILABLE
        elif flight.approved:
            flight.withheld = "cancelled"
            return False
        return True

    def _give_up(self, flight: Flight, state: str, reason: str) -> None:
        """A request that went out is answered 91 and reversed, in one write."""
        key = _key(flight)
        if self._core.sent.pop(key, None) is not None:
            self._core.sent_to[flight.txn.host] -= 1
        self._core.remember(self._core.late, key, flight.txn.txn_id)
        put, item = self._core.reversal(flight.txn, reason)
        self._closer.finish(flight, state, codes.UNAVAILABLE, [put], item)


def _key(flight: Flight) -> _Key:
    return flight.txn.host, flight.txn.out_stan, flight.txn.out_transmission
