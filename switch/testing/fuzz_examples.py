"""The messages of a fuzzing run: the same for the same seed and the same version of hypothesis. Knows no socket."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from switch.message import Codec, MessageError
from switch.testing.fuzz_case import Shot
from switch.testing.message import Message, build
from switch.testing.messages import field_values, messages, optional_fields
from switch.testing.mutating import KINDS, TAGGED
from switch.testing.mutations import Mutation, mutations

_Value = TypeVar("_Value")
_BATCH = 200
_STANS = 900_000
# Optional fields that every valid message has beside what chance gives it: all have been there after 40 messages.
_FORCED = 3
_CARD = frozenset(("2", "14", "34", "35", "36", "45"))


@dataclass(frozen=True, slots=True)
class Example:
    """A message to send, and how it was broken, if it was; `required` fields are what a smaller one keeps."""

    message: Message
    mutation: Mutation | None
    cuts: tuple[int, ...] = ()
    keep_alive: bool = False

    @property
    def shot(self) -> Shot:
        """What is sent."""
        if self.mutation is not None:
            return Shot(self.mutation.kind, self.mutation.what, self.mutation.data.hex(), valid=False)
        kind = "valid, split" if self.cuts or self.keep_alive else "valid"
        words = f"{self.message.mti} with {' '.join(key for key in self.message.fields if key.isdecimal())}"
        return Shot(kind, words, self.message.raw.hex(), True, self.cuts, self.keep_alive)


def examples(codec: Codec, types: Sequence[str], count: int, start: int) -> Iterator[list[Example]]:
    """So many examples in batches: two in five valid, the rest of all kinds of breakage alike.

    Every one has a DE11 of its own; the valid ones have all optional fields in turn, some in each. Raises MessageError
    for a type that is none.
    """
    strategies = _strategies(codec, types)
    for first in range(0, count, _BATCH):
        size = min(_BATCH, count - first)
        wanted = Counter(_turn(number, list(strategies)) for number in range(first, first + size))
        found: list[Example] = []
        for place, (kind, share) in enumerate(sorted(wanted.items())):
            found += _drawn(strategies[kind], share, (start * 1_000_003 + first) * 100 + place)
        random.Random(start * 1_000_003 + first).shuffle(found)
        turn = _every_field(codec, start * 1_000_003 + first)
        yield [_with_stan(_with_fields(made, turn), first + place) for place, made in enumerate(found)]


def _every_field(codec: Codec, start: int) -> Iterator[tuple[str, str]]:
    """Every optional field with a value, again and again; not what must go with the card."""
    entries = codec.spec.fields
    names = [name for name in optional_fields(codec) if name not in _CARD and "mask" not in entries[name]]
    random.Random(start).shuffle(names)
    found: list[tuple[str, str]] = []
    for place, name in enumerate(names):
        # A structure that hardly ever fits its field is left to chance.
        with suppress(Unsatisfiable):
            found.append((name, _drawn(field_values(codec, name), 1, start + place)[0]))
            yield found[-1]
    yield from cycle(found)


def _with_fields(made: Example, turn: Iterator[tuple[str, str]]) -> Example:
    if made.mutation is not None:
        return made
    more = dict(islice(turn, _FORCED))
    try:
        return replace(made, message=build(made.message.codec, {**more, **made.message.fields}))
    except MessageError:
        return made


def _turn(number: int, kinds: Sequence[str]) -> str:
    if number % 5 < 2:
        return kinds[number % 5]
    broken = kinds[2:]
    return broken[(number // 5 * 3 + number % 5 - 2) % len(broken)]


def _strategies(codec: Codec, types: Sequence[str]) -> dict[str, st.SearchStrategy[Example]]:
    sound = messages(codec, types)
    cuts = st.lists(st.integers(1, 120), unique=True, min_size=1, max_size=4).map(lambda found: tuple(sorted(found)))
    made = {"valid": st.builds(Example, sound, st.none())}
    made["valid, split"] = st.builds(Example, sound, st.none(), cuts, st.booleans())
    tagged = [key for key, entry in codec.spec.fields.items() if entry.get("sub", {}).get("kind") in TAGGED]
    for kind in KINDS:
        source = sound if kind != "duplicate tag" else _with_one_of(codec, types, tagged) if tagged else None
        if source is not None:
            made[kind] = mutations(source, [kind]).map(lambda broken: Example(broken.of, broken))
    return made


def _with_one_of(codec: Codec, types: Sequence[str], tagged: Sequence[str]) -> st.SearchStrategy[Message]:
    return st.sampled_from(tagged).flatmap(lambda key: messages(codec, types, (key, "11"), ()))


def probe_of(codec: Codec, kind: str, start: int) -> Message:
    """A small valid message of that type; raises MessageError."""
    return _drawn(messages(codec, kind, optional=()), 1, start)[0]


def with_stan(message: Message, number: int) -> Message:
    """The same message with a DE11 of its own, where the spec has one."""
    if "11" not in message.fields:
        return message
    return build(message.codec, {**message.fields, "11": f"{number % 10**6:0{len(message.fields['11'])}d}"})


def _with_stan(made: Example, number: int) -> Example:
    message = with_stan(made.message, 1 + number % _STANS)
    if made.mutation is None:
        return Example(message, None, made.cuts, made.keep_alive)
    again = made.mutation.again(message)
    return Example(message, again) if again else made


def _drawn(strategy: st.SearchStrategy[_Value], count: int, start: int) -> list[_Value]:
    found: list[_Value] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: _Value) -> None:
        found.append(value)

    draw()
    return found[:count]
