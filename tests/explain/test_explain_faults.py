"""What cannot be decoded is shown up to the fault, and no input whatever ends in an exception."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.explain import Explained, Settings, explain, message_lines, message_object, plain, shipped
from switch.explain.readings import readings


def _all(data: bytes, **options: object) -> list[Explained | str]:
    """Everything about an input, written out in every form."""
    found = list(explain(data, Settings(**options)))  # type: ignore[arg-type]
    for each in found:
        if isinstance(each, Explained):
            assert message_object(each, 1)["length"] == len(each.frame)
            assert all(plain(line).isprintable() for line in message_lines(each, 1))
    return found


def test_a_fault_shows_what_came_before_and_the_rest(codec, read):
    data = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000001", "70": "301"})
    (message,) = read(data[:-2], spec="pos-1987-ascii")
    assert [node.path for node in message.nodes] == ["t", "p", "7", "11"]
    error = message.error
    assert error is not None
    assert (error.path, error.offset, error.needed, error.available) == ("70", len(data) - 3, 3, 1)
    assert [(line.offset, line.hex.strip(), line.text) for line in message.rest] == [(len(data) - 3, "33", "3")]
    lines = [plain(line) for line in message_lines(message, 1)]
    assert f"fault: pos-1987-ascii: field 70 at byte {len(data) - 3}: field is cut off (needed 3, available 1)" in lines


def test_a_frame_that_is_cut_off_says_how_much_is_missing(echo, read):
    (message,) = read(echo[:-2], spec="pos-1987-ascii", framing="len2")
    assert message.nodes[0].meaning == f"len2: {len(echo) - 2} bytes follow, 2 of them are missing"
    assert message.error is not None


def test_an_unsure_fault_lists_what_it_could_be(read):
    (message,) = read(b"0100" + b"7" * 16 + b"0" * 40)
    lines = [plain(line) for line in message_lines(message, 1)]
    assert lines[1] in ("not sure, it could be:", "the likeliest reading:")
    assert len(message.candidates) >= 1


def test_a_fault_inside_chip_data_is_told_with_its_tag(fields, codec, read):
    data = codec("pos-1987-ascii").encode({**fields, "55": "9F2701809F260812345678"})
    (message,) = read(data, spec="pos-1987-ascii")
    nodes = {node.path: node for node in message.nodes}
    assert message.error is None
    assert nodes["55.9F27"].meaning == "ARQC, online"
    assert "55.9F26" in nodes["55"].meaning
    assert "needed 16, available 8" in nodes["55"].meaning


def test_a_long_rest_is_cut_and_said_to_be(codec, read):
    data = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "70": "301"}) + b"\x05" * 5000
    (message,) = read(data, spec="pos-1987-ascii", most_rest=32)
    assert len(message.rest) == 2
    assert "4968 bytes more" in [plain(line) for line in message_lines(message, 1)]


def test_what_a_terminal_would_obey_is_not_written(codec, read):
    data = codec("pos-1987-ascii").encode({"t": "0100", "7": "0611191024", "43": "A\x1b[2J\x07".ljust(40)})
    (message,) = read(data, spec="pos-1987-ascii", masked=False)
    text = "\n".join(plain(line) for line in message_lines(message, 1))
    assert "\x1b" not in text
    assert "A\\x1b[2J\\x07" in text


@pytest.mark.parametrize("codec", shipped(), ids=lambda codec: codec.name)
def test_every_byte_of_a_message_may_be_any_other(codec, fitting):
    wanted = {"3": "000000", "4": "000000001234", "7": "0611191024", "11": "000001", "41": "TERM0001", "49": "978"}
    data = codec.encode(fitting(codec, wanted))
    for at in range(len(data)):
        for value in (0, 0x30, 0x7F, 0xFF):
            _all(data[:at] + bytes((value,)) + data[at + 1 :], codecs=(codec,))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_any_bytes_are_explained(data):
    _all(data)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200) | st.text("0123456789abcdefABCDEF \n:x\\{}\"'=+/-*|", max_size=200))
def test_any_text_is_explained(text):
    _all(text.encode())


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a"]), st.binary(max_size=300))
def test_any_capture_is_explained(magic, data):
    _all(magic + data)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_the_bytes_themselves_are_always_one_of_the_readings(data):
    assert readings(data)[-1].payloads[0].data == data


def test_deep_json_and_long_lines_are_no_trouble(read):
    for text in (
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        "{" * 100_000,
        "0" * 200_001,
        "b'" * 50_000,
        "A" * 200_000,
    ):
        _all(text.encode())
