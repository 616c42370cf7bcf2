"""What an operator does to queued messages: durable first, with who and why, then in the queue."""

from collections.abc import Callable

from switch.engine.core import Core
from switch.engine.queue import item_of
from switch.journal.records import Ack, SafDrop, SafRetry

# What became of an operator's wish.
DONE, NOTHING, FAILED = "done", "nothing", "failed"
Told = Callable[[str], None]


class Operating:
    """Each verb calls `told` once: DONE, NOTHING when there is no such message in a fitting state, or FAILED."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ports = core.ports

    def retry(self, saf_id: int, operator: str, told: Told) -> None:
        """A dead letter goes out again, as a repeat, its attempts counted anew."""
        record = SafRetry(saf_id=saf_id, at=self._ports.instant().epoch_ms, operator=operator)
        self._ports.store([record], self._retried, (record, told))

    def _retried(self, context: tuple[SafRetry, Told], ack: Ack) -> None:
        record, told = context
        if ack.saf is not None:
            self._log("retried", record)
            self._core.enqueue(ack.saf.host, item_of(ack.saf, repeat=True))
        told(_result(ack))

    def drop(self, saf_id: int, operator: str, reason: str, told: Told) -> None:
        """A queued or dead message is given up: its host will not learn what it says."""
        record = SafDrop(saf_id=saf_id, at=self._ports.instant().epoch_ms, operator=operator, reason=reason)
        self._ports.store([record], self._dropped, (record, told))

    def _dropped(self, context: tuple[SafDrop, Told], ack: Ack) -> None:
        record, told = context
        if ack.saf is not None:
            self._log("dropped", record)
            queue = self._core.queues.get(ack.saf.host)
            if queue is not None:
                queue.drop(record.saf_id, ack.saf.txn_id)
        told(_result(ack))

    def _log(self, what: str, record: SafRetry | SafDrop) -> None:
        self._ports.log("warning", f"queued message {what}", saf_id=record.saf_id, operator=record.operator)


def _result(ack: Ack) -> str:
    if not ack.ok:
        return FAILED
    return NOTHING if ack.saf is None else DONE
