"""A message is found in whatever form it was pasted, piped or logged."""

import base64
import json
import subprocess

import pytest

from switch.explain.hexforms import from_base64, from_dump, from_escapes, from_hex


def _spaced(data: bytes) -> str:
    return data.hex(" ")


def _dump(data: bytes, width: int = 16) -> str:
    lines = []
    for start in range(0, len(data), width):
        piece = data[start : start + width]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{start:08x}  {piece[:8].hex(' ')}  {piece[8:].hex(' ')}".ljust(60) + f"|{text}|")
    return "\n".join([*lines, f"{len(data):08x}"])


def _wireshark(data: bytes) -> str:
    lines = []
    for start in range(0, len(data), 16):
        piece = data[start : start + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{start:04x}   {piece.hex(' '):<47}   {text}")
    return "\n".join(lines)


FORMS = {
    "hex": lambda data: data.hex(),
    "hex in capitals": lambda data: data.hex().upper(),
    "hex with spaces": _spaced,
    "hex with colons": lambda data: data.hex(":"),
    "hex over lines": lambda data: "\n".join(data.hex()[at : at + 64] for at in range(0, len(data.hex()), 64)),
    "0x before all": lambda data: "0x" + data.hex(),
    "a C array": lambda data: "{" + ", ".join(f"0x{byte:02x}" for byte in data) + "}",
    "backslash x": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "Python bytes": repr,
    "hexdump -C": _dump,
    "Wireshark": _wireshark,
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64 in lines": lambda data: base64.encodebytes(data).decode(),
    "base64 for URLs, bare": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "JSON log line, hex": lambda data: json.dumps({"event": "rx", "span": "4bf92f3577b34da6", "raw": data.hex()}),
    "JSON log line, base64": lambda data: json.dumps({"a": {"b": [1, base64.b64encode(data).decode()]}}),
    "JSON behind a time": lambda data: f"2026-06-11T19:10:24Z host app[1]: {json.dumps({'raw': data.hex()})}",
    "text log line": lambda data: f"19:10:24.123 INFO from 10.0.0.1:4711 rx {data.hex()} len={len(data)}",
    "text log line, spaced": lambda data: f"19:10:24.123 INFO rx [{_spaced(data)}]",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_message(form, purchase, read):
    (message,) = read(FORMS[form](purchase).encode())
    assert message.frame == purchase
    assert message.error is None
    assert message.name == "pos-1987-ascii, len2"


@pytest.mark.parametrize(
    ("form", "said"),
    [("hex", "hex"), ("hexdump -C", "hexdump"), ("base64", "base64"), ("Python bytes", "escaped bytes")],
)
def test_a_form_is_called_by_its_name(form, said, purchase, read):
    assert [message.form for message in read(FORMS[form](purchase).encode())] == [said]


def test_bytes_are_read_as_they_are(purchase, read):
    (message,) = read(purchase)
    assert message.form == "raw bytes"
    assert message.frame == purchase


def test_the_line_end_of_an_editor_is_no_part_of_a_message(codec, read):
    echo = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000002", "70": "301"})
    (message,) = read(echo + b"\n")
    assert message.frame == echo
    assert message.error is None


def test_an_ascii_message_of_hex_digits_only_is_not_taken_for_hex(codec, read):
    echo = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000002", "70": "301"})
    assert len(echo) % 2 == 1 or from_hex(echo.decode())
    (message,) = read(echo)
    assert message.form == "raw bytes"
    assert message.error is None


def test_each_line_of_hex_is_a_message_when_the_lines_make_messages(purchase, echo, read):
    found = read(f"{purchase[2:].hex()}\n\n{echo[2:].hex()}\n".encode())
    assert [message.place for message in found] == ["line 1", "line 2"]
    assert [message.frame for message in found] == [purchase[2:], echo[2:]]


def test_frames_behind_each_other_are_messages_of_their_own(purchase, echo, read):
    found = read(purchase + b"\0\0" + echo + purchase)
    assert [message.frame for message in found] == [purchase, echo, purchase]
    assert [message.place for message in found] == [
        "byte 0",
        f"byte {len(purchase) + 2}",
        f"byte {len(purchase) + 2 + len(echo)}",
    ]


def test_both_messages_of_a_log_line_are_found_and_its_identifiers_are_not(purchase, echo, read):
    line = {"trace": "4bf92f3577b34da6a3ce929d0e0e4736", "in": purchase.hex(), "out": base64.b64encode(echo).decode()}
    found = read(json.dumps(line).encode())
    assert [(message.place, message.frame) for message in found] == [("in", purchase), ("out", echo)]


def test_a_key_of_a_log_line_that_is_no_word_is_not_repeated(purchase, read):
    (message,) = read(json.dumps({"4111111111111111": {"raw": purchase.hex()}}).encode())
    assert message.place == "raw"


@pytest.mark.parametrize("size", [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100])
@pytest.mark.parametrize("tool", [("xxd",), ("hexdump", "-C"), ("od", "-A", "x", "-t", "x1z")])
def test_dumps_of_the_usual_tools_are_read_to_the_byte(tool, size):
    data = bytes((7 * at + size) % 256 for at in range(size))
    try:
        text = subprocess.run(tool, input=data, capture_output=True, check=True).stdout.decode()
    except FileNotFoundError:
        pytest.skip(f"{tool[0]} is not here")
    assert from_dump(text) == [data]


def test_lines_that_a_dump_leaves_out_are_put_back():
    lines = [
        "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
        "*",
        "00000040  01  |.|",
        "00000041",
    ]
    assert from_dump("\n".join(lines)) == [bytes(64) + b"\x01"]


def test_a_character_column_of_hex_digits_is_no_data():
    assert from_dump("0000   30 38 30 30                                       0800") == [b"0800"]


def test_two_dumps_are_two_payloads():
    assert from_dump("0000  01 02  ..\n0000  03  .") == [b"\x01\x02", b"\x03"]


def test_what_is_no_dump_is_refused():
    for text in ("", "0800", "0010  01 02", "0000  01\nhello", "0000  01 02  ..\n0005  03  ."):
        assert from_dump(text) is None


def test_what_is_no_hex_base64_or_escape_is_refused():
    assert from_hex("123") is None
    assert from_hex("12 3g") is None
    assert from_hex("") is None
    assert from_base64("äöü") is None
    assert from_base64("A") is None
    assert from_escapes("0800") is None
    assert from_escapes(r"\x00\x4b0800\n\\") == b"\x00\x4b0800\n\\"


def test_nothing_is_nothing_to_decode(read):
    (message,) = read(b"")
    assert message.error is not None
    assert message.error.reason == "nothing to decode"
