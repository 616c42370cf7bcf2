"""No secret of a message is in any output without --unmask: whole or damaged, in any form, of any interface."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.explain import Explained, Settings, differences, explain, message_lines, message_object, plain, shipped
from switch.explain.hexdump import dump
from switch.explain.hide import card_ranges
from switch.message import Codec, describe

PAN = "4929123456789012"[:15]
PAN += str(next(digit for digit in "0123456789" if sum(
    (int(d) * 2 - 9 if int(d) * 2 > 9 else int(d) * 2) if i % 2 else int(d)
    for i, d in enumerate(reversed(PAN + digit))
) % 10 == 0))  # fmt: skip
TRACK_REST = "9871230455667"
PIN_BLOCK = "9E3F5A7C1B2D4E6F"
CVV2 = "QXJ"  # letters, so that it can be told from every other three characters
CRYPTOGRAM = "C0FFEE1234ABCD99"
NAME = "CANARY/NAME"
CHIP = (
    f"9F2608{CRYPTOGRAM}9F2701805A08{PAN}5713{PAN}D3012201{TRACK_REST}F"
    f"5F200B{NAME.encode().hex().upper()}9F1007069999A0000000950500000080009F0206000000001234DF8104045EC4E7AA"
)
MIDDLE = PAN[4:14]


@pytest.fixture(scope="session")
def canary(fitting) -> Callable[[Codec], dict[str, str]]:
    """A message of an interface with a secret in every field that it has for one."""

    def fields(codec: Codec) -> dict[str, str]:
        packed = codec.spec.fields.get("35", {}).get("data_enc") == "b"
        wanted = {
            "2": PAN,
            "3": "000000",
            "4": "000000001234",
            "7": "0611191024",
            "11": "000001",
            "35": f"{PAN}{'D' if packed else '='}3012201{TRACK_REST}",
            "45": f"B{PAN}^{NAME}^3012201{TRACK_REST}",
            "41": "TERM0001",
            "49": "978",
            "52": PIN_BLOCK,
            "55": CHIP,
        }
        cvv2 = codec.subs["48"].part("92") if "48" in codec.subs else None
        if cvv2 is not None and cvv2.op.entry.get("mask") == "remove":
            wanted["48"] = codec.build_sub("48", {"92": CVV2})
        return fitting(codec, wanted)

    return fields


def _forms(secret: str) -> set[str]:
    """How a secret could stand in an output: as text, in hexadecimal, of ASCII and of EBCDIC, packed; any case."""
    return {form.upper() for form in (secret, secret.encode().hex(), secret.encode("cp500").hex())}


def _secrets() -> set[str]:
    found = set()
    for secret in (PAN, MIDDLE, TRACK_REST, PIN_BLOCK, CVV2, CRYPTOGRAM, NAME, "5EC4E7AA", "069999A0"):
        found |= _forms(secret)
    return found


SECRETS = _secrets()


def _output(each: Explained) -> str:
    """All that is written about a message: lines for people, objects for programs, and what its repr would leak."""
    lines = "\n".join(plain(line) for line in message_lines(each, 1))
    spaced = lines.replace(" ", "")
    return "\n".join((lines, spaced, json.dumps(message_object(each, 1)), repr(each)))


def _leaks(text: str) -> set[str]:
    upper = text.upper()
    return {secret for secret in SECRETS if secret in upper}


@pytest.mark.parametrize("codec", shipped(), ids=lambda codec: codec.name)
def test_a_whole_message_shows_no_secret(codec, read, canary):
    data = codec.encode(canary(codec))
    for spec in (None, codec.name):
        for each in read(data, spec=spec):
            assert _leaks(_output(each)) == set()


@pytest.mark.parametrize("codec", shipped(), ids=lambda codec: codec.name)
def test_unmasked_it_shows_all_of_them(codec, read, canary):
    """The canary is worth something: what is hidden above is there."""
    fields = canary(codec)
    (each,) = read(codec.encode(fields), spec=codec.name, masked=False)
    upper = _output(each).upper()
    assert PAN in upper
    assert ("52" in fields) == (PIN_BLOCK in upper)
    assert ("35" in fields) <= (TRACK_REST in upper)
    assert ("48" in fields) == (CVV2 in upper)


@pytest.mark.parametrize("codec", shipped(), ids=lambda codec: codec.name)
def test_a_message_cut_anywhere_shows_no_secret(codec, read, canary):
    data = codec.encode(canary(codec))
    for end in range(0, len(data), 9):
        for each in read(data[:end], spec=codec.name):
            assert _leaks(_output(each)) == set(), end


@pytest.mark.parametrize("codec", shipped(), ids=lambda codec: codec.name)
def test_a_damaged_message_shows_no_secret(codec, canary):
    data = codec.encode(canary(codec))
    tried = Settings((codec,))

    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, len(data) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 2))
    def check(at: int, put: bytes, dropped: int) -> None:
        # Only before the secrets: a secret that is damaged itself is another text.
        damaged = data[:at] + put + data[at + dropped :]
        for each in explain(damaged, tried):
            if isinstance(each, Explained):
                assert _leaks(_output(each)) == set()

    check()


def test_a_message_read_by_a_wrong_interface_shows_no_secret(read, canary):
    """Every interface's message by a third of the others, and every interface reads a third of the messages."""
    codecs = list(shipped())
    for number, codec in enumerate(codecs):
        data = codec.encode(canary(codec))
        for other in codecs[number % 3 :: 3]:
            for each in read(data, spec=other.name):
                assert _leaks(_output(each)) == set(), (codec.name, other.name)


def test_every_form_of_input_shows_no_secret(read, codec, canary):
    data = codec("pos-1987-ascii").encode(canary(codec("pos-1987-ascii")))
    broken = data[:200]
    for each in (data, broken):
        for text in (each.hex(), each.hex(" "), repr(each), json.dumps({"raw": each.hex(), PAN: each.hex()})):
            for message in read(text.encode()):
                assert _leaks(_output(message)) == set()


def test_a_comparison_shows_no_secret_but_that_it_differs(read, codec, canary):
    codec = codec("pos-1987-ascii")
    fields = canary(codec)
    other = {**fields, "52": "AAAA5A7C1B2D4E6F", "2": f"{PAN[:6]}99{PAN[8:]}"}
    left, right = (read(codec.encode(each), spec=codec.name)[0] for each in (fields, other))
    found = list(differences(left, right))
    assert [(each.path, each.note) for each in found] == [
        ("2", "differs, and is hidden"),
        ("52", "differs, and is hidden"),
    ]
    assert _leaks(repr(found)) == set()


def test_bytes_that_no_interface_reads_show_no_secret(read):
    text = f"pan={PAN} track={PAN}={TRACK_REST} pin={PIN_BLOCK}".encode()
    for each in read(text):
        assert _leaks(_output(each)) == set()


def test_a_card_number_in_a_tag_that_holds_none_is_hidden(codec, read, fitting):
    """A length that lies puts what comes behind it into a tag that may be shown."""
    codec = codec("pos-1987-ascii")
    chip = f"9F33{len(PAN) // 2 + 4:02X}E0F8C800{PAN}9F1E083132333435363738"
    (message,) = read(codec.encode(fitting(codec, {"3": "000000", "7": "0611191024", "55": chip})), spec=codec.name)
    values = {node.path: node.value for node in message.nodes}
    assert values["55.9F33"] == "[removed]"
    assert values["55.9F1E"] == "3132333435363738"


def test_card_numbers_are_found_in_every_writing():
    for written in (
        b"16" + PAN.encode(),
        ("16" + PAN).encode("cp500"),
        bytes.fromhex("16" + PAN),
        bytes.fromhex("10" + PAN),
    ):
        data = b"\x01\x02" + written + b"\x03"
        assert (len(data) - 1 - len(written) + (2 if len(written) == 18 else 1), len(data) - 1) in card_ranges(data)
    track = f"{PAN}=30122010000".encode()
    assert card_ranges(b"xx" + track)[0] == (2, 2 + len(track))
    assert card_ranges(b"16" + PAN[:-1].encode() + b"x") == []


def test_what_is_no_card_is_not_hidden_behind_a_fault(fields, codec, read):
    """The fields before a fault stay readable when several values show that they are what they are called."""
    data = codec("pos-1987-ascii").encode(fields)
    (message,) = read(data[:-4], spec="pos-1987-ascii")
    values = {node.path: node.value for node in message.nodes}
    assert values["37"] == fields["37"]
    assert values["42"] == fields["42"]


def test_the_rest_is_shown_when_no_secret_can_be_in_it(codec, read, canary):
    data = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000001", "70": "301"})
    (message,) = read(data[:-1], spec="pos-1987-ascii")
    assert [line.hex.strip() for line in message.rest] == ["33 30"]
    (message,) = read(data + b"\x03", spec="pos-1987-ascii")
    assert [line.hex.strip() for line in message.rest] == ["03"]


def _dumped(data: bytes, *, secret: bool = False, masked: bool = True) -> list[tuple[str, str]]:
    return [(line.hex.strip(), line.text) for line in dump(data, 0, "ascii", masked=masked, secret=secret)]


def test_a_dump_hides_runs_of_digits_in_every_writing():
    digits = "12345678901"
    assert _dumped(b"\xfe" + digits.encode() + b"\xfe")[0] == ("fe" + " **" * 11 + " fe", "." + "n" * 11 + ".")
    assert _dumped(digits.encode("cp500"))[0][0] == " ".join(["**"] * 11)
    assert _dumped(bytes.fromhex(f"0A{digits}F0A"))[0][0] == "0a ** ** ** ** ** ** 0a"
    assert _dumped(b"-9E3F5A7C1B2D4E6F-")[0][0] == "2d" + " **" * 15
    assert _dumped(b"0A1B2C") == [("30 41 31 42 32 43", "0A1B2C")]
    # Packed, and yet all letters when it is taken for text.
    assert _dumped(bytes.fromhex("5555555555554444"))[0][0] == " ".join(["**"] * 8)


def test_a_dump_of_what_may_be_secret_shows_classes():
    assert _dumped(b"A1 \xff", secret=True) == [("** ** ** **", "an.-")]
    assert _dumped(b"A1 \xff", secret=True, masked=False) == [("41 31 20 ff", "A1 .")]


GARBAGE = "5413330089012349"


@pytest.mark.parametrize(
    "text", [GARBAGE, f"16{GARBAGE}", "6011000990139424", f"60{GARBAGE}", f"00{GARBAGE}", f"{GARBAGE}{GARBAGE}"]
)
def test_what_is_no_message_shows_no_digits_as_type_bitmap_or_length(text, read):
    """A card number alone, as text, packed, with something before it: no more than six of its digits are shown."""
    for data in (text.encode(), bytes.fromhex(text), bytes.fromhex(text).hex().encode()):
        for message in read(data):
            shown = json.dumps(message_object(message, 1))
            lines = " ".join(plain(line) for line in message_lines(message, 1))
            digits = text[-16:]
            for begin in range(10):
                piece = digits[begin : begin + 7]
                assert piece not in shown.replace(" ", "")
                assert piece.encode().hex() not in lines.replace(" ", "")
            assert message.error is None or message.error.needed is None or message.error.needed < 1000


def test_a_type_that_exists_is_shown_of_a_message_that_is_cut_off(codec, read):
    data = codec("pos-1987-ascii").encode({"t": "0800", "7": "0611191024", "11": "000001", "70": "301"})
    (message,) = read(data[:41], spec="pos-1987-ascii")
    assert next((node.path, node.value) for node in message.nodes) == ("t", "0800")


def test_zeros_where_a_date_may_be_vouch_for_nothing(codec, read):
    """Found by the test of damaged messages: bitmaps shifted over bytes of zero made three dates that are none."""
    track = f"B{PAN}^{NAME}^3012201{TRACK_REST}"
    fields = {"t": "0100", "2": PAN, "3": "000000", "4": "000000001234", "7": "0611191024", "11": "000001",
              "35": f"{PAN}D3012201{TRACK_REST}", "41": "TERM0001", "45": track, "49": "978", "52": PIN_BLOCK,
              "55": CHIP}  # fmt: skip
    data = codec("iso-1987-bcd").encode(fields)
    for message in read(data[:2] + b"\x00\xdb" + data[3:], spec="iso-1987-bcd"):
        assert _leaks(_output(message)) == set()


@pytest.mark.parametrize("name", ["pos-1987-ascii", "iso-1987-ascii", "iso-1993-ascii", "mastercard", "visa"])
def test_amounts_of_zero_are_shown(name, codec, read, fitting):
    codec = codec(name)
    fields = fitting(codec, {"3": "000000", "4": "000000000000", "7": "0611191024", "95": "0" * 42, "49": "978"})
    (message,) = read(codec.encode(fields), spec=name)
    assert "*" not in "".join(node.value for node in message.nodes)
    described = " ".join(line.value for line in describe(codec.view(codec.encode(fields))))
    assert "*" not in described
    assert "[hex removed]" not in described


@pytest.mark.parametrize("path", ["46", "47", "60", "61", "62", "63", "104", "120"])
@pytest.mark.parametrize(
    "value",
    [
        f"{PAN}=30122010000012345",
        " ".join(PAN[at : at + 4] for at in (0, 4, 8, 12)),
        "PAN" + "-".join(PAN[at : at + 4] for at in (0, 4, 8, 12)),
        f"92037390116{PAN}",
        f"7{PAN}7",
    ],
)
def test_a_card_number_in_a_field_that_nobody_describes_is_hidden(path, value, codec, read):
    codec = codec("iso-1987-ascii")
    data = codec.encode({"t": "0200", "3": "000000", "7": "0611191024", "11": "000001", path: value})
    (message,) = read(data, spec=codec.name)
    shown = [line.value for line in describe(codec.view(data))]
    shown += [node.value for node in message.nodes] + [plain(line) for line in message_lines(message, 1)]
    for text in shown:
        digits = text.replace(" ", "").replace("-", "")
        assert MIDDLE[3:9] not in digits, text
        assert "2010000012345" not in digits


def test_a_dump_shows_zeros():
    assert _dumped(bytes(12))[0][0] == " ".join(["00"] * 12)
    assert _dumped(b"0" * 12)[0][1] == "0" * 12
