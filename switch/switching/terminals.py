"""Terminal connections: every frame goes to the engine with a link to answer on."""

from switch.dialect.pos1987 import TerminalDialect
from switch.engine.engine import Engine
from switch.link.connection import Connection
from switch.link.reactor import Reactor


class TerminalSession:
    """One connection as the engine sees it. `outstanding` are requests that still get an answer."""

    __slots__ = ("_connection", "_reactor", "half_closed", "interface", "outstanding")

    def __init__(self, interface: str, connection: Connection, reactor: Reactor) -> None:
        self.interface = interface
        self.outstanding = 0
        self.half_closed = False
        self._connection = connection
        self._reactor = reactor

    def send(self, frame: bytes, token: int | None) -> bool:
        self.outstanding -= 1
        taken = self._connection.send(frame, token)
        self.finish_if_done()
        return taken

    def finish_if_done(self) -> None:
        """A peer that has shut its sending side gets what is outstanding, then the end."""
        if self.half_closed and self.outstanding <= 0:
            self._connection.finish("closed by peer")

    def close(self, reason: str) -> None:
        self._connection.finish(reason)


class TerminalListener:
    """The reactor's handler for one listener."""

    def __init__(self, name: str, dialect: TerminalDialect, engine: Engine, reactor: Reactor) -> None:
        self._name = name
        self._dialect = dialect
        self._engine = engine
        self._reactor = reactor
        self._sessions: dict[Connection, TerminalSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def on_open(self, connection: Connection) -> None:
        self._sessions[connection] = TerminalSession(self._name, connection, self._reactor)

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        session = self._sessions[connection]
        session.outstanding += 1
        self._engine.terminal_frame(session, self._dialect, frame)

    def on_half_close(self, connection: Connection) -> None:
        session = self._sessions[connection]
        session.half_closed = True
        self._reactor.half_closed(connection)
        session.finish_if_done()

    def on_close(self, connection: Connection, reason: str, unsent: list[int]) -> None:
        self._sessions.pop(connection, None)
        if not reason.startswith("closed by peer"):
            self._engine.terminal_gone(connection.name, reason)
        for txn_id in unsent:
            self._engine.undelivered(txn_id)

    def finish_all(self, reason: str) -> None:
        """Ends every connection once its answers are written."""
        for connection in list(self._sessions):
            connection.finish(reason)
