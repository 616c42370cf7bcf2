"""Made messages of every shipped spec: what is written reads back, and pyiso8583 with the same dict agrees."""

from collections.abc import Callable

import iso8583
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.message import Codec, MessageError, load_spec, shipped_specs
from switch.testing import Message, messages

SPECS = shipped_specs()
Shipped = Callable[[str], Codec]
MANY = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


# pyiso8583 writes the second bitmap only for a field in it: clearing records always have field 71.
ALWAYS = {"ipm": ("71",), "ipm-ascii": ("71",)}


def _fields(name: str, structured: bool = False) -> list[str]:
    entries = load_spec(name).fields.items()
    return [key for key, entry in entries if key.isdecimal() and key != "1" and ("sub" in entry or not structured)]


def _of(name: str, structured: bool = False) -> st.SearchStrategy[Message]:
    """Messages of any fields of the spec, rare ones as often as common ones."""
    chosen = st.lists(st.sampled_from(_fields(name, structured)), min_size=1, max_size=10, unique=True)
    return chosen.flatmap(lambda keys: messages(name, fields={*keys, *ALWAYS.get(name, ())}, optional=()))


@pytest.mark.parametrize("name", SPECS)
def test_a_made_message_reads_back_and_is_written_again(name: str, shipped: Shipped) -> None:
    codec = shipped(name)

    @MANY
    @given(_of(name))
    def check(message: Message) -> None:
        decoded = codec.decode(message.raw)
        fields = {key: value for key, value in decoded.items() if key not in ("p", "1")}
        assert fields == dict(message.fields)
        assert codec.encode(fields) == message.raw
        codec.view(message.raw).check()

    check()


@pytest.mark.parametrize("name", SPECS)
def test_pyiso8583_reads_and_writes_the_same_with_the_same_dict(name: str, shipped: Shipped) -> None:
    codec = shipped(name)

    @MANY
    @given(_of(name))
    def check(message: Message) -> None:
        raw, _ = iso8583.encode(dict(message.fields), codec.spec.fields)
        assert bytes(raw) == message.raw
        theirs, _ = iso8583.decode(message.raw, codec.spec.fields)
        assert codec.decode(message.raw) == theirs

    check()


@pytest.mark.parametrize("name", SPECS)
def test_fields_rebuilt_from_their_elements_are_the_same(name: str, shipped: Shipped) -> None:
    codec = shipped(name)
    # Positions may end early and are filled when they are put together; the others are exact.
    exact = {
        key
        for key, entry in codec.spec.fields.items()
        if entry.get("sub", {}).get("kind", "positional") != "positional"
    }

    @MANY
    @given(_of(name, structured=True))
    def check(message: Message) -> None:
        view = codec.view(message.raw)
        for field in exact & set(view.fields):
            elements = view.sub(field)
            if elements:
                assert codec.parse_sub(field, codec.build_sub(field, elements)) == elements

    check()


@pytest.mark.parametrize("name", SPECS)
def test_damaged_messages_are_refused_or_read_as_pyiso8583_reads_them(name: str, shipped: Shipped) -> None:
    codec = shipped(name)

    @MANY
    @given(_of(name), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3))
    def check(message: Message, damage: list[tuple[int, int]]) -> None:
        raw = bytearray(message.raw)
        for place, byte in damage:
            raw[place % len(raw)] = byte
        try:
            ours = codec.decode(bytes(raw))
        except MessageError:
            return
        if name.startswith("ipm") and not raw[codec.mti_size] & 0x80:
            # A fixed bitmap is read whole whatever its first bit says; pyiso8583 follows the bit.
            return
        theirs, _ = iso8583.decode(bytes(raw), codec.spec.fields)
        assert ours == {key: value.upper() if key in ("p", "1") else value for key, value in theirs.items()}

    check()
