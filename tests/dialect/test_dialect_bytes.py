"""One message of each kind to the last byte, by hand from the layouts in docs/messages.rst and docs/links.rst."""

import pytest

from switch.dialect.visa import VisaDialect


def e(text):
    """EBCDIC, code page 500, in hexadecimal."""
    return text.encode("cp500").hex()


def a(text):
    return text.encode("ascii").hex()


def packed(*parts):
    return bytes.fromhex(" ".join(parts))


VISA_HEAD = ("400002 400001 00 0000 000000 00 000000 00",)  # to, from, round trip, flags, status, batch, reserved, user


def visa(*parts):
    """A frame: the header says its length."""
    message = packed(*parts)
    return packed("16 01 02", f"{22 + len(message):04x}", *VISA_HEAD) + message


def test_a_visa_purchase(subjects, purchase):
    assert (
        subjects["visa"].dialect.request(purchase()).hex()
        == visa(
            "0100",
            "f23c648128e09812 0000000000000004",  # 1 2 3 4 7 11-14 18 19 22 25 32 35 37 41-43 49 52 53 60 63, 126
            "10 4111111111111111",  # 2: 16 digits
            "000000 000000001234 0611191024 000017 211024 0611 3012",  # 3 4 7 11 12 13 14
            "5411 0276 0510 00",  # 18, 19: n3 padded, 22: 051 and a filler, 25
            "06 400001",  # 32
            "20 4111111111111111 d301220113765214",  # 35: 32 digits
            e("616219000017") + e("TERM0001") + e("MERCHANT0000001"),  # 37 41 42
            e("CORNER SHOP              BERLIN       DE"),  # 43: 25 + 13 + 2
            "0978 0123456789abcdef",  # 49, 52
            "20 01 01 01 00 000000",  # 53: zone encryption, DES, ISO format 0, key 1, PIN
            "06 000000000700",  # 60: ECI 07 in positions 9 and 10
            "05 800000 0002",  # 63: sub-field 1, network 0002
            "0e 0040000000000000" + e("11 798"),  # 126: sub-field 10
        ).hex()
    )


def test_a_visa_reversal(subjects, reversed_purchase):
    assert (
        subjects["visa"].dialect.reversal(reversed_purchase(), repeat=False).hex()
        == visa(
            "0400",
            "f23864810ce08006 0000004000000000",  # 1 2 3 4 7 11-13 18 19 22 25 32 37 38 41-43 49 62 63, 90
            "10 4111111111111111 000000 000000001234 0611191028 000019 211024 0611 5411 0276 0510 00 06 400001",
            e("616219000017") + e("A12345") + e("TERM0001") + e("MERCHANT0000001"),
            e("CORNER SHOP              BERLIN       DE"),
            "0978",
            "10 4000000000000000 0123456789012345",  # 62: transaction identifier, 15 digits in 8 bytes
            "07 a00000 0002 2502",  # 63: network, reason 2502 no answer in time
            "0100 000017 0611191024 0000040000100000000000",  # 90: DE32 and DE33 with 11 digits each
        ).hex()
    )


def test_a_visa_advice(subjects, purchase):
    kept = purchase(response_code="55", auth_code="", eci="").without_sensitive()
    assert (
        subjects["visa"].dialect.advice(kept, repeat=True).hex()
        == visa(
            "0121",
            "723c64810ae08002",  # 2 3 4 7 11-14 18 19 22 25 32 37 39 41-43 49 63
            "10 4111111111111111 000000 000000001234 0611191024 000017 211024 0611 3012 5411 0276 0510 00 06 400001",
            e("616219000017") + e("55") + e("TERM0001") + e("MERCHANT0000001"),
            e("CORNER SHOP              BERLIN       DE"),
            "0978 05 800000 0002",
        ).hex()
    )


def test_a_visa_echo(subjects):
    assert (
        subjects["visa"].dialect.management("echo", "000123", "0611191024", "26").hex()
        == visa(
            "0800 8220000008000002 0400000000000000 0611191024 000123",
            e("000000000123") + "05 800000 0002 0301",  # 37, 63, 70
        ).hex()
    )


def test_a_mastercard_purchase(subjects, purchase):
    frame = subjects["mastercard"].dialect.request(purchase())
    assert (
        frame.hex()
        == packed(
            e("0100"),
            "723c440128e19808",  # 2 3 4 7 11-14 18 22 32 35 37 41-43 48 49 52 53 61
            e("1641111111111111110000000000000012340611191024000017211024061130125411"),
            e("05106400001"),  # 22: n3
            e("324111111111111111D301220113765214"),
            e("616219000017TERM0001MERCHANT0000001"),
            e("CORNER SHOP            BERLIN        DEU"),  # 43: 22, space, 13, space, 3
            e("019R420701032109203798"),  # 48: retail, e-commerce 21 and no UCAF, CVC2
            e("978"),
            "0123456789abcdef",
            e("9701010001000000"),  # 53: PIN security, DES, ISO format 0, key 1
            e("0260000000000000276          "),  # 61
        ).hex()
    )


def test_a_mastercard_reversal(subjects, reversed_purchase):
    frame = subjects["mastercard"].dialect.reversal(reversed_purchase(reason="cancel"), repeat=True)
    assert (
        frame.hex()
        == packed(
            e("0401"),
            "f23a44010ee1800a 0000004000000000",  # 1 2 3 4 7 11-13 15 18 22 32 37-39 41-43 48 49 61 63, 90
            e("16411111111111111100000000000000123406111910280000192110240611"),
            e("0612"),  # 15: as the authorisation's answer gave it
            e("541105106400001616219000017A1234517TERM0001MERCHANT0000001"),
            e("CORNER SHOP            BERLIN        DEU001R978"),
            e("0260000000000000276          "),
            e("012MCC123456789"),  # 63: network code and Banknet reference
            e("010000001706111910240000040000100000000000"),  # 90
        ).hex()
    )


def test_a_mastercard_advice(subjects, purchase):
    kept = purchase(response_code="00", auth_code="A12345", eci="").without_sensitive()
    frame = subjects["mastercard"].dialect.advice(kept, repeat=False)
    assert (
        frame.hex()
        == packed(
            e("0120"),
            "723c44010ee18018",  # 2 3 4 7 11-14 18 22 32 37-39 41-43 48 49 60 61
            e("1641111111111111110000000000000012340611191024000017211024061130125411"),
            e("05106400001616219000017A1234500TERM0001MERCHANT0000001"),
            e("CORNER SHOP            BERLIN        DEU001R978"),
            e("0071910000"),  # 60: decided by the acquirer's system
            e("0260000000000000276          "),
        ).hex()
    )


def test_a_mastercard_sign_on(subjects):
    assert (
        subjects["mastercard"].dialect.management("sign-on", "000123", "0611191024", "26").hex()
        == packed(
            e("0800"),
            "8220000080000000 0400000000000000",
            e("061119102400012306500001061"),
        ).hex()
    )


def test_an_issuer_purchase_of_1993(subjects, purchase):
    frame = subjects["iso-1993-ascii"].dialect.request(purchase(eci="", pin_result="PV", cvv_result="M"))
    assert (
        frame.hex()
        == packed(
            a("11007234054128E19000"),  # 2 3 4 7 11 12 14 22 24 26 32 35 37 41-43 48 49 52
            a("1641111111111111110000000000000012340611191024000017"),
            a("260611211024"),  # 12: YYMMDDhhmmss
            a("3012"),
            a("010101513001"),  # 22: attended, both there, chip, PIN, by the authorising agent
            a("1005411"),  # 24, 26
            a("06400001324111111111111111=301220113765214"),
            a("616219000017TERM0001MERCHANT0000001"),
            a("36CORNER SHOP\\\\BERLIN\\             DEU"),
            a("0188002PV8701M9203798"),  # 48
            a("9780123456789ABCDEF"),
        ).hex()
    )


def test_an_issuer_reversal_of_1993(subjects, reversed_purchase):
    frame = subjects["iso-1993-ascii"].dialect.reversal(reversed_purchase(), repeat=False)
    assert (
        frame.hex()
        == packed(
            a("1420723005C10CE08100"),  # 2 3 4 7 11 12 22 24 25 26 32 37 38 41-43 49 56
            a("1641111111111111110000000000000012340611191028000019260611211024"),
            a("01010150000140040215411"),  # 22, 24 full reversal, 25 timeout, 26
            a("06400001616219000017A12345TERM0001MERCHANT0000001"),
            a("36CORNER SHOP\\\\BERLIN\\             DEU978"),
            a("30110000001726061121102406400001"),  # 56
        ).hex()
    )


def test_an_issuer_advice_of_1993(subjects, purchase):
    kept = purchase(response_code="55", pin_result="PI", pin_tries=2, eci="").without_sensitive()
    frame = subjects["iso-1993-ascii"].dialect.advice(kept, repeat=True)
    assert (
        frame.hex()
        == packed(
            a("1121723405410AE18000"),  # 2 3 4 7 11 12 14 22 24 26 32 37 39 41-43 48 49
            a("16411111111111111100000000000000123406111910240000172606112110243012"),
            a("010101513001100541106400001616219000017117TERM0001MERCHANT0000001"),
            a("36CORNER SHOP\\\\BERLIN\\             DEU"),
            a("0128002PI810202978"),
        ).hex()
    )


def test_an_issuer_sign_off_of_1993(subjects):
    assert (
        subjects["iso-1993-ascii"].dialect.management("sign-off", "000123", "0611191024", "26").hex()
        == packed(
            a("180402300100000000000611191024000123260611191024802")  # 7 11 12 24
        ).hex()
    )


@pytest.mark.parametrize(("mode", "value"), [("n4", "0510"), ("n3", "0051")])
def test_visa_s_entry_mode_has_a_filler_behind_it_or_is_packed_to_the_right(purchase, mode, value):
    dialect = VisaDialect(entry_mode=mode)
    assert dialect.codec.view(dialect.request(purchase()), 22)["22"] == value


@pytest.mark.parametrize("options", [{"source": "12345"}, {"destination": "12345x"}, {"entry_mode": "n5"}])
def test_options_that_visa_cannot_use_are_refused_at_the_start(options):
    with pytest.raises(ValueError, match=r"^visa: .*expected"):
        VisaDialect(**options)
