"""Private fields: to their elements where they have the public form, left whole where they have another."""

from collections.abc import Callable

import pytest

from switch.message import Codec, describe, load_spec

Shipped = Callable[[str], Codec]
HEADS = {"pos-1987-bcd": {"h": "6000030001"}, "amex-1993-ebcdic": {"h": "F1" * 9}}


def _read(codec: Codec, mti: str, **fields: str) -> dict[str, str | None]:
    """All elements of `fields` (f60 ...), read from the bytes of a message that has them."""
    given = {key[1:]: value for key, value in fields.items()}
    view = codec.view(codec.encode({**HEADS.get(codec.name, {}), "t": mti, **given}))
    view.check()
    assert {key: view[key] for key in given} == given
    return {path: view.get(path) for path in view.paths() if "." in path}


@pytest.mark.parametrize("name", ["iso-1987-ascii", "iso-1987-bcd"])
def test_security_control_information_of_1987_has_its_pairs(name: str, shipped: Shipped) -> None:
    assert _read(shipped(name), "0200", f53="2001010200000000") == {
        "53.1": "20",
        "53.2": "01",
        "53.3": "01",
        "53.4": "02",
        "53.5": "00",
        "53.6": "000000",
    }


def test_an_invoice_number_is_shown_and_the_keys_of_a_logon_are_not(shipped: Shipped) -> None:
    codec = shipped("pos-1987-bcd")
    assert _read(codec, "0200", f62="000077") == {"62.invoice": "000077"}
    keys = "00" + "ABCDEFGHIJKLMNOP"
    assert _read(codec, "0810", f62=keys) == {}
    shown = {}
    for value in ("000077", keys):
        view = codec.view(codec.encode({**HEADS["pos-1987-bcd"], "t": "0810", "62": value}))
        shown[value] = " ".join(line.value for line in describe(view))
    assert "000077" in shown["000077"]
    assert "ABCDEFGH" not in shown[keys]


def _table(name: str, text: str) -> str:
    """A table of field 63: two bytes of packed length over name and text."""
    return f"{len(name + text):04d}" + (name + text).encode("latin-1").hex().upper()


def test_the_tables_of_a_packed_terminal_are_named_and_taken_apart(shipped: Shipped) -> None:
    codec = shipped("pos-1987-bcd")
    tables = {
        "10": "0001" + "TILL",
        "16": "1" + "1" + " 123",
        "20": "A" + "123456789012345" + "WXYZ" + "00" + "90",
        "22": "APPROVED".ljust(40),
        "33": "FFFF9876543210E00001",
        "37": "000042",
        "73": "1" + "000000000100" + "PO-7".ljust(17),
        "DI": "002",
    }
    found = _read(codec, "0200", f63="".join(_table(name, text) for name, text in tables.items()))
    read = {path: value for path, value in found.items() if path.count(".") == 2}
    assert read == {
        "63.3130.cashier": "0001",
        "63.3130.till": "TILL",
        "63.3136.indicator": "1",
        "63.3136.response": "1",
        "63.3136.cvv2": " 123",
        "63.3230.indicator": "A",
        "63.3230.transaction_id": "123456789012345",
        "63.3230.validation": "WXYZ",
        "63.3230.response": "00",
        "63.3230.entry_mode": "90",
        "63.3733.optional_id": "1",
        "63.3733.optional_amount": "000000000100",
        "63.3733.order": "PO-7".ljust(17),
    }
    assert (found["63.3333"], found["63.3337"], found["63.4449"]) == ("FFFF9876543210E00001", "000042", "303032")


def test_a_cvv2_and_an_address_in_a_table_are_hidden(shipped: Shipped) -> None:
    codec = shipped("pos-1987-bcd")
    value = _table("16", "11 739") + _table("54", "90210    ELM STREET 5")
    view = codec.view(codec.encode({**HEADS["pos-1987-bcd"], "t": "0200", "63": value}))
    shown = " ".join(line.value for line in describe(view))
    for secret in ("739", "373339", "ELM", b"ELM".hex().upper()):
        assert secret not in shown


def test_the_totals_of_a_settlement_are_no_tables(shipped: Shipped) -> None:
    totals = ("001" + "000000000100") + ("000" + "000000000000") * 5
    assert _read(shipped("pos-1987-bcd"), "0500", f63=totals.encode().hex().upper()) == {}


def _dataset(name: str, **tags: str) -> str:
    inside = "".join(f"{tag[1:]}{len(value) // 2:02X}{value}" for tag, value in tags.items())
    return f"{name}{len(inside) // 2:04X}{inside}"


def _ebcdic(text: str) -> str:
    return text.encode("cp500").hex().upper()


def test_visa_s_datasets_are_read_to_their_tags_and_hide_what_nobody_published(shipped: Shipped) -> None:
    codec = shipped("visa")
    transaction = (
        _dataset("57", t01=_ebcdic("AA"))
        + _dataset("56", t81=_ebcdic("ACME LTD"), t02=_ebcdic("SECRET"))
        + _dataset("5D", t82=_ebcdic("PLAN000001"))
        + _dataset("5F", t02=_ebcdic("4761730000000011"))
    )
    verification = _dataset("66", tC0=_ebcdic("90210")) + _dataset("68", t01=_ebcdic("4895370000000000"))
    found = _read(codec, "0100", f104=transaction, f123=verification)
    read = {path: value for path, value in found.items() if path.count(".") == 2}
    assert read == {
        "104.57.01": "AA",
        "104.56.81": "ACME LTD",
        "104.56.02": _ebcdic("SECRET"),
        "104.5D.82": "PLAN000001",
        "104.5F.02": _ebcdic("4761730000000011"),
        "123.66.C0": _ebcdic("90210"),
        "123.68.01": _ebcdic("4895370000000000"),
    }
    view = codec.view(codec.encode({"t": "0100", "104": transaction, "123": verification}))
    shown = " ".join(line.value for line in describe(view))
    assert "ACME LTD" in shown
    for secret in ("4761730000000011", "SECRET", "90210", "4895370000000000"):
        assert secret not in shown
        assert _ebcdic(secret) not in shown


def test_visa_s_fixed_form_of_an_address_is_left_whole(shipped: Shipped) -> None:
    value = _ebcdic("90210".ljust(9) + "5 ELM STREET")
    assert _read(shipped("visa"), "0100", f123=value) == {}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("iso-1987-ascii", "44 48 60 61 62 63 126"),
        ("iso-1987-bcd", "44 48 60 61 62 63 126"),
        ("pos-1987-ascii", "44 60 61 62 63 126"),
        ("pos-1987-ascii-binary", "44 60 61 62 63 126"),
        ("pos-1987-bcd", "44 60 61 126"),
        ("postilion", "44 48 53"),
        ("amex-1993-ebcdic", "44 48 62"),
    ],
)
def test_what_has_no_public_form_is_left_whole_and_the_spec_says_so(name: str, fields: str) -> None:
    spec = load_spec(name)
    assert [key for key in fields.split() if "sub" in spec.fields[key]] == []
    words = spec.about["text"].replace(",", " ").replace(".", " ").split()
    private = {"60", "61", "62", "63", "126"} if {"private", "fields"} <= set(words) else set()
    assert [key for key in fields.split() if key not in words and key not in private] == []
    assert "left whole" in spec.about["text"]
