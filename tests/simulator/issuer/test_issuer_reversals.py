"""Repeats, reversals and advices: nothing is posted twice, nothing comes back twice, nothing late is approved."""

import pytest
import trio

from switch.dialect.canonical import Payment
from switch.dialect.iso1993 import Iso1993Dialect


async def test_a_repeat_gets_the_same_answer_and_is_posted_once(issuer, visa, make):
    card = make.card("Visa, good")
    request = make.request(card, 300)
    first = await visa.ask(request)
    for again in (request, request | {"t": "1101"}):
        assert (await visa.ask(again)).data == first.data
    assert issuer.holdings() == {"978": 300}


async def test_a_repeat_after_a_restart_and_on_another_connection_gets_the_same_answer(start, make):
    card = make.card("Visa, insufficient funds (51)")
    approved, declined = make.request(card, 300), make.request(card, 300)
    answers = []
    for _ in range(2):
        async with start() as issuer, issuer.client() as client:
            answers.append([(await client.ask(request)).data for request in (approved, declined)])
            assert issuer.available(card) == 200
    assert answers[0] == answers[1]


async def test_identical_requests_in_flight_at_the_same_time_are_one(issuer, make):
    card = make.card("Visa, good")
    request = make.request(card, 300, f52=make.pin_block(card["pan"], card["pin"]), f35=card["track2"])
    data = []

    async def one(number):
        async with issuer.client() as client:
            data.append((await client.ask(request | {"t": f"110{number % 2}"})).data)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(one, number)
    assert len(data) == 8 and len(set(data)) == 1
    assert issuer.holdings() == {"978": 300}


@pytest.mark.parametrize("field", ["7", "11", "32"])
async def test_another_number_makes_another_request(issuer, visa, make, field):
    request = make.request(make.card("Visa, good"), 300)
    assert await visa.action(request) == "000"
    assert await visa.action(request | {field: str(int(request[field]) + 1).zfill(len(request[field]))}) == "000"
    assert issuer.holdings() == {"978": 600}


async def test_the_same_numbers_on_another_listener_are_another_request(issuer, visa, on_us, make):
    request = make.request(make.card("Visa, good"), 300)
    assert [await visa.action(request), await on_us.action(request)] == ["000", "000"]
    assert issuer.holdings() == {"978": 600}


@pytest.mark.parametrize("change", [{"4": "000000000301"}, {"49": "840"}, {"3": "010000"}, {"2": "5555555555554444"}])
async def test_another_request_under_the_same_numbers_is_a_duplicate(issuer, visa, make, change):
    request = make.request(make.card("Visa, good"), 300)
    assert await visa.action(request) == "000"
    assert await visa.action(request | change) == "913"
    assert issuer.holdings() == {"978": 300}


@pytest.mark.parametrize("code", ["00", "01", "20"])
@pytest.mark.parametrize("currency", ["978", "840"])
async def test_a_reversal_restores_the_funds_once(issuer, visa, make, code, currency):
    card = make.card("Visa, good")
    request = make.request(card, 333, f3=f"{code}0000", f49=currency)
    assert await visa.action(request) == "000"
    assert issuer.available(card) != card["balance"]
    reversal = make.reversal(request)
    first = await visa.ask(reversal)
    assert (first.mti, first["39"]) == ("1430", "400")
    assert (await visa.ask(reversal | {"t": "1421"})).data == first.data
    assert await visa.action(make.reversal(request)) == "400", "under another number it is still the same reversal"
    assert issuer.available(card) == card["balance"]
    assert issuer.holdings() == {}


async def test_a_repeat_of_what_was_reversed_does_not_collect_the_approval(issuer, visa, make):
    request = make.request(make.card("Visa, good"))
    await visa.ask(request)
    await visa.ask(make.reversal(request))
    assert await visa.action(request | {"t": "1101"}) == "902"
    assert issuer.holdings() == {}


async def test_a_reversal_of_a_decline_restores_nothing(issuer, visa, make):
    card = make.card("Visa, insufficient funds (51)")
    request = make.request(card, 501)
    assert [await visa.action(request), await visa.action(make.reversal(request))] == ["116", "400"]
    assert issuer.available(card) == 500


async def test_a_reversal_finds_the_original_that_arrived_as_a_repeat(issuer, visa, make):
    request = make.request(make.card("Visa, good"))
    assert await visa.action(request | {"t": "1101"}) == "000"
    assert await visa.action(make.reversal(request)) == "400"
    assert issuer.holdings() == {}


async def test_an_unmatched_reversal_is_remembered_and_its_late_original_declined(start, make):
    card = make.card("Visa, good")
    request = make.request(card)
    reversal = make.reversal(request)
    async with start() as issuer, issuer.client() as client:
        assert await client.action(reversal) == "914"
    async with start() as issuer, issuer.client() as client:
        assert await client.action(reversal | {"t": "1421"}) == "914"
        view = await client.ask(request)
        assert view["39"] == "902" and "38" not in view
        assert await client.action(make.request(card, 1)) == "000"
        assert issuer.available(card) == card["balance"] - 1


async def test_an_unmatched_reversal_declines_the_requests_of_its_card_only(issuer, visa, make):
    card, other = make.card("Visa, good"), make.card("Mastercard, good")
    late = make.request(card)
    same_numbers = late | {"2": other["pan"], "7": "0708999999"}
    assert await visa.action(make.reversal(late)) == "914"
    assert await visa.action(same_numbers) == "000"
    assert await visa.action(late) == "902"
    unnamed = make.request(card)
    assert await visa.action(make.reversal(unnamed, f2=None)) == "914"
    assert await visa.action(unnamed) == "902", "a reversal that names no card stands for whatever has its numbers"
    assert issuer.holdings() == {"978": 1000}


async def test_a_late_original_is_declined_though_another_card_has_its_numbers(issuer, visa, make):
    card, other = make.card("Visa, good"), make.card("Mastercard, good")
    decided, late = make.request(other), make.request(card)
    late |= {"11": decided["11"], "7": "0708999999"}
    assert await visa.action(decided) == "000"
    assert await visa.action(make.reversal(late)) == "914"
    assert await visa.action(late) == "902"
    assert await visa.action(decided | {"t": "1101"}) == "000"
    assert issuer.holdings() == {"978": 1000}


@pytest.mark.parametrize("change", [{"2": "5555555555554444"}, {"4": "000000000999"}])
async def test_a_reversal_of_something_else_takes_nothing_back(issuer, visa, make, change):
    request = make.request(make.card("Visa, good"), 1000)
    assert await visa.action(request) == "000"
    assert await visa.action(make.reversal(request) | change) == "914"
    assert issuer.holdings() == {"978": 1000}
    assert await visa.action(request | {"t": "1101"}) == "000"


@pytest.mark.parametrize(
    "original",
    [
        lambda request: "1100999999" + request["12"] + "0512345",
        lambda request: "1100" + request["11"] + "260708143457" + "0512345",
        lambda request: "1100" + request["11"] + request["12"] + "0512346",
        lambda request: "1120" + request["11"] + request["12"] + "0512345",
    ],
)
async def test_every_part_of_the_original_data_counts(issuer, visa, make, original):
    request = make.request(make.card("Visa, good"), 1000)
    assert await visa.action(request) == "000"
    assert await visa.action(make.reversal(request, f56=original(request))) == "914"
    assert issuer.holdings() == {"978": 1000}


async def test_a_partial_reversal_is_not_supported_and_buries_nothing(issuer, visa, make):
    request = make.request(make.card("Visa, good"))
    assert await visa.action(make.reversal(request, f24="401")) == "902"
    assert await visa.action(request) == "000"
    assert await visa.action(make.reversal(request, f24="401")) == "902"
    assert issuer.holdings() == {"978": 1000}


async def test_another_reversal_under_the_same_number_is_a_duplicate(issuer, visa, make):
    one, other = make.request(make.card("Visa, good")), make.request(make.card("Visa, good"))
    await visa.ask(one)
    await visa.ask(other)
    reversal = make.reversal(one, f7="0708999999")
    assert await visa.action(reversal) == "400"
    assert await visa.action(make.reversal(other) | {name: reversal[name] for name in ("7", "11")}) == "913"
    assert issuer.holdings() == {"978": 1000}


# -- advices: what the switch decided on its own


async def test_an_advice_of_a_decline_is_recorded_once_and_moves_nothing(issuer, on_us, make):
    card = make.card("on-us, good")
    advice = make.request(card, mti="1120", f39="117", f48="8002PI81012")
    first = await on_us.ask(advice)
    assert (first.mti, first["39"]) == ("1130", "000")
    assert (await on_us.ask(advice | {"t": "1121"})).data == first.data
    assert issuer.query("SELECT mti, told, state FROM entry") == [("1120", "117", "declined")]
    assert issuer.available(card) == card["balance"] and issuer.holdings() == {}


async def test_the_wrong_pins_counted_by_the_switch_are_taken_over(issuer, visa, on_us, make):
    card = make.card("on-us, good")
    for tries in ("02", "01"):
        assert await on_us.action(make.request(card, mti="1120", f39="117", f48=f"8002PI8102{tries}")) == "000"
    assert issuer.query("SELECT pin_tries FROM card WHERE pin_tries > 0") == [(2,)], "an older count changes nothing"
    assert await visa.action(make.request(card, f52=make.pin_block(card["pan"], "9999"))) == "106"


async def test_a_count_from_another_interface_is_not_believed(issuer, visa, make):
    assert await visa.action(make.request(make.card("Visa, good"), mti="1120", f39="117", f48="810203")) == "000"
    assert issuer.query("SELECT pin_tries FROM card WHERE pin_tries > 0") == []


async def test_an_advice_of_an_approval_is_posted_even_without_funds_and_can_be_reversed(issuer, visa, make):
    card = make.card("Visa, insufficient funds (51)")
    advice = make.request(card, 700, mti="1120", f39="000")
    assert [await visa.action(advice), await visa.action(advice | {"t": "1121"})] == ["000", "000"]
    assert issuer.available(card) == -200 and issuer.holdings() == {"978": 700}
    named = f"1120{advice['11']}{advice['12']}0512345"
    assert await visa.action(make.reversal(advice, f56=named)) == "400"
    assert await visa.action(advice | {"t": "1121"}) == "000", "an advice says what was; it is not asked again"
    assert issuer.available(card) == 500 and issuer.holdings() == {}


async def test_an_advice_for_an_unknown_card_says_so(issuer, visa, make):
    stranger = {"pan": "4999999999999996", "expiry": "3012"}
    assert await visa.action(make.request(stranger, mti="1120", f39="000")) == "111"
    assert issuer.holdings() == {}


# -- exactly what the switch sends and expects


def _payment(card, **changes):
    values = {
        "pan": card["pan"], "processing_code": "000000", "amount": 4321, "currency": "978",
        "transmission": "0708123456", "stan": "900001", "local_time": "143456", "local_date": "0708", "year": "26",
        "expiry": card["expiry"], "mcc": "5411", "entry_mode": "901", "condition": "00", "acquirer": "00012345",
        "rrn": "618914900001", "terminal": "T1", "merchant": "M1", "name_location": "SHOP", "financial": True,
    }  # fmt: skip
    return Payment(**values | changes)


async def test_the_switchs_own_dialect_is_understood_from_sign_on_to_advice(issuer, make):
    dialect, card = Iso1993Dialect(), make.card("on-us, good")

    async def ask(client, frame):
        await client.send_frame(frame)
        return dialect.read((await client.receive()).data)

    async with issuer.client("switch", sign_on=False) as client:
        for function in ("sign-on", "echo"):
            assert (await ask(client, dialect.management(function, "000001", "0708123456", "26"))).response_code == "00"
        payment = _payment(card, pin_result="PV", cvv_result="M")
        answer = await ask(client, dialect.request(payment))
        assert (answer.response_code, answer.key, len(answer.auth_code)) == ("00", ("900001", "0708123456"), 6)
        taken_back = _payment(
            card, stan="900002", reason="timeout", auth_code=answer.auth_code, original_mti="0100",
            original_stan="900001", original_transmission="0708123456", original_acquirer="00012345",
        )  # fmt: skip
        for repeat in (False, True):
            assert (await ask(client, dialect.reversal(taken_back, repeat=repeat))).response_code == "00"
        assert issuer.holdings() == {}
        unknown = _payment(card, stan="900003", reason="cancel", original_mti="0100", original_stan="777777")
        assert (await ask(client, dialect.reversal(unknown, repeat=False))).response_code == "25"
        told = _payment(card, stan="900004", response_code="55", pin_result="PI", pin_tries=1)
        assert (await ask(client, dialect.advice(told, repeat=False))).response_code == "00"
        balance = await ask(client, dialect.request(_payment(card, stan="900005", processing_code="310000", amount=0)))
        assert balance.additional_amounts == f"0002978C{card['balance']:012d}"
        assert (await ask(client, dialect.management("sign-off", "000002", "0708123456", "26"))).response_code == "00"
