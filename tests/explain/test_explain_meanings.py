"""Values in words: every kind of field, by hand from the standards."""

import pytest

from switch.explain import Settings, emv, explain, meaning, tables
from switch.explain.cards import service_code
from switch.explain.meaning import Context
from switch.message import compile_spec


def _words(path: str, value: str, mti: str = "0100", **others: str) -> str:
    known = {name.removeprefix("f"): each for name, each in others.items()}
    return meaning.in_words(path, value, Context(mti, lambda field: known.get(field, "")))


@pytest.mark.parametrize(
    ("path", "value", "mti", "words"),
    [
        ("2", "4111111111111111", "0100", "Visa, 16 digits, check digit right"),
        ("2", "5555555555554445", "0100", "Mastercard, 16 digits, check digit wrong"),
        ("3", "012000", "0100", "cash withdrawal, from cheque (current), to default"),
        ("3", "200030", "0200", "return of goods (refund), from default, to credit"),
        ("3", "990000", "0200", "private transaction type, from default, to default"),
        ("7", "0611191024", "0100", "06-11 19:10:24 UTC"),
        ("7", "1399191024", "0100", "no such date or time"),
        ("9", "61234567", "0100", "1.234567"),
        ("9", "01234567", "0100", "1234567"),
        ("12", "235959", "0100", "23:59:59"),
        ("12", "260611211024", "1100", "2026-06-11 21:10:24"),
        ("13", "0229", "0100", "02-29"),
        ("13", "2612", "1100", "2026-12"),
        ("14", "3012", "0100", "2030-12"),
        ("14", "0000", "0100", "none given"),
        ("15", "260612", "1100", "2026-06-12"),
        ("18", "5411", "0100", "Groceries and supermarkets"),
        ("18", "3005", "0100", "Airlines"),
        ("19", "276", "0100", "Germany"),
        ("22", "051", "0100", "chip, can enter PIN"),
        ("22", "0710", "0100", "contactless chip, can enter PIN"),
        ("22", "902", "0100", "magnetic stripe, full track unaltered, cannot enter PIN"),
        ("24", "831", "1804", "echo test"),
        ("24", "003", "0200", ""),
        ("25", "08", "0100", "mail or telephone order"),
        ("25", "4021", "1420", "timeout waiting for response"),
        ("26", "5411", "1100", "Groceries and supermarkets"),
        ("26", "12", "0100", "12 digits"),
        ("39", "51", "0110", "not sufficient funds"),
        ("39", "1A", "0110", "additional authentication required"),
        ("39", "116", "1110", "not sufficient funds"),
        ("39", "400", "1430", "reversal accepted"),
        ("40", "201", "0100", "international, chip; normal authorisation; no restrictions"),
        ("43", f"{'A SHOP':<25}{'BERLIN':<13}DE", "0100", "Germany"),
        ("43", f"{'A SHOP':<22} {'BERLIN':<13} DEU"[:40], "0100", "Germany"),
        ("49", "978", "0100", "EUR"),
        ("49", "0840", "0100", "USD"),
        ("66", "1", "0510", "in balance"),
        ("70", "301", "0800", "echo test"),
        ("70", "276", "1804", "Germany"),
        ("91", "3", "0302", "delete"),
        ("60", "anything", "0100", ""),
    ],
)
def test_a_field_is_put_into_words(path, value, mti, words):
    assert _words(path, value, mti) == words


def test_amounts_have_the_decimals_of_their_currency():
    assert _words("4", "000000001234", f49="978") == "12.34 EUR"
    assert _words("4", "000000001234", f49="392") == "1,234 JPY"
    assert _words("4", "000000001234", f49="048") == "1.234 BHD"
    assert _words("5", "000000001234", f49="978", f50="392") == "1,234 JPY"
    assert _words("4", "000000001234") == "1234 minor units"
    assert _words("28", "D00000050", f49="978") == "0.50 EUR debit"


def _parts(path: str, value: str, mti: str = "0100", *, masked: bool = True) -> list[tuple[str, str, str]]:
    context = Context(mti, lambda field: {"49": "978"}.get(field, ""), masked)
    return [(part.name, part.value, part.meaning) for part in meaning.parts(path, value, context)]


def test_additional_amounts_are_taken_apart():
    assert _parts("54", "1002978D0000000005003001840C000000010000") == [
        ("Available balance", "1002978D000000000500", "5.00 EUR debit, account: savings"),
        ("Ledger balance", "3001840C000000010000", "100.00 USD credit, account: credit"),
    ]


def test_original_data_elements_are_taken_apart():
    found = _parts("90", "020000000106111910240000012345600000000000")
    assert found[0] == ("Original message type", "0200", "financial request, acquirer (1987)")
    assert found[2] == ("Original transmission time", "0611191024", "06-11 19:10:24 UTC")
    assert found[3] == ("Original acquirer", "00000123456", "")
    found = _parts("56", "120000000126061121102406123456", "1420")
    assert found[0] == ("Original message type", "1200", "financial request, acquirer (1993)")
    assert found[2][2] == "2026-06-11 21:10:24"


def test_the_twelve_positions_of_1993_are_named():
    found = _parts("22", "510101513344", "1100")
    assert found[0] == ("card data input capability", "5", "chip")
    assert found[7] == ("cardholder authentication method", "1", "PIN")
    assert len(found) == 12


def test_a_track_is_taken_apart_without_what_is_secret():
    found = _parts("35", "4111111111111111=30122019876543210")
    assert found == [
        ("Primary account number", "411111******1111", "Visa, 16 digits, check digit right"),
        ("Expiration date", "3012", "2030-12"),
        ("Service code", "201", "international, chip; normal authorisation; no restrictions"),
        ("Discretionary data", "[10 characters removed]", ""),
    ]
    assert _parts("35", "4111111111111111D30122019876543210", masked=False)[3][1] == "9876543210"
    assert _parts("35", "4111111111111111===")[1:3] == [
        ("Expiration date", "=", "not on the track"),
        ("Service code", "=", "not on the track"),
    ]
    track1 = _parts("45", "B4111111111111111^DOE/JANE^30122010000")
    assert ("Cardholder name", "[8 characters removed]", "") in track1


def test_replacement_amounts_are_taken_apart():
    assert _parts("95", "000000000500000000000000D00000000D00000000")[0] == (
        "Actual amount, transaction", "000000000500", "5.00 EUR",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        ("9F27", "80", "ARQC, online"),
        ("9F27", "00", "AAC, declined"),
        ("9F27", "4A", "TC, approved, advice required, PIN try limit exceeded"),
        ("9F34", "420300", "enciphered PIN verified online, else the next one; if the terminal supports it; unknown"),
        ("9F34", "1E0302", "signature; if the terminal supports it; successful"),
        ("9F34", "3F0000", "none performed; always; unknown"),
        ("9F34", "1E03", "expected 3 bytes"),
        ("9F35", "22", "merchant, attended, offline with online capability"),
        ("9F36", "001A", "26"),
        ("9C", "01", "cash withdrawal"),
        ("9A", "260611", "2026-06-11"),
        ("5F2A", "0978", "EUR"),
        ("9F1A", "0276", "Germany"),
        ("9F02", "000000001234", "12.34 EUR"),
        ("84", "A0000000031010", "Visa"),
        ("8A", "3030", '"00" approved'),
        ("8A", "5A33", '"Z3" unable to go online, offline declined'),
        ("9F39", "05", "chip"),
        ("95", "0000000000", "all clear"),
        ("50", "56495341", '"VISA"'),
        ("9F33", "E0F8C8", ""),
    ],
)
def test_a_tag_is_put_into_words(tag, value, words):
    assert emv.in_words(tag, value, "978") == words


def _bits(tag: str, value: str) -> list[tuple[str, str]]:
    return [(part.name, part.meaning) for part in emv.parts(tag, value, masked=True)]


def test_bits_are_named_by_byte_and_bit():
    assert _bits("95", "8000048001") == [
        ("byte 1 bit 8", "offline data authentication was not performed"),
        ("byte 3 bit 3", "online PIN entered"),
        ("byte 4 bit 8", "transaction exceeds floor limit"),
        ("byte 5 bit 1", "reserved"),
    ]
    assert _bits("9B", "E800") == [
        ("byte 1 bit 8", "offline data authentication was performed"),
        ("byte 1 bit 7", "cardholder verification was performed"),
        ("byte 1 bit 6", "card risk management was performed"),
        ("byte 1 bit 4", "terminal risk management was performed"),
    ]
    assert ("byte 1 bit 5", "cardholder verification supported") in _bits("82", "1980")
    assert ("byte 1 bit 1", "at terminals other than ATMs") in _bits("9F07", "FF80")
    assert ("byte 2 bit 7", "enciphered PIN for online verification") in _bits("9F33", "E0F8C8")
    assert ("byte 3 bit 8", "numeric keys") in _bits("9F40", "6000F0A001")
    assert ("byte 1 bit 8", "offline data authentication was not performed") in _bits("9F0F", "8000000000")
    assert _bits("95", "zz") == []


def test_every_tag_of_the_table_has_a_mask_and_only_known_ones_are_shown():
    known = tables.load("emv")
    assert set(known["secret"]) <= set(known["tags"])
    assert emv.mask("95") == "show"
    assert emv.mask("9F26") == "remove"
    assert emv.mask("5A") == "pan"
    assert emv.mask("57") == "track"
    assert emv.mask("DF8129") == "remove"


def test_tables_have_their_public_entries():
    assert tables.category("5812") == "Eating places and restaurants"
    assert tables.category("3700") == "Lodging"
    assert tables.category("0001") == ""
    assert tables.country("USA") == tables.country("840") == tables.country("US") == "United States"
    assert tables.currency("000") == ""
    assert service_code("999") == "test; reserved; reserved"
    assert service_code("20") == ""


def test_message_types_are_put_into_words():
    assert meaning.mti_in_words("1421") == "reversal advice, acquirer, repeat (1993)"
    assert meaning.mti_in_words("0800") == "network management request, acquirer (1987)"


def test_a_message_is_shown_field_by_field_with_places(purchase, read):
    (message,) = read(purchase)
    nodes = {node.path: node for node in message.nodes}
    assert (nodes["length"].offset, nodes["length"].length) == (0, 2)
    assert (nodes["t"].offset, nodes["t"].raw) == (2, "30323030")
    assert nodes["p"].meaning == "fields 2 3 4 7 11 12 13 18 22 25 32 35 37 41 42 48 49 52 55"
    for node in message.nodes:
        if node.raw is not None and "*" not in node.raw:
            assert node.offset is not None and node.length is not None
            assert purchase[node.offset : node.offset + node.length].hex() == node.raw
    assert (nodes["4"].value, nodes["4"].meaning) == ("000000001234", "12.34 EUR")
    # One field begins where the one before it ends.
    tops = [node for node in message.nodes if node.depth == 0]
    assert [node.offset for node in tops[1:]] == [node.offset + node.length for node in tops[:-1]]
    assert tops[-1].offset + tops[-1].length == len(purchase)


def test_chip_data_is_shown_tag_by_tag_with_bits_and_places(purchase, read):
    (message,) = read(purchase)
    nodes = {node.path: node for node in message.nodes}
    assert nodes["55.9F27"].meaning == "ARQC, online"
    assert nodes["55.95[1]"].meaning == "transaction exceeds floor limit"
    assert nodes["55.9F02"].meaning == "12.34 EUR"
    assert nodes["55.9F26"].value == "[removed]"
    at = purchase.index(b"9F2701")
    assert nodes["55.9F27"].offset in (at, None)


def test_parts_of_a_field_have_meanings_of_their_own(codec, meanings):
    fields = {"t": "0400", "3": "012000", "7": "0611191024", "22": "071", "49": "978", "54": "1002392C000000000500"}
    found = meanings(
        codec("pos-1987-ascii").encode({**fields, "90": "020000000106111910240000012345600000000000"}),
        spec="pos-1987-ascii",
    )
    assert found["3.1"] == ("01", "cash withdrawal")
    assert found["3.2"] == ("20", "cheque (current)")
    assert found["22.1"] == ("07", "contactless chip")
    assert found["22.2"] == ("1", "can enter PIN")
    assert found["54.1.type"] == ("02", "available balance")
    assert found["54.1.currency"] == ("392", "JPY")
    assert found["54.1.sign"] == ("C", "credit")
    # The currency beside it, not the one of the transaction.
    assert found["54.1.amount"] == ("000000000500", "500 JPY")
    assert found["90.mti"] == ("0200", "financial request, acquirer (1987)")
    assert found["90.transmission"] == ("0611191024", "06-11 19:10:24 UTC")


def test_the_positions_of_1993_have_meanings(codec, meanings):
    data = codec("iso-1993-ascii").encode({"t": "1200", "12": "260611211024", "22": "510101513344", "24": "200"})
    found = meanings(data, spec="iso-1993-ascii")
    assert found["22.1"] == ("5", "chip")
    assert found["22.8"] == ("1", "PIN")
    assert found["24"] == ("200", "original financial transaction")


def test_a_spec_s_own_meanings_go_first_and_hidden_values_have_none(codec):
    fields = codec("pos-1987-ascii").spec.fields
    own = compile_spec(
        {**fields, "25": {**fields["25"], "values": {"00": "as usual"}}, "40": {**fields["40"], "mask": "remove"}}
    )
    data = own.encode({"t": "0100", "7": "0611191024", "25": "00", "40": "201"})
    (message,) = explain(data, Settings((own,)))
    found = {node.path: (node.value, node.meaning) for node in message.nodes}
    assert found["25"] == ("00", "as usual")
    assert found["40"] == ("[removed]", "")
