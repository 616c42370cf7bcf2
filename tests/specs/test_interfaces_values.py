"""Values that real traffic brings and made-up tests forget: through every spec that has the field."""

from collections.abc import Callable
from typing import Any

import pytest

from switch.message import Codec, MessageError, describe, load_spec, parse_tpdu, shipped_specs

Shipped = Callable[[str], Codec]
House = Callable[[str, dict[str, Any]], Codec]
SPECS = shipped_specs()
WITH_TRACK_2 = [name for name in SPECS if "35" in load_spec(name).fields]
PACKED_TRACK_2 = [name for name in WITH_TRACK_2 if load_spec(name).fields["35"]["data_enc"] == "b"]
PAN = "6304000000000000000"
MTI = {"t": "0100"}
HEADS = {"pos-1987-bcd": "6000030001", "amex-1993-ebcdic": "F1" * 9}


def _message(name: str, **fields: str) -> dict[str, str]:
    head = {"h": HEADS[name]} if name in HEADS else {}
    return {**head, **MTI, **{key.lstrip("_"): value for key, value in fields.items()}}


@pytest.mark.parametrize("digits", range(12, 20))
@pytest.mark.parametrize("name", SPECS)
def test_card_numbers_of_every_length_pass(name: str, digits: int, shipped: Shipped) -> None:
    codec = shipped(name)
    view = codec.view(codec.encode(_message(name, _2=PAN[:digits])))
    view.check()
    assert view["2"] == PAN[:digits]


@pytest.mark.parametrize("name", SPECS)
def test_a_card_number_of_twenty_digits_is_refused(name: str, shipped: Shipped) -> None:
    with pytest.raises(MessageError, match="field 2: expected at most 19"):
        shipped(name).encode(_message(name, _2=PAN + "0"))


@pytest.mark.parametrize("rest", ["", "3", "3012201", "30122010000000000"])
@pytest.mark.parametrize("name", WITH_TRACK_2)
def test_track_2_of_even_and_odd_length_passes_with_its_separator(name: str, rest: str, shipped: Shipped) -> None:
    codec = shipped(name)
    for pan in (PAN, PAN[:16]):
        for separator in "D" if name in PACKED_TRACK_2 else "=D":
            track = pan + separator + rest
            view = codec.view(codec.encode(_message(name, _35=track)))
            view.check()
            assert view["35"] == track


@pytest.mark.parametrize("name", PACKED_TRACK_2)
def test_an_equals_sign_cannot_be_packed_and_is_refused(name: str, shipped: Shipped) -> None:
    with pytest.raises(MessageError, match="field 35: "):
        shipped(name).encode(_message(name, _35=f"{PAN}=3012"))


CHIP = "9F0206000000001234DF810401AB5F2A020978DFEE2601D1"
CHIP_PATHS = {"9F02": "000000001234", "DF8104": "AB", "5F2A": "0978", "DFEE26": "D1"}
PLAIN_CHIP = [
    "iso-1987-ascii",
    "iso-1987-bcd",
    "iso-1993-ascii",
    "iso-1993-bcd",
    "iso-2003-bcd",
    "ipm",
    "ipm-ascii",
    "mastercard",
    "pos-1987-ascii",
    "pos-1987-ascii-binary",
    "pos-1987-bcd",
    "postilion",
]


@pytest.mark.parametrize("name", PLAIN_CHIP)
def test_chip_data_keeps_tags_of_three_bytes_that_nobody_describes(name: str, shipped: Shipped) -> None:
    codec = shipped(name)
    view = codec.view(codec.encode(_message(name, _55=CHIP)))
    assert view.sub("55") == CHIP_PATHS
    assert codec.build_sub("55", CHIP_PATHS) == CHIP


def test_visa_wraps_chip_data_in_a_dataset(shipped: Shipped) -> None:
    codec = shipped("visa")
    raw = codec.encode(_message("visa", _55=f"01{len(CHIP) // 2:04X}{CHIP}"))
    assert raw[-len(CHIP) // 2 - 4 :].hex().upper() == f"{len(CHIP) // 2 + 3:02X}01{len(CHIP) // 2:04X}{CHIP}"
    view = codec.view(raw)
    assert {tag: view.get(f"55.01.{tag}") for tag in CHIP_PATHS} == CHIP_PATHS


@pytest.mark.parametrize("name", ["iso-1987-ascii", "iso-1987-bcd", "pos-1987-ascii", "pos-1987-ascii-binary"])
def test_chip_data_in_text_may_be_the_bytes_themselves(name: str, shipped: Shipped) -> None:
    codec = shipped(name)
    raw = codec.encode(_message(name, _55=bytes.fromhex(CHIP).decode("latin-1")))
    assert raw.endswith(bytes.fromhex(CHIP))
    assert codec.view(raw).sub("55") == CHIP_PATHS


@pytest.mark.parametrize("name", SPECS)
def test_text_outside_the_encoding_is_refused_when_written(name: str, shipped: Shipped) -> None:
    codec = shipped(name)
    text = "CAFÉ ŁÓDŹ".ljust(codec.ops["42"].count)[: codec.ops["42"].count]
    with pytest.raises(MessageError, match="field 42: expected characters of its encoding"):
        codec.encode(_message(name, _42=text))


@pytest.mark.parametrize("name", ["iso-1987-ascii", "pos-1987-ascii", "iso-1993-ascii", "ipm-ascii", "postilion"])
def test_utf_8_in_a_text_field_is_refused_when_read(name: str, shipped: Shipped) -> None:
    codec = shipped(name)
    raw = bytearray(codec.encode(_message(name, _42="MERCHANT0000001")))
    raw[-15:-13] = "é".encode()
    with pytest.raises(MessageError, match=r"field 42 at byte .*characters of its encoding"):
        codec.decode(bytes(raw))
    assert codec.view(bytes(raw)).fields == ("42",)


def test_a_house_with_utf_8_says_so_in_its_spec(house: House) -> None:
    codec = house(
        "iso-1993-ascii",
        {"43": {"data_enc": "utf-8", "len_enc": "ascii", "len_type": 2, "max_len": 99, "class": "ans"}},
    )
    raw = codec.encode({"t": "1100", "43": "CAFÉ\\\\ŁÓDŹ\\"})
    assert codec.decode(raw)["43"] == "CAFÉ\\\\ŁÓDŹ\\"


def test_a_tpdu_stands_before_a_packed_message_and_is_kept(shipped: Shipped) -> None:
    codec = shipped("pos-1987-bcd")
    raw = codec.encode({"h": "6000030001", "t": "0800", "3": "990000", "11": "000123", "24": "003", "41": "TERM0001"})
    assert raw.hex() == "6000030001" + "0800" + "2020010000800000" + "990000" + "000123" + "0003" + b"TERM0001".hex()
    view = codec.view(raw)
    assert (view["h"], view.mti, view["24"]) == ("6000030001", "0800", "003")
    tpdu = parse_tpdu(raw[:5])
    answer = view.splice({"t": "0810", "39": "00"})
    assert (tpdu.destination, tpdu.source, answer[:5]) == ("0003", "0001", raw[:5])


def test_postilion_has_a_bitmap_inside_a_bitmap_inside_a_field(shipped: Shipped) -> None:
    codec = shipped("postilion")
    icc = b"6000004000000000" + b"000000001234" + b"000000000000" + b"978"
    inside = bytes.fromhex("4040008000000000") + b"05hello" + b"798" + b"%04d" % len(icc) + icc
    raw = codec.encode({"t": "0200", "3": "000000", "127": inside.hex().upper()})
    assert (
        raw
        == b"0200" + bytes.fromhex("A000000000000000" + "0000000000000002") + b"000000" + b"%06d" % len(inside) + inside
    )
    view = codec.view(raw)
    assert {path: view.get(path) for path in ("127.2", "127.10", "127.25.2", "127.25.3", "127.25.26")} == {
        "127.2": "hello",
        "127.10": "798",
        "127.25.2": "000000001234",
        "127.25.3": "000000000000",
        "127.25.26": "978",
    }
    changed = codec.view(view.splice({"127.25.26": "840"}))
    assert (changed["127.25.26"], changed["127.2"]) == ("840", "hello")


def test_postilion_chip_data_in_xml_is_left_whole(shipped: Shipped) -> None:
    codec = shipped("postilion")
    xml = b"<IccData><IccRequest/></IccData>"
    inside = bytes.fromhex("4000008000000000") + b"05hello" + b"%04d" % len(xml) + xml
    view = codec.view(codec.encode({"t": "0200", "127": inside.hex().upper()}))
    assert (view["127.2"], view["127.25"], view.sub("127.25")) == ("hello", xml.hex().upper(), {})


def test_datasets_of_2003_hold_tags_or_a_bitmap_with_tags_behind_it(shipped: Shipped) -> None:
    codec = shipped("iso-2003-bcd")
    view = codec.view(codec.encode({"t": "2100", "71": "7100084001119F02020102" + "010003C00155"}))
    assert {path: view.get(path) for path in ("71.71.1", "71.71.9F02", "71.01.C0")} == {
        "71.71.1": "11",
        "71.71.9F02": "0102",
        "71.01.C0": "55",
    }
    assert (
        codec.build_sub("43", {"71": "1800" + "04" + b"SHOP".hex() + "02" + b"ST".hex()})
        == "71000A1800" + "0453484F50" + "025354"
    )
    acceptor = codec.view(codec.encode({"t": "2100", "43": "71000A1800" + "0453484F50" + "025354"}))
    assert (acceptor["43.71.3"], acceptor["43.71.4"]) == ("SHOP", "ST")


def test_datasets_that_nobody_describes_are_opened_to_their_tags(shipped: Shipped) -> None:
    codec = shipped("visa")
    view = codec.view(codec.encode({"t": "0100", "104": "570004C902C1C1", "123": "690005C003F1F2F3"}))
    assert (view["104.57.C9"], view["123.69.C0"]) == ("C1C1", "F1F2F3")


def test_the_other_public_layout_of_amex_chip_data_is_a_house_spec(house: House) -> None:
    text, digits = {"data_enc": "cp500"}, {"len_count": "nibbles"}
    parts = {
        "name": {**text, "max_len": 4},
        "version": {**digits, "max_len": 4},
        "cryptogram": {"max_len": 8, "mask": "remove"},
        "iad": {"len_type": 1, "len_enc": "b", "max_len": 33, "mask": "remove"},
        "un": {"max_len": 4},
        "atc": {"max_len": 2},
        "tvr": {"max_len": 5},
        "date": {**digits, "max_len": 6},
        "type": {"max_len": 1},
        "amount": {**digits, "max_len": 12},
    }
    entry = {
        **load_spec("amex-1993-ebcdic").fields["55"],
        "sub": {"kind": "positional", "unit": "bytes", "parts": parts},
    }
    codec = house(
        "amex-1993-ebcdic",
        {
            "h": {"data_enc": "b", "len_type": 0, "max_len": 0},
            "p": {"data_enc": "b"},
            "1": {"data_enc": "b"},
            "55": entry,
        },
    )
    value = (
        "C1C7D5E2"
        + "0001"
        + "A1" * 8
        + "03060102"
        + "12345678"
        + "0042"
        + "0000008000"
        + "260611"
        + "00"
        + "000000001234"
    )
    view = codec.view(codec.encode({"t": "1100", "55": value}))
    assert (view["55.name"], view["55.version"], view["55.iad"], view["55.amount"]) == (
        "AGNS",
        "0001",
        "060102",
        "000000001234",
    )


@pytest.mark.parametrize("name", SPECS)
def test_no_secret_of_a_full_message_is_described(name: str, shipped: Shipped) -> None:
    codec = shipped(name)
    packed = name in PACKED_TRACK_2
    wanted = {
        "2": PAN,
        "35": f"{PAN}{'D' if packed else '='}30122019876543",
        "52": "9E3F5A7C1B2D4E6F",
        "64": "0123456789ABCDEF",
    }
    fields = {key: value for key, value in wanted.items() if key in codec.ops}
    if name in PLAIN_CHIP:
        fields["55"] = "9F2608C0FFEE1234ABCD995A0A6304000000000000000F"
    shown = " ".join(line.value for line in describe(codec.view(codec.encode({**_message(name), **fields}))))
    for secret in (PAN, "9876543", "9E3F5A7C1B2D4E6F", "C0FFEE1234ABCD99"):
        assert secret not in shown
