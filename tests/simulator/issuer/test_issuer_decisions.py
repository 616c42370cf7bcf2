"""What the issuer decides, rule by rule, in the order of docs/issuers.rst."""

from datetime import UTC, datetime

import pytest

STRIPE, CHIP, MANUAL = "510101200104", "510101500104", "510010100104"


async def test_a_sale_is_approved_with_an_authorisation_code_and_lowers_the_funds(issuer, visa, make):
    card = make.card("Visa, good")
    request = make.request(card, 1234)
    view = await visa.ask(request)
    assert (view.mti, view["39"]) == ("1110", "000")
    assert len(view["38"]) == 6 and view["38"].isalnum()
    assert {name: view[name] for name in ("2", "3", "4", "7", "11", "12", "32", "37", "41", "42", "49")} == {
        name: request[name] for name in ("2", "3", "4", "7", "11", "12", "32", "37", "41", "42", "49")
    }
    assert issuer.available(card) == card["balance"] - 1234
    assert issuer.holdings() == {"978": 1234}


async def test_an_answer_never_returns_what_was_secret(visa, make):
    card = make.card("Visa, good")
    view = await visa.ask(
        make.request(card, f35=card["track2"], f48="9203" + card["cvv2"], f52=make.pin_block(card["pan"], card["pin"]))
    )
    assert view["39"] == "000"
    assert not {"14", "35", "48", "52"} & set(view.fields)


@pytest.mark.parametrize(
    ("code", "moved", "held"), [("00", -700, 700), ("09", -700, 700), ("01", -700, 700), ("20", 700, -700)]
)
async def test_the_processing_code_says_which_way_the_funds_move(issuer, visa, make, code, moved, held):
    card = make.card("Visa, good")
    assert await visa.action(make.request(card, 700, f3=f"{code}0000")) == "000"
    assert issuer.available(card) == card["balance"] + moved
    assert issuer.holdings() == {"978": held}


@pytest.mark.parametrize("code", ["30", "31"])
async def test_a_balance_inquiry_answers_the_available_funds_and_moves_nothing(issuer, visa, make, code):
    card = make.card("Visa, good")
    assert await visa.action(make.request(card, 99)) == "000"
    view = await visa.ask(make.request(card, 777, f3=f"{code}2000"))
    assert view["39"] == "000"
    assert view["54"] == f"2002978C{card['balance'] - 99:012d}"
    assert issuer.available(card) == card["balance"] - 99
    assert issuer.holdings() == {"978": 99}


async def test_an_overdrawn_account_has_a_debit_balance(visa, make):
    card = make.card("Visa, insufficient funds (51)")
    refund = make.request(card, 1000, f3="200000")
    assert await visa.action(refund) == "000"
    assert await visa.action(make.request(card, 1500)) == "000"
    assert await visa.action(make.reversal(refund)) == "400"
    assert (await visa.ask(make.request(card, 0, f3="300000")))["54"] == "0002978D000000001000"


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("Visa, insufficient funds (51)", "116"),
        ("Visa, expired (54)", "101"),
        ("Visa, blocked (05)", "100"),
        ("Visa, restricted (62)", "104"),
        ("Visa, lost (41)", "208"),
        ("Visa, stolen (43)", "209"),
    ],
)
async def test_the_state_of_a_card_declines_it(issuer, visa, make, name, action):
    card = make.card(name)
    view = await visa.ask(make.request(card, 501))
    assert view["39"] == action and "38" not in view
    assert issuer.available(card) == card["balance"]
    assert issuer.holdings() == {}


async def test_the_last_minor_unit_can_be_spent_and_not_one_more(issuer, visa, make):
    card = make.card("Visa, insufficient funds (51)")
    assert await visa.action(make.request(card, 501)) == "116"
    assert await visa.action(make.request(card, 500)) == "000"
    assert await visa.action(make.request(card, 1)) == "116"
    assert issuer.available(card) == 0


async def test_a_card_of_another_issuer_is_unknown(visa, make):
    assert await visa.action(make.request({"pan": "4242424242424242", "expiry": "3012"})) == "111"
    assert await visa.action(make.request({"pan": "4999999999999996", "expiry": "3012"})) == "111"


@pytest.mark.parametrize(("code", "action"), [("17", "115"), ("28", "115"), ("99", "115")])
async def test_an_unsupported_function_is_declined(visa, make, code, action):
    assert await visa.action(make.request(make.card("Visa, good"), f3=f"{code}0000")) == action


async def test_an_amount_of_zero_is_no_sale(visa, make):
    assert await visa.action(make.request(make.card("Visa, good"), 0)) == "110"


async def test_an_expiry_date_that_is_not_the_cards_is_declined(visa, make):
    card = make.card("Visa, good")
    assert await visa.action(make.request(card, f14="3011")) == "101"
    assert await visa.action(make.request(card, f35=card["track2"].replace("=3012", "=3111"))) == "101"
    assert await visa.action(make.request(card, f14=None)) == "000"


@pytest.mark.parametrize(
    ("moment", "action"),
    [(datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC), "000"), (datetime(2031, 1, 1, tzinfo=UTC), "101")],
)
async def test_a_card_is_good_to_the_end_of_its_month(start, make, moment, action):
    async with start(now=lambda: moment) as issuer, issuer.client() as client:
        assert await client.action(make.request(make.card("Visa, good"))) == action


@pytest.mark.parametrize(("mode", "value"), [(STRIPE, "cvv"), (CHIP, "icvv")])
async def test_the_entry_mode_chooses_the_card_value_of_the_track(visa, make, mode, value):
    card = make.card("Visa, good")
    head = card["track2"][:-3]
    assert card["cvv"] != card["icvv"]
    assert await visa.action(make.request(card, f22=mode, f35=head + card[value])) == "000"
    other = "icvv" if value == "cvv" else "cvv"
    assert await visa.action(make.request(card, f22=mode, f35=head + card[other])) == "129"


async def test_a_track_of_another_shape_cannot_be_verified(visa, make):
    card = make.card("Visa, good")
    assert await visa.action(make.request(card, f35=f"{card['pan']}=3012201")) == "129"
    assert await visa.action(make.request(card, f35=card["track2"].replace("=", "D"))) == "000"


async def test_the_pan_may_come_from_the_track_alone(issuer, visa, make):
    card = make.card("Visa, good")
    assert await visa.action(make.request(card, 5, f2=None, f35=card["track2"])) == "000"
    assert issuer.available(card) == card["balance"] - 5


async def test_the_track_of_one_card_does_not_serve_another(visa, make):
    card, other = make.card("Visa, good"), make.card("Mastercard, good")
    track = other["track2"]
    assert await visa.action(make.request(card, f35=track)) == "129"


async def test_cvv2_is_verified_with_service_code_000(visa, make):
    card = make.card("Visa, good")
    assert await visa.action(make.request(card, f22=MANUAL, f48="9203" + card["cvv2"])) == "000"
    assert await visa.action(make.request(card, f22=MANUAL, f48="9203" + card["cvv"])) == "129"
    assert await visa.action(make.request(card, f22=MANUAL, f48="9204" + card["cvv2"].rjust(4))) == "000"
    assert await visa.action(make.request(card, f22=MANUAL, f48="920279")) == "129"


async def test_of_two_card_values_both_must_be_right(visa, make):
    card = make.card("Visa, good")
    wrong = "000" if card["cvv2"] != "000" else "111"
    assert await visa.action(make.request(card, f35=card["track2"], f48="9203" + wrong)) == "129"
    assert await visa.action(make.request(card, f35=card["track2"][:-3] + wrong, f48="9203" + card["cvv2"])) == "129"
    assert await visa.action(make.request(card, f35=card["track2"], f48="9203" + card["cvv2"])) == "000"


@pytest.mark.parametrize("currency", ["999", "ABC", "051"])
async def test_a_currency_without_a_rate_is_declined(visa, make, currency):
    assert await visa.action(make.request(make.card("Visa, good"), f49=currency)) == "119"


async def test_a_foreign_amount_is_billed_in_the_accounts_currency_and_the_hold_keeps_both(issuer, visa, make):
    euro, yen, dinar = (make.card(name) for name in ("Visa, good", "Visa in JPY, good", "Mastercard in KWD, good"))
    assert await visa.action(make.request(euro, 10_000, f49="840")) == "000"  # 100 / 1.0389 = 96.2557... EUR
    assert await visa.action(make.request(yen, 100, f49="978")) == "000"  # 1 * 163.06 = 163.06 JPY
    assert await visa.action(make.request(dinar, 100, f49="978")) == "000"  # 1 * 0.3203 = 0.3203 KWD, 3 decimals
    assert issuer.available(euro) == euro["balance"] - 9626
    assert issuer.available(yen) == yen["balance"] - 163
    assert issuer.available(dinar) == dinar["balance"] - 320
    assert issuer.holdings() == {"840": 10_000, "978": 200}
    assert issuer.query("SELECT amount, currency, billed, billing_currency, rate FROM entry ORDER BY rowid") == [
        (10_000, "840", 9626, "978", "10000/10389"),
        (100, "978", 163, "392", "8153/50"),
        (100, "978", 320, "414", "3203/10000"),
    ]


async def test_the_funds_are_compared_with_the_billed_amount(visa, make):
    card = make.card("Visa, insufficient funds (51)")  # 5.00 EUR
    assert await visa.action(make.request(card, 817, f49="392")) == "116"  # 817 / 163.06 = 5.0104... EUR
    assert await visa.action(make.request(card, 816, f49="392")) == "000"  # 816 / 163.06 = 5.0043... EUR
