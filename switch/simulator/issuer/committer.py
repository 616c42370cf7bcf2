"""Group commit: what has gathered is one durable transaction in a worker thread, then everyone learns the outcome."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import structlog
import trio

log = structlog.get_logger()

Result = TypeVar("Result")


class NotStored(Exception):
    """The operation left no trace: the database failed, or the operation itself did."""


@dataclass(slots=True, eq=False)
class _Waiting:
    operation: Callable[[sqlite3.Connection], Any]
    done: trio.Event = field(default_factory=trio.Event)
    result: Any = None
    ok: bool = False


class Committer:
    """Owns `connection` while `run` runs. `commits` and `operations` count what became durable."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._gathered: list[_Waiting] = []
        self._arrived = trio.Event()
        self.commits = self.operations = 0

    async def do(self, operation: Callable[[sqlite3.Connection], Result]) -> Result:
        """The result of `operation` once it is durable; raises NotStored, and then nothing of it is kept."""
        waiting = _Waiting(operation)
        self._gathered.append(waiting)
        self._arrived.set()
        await waiting.done.wait()
        if not waiting.ok:
            raise NotStored
        return cast(Result, waiting.result)

    async def run(self) -> None:
        """Until cancelled; a transaction that has begun is finished first."""
        while True:
            await self._arrived.wait()
            self._arrived = trio.Event()
            batch, self._gathered = self._gathered, []
            # The thread cannot be abandoned, so a cancellation never leaves it writing on its own.
            await trio.to_thread.run_sync(self._commit, batch)
            for waiting in batch:
                waiting.done.set()

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            done = sum(self._apply(waiting) for waiting in batch)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            log.error("commit failed", reason=str(error), operations=len(batch))
            for waiting in batch:
                waiting.ok = False
            self._roll_back()
            return
        self.commits += 1
        self.operations += done

    def _apply(self, waiting: _Waiting) -> bool:
        """One operation in a savepoint of its own, so that it hurts no other; a lost transaction is raised."""
        self._connection.execute("SAVEPOINT operation")
        try:
            waiting.result = waiting.operation(self._connection)
            waiting.ok = True
        except Exception as error:
            # SQLite names tables and columns, never values; other errors might.
            reason = str(error) if isinstance(error, sqlite3.Error) else type(error).__name__
            log.error("operation failed", reason=reason)
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError("the transaction was lost") from None
            self._connection.execute("ROLLBACK TO operation")
        self._connection.execute("RELEASE operation")
        return waiting.ok

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                log.error("rollback failed", reason=str(error))
