"""Bugs in store and forward, in the hand-over to the journal and in recovery, to be planted."""

from collections.abc import Callable
from typing import Any


def no_repeat_mti(original: Any) -> Any:
    def send(self: Any, item: Any) -> bool:
        item.repeat = False
        return bool(original(self, item))

    return send


def taken_for_dead(_original: Any) -> Any:
    def again(self: Any, item: Any, code: str) -> None:
        self._done(item, "acknowledged", code)

    return again


def acknowledged_by_refusal(original: Any) -> Any:
    def answered(self: Any, answer: Any) -> bool:
        item = self.sent.get(answer.key)
        if item is not None and answer.response_code == "91":
            self._done(item, "acknowledged", "91")
            return True
        return bool(original(self, answer))

    return answered


def recovery_skips(what: str) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def recover(self: Any, recovery: Any) -> None:
            kept = {"pending": recovery.pending, "undelivered": recovery.undelivered, "saf": recovery.saf, what: []}
            original(self, type(recovery)(**kept))

        return recover

    return make


def without(kind: type) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def store(self: Any, unit: Any, then: Any, context: Any) -> None:
            original(self, [part for part in unit if not isinstance(part, kind)], then, context)

        return store

    return make


def dead_is_done(original: Any) -> Any:
    def done(self: Any, item: Any, state: str, code: str) -> None:
        original(self, item, "acknowledged" if state == "dead" else state, code)

    return done
