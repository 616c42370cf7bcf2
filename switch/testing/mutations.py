"""A strategy of broken messages, and the same breakage again on another message: for shrinking by hand."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from switch.testing.message import Message
from switch.testing.mutating import KINDS, Target, target

Draw = Callable[[st.SearchStrategy[Any]], Any]
_MOST_NUMBER = 4095


@dataclass(frozen=True, slots=True)
class Mutation:
    """A broken message: `data` its bytes, `kind` a key of KINDS, `what` was done, `of` the sound one.

    `field` and `number` make the same of another message: `again`.
    """

    kind: str
    what: str
    of: Message
    data: bytes
    field: str
    number: int

    def __repr__(self) -> str:
        return f"<{self.kind}: {self.what}, of {self.of!r}>"

    def again(self, message: Message) -> "Mutation | None":
        """The same breakage of another message; None when that has no place for it."""
        return break_message(message, self.kind, self.field, self.number)


def mutations(
    message: Message | st.SearchStrategy[Message], kinds: Iterable[str] | None = None
) -> st.SearchStrategy[Mutation]:
    """Broken forms of a message or of a strategy's messages: all KINDS, or some. Raises KeyError for others."""
    wanted = {kind: KINDS[kind] for kind in (KINDS if kinds is None else kinds)}
    source = message if isinstance(message, st.SearchStrategy) else st.just(message)

    @st.composite
    def draw_mutation(draw: Draw) -> Mutation | None:
        of = draw(source)
        on = target(of)
        kind = draw(st.sampled_from(list(wanted)))
        field = draw(st.sampled_from(_places(on, wanted[kind][0])))
        return _broken(on, kind, field, draw(st.integers(0, _MOST_NUMBER)))

    return draw_mutation().filter(lambda made: made is not None).map(_certain)


def break_message(message: Message, kind: str, field: str, number: int) -> Mutation | None:
    """One breakage, the same for the same arguments; None when the message has no place for it."""
    on = target(message)
    return _broken(on, kind, field, number) if field in ("", *on.ranges) else None


def _broken(on: Target, kind: str, field: str, number: int) -> Mutation | None:
    made = KINDS[kind][1](on, field, number)
    return None if made is None else Mutation(kind, made[1], on.message, made[0], field, number)


def _places(on: Target, place: str) -> list[str]:
    if place == "part":
        return ["t", "p", *(["1"] if "1" in on.ranges else []), *on.fields]
    return (on.fields or [""]) if place == "field" else [""]


def _certain(made: Mutation | None) -> Mutation:
    if made is None:
        raise AssertionError
    return made
