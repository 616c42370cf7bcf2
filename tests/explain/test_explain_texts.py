"""A message that was logged or printed as its own ASCII characters is found like one in hexadecimal."""

import json

import pytest

RAW = "020072200000008080001654133300890123490030000000000012340611191024000001TERM0001978"
FIELDS = {"t": "0200", "3": "003000"}
TEXTS = {
    "repr": f"b'{RAW}'",
    "repr in double quotes": f'b"{RAW}"',
    "hexlify": f"b'{RAW.encode().hex()}'",
    "repr in a log": f"19:10:24 DEBUG sent b'{RAW}' to host",
    "log": f"recv {RAW}",
    "log with words": f"raw text message: {RAW}",
    "log, quoted": f'19:10:24.123 INFO rx="{RAW}" len=83',
    "log, in brackets": f"19:10:24.123 INFO [{RAW}] from 10.0.0.1:4711",
    "log, words behind": f"rx {RAW} ok",
    "JSON": json.dumps({"event": "rx", "raw": RAW}),
    "JSON with a sentence": json.dumps({"message": f"received {RAW}"}),
    "JSON with an ASCII length": json.dumps({"raw": f"{len(RAW):04d}{RAW}"}),
    "JSON with a length in bytes": json.dumps({"raw": f"\0{chr(len(RAW))}{RAW}"}),
}


@pytest.mark.parametrize("form", TEXTS)
def test_an_ascii_message_is_found_in_its_own_characters(form, read):
    (message,) = read(TEXTS[form].encode())
    assert message.error is None
    assert message.frame[-len(RAW) :] == RAW.encode()
    assert "pos-1987-ascii" in [candidate.codec.name for candidate in message.candidates]


def test_a_message_with_spaces_is_read_to_the_end_of_its_line(codec, read):
    fields = {"t": "0200", "3": "000000", "4": "000000001234", "7": "0611191024", "11": "000001",
              "43": "THE SHOP                 PARIS         FR", "49": "978"}  # fmt: skip
    fields["43"] = fields["43"][:25] + "PARIS        " + "FR"
    data = codec("pos-1987-ascii").encode(fields)
    for text in (f"recv {data.decode()}", f"recv '{data.decode()}' ok", f"a\nrecv {data.decode()}\nb"):
        (message,) = read(text.encode())
        assert (message.frame, message.error) == (data, None)


def test_several_ascii_messages_of_a_log_are_found_in_order(codec, read):
    echo = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000002", "70": "301"}).decode()
    found = read(f"tx {RAW}\nrx {echo}\n".encode())
    assert [message.frame.decode() for message in found] == [RAW, echo]
    assert [message.place for message in found] == ["line 1", "line 2"]


def test_no_card_number_of_such_a_line_is_shown_when_it_is_no_message(read):
    for text in (f"recv {RAW[:40]}", f"recv 0200{'5413330089012349' * 3}", f"b'{RAW[:37]}'"):
        for message in read(text.encode()):
            shown = json.dumps([[node.value, node.raw] for node in message.nodes])
            shown += "".join(line.hex + line.text for line in message.rest)
            assert "3300890" not in shown
