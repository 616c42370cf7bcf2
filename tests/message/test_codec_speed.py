"""The reason for a codec of our own: its ratio to pyiso8583 on the same message in the same run."""

import timeit
from collections.abc import Callable

import iso8583

from switch.message import Codec


def _ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Best against best, measured in turns: other work on the machine slows both."""
    rounds = [(timeit.timeit(ours, number=20), timeit.timeit(theirs, number=20)) for _ in range(150)]
    return min(their for _, their in rounds) / min(our for our, _ in rounds)


def test_a_view_of_a_0100_takes_less_than_a_quarter_of_pyiso8583_s_time(
    codecs: dict[str, Codec], purchase: dict[str, str]
) -> None:
    codec = codecs["pos-1987-ascii"]
    raw = codec.encode(purchase)
    assert len(codec.view(raw).fields) == 23
    assert _ratio(lambda: codec.view(raw), lambda: iso8583.decode(raw, codec.spec.fields)) > 4


def test_encoding_a_0100_takes_less_than_a_third_of_pyiso8583_s_time(
    codecs: dict[str, Codec], purchase: dict[str, str]
) -> None:
    codec = codecs["pos-1987-ascii"]
    spec = codec.spec.fields
    assert _ratio(lambda: codec.encode(purchase), lambda: iso8583.encode(dict(purchase), spec)) > 3
