"""What each interface says about merchant, entry mode, cash, refunds and card data, case by case."""

import pytest

from switch import countries
from switch.dialect.visa import VisaDialect
from switch.message import MessageError


@pytest.fixture(scope="session")
def sent(subjects):
    """A path of the request that a dialect makes of a payment."""

    def value(name, path, payment, message="request"):
        subject = subjects[name]
        make = getattr(subject.dialect, message)
        frame = make(payment) if message == "request" else make(payment, repeat=False)
        return subject.dialect.codec.view(frame, subject.start).get(path)

    return value


# -- field 43 and the country


@pytest.mark.parametrize(
    ("name_location", "country", "visa", "mastercard", "iso1993"),
    [
        (
            f"{'A VERY LONG SHOP NAME 012'}{'MUENCHEN SUED'}DE",
            "276",
            "A VERY LONG SHOP NAME 012MUENCHEN SUEDDE",
            "A VERY LONG SHOP NAME  MUENCHEN SUED DEU",
            "A VERY LONG SHOP NAME 012\\\\MUENCHEN SUED\\             DEU",
        ),
        ("SHOP", "250", f"{'SHOP':38}FR", f"{'SHOP':37}FRA", f"SHOP\\\\\\{' ' * 13}FRA"),
        (f"{'SHOP':25}{'CITY':13}AT", "", f"{'SHOP':25}{'CITY':13}AT", f"{'SHOP':23}{'CITY':14}AUT", None),
        (f"{'SHOP':25}{'CITY':13}AT", "276", f"{'SHOP':25}{'CITY':13}DE", f"{'SHOP':23}{'CITY':14}DEU", None),
        (f"{'SHOP':25}{'CITY':13}??", "999", f"{'SHOP':25}{'CITY':13}  ", f"{'SHOP':23}{'CITY':14}   ", None),
        (f"{'A/B':25}{'C':13}DE", "276", None, None, f"A/B\\\\C\\{' ' * 13}DEU"),
        (f"{chr(92) + 'A':25}{'C':13}DE", "276", None, None, f"/A\\\\C\\{' ' * 13}DEU"),
    ],
)
def test_field_43_is_laid_out_as_each_interface_has_it(
    sent, purchase, name_location, country, visa, mastercard, iso1993
):
    payment = purchase(name_location=name_location, country=country)
    for name, expected in (("visa", visa), ("mastercard", mastercard), ("iso-1993-ascii", iso1993)):
        if expected is not None:
            assert sent(name, "43", payment) == expected


def test_field_19_is_the_acquirer_s_country_and_field_61_the_terminal_s(sent, purchase):
    payment = purchase(country="250")
    assert sent("visa", "19", payment) == "276"
    assert sent("mastercard", "61.13", payment) == "250"
    assert sent("mastercard", "61.13", purchase(country="")) == "276"
    dialect = VisaDialect(country="040")
    assert dialect.codec.view(dialect.request(payment), 22)["19"] == "040"


def test_countries_have_their_letters_and_numbers():
    assert [countries.alpha2(number) for number in ("276", "840", "036", "000", "")] == ["DE", "US", "AU", "", ""]
    assert [countries.alpha3(letters) for letters in ("DE", "GB", "XX", "")] == ["DEU", "GBR", "", ""]


# -- entry mode


@pytest.mark.parametrize(
    ("mode", "condition", "visa", "mastercard", "input_mode"),
    [
        ("051", "00", "0510", "051", "5"),
        ("901", "00", "9010", "901", "2"),
        ("021", "00", "0210", "021", "2"),
        ("071", "00", "0710", "071", "5"),
        ("012", "00", "0120", "012", "6"),  # keyed, card and cardholder there
        ("012", "08", "0120", "012", "6"),  # keyed, by telephone
        ("812", "59", "0120", "812", "S"),  # internet: each network has its own code
        ("012", "59", "0120", "812", "S"),
        ("000", "59", "0100", "810", "S"),
        ("05", "00", "0500", "050", "5"),
        ("", "00", "0000", "000", "0"),
    ],
)
def test_the_entry_mode_of_a_terminal_becomes_that_of_the_interface(
    sent, purchase, mode, condition, visa, mastercard, input_mode
):
    payment = purchase(entry_mode=mode, condition=condition)
    assert (sent("visa", "22", payment), sent("mastercard", "22", payment)) == (visa, mastercard)
    code = sent("iso-1993-ascii", "22", payment)
    assert len(code) == 12 and code[6] == input_mode


@pytest.mark.parametrize(
    ("mode", "condition", "mcc", "positions"),
    [
        # environment, cardholder, card
        ("051", "00", "5411", "101"),
        ("051", "00", "6011", "201"),
        ("012", "08", "5411", "130"),
        ("812", "59", "5999", "550"),
        ("012", "05", "5411", "100"),
    ],
)
def test_1993_says_where_the_payment_was_made_and_who_was_there(sent, purchase, mode, condition, mcc, positions):
    payment = purchase(entry_mode=mode, condition=condition, mcc=mcc)
    assert sent("iso-1993-ascii", "22", payment)[3:6] == positions


def test_1993_says_that_the_pin_is_for_the_issuer_or_was_verified(sent, purchase):
    assert sent("iso-1993-ascii", "22", purchase())[7:9] == "13"
    assert sent("iso-1993-ascii", "22", purchase(pin_block="", pin_result="PV"))[7:9] == "13"
    assert sent("iso-1993-ascii", "22", purchase(pin_block=""))[7:9] == "00"


# -- Mastercard 48 and 61


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({}, "R"),
        ({"processing_code": "200000"}, "R"),
        ({"processing_code": "090000"}, "R"),
        ({"processing_code": "010000", "mcc": "6011"}, "Z"),
        ({"processing_code": "010000", "mcc": "6010"}, "C"),
        ({"condition": "08", "entry_mode": "012"}, "T"),
        ({"condition": "59", "entry_mode": "812"}, "T"),
        ({"condition": "00", "entry_mode": "012"}, "R"),
    ],
)
def test_the_category_code_follows_the_kind_of_payment_in_every_message_about_it(
    sent, purchase, reversed_purchase, changes, category
):
    assert sent("mastercard", "48.0", purchase(**changes)) == category
    assert sent("mastercard", "48.0", reversed_purchase(**changes), "reversal") == category
    assert sent("mastercard", "48.0", purchase(response_code="55", **changes), "advice") == category


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({}, "0000000000000276"),
        ({"mcc": "6011"}, "1000000001000276"),
        ({"condition": "59", "entry_mode": "812"}, "1025100006000276"),
        ({"condition": "08", "entry_mode": "012"}, "0003100000000276"),
        ({"condition": "05"}, "0000100000000276"),
    ],
)
def test_the_pos_data_of_mastercard_say_who_was_there(sent, purchase, changes, data):
    assert sent("mastercard", "61", purchase(**changes)) == data + " " * 10


@pytest.mark.parametrize(("eci", "level"), [("02", "212"), ("05", "212"), ("06", "211"), ("01", "211"), ("07", "210")])
def test_the_e_commerce_level_of_mastercard(sent, purchase, eci, level):
    assert sent("mastercard", "48.42", purchase(eci=eci)) == f"0103{level}"


def test_a_payment_that_is_no_e_commerce_has_no_level(sent, purchase):
    assert sent("mastercard", "48.42", purchase(eci="")) is None
    assert sent("visa", "60", purchase(eci="")) == "000000000000"


# -- card data


def test_the_cvv2_is_right_aligned_for_visa_and_plain_elsewhere(sent, purchase):
    assert sent("visa", "126.10", purchase(cvv2="798")) == "11 798"
    assert sent("visa", "126.10", purchase(cvv2="7981")) == "117981"
    assert sent("mastercard", "48.92", purchase()) == sent("iso-1993-ascii", "48.92", purchase()) == "798"
    assert sent("visa", "126", purchase(cvv2="")) is None


@pytest.mark.parametrize("value", ["AAECAwQFBgcICQoLDA0ODxAREhM=", "000102030405060708090A0B0C0D0E0F10111213"])
def test_the_cavv_is_20_bytes_for_visa_whatever_its_form(sent, purchase, value):
    assert sent("visa", "126.9", purchase(cavv=value)) == "000102030405060708090A0B0C0D0E0F10111213"


@pytest.mark.parametrize("value", ["AAAA", "not base64 at all ....", "Ä" * 28])
def test_a_cavv_of_another_form_is_refused(subjects, purchase, value):
    with pytest.raises(MessageError, match=r"field 126\.9: expected 20 bytes"):
        subjects["visa"].dialect.request(purchase(cavv=value))


def test_the_ucaf_goes_to_mastercard_as_it_came(sent, purchase):
    assert sent("mastercard", "48.43", purchase(cavv="AAABBBCCCDDDEEEFFFGGGHHHIII=")) == "AAABBBCCCDDDEEEFFFGGGHHHIII="


def test_tracks_have_the_separator_of_the_wire(sent, purchase):
    assert sent("visa", "35", purchase())[16] == sent("mastercard", "35", purchase())[16] == "D"
    assert sent("iso-1993-ascii", "35", purchase())[16] == "="


def test_field_53_goes_with_a_pin_block_only(sent, purchase):
    for name in ("visa", "mastercard"):
        assert len(sent(name, "53", purchase())) == 16
        assert sent(name, "53", purchase(pin_block="")) is None


# -- reversals


@pytest.mark.parametrize(
    ("reason", "visa", "mastercard", "iso1993"), [("cancel", "2501", "17", "4000"), ("timeout", "2502", "68", "4021")]
)
def test_the_reason_of_a_reversal_in_each_interface(sent, reversed_purchase, reason, visa, mastercard, iso1993):
    payment = reversed_purchase(reason=reason)
    assert sent("visa", "63.3", payment, "reversal") == visa
    assert sent("mastercard", "39", payment, "reversal") == mastercard
    assert sent("iso-1993-ascii", "25", payment, "reversal") == iso1993


def test_a_reversal_without_a_known_reason_is_refused(subject, reversed_purchase):
    with pytest.raises(MessageError, match="expected a reversal for cancel or timeout"):
        subject.dialect.reversal(reversed_purchase(reason="whim"), repeat=False)


def test_a_reversal_names_its_original_by_what_the_request_carried(subject, purchase, reversed_purchase):
    request = subject.dialect.codec.view(subject.dialect.request(purchase()), subject.start)
    reversal = subject.dialect.codec.view(subject.dialect.reversal(reversed_purchase(), repeat=False), subject.start)
    for field in ("2", "3", "4", "12", "13", "18", "32", "37", "41", "42", "43", "49", "61"):
        assert reversal.get(field) == request.get(field)
    if subject.spec == "iso-1993-ascii":
        assert reversal["56"] == f"{request.mti}{request['11']}{request['12']}06{request['32']}"
    else:
        assert reversal["90"] == f"{request.mti}{request['11']}{request['7']}{request['32']:0>11}{'0' * 11}"


def test_what_the_network_gave_returns_in_the_reversal(sent, reversed_purchase):
    assert sent("visa", "62.2", reversed_purchase(), "reversal") == "123456789012345"
    assert sent("mastercard", "63", reversed_purchase(), "reversal") == "MCC123456789"
    assert sent("mastercard", "15", reversed_purchase(), "reversal") == "0612"
    assert sent("visa", "62", reversed_purchase(references={}), "reversal") is None
    assert sent("mastercard", "63", reversed_purchase(references={}), "reversal") is None


# -- refunds, balances, captured sales


def test_a_refund_is_an_authorisation_with_processing_code_20(sent, subjects, purchase):
    refund = purchase(processing_code="200000")
    for name, mti in (("visa", "0100"), ("mastercard", "0100"), ("iso-1993-ascii", "1100")):
        subject = subjects[name]
        view = subject.dialect.codec.view(subject.dialect.request(refund), subject.start)
        assert (view.mti, view["3"]) == (mti, "200000")


def test_a_captured_sale_leaves_as_an_authorisation_with_the_function_code_of_one(sent, purchase):
    assert sent("iso-1993-ascii", "24", purchase(financial=True)) == "100"
    assert sent("iso-1993-ascii", "24", purchase(financial=False)) == "100"


@pytest.mark.parametrize("currency", ["EUR", "97", "9788", "٩٧٨"])
def test_a_currency_in_letters_does_not_reach_a_host(subject, purchase, currency):
    with pytest.raises(MessageError, match="field 49: expected 3 digits"):
        subject.dialect.request(purchase(currency=currency))


@pytest.mark.parametrize("amount", [-1, 10**12])
def test_an_amount_that_does_not_fit_is_refused(subject, purchase, amount):
    with pytest.raises(MessageError, match="field 4: expected 0 to 12 digits"):
        subject.dialect.request(purchase(amount=amount))


def test_a_short_retrieval_reference_is_filled_up(sent, purchase):
    assert sent("mastercard", "37", purchase(rrn="ABC")) == "ABC         "
