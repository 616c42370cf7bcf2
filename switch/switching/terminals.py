"""Terminal connections: every frame goes to the engine with a link to answer on."""

import functools
from collections.abc import Callable

from switch.dialect.pos1987 import TerminalDialect
from switch.engine.engine import Engine
from switch.link.connection import CLOSED_BY_PEER, Connection
from switch.link.reactor import Reactor
from switch.switching.settings import ListenerSettings

_OVERLOAD = "96"
# It keeps nothing between two messages, and compiling a spec takes some 50 ms.
_dialect_of = functools.cache(TerminalDialect)


class TerminalSession:
    """One connection as the engine sees it. `outstanding` are requests that still get an answer.

    `ended` says why no more requests are taken: then what is outstanding is answered, and the connection closes.
    """

    __slots__ = ("_connection", "_most", "_reactor", "ended", "interface", "outstanding")

    def __init__(self, interface: str, connection: Connection, reactor: Reactor, most: int) -> None:
        self.interface = interface
        self.outstanding = 0
        self.ended = ""
        self._connection = connection
        self._reactor = reactor
        self._most = most

    def send(self, frame: bytes, token: int | None) -> bool:
        taken = self._connection.send(frame, token)
        self.settled()
        return taken

    def close(self, reason: str) -> None:
        """The engine has no answer to a request: the link ends, after those it still owes."""
        self._connection.end_input(reason)
        self.end(reason)

    def end(self, reason: str) -> None:
        self.ended = self.ended or reason
        self._finish_if_done()

    def begun(self) -> None:
        """A request came in; past the bound the next ones wait in the socket."""
        self.outstanding += 1
        if self.outstanding >= self._most:
            self._reactor.pause(self._connection, paused=True)

    def settled(self) -> None:
        """A request got its answer, or gets none."""
        self.outstanding -= 1
        if self._connection.paused and self.outstanding <= self._most // 2:
            self._reactor.pause(self._connection, paused=False)
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        if self.ended and self.outstanding <= 0:
            self._connection.finish(self.ended)


class TerminalListener:
    """The reactor's handler for one listener; while `overloaded` payments are refused without the engine."""

    def __init__(
        self, settings: ListenerSettings, engine: Engine, reactor: Reactor, overloaded: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._dialect = _dialect_of(settings.spec)
        self._engine = engine
        self._reactor = reactor
        self._overloaded = overloaded
        self._sessions: dict[Connection, TerminalSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def paused(self) -> int:
        """Connections that are not read until more of their requests are answered."""
        return sum(connection.paused for connection in self._sessions)

    def on_open(self, connection: Connection) -> None:
        settings = self._settings
        self._sessions[connection] = TerminalSession(settings.name, connection, self._reactor, settings.max_outstanding)

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        session, dialect = self._sessions[connection], self._dialect
        session.begun()
        refusal = dialect.refuse_payment(frame, _OVERLOAD) if self._overloaded() else None
        if refusal is not None:
            self._engine.overloaded()
            session.send(refusal, None)
            return
        self._engine.terminal_frame(session, dialect, frame)
        if session.ended or not dialect.expects_answer(frame):
            session.settled()

    def on_input_end(self, connection: Connection, reason: str) -> None:
        self._sessions[connection].end(reason)

    def on_close(self, connection: Connection, reason: str, unsent: list[int]) -> None:
        self._sessions.pop(connection, None)
        if reason != CLOSED_BY_PEER:
            self._engine.terminal_gone(connection.name, reason)
        for txn_id in unsent:
            self._engine.undelivered(txn_id)

    def finish_all(self, reason: str) -> None:
        """Ends every connection once its answers are written."""
        for connection in list(self._sessions):
            connection.finish(reason)

    def close_all(self, reason: str) -> None:
        """Ends every connection now; what was not written is reported."""
        for connection in list(self._sessions):
            connection.close(reason)
