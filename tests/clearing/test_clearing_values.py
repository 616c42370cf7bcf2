"""What the fields say, where the journal's values are odd, and that any amount in any currency comes through."""

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from iso4217 import Currency

from switch import countries
from switch.cardnumbers import luhn_valid
from switch.clearing import (
    ClearingError,
    ClearingSettings,
    compare,
    file_totals,
    read_base2,
    read_ipm,
    write_batch,
)
from switch.clearing.currency import exponent, show_amount
from switch.crypto.datakeys import DataKeys
from switch.journal.reader import open_reader


@pytest.fixture
def ipm_detail(book, clear):
    """ipm_detail(**fields of a sale): its record."""

    def make(**changes):
        book.sale("mastercard", **changes)
        return list(read_ipm(clear()["mastercard"].path))[1]

    return make


@pytest.fixture
def draft(book, clear):
    """draft(**fields of a sale): the columns of its TCR0 and TCR1 together."""

    def make(**changes):
        book.sale("visa", **changes)
        records = list(read_base2(clear()["visa"].path))
        return records[1].columns | records[2].columns

    return make


# -- reference numbers


def test_the_reference_number_is_bin_business_date_transaction_and_check_digit(ipm_detail):
    reference = ipm_detail(business_date="2032-12-31").fields["31"]
    assert reference[:11] == "2" + "500001" + "2366"  # 2032 is a leap year
    assert (reference[11:22], len(reference)) == ("00000000001", 23)
    assert luhn_valid(reference)


def test_reference_numbers_are_unique_within_a_batch(book, clear):
    for _ in range(50):
        book.sale("visa")
    references = [r.columns["acquirer_reference_number"] for r in read_base2(clear()["visa"].path) if r.pan]
    assert len(set(references)) == 50
    assert all(luhn_valid(reference) for reference in references)


def test_references_and_trailers_carry_the_acquirers_own_numbers(book, clear):
    settings = ClearingSettings(
        visa_bin="455555", mastercard_bin="522222", business_id="87654321", endpoint="333", originator="4444",
        forwarder="55555", arn_format="7", settlement_flag="8",
    )  # fmt: skip
    book.sale("visa")
    book.sale("mastercard")
    files = clear(settings=settings)
    header, detail, trailer = read_ipm(files["mastercard"].path)
    assert header.pds["0105"][9:20] == trailer.pds["0105"][9:20] == "00000000333"
    assert (detail.fields["94"], detail.fields["33"], detail.fields["31"][:7]) == ("4444", "55555", "7522222")
    head, tcr0, _, _, tc91, tc92 = read_base2(files["visa"].path)
    assert {record.columns["processing_bin"] for record in (head, tc91, tc92)} == {"455555"}
    assert (tcr0.columns["acquirer_business_id"], tcr0.columns["settlement_flag"]) == ("87654321", "8")
    assert tcr0.columns["acquirer_reference_number"].startswith("7455555")


# -- dates


@pytest.mark.parametrize("odd", [{"local_date": "0230"}, {"local_time": "246060"}, {"local_date": ""}, {"year": ""}])
def test_a_terminal_clock_that_is_none_is_replaced_by_the_switchs(ipm_detail, odd):
    assert ipm_detail(**odd).fields["12"] == "301124120000"


def test_a_terminal_clock_that_is_none_gives_a_purchase_date_all_the_same(draft):
    assert draft(local_date="9999")["purchase_date"] == "1124"


def test_a_year_of_four_digits_is_understood(ipm_detail):
    assert ipm_detail(year="2030").fields["12"] == "301123130501"


# -- names, countries, categories


def test_field_43_is_split_into_name_city_and_country(ipm_detail):
    place = "BÄCKEREI \\ MÜLLER & SÖHNE".ljust(25) + "KÖLN".ljust(13) + "DE"
    assert ipm_detail(name_location=place).fields["43"] == "BACKEREI / MULLER & SO\\ \\KOLN\\" + " " * 13 + "DEU"


def test_merchant_columns_are_plain_ascii(draft):
    columns = draft(name_location="CAFÉ\n漢字".ljust(25) + "ZÜRICH".ljust(13) + "CH", country="756")
    assert (columns["merchant_name"], columns["merchant_city"], columns["merchant_country"]) == (
        "CAFE ??",
        "ZURICH",
        "CH",
    )


def test_without_field_43_the_acceptor_is_the_name(draft):
    assert draft(name_location="")["merchant_name"] == "MERCHANT0000001"
    assert draft(name_location="", merchant_id="")["merchant_name"] == "TERM0001"


@pytest.mark.parametrize(
    ("country", "place", "expected"),
    [
        ("756", " " * 38 + "DE", "CH"),
        ("", " " * 38 + "FR", "FR"),
        ("000", " " * 38 + "??", "AT"),
        ("", "SHORT", "AT"),
    ],
)
def test_the_country_is_the_terminals_else_of_field_43_else_the_acquirers(book, clear, country, place, expected):
    book.sale("visa", country=country, name_location=place)
    records = list(read_base2(clear(settings=ClearingSettings(country="040"))["visa"].path))
    assert records[1].columns["merchant_country"] == expected


def test_a_merchant_category_that_is_none_is_the_acquirers(draft):
    assert draft(mcc="54")["merchant_category"] == "5999"


def test_all_249_countries_have_letters_and_a_number():
    codes = countries._CODES.split()
    assert len(codes) == len({code[5:] for code in codes}) == len({code[:2] for code in codes}) == 249
    assert (countries.alpha2("840"), countries.alpha3("US"), countries.alpha2("999")) == ("US", "USA", "")


def test_what_the_terminal_did_not_send_is_left_out(ipm_detail):
    assert "42" not in ipm_detail(merchant_id="").fields


def test_without_references_of_the_network_there_is_no_life_cycle_id(book, clear):
    book.end(book.transaction("mastercard"), auth_code="", references={})
    fields = list(read_ipm(clear()["mastercard"].path))[1].fields
    assert "63" not in fields and "38" not in fields


def test_chip_data_is_never_written(ipm_detail):
    assert "55" not in ipm_detail().fields


# -- field 22 and the terminal type


@pytest.mark.parametrize(
    ("changes", "code", "terminal"),
    [
        ({"entry_mode": "051"}, "519101C99001", "POI"),
        ({"entry_mode": "052"}, "509101C99000", "POI"),
        ({"entry_mode": "071"}, "M19101M99001", "POI"),
        ({"entry_mode": "901"}, "219101B99001", "POI"),
        ({"entry_mode": "810", "condition": "59"}, "099050S99001", "CT6"),
        ({"entry_mode": "010", "condition": "08"}, "699130699001", "POI"),
        ({"entry_mode": "000"}, "099101099001", "POI"),
        (
            {"entry_mode": "051", "kind": "cash", "processing_code": "010000", "mcc": "6011"},
            "519201C13001",
            "ATM",
        ),
    ],
)
def test_field_22_says_how_the_card_was_read(ipm_detail, changes, code, terminal):
    record = ipm_detail(**changes)
    assert (record.fields["22"], record.pds["0023"]) == (code, terminal)


# -- amounts


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(1234, "978", "12.34 978"), (5, "978", "0.05 978"), (98765, "392", "98765 392"), (7, "414", "0.007 414"),
     (12345, "990", "1.2345 990"), (3, "999", "3 minor units of 999")],
)  # fmt: skip
def test_amounts_are_shown_with_the_decimals_of_their_currency(amount, currency, shown):
    assert show_amount(amount, currency) == shown


def test_exponents_are_those_of_iso_4217():
    assert {code: exponent(code) for code in ("978", "392", "414", "990", "959", "000")} == {
        "978": 2, "392": 0, "414": 3, "990": 4, "959": None, "000": None,
    }  # fmt: skip


CURRENCIES = sorted({f"{currency.number:03d}" for currency in Currency if currency.exponent is not None})
KINDS = {"sale": "000000", "cash": "010000", "refund": "200000"}
SALES = st.tuples(
    st.sampled_from(["visa", "mastercard"]),
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 999_999_999_999),
    st.sampled_from(CURRENCIES),
    st.booleans(),
)


def expected_currencies(sales, network):
    expected: dict[str, tuple[int, int]] = {}
    for where, _, amount, currency, _ in sales:
        if where == network:
            count, total = expected.get(currency, (0, 0))
            expected[currency] = count + 1, total + amount
    return expected


@hypothesis_settings(max_examples=20, deadline=None)
@given(sales=st.lists(SALES, max_size=8), blocked=st.booleans())
def test_any_amounts_in_any_currencies_come_back_as_they_went_in(book_type, sales, blocked):
    """Those taken back later come back a second time, as reversals, in the second batch."""
    keys = DataKeys(bytes(range(32)), bytes(range(32, 64)))
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        book = stack.enter_context(closing(book_type(path / "journal.db", keys)))
        connection = stack.enter_context(closing(open_reader(book.path)))
        txns = [
            book.sale(network, kind=kind, processing_code=KINDS[kind], amount=amount, currency=currency)
            for network, kind, amount, currency, _ in sales
        ]
        book.close_batch()
        for txn, sale in zip(txns, sales, strict=True):
            if sale[4]:
                book.take_back(txn)
        book.close_batch()
        for batch, meant in ((1, sales), (2, [sale for sale in sales if sale[4]])):
            files = write_batch(connection, keys, batch, path / "out", ClearingSettings(blocked=blocked))
            assert compare(connection, batch, [file.path for file in files]) == []
            for file in files:
                totals = file_totals(file.path)
                assert totals.currencies == expected_currencies(meant, file.network)
                assert totals.reversals == (0 if batch == 1 else totals.presentments)


def test_the_business_date_must_be_a_date(book, clear):
    book.sale("visa", business_date="2030-02-30")
    with pytest.raises(ClearingError, match="batch 1: field business_date: expected YYYY-MM-DD"):
        clear()
