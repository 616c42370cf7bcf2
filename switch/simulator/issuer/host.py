"""One issuer: a frame in, an answer out, durable before it is given. Knows no socket; the server has those."""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
import trio

from switch.crypto.datakeys import DataKeys
from switch.message import MessageError, compile_spec, load_spec
from switch.simulator.issuer import decide
from switch.simulator.issuer.committer import Committer, NotStored
from switch.simulator.issuer.config import ListenerSettings
from switch.simulator.issuer.messages import ECHO, SIGN_OFF, SIGN_ON, Unanswerable, answer, check_answerable, read
from switch.simulator.issuer.model import Advice, Answer, Authorisation, Management, Reversal, Unsupported
from switch.simulator.issuer.posting import Books, Case, repeated
from switch.simulator.issuer.reversing import reverse
from switch.simulator.issuer.store import find_card, find_entry
from switch.simulator.issuer.verify import Verifier, expiries

log = structlog.get_logger()

Financial = Authorisation | Advice | Reversal


@dataclass(slots=True, eq=False)
class Session:
    """What the issuer knows of one connection."""

    listener: ListenerSettings
    peer: str
    signed_on: bool = False


class IssuerHost:
    """`look` is a read-only connection of its own; `now` gives the time in UTC."""

    def __init__(
        self,
        keys: DataKeys,
        books: Books,
        committer: Committer,
        look: sqlite3.Connection,
        verifier: Verifier,
        now: Callable[[], datetime],
    ) -> None:
        self._codec = compile_spec(load_spec("iso-1993-ascii"))
        self._token = keys.pan_token
        self._books = books
        self._committer = committer
        self._look = look
        self._verifier = verifier
        self._now = now
        self._in_flight: dict[str, trio.Event] = {}

    def receive(self, session: Session, frame: bytes) -> bytes | Financial:
        """The answer where none need be thought about, else what `process` takes; raises Unanswerable.

        Called in the order of arrival, so that a sign-on counts for the message behind it.
        """
        try:
            message = read(self._codec, frame, session.listener.name, self._token)
        except MessageError as error:
            return self._refuse(session, error)
        if isinstance(message, Management):
            return self._manage(session, message)
        if not session.signed_on:
            log.warning("refused", listener=session.listener.name, peer=session.peer, reason="not signed on")
            return answer(message.view, Answer(decide.NOT_SIGNED_ON))
        if isinstance(message, Unsupported):
            return answer(message.view, Answer(decide.INVALID))
        return message

    def _refuse(self, session: Session, error: MessageError) -> bytes:
        view = error.partial
        if view is None or "7" not in view or "11" not in view:
            raise Unanswerable(f"unreadable message: {error}") from None
        check_answerable(view)
        log.warning("format error", listener=session.listener.name, peer=session.peer, reason=str(error))
        return answer(view, Answer(decide.FORMAT_ERROR))

    def _manage(self, session: Session, message: Management) -> bytes:
        accepted = message.function in (SIGN_ON, SIGN_OFF, ECHO)
        if message.function in (SIGN_ON, SIGN_OFF):
            session.signed_on = message.function == SIGN_ON
            state = "signed on" if session.signed_on else "signed off"
            log.info(state, listener=session.listener.name, peer=session.peer)
        return answer(message.view, Answer(decide.MANAGEMENT_ACCEPTED if accepted else decide.INVALID))

    async def process(self, session: Session, message: Financial) -> bytes:
        """The answer to a message, durable. One that is the same as another in flight waits for that one first."""
        entry = message.entry
        while (running := self._in_flight.get(entry.key)) is not None:
            await running.wait()
        running = self._in_flight[entry.key] = trio.Event()
        try:
            reply, repeat = await self._decide(session, message)
        except (NotStored, sqlite3.Error) as error:
            log.error("not stored", listener=entry.listener, stan=entry.stan, reason=str(error) or "see above")
            reply, repeat = Answer(decide.MALFUNCTION), False
        finally:
            del self._in_flight[entry.key]
            running.set()
        log.info(
            "decision",
            listener=entry.listener,
            mti=entry.mti,
            stan=entry.stan,
            card=entry.masked,
            amount=entry.amount,
            currency=entry.currency,
            action=reply.action,
            repeat=repeat,
        )
        return answer(message.view, reply)

    async def _decide(self, session: Session, message: Financial) -> tuple[Answer, bool]:
        received = int(self._now().timestamp() * 1000)
        if isinstance(message, Authorisation):
            return await self._authorise(session, message, received)
        if isinstance(message, Reversal):
            return await self._committer.do(partial(reverse, reversal=message, received=received))
        trusted = not session.listener.zpk
        return await self._committer.do(partial(self._books.advise, advice=message, received=received, trusted=trusted))

    async def _authorise(self, session: Session, message: Authorisation, received: int) -> tuple[Answer, bool]:
        """What need not be verified is not; the decision itself falls in the transaction that posts it."""
        entry, evidence = message.entry, message.evidence
        stored = find_entry(self._look, entry.key)
        if stored is not None:
            return repeated(stored, entry), True
        card = find_card(self._look, entry.token)
        month = f"{self._now():%y%m}"
        named = expiries(evidence)
        verdicts = decide.Verdicts(decide.FAULT, decide.FAULT)
        if card is not None and not decide.refuse_card(card, entry, named, month):
            verdicts = await self._verifier.verify(evidence, session.listener.zpk, card)
        auth_code = f"{secrets.randbelow(1_000_000):06d}"
        case = Case(entry, named, verdicts, auth_code, month, received)
        return await self._committer.do(partial(self._books.authorise, case=case))
