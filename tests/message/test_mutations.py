"""Damaged messages of every shipped spec: nothing but MessageError comes of them, in linear time and memory.

`python -m switch.tools.mutate --count 1000000` does the same for as long as one likes."""

import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from switch.tools.mutate import exercise, mutants
from switch.tools.random_messages import random_message

from switch.message import Codec, MessageError, compile_spec, describe, load_spec, shipped_specs

COUNT = 800
HEADS: dict[str, Any] = {
    "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii"},
    "p": {"data_enc": "b"},
}


@pytest.mark.parametrize("name", shipped_specs())
def test_a_damaged_message_raises_nothing_but_message_error(name: str) -> None:
    codec, random = compile_spec(load_spec(name)), Random(f"mutation of {name}")
    assert sum(exercise(codec, data) for data in mutants(codec, random, COUNT)) > COUNT // 20


@pytest.mark.parametrize("name", shipped_specs())
def test_a_random_message_reads_back_and_splices_to_itself(name: str) -> None:
    codec, random = compile_spec(load_spec(name)), Random(f"message of {name}")
    opened = 0
    for _ in range(150):
        raw = random_message(codec, random)
        view = codec.view(raw)
        assert view.splice({}) == raw
        assert codec.encode({key: value for key, value in view.decoded().items() if key not in ("p", "1")}) == raw
        for path in view.paths():
            if "." in path and (value := view.get(path)) is not None:
                opened += 1
                assert view.splice({path: value}) == raw, path
    assert opened or not codec.subs


def _giant(sub: dict[str, Any], value: bytes, encoding: str = "b") -> tuple[Codec, bytes]:
    entry = {"data_enc": encoding, "len_enc": "b", "len_type": 2, "max_len": 65_500, "sub": sub}
    codec = compile_spec({**HEADS, "48": entry})
    return codec, b"0100" + bytes.fromhex("0000000000010000") + len(value).to_bytes(2, "big") + value


BER: dict[str, Any] = {"kind": "bertlv"}
TLV: dict[str, Any] = {"kind": "tlv", "tag": 2, "len": 2}
NESTED = b"".join(b"\x70\x82" + (65_500 - 4 * (n + 1)).to_bytes(2, "big") for n in range(16_375))
TEMPLATES = (b"\x70\x3e\x82\x3c" + b"A" * 60) * 1000
GIANTS: dict[str, Callable[[], tuple[Codec, bytes]]] = {
    "empty tags": lambda: _giant(BER, b"\x82\x00" * 32_000),
    "zeros and tags": lambda: _giant(BER, b"\x00\x82\x00" * 21_000),
    "zeros": lambda: _giant(BER, b"\x00" * 65_000),
    "templates in templates": lambda: _giant(BER, NESTED),
    "many templates": lambda: _giant(BER, TEMPLATES),
    "empty elements": lambda: _giant(TLV, b"0100" * 16_000, "latin-1"),
    "spelt": lambda: _giant({**BER, "hex": "auto"}, b"8200" * 16_000, "latin-1"),
    "datasets": lambda: _giant({"kind": "dataset", "parts": {"*": {"sub": BER}}}, (b"\x01\x00\x02\x82\x00") * 13_000),
    "parts again and again": lambda: _giant(
        {"kind": "positional", "repeat": 99_999, "parts": {"a": 1}}, b"A" * 65_000, "latin-1"
    ),
}


def _several() -> tuple[Codec, bytes]:
    """Several fields, each with more elements than a message may have."""
    codec = compile_spec(load_spec("iso-2003-bcd"))
    value = (b"\x71\0\x04\xc0\0\0\0" * 1400).hex().upper()
    return codec, codec.encode({"t": "2100", **dict.fromkeys(("34", "43", "44", "49", "50", "51"), value)})


GIANTS["several fields"] = _several


def test_behind_an_overfull_field_what_is_sound_is_still_opened() -> None:
    codec = compile_spec(load_spec("iso-2003-bcd"))
    full = (b"\x71\0\x04\xc0\0\0\0" * 1400).hex().upper()
    view = codec.view(codec.encode({"t": "2100", "3": "001000", "34": full, "54": "1002978" + "2C" + "000000001234"}))
    assert view.names("34") == ()
    assert view.get("54.1.currency") == "978"


def _all(codec: Codec, raw: bytes) -> None:
    codec.decode(raw, offsets=True)
    describe(codec.view(raw))


@pytest.mark.parametrize("name", GIANTS)
def test_64_kib_of_malice_take_no_more_time_than_some_copies_of_it(name: str) -> None:
    codec, raw = GIANTS[name]()
    _all(codec, raw)

    def seconds(work: Callable[[], object], times: int) -> float:
        begun = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - begun) / times

    # 40 times what it takes to make hexadecimal of it: some milliseconds where that takes a tenth of one.
    pairs = [(seconds(lambda: _all(codec, raw), 1), seconds(lambda: raw.hex().upper(), 10)) for _ in range(9)]
    assert min(ours for ours, _ in pairs) < 40 * min(unit for _, unit in pairs)


@pytest.mark.parametrize("name", GIANTS)
def test_64_kib_of_malice_take_less_than_ten_times_their_memory(name: str) -> None:
    codec, raw = GIANTS[name]()
    _all(codec, raw)
    tracemalloc.start()
    try:
        _all(codec, raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(raw)


@pytest.mark.parametrize("name", shipped_specs())
def test_a_length_of_all_nines_is_refused_before_anything_is_kept_for_it(name: str) -> None:
    codec, random = compile_spec(load_spec(name)), Random(name)
    variable = next(key for key, op in codec.ops.items() if op.prefix)
    raw = bytearray(random_message(codec, random)[:0])
    header = {"h": "00" * codec.spec.fields["h"]["max_len"]} if codec.header else {}
    raw += codec.encode({**header, "t": "0100", variable: ""})
    op = codec.ops[variable]
    for filler in (b"9", b"\xf9", b"\x99", b"\xff"):
        raw[len(raw) - op.prefix :] = filler * op.prefix
        with pytest.raises(MessageError) as caught:
            codec.view(bytes(raw))
        assert caught.value.path == variable
