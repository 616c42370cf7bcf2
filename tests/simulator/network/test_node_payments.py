"""A payment through a node: what the issuer gets, what the acquirer gets back."""

from base64 import b64encode
from typing import Any

import pytest


async def test_an_approval_comes_back_with_the_issuers_code_and_the_requests_own_fields(world: Any) -> None:
    client = await world.client()
    request = world.talk.request()
    answer = await client.ask(request)
    assert (answer["t"], answer["39"], answer["38"]) == ("0110", "00", "A1B2C3")
    for number in ("2", "3", "4", "7", "11", "32", "37", "41", "42", "49"):
        assert answer[number] == request[number]
    assert not {"14", "35", "43", "45", "52", "55", "126"} & answer.keys()


async def test_the_issuer_gets_the_request_in_1993_form_with_all_identifiers_unchanged(world: Any) -> None:
    client = await world.client()
    request = world.talk.request()
    await client.ask(request)
    [seen] = world.a.payments
    card = world.talk.card("issuer-a")
    expected = {number: request[number] for number in ("2", "3", "4", "7", "11", "14", "32", "37", "41", "42", "49")}
    expected |= {"t": "1100", "24": "100", "26": "5411", "35": card["track2"], "22": "010101200001"}
    expected["43"] = "A SHOP\\\\BERLIN\\" + " " * 13 + world.talk.country
    assert seen.pop("12")[2:] == "0601121112"
    del seen["p"]
    assert seen == expected


async def test_each_range_goes_to_its_own_issuer(world: Any) -> None:
    client = await world.client()
    await client.ask(world.talk.request(issuer="issuer-a", stan="000001"))
    await client.ask(world.talk.request(issuer="issuer-b", stan="000002"))
    assert [seen["11"] for seen in world.a.payments] == ["000001"]
    assert [seen["11"] for seen in world.b.payments] == ["000002"]


async def test_a_card_of_no_range_is_15_and_no_issuer_hears_of_it(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.request(f2="9999990000000000", f35=""))
    assert answer["39"] == "15"
    assert world.a.payments == world.b.payments == []


async def test_a_repeat_stays_a_repeat_and_gets_the_same_network_identifiers(world: Any) -> None:
    client = await world.client()
    first = await client.ask(world.talk.request())
    second = await client.ask(world.talk.request("0101"))
    assert [seen["t"] for seen in world.a.payments] == ["1100", "1101"]
    assert second["t"] == "0110"
    identifiers = ("62", "63", "15")
    assert [first.get(number) for number in identifiers] == [second.get(number) for number in identifiers]


async def test_two_transactions_never_share_a_network_identifier(world: Any) -> None:
    client = await world.client()
    answers = [await client.ask(world.talk.request(stan=f"{stan:06d}")) for stan in range(1, 20)]
    number = "62" if world.talk.name == "visa" else "63"
    assert len({answer[number] for answer in answers}) == len(answers)


@pytest.mark.parametrize("talk", ["visa"], indirect=True)
async def test_visa_answers_carry_transaction_id_validation_code_and_response_source(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.request())
    service = world.talk.codec.parse_sub("62", answer["62"])
    assert service["1"] == "E"
    assert len(service["2"]) == 15
    assert service["2"].isdigit()
    assert len(service["3"]) == 4
    assert world.talk.codec.parse_sub("44", answer["44"])["1"] == "5"
    assert world.talk.codec.parse_sub("63", answer["63"]) == {"1": "0002"}


@pytest.mark.parametrize("talk", ["mastercard"], indirect=True)
async def test_mastercard_answers_carry_banknet_reference_settlement_date_and_category(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.request(f48="T"))
    assert answer["63"].startswith("MCC")
    assert len(answer["63"]) == 12
    assert answer["15"] == "0601"
    assert answer["48"] == "T"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("100", "05"), ("101", "54"), ("104", "62"), ("106", "75"), ("111", "14"), ("116", "51"), ("117", "55"),
        ("126", "86"), ("200", "04"), ("208", "41"), ("209", "43"), ("902", "12"), ("904", "30"), ("909", "96"),
        ("912", "91"), ("999", "96"), ("199", "05"), ("299", "04"), ("002", "10"),
    ],
)  # fmt: skip
async def test_the_issuers_action_code_becomes_a_response_code(world: Any, action: str, code: str) -> None:
    world.a.decide(action)
    client = await world.client()
    assert (await client.ask(world.talk.request()))["39"] == code


async def test_a_decline_has_no_authorisation_characteristics_but_an_identifier(world: Any) -> None:
    world.a.decide("116")
    client = await world.client()
    answer = await client.ask(world.talk.request())
    if world.talk.name == "visa":
        service = world.talk.codec.parse_sub("62", answer["62"])
        assert service["1"] == "N"
        assert "3" not in service
    else:
        assert len(answer["63"]) == 12
    assert "38" not in answer


async def test_balances_and_a_partial_amount_are_passed_on(world: Any) -> None:
    balance = "0002978C000000012345"
    world.a.script = lambda fields: (
        world.a.reply(fields, "002", f4="000000000500", f54=balance, f38="PART01")
        if fields["t"] == "1100"
        else world.a.approve(fields)
    )
    client = await world.client()
    answer = await client.ask(world.talk.request())
    assert (answer["39"], answer["4"], answer["54"]) == ("10", "000000000500", balance)


def _remote(talk: Any, cvv2: str = "", eci: str = "", cavv: str = "", **changes: str) -> dict[str, str]:
    """A request without a card present, as the scheme writes it."""
    build = talk.codec.build_sub
    if talk.name == "visa":
        fields = {"f22": "0100", "f25": "59", "f60": f"00000000{eci or '00'}00"}
        private = {"10": f"11{cvv2:>4}"} if cvv2 else {}
        private |= {"9": cavv} if cavv else {}
        fields["f126"] = build("126", private) if private else ""
    else:
        subs = {"0": "T"} | ({"42": f"010321{7 - int(eci)}"} if eci else {})
        subs |= ({"43": cavv} if cavv else {}) | ({"92": cvv2} if cvv2 else {})
        fields = {"f22": "810", "f48": build("48", subs)}
    return talk.request(f35="", **(fields | changes))


async def test_cvv2_eci_and_cavv_reach_the_issuer_and_never_the_answer(world: Any) -> None:
    raw = bytes(range(20))
    as_text = b64encode(raw).decode()
    client = await world.client()
    cavv = raw.hex().upper() if world.talk.name == "visa" else as_text
    answer = await client.ask(_remote(world.talk, cvv2="798", eci="05", cavv=cavv))
    [seen] = world.a.payments
    assert world.host.parse_sub("48", seen["48"]) == {
        "42": "05" if world.talk.name == "visa" else "02",
        "43": as_text,
        "92": "798",
    }
    assert seen["22"][6] == "S"
    assert answer["39"] == "00"
    assert not any("798" in value for number, value in answer.items() if number in ("44", "48", "126"))


async def test_a_wrong_cvv2_has_the_schemes_own_code_and_result(world: Any) -> None:
    world.a.decide("129")
    client = await world.client()
    answer = await client.ask(_remote(world.talk, cvv2="000"))
    if world.talk.name == "visa":
        assert answer["39"] == "N7"
        assert world.talk.codec.parse_sub("44", answer["44"])["10"] == "N"
    else:
        assert answer["39"] == "82"
        assert world.talk.codec.parse_sub("48", answer["48"]) == {"0": "T", "87": "N"}


async def test_a_wrong_value_on_the_track_is_82_without_a_cvv2_result(world: Any) -> None:
    world.a.decide("129")
    client = await world.client()
    answer = await client.ask(world.talk.request())
    assert answer["39"] == "82"
    if world.talk.name == "visa":
        assert world.talk.codec.parse_sub("44", answer["44"])["10"] == " "
    else:
        assert answer["48"] == "R"


async def test_the_issuers_own_cvv2_result_is_passed_on(world: Any) -> None:
    world.a.decide("000", f48="8701M")
    client = await world.client()
    answer = await client.ask(_remote(world.talk, cvv2="798"))
    field, tag = ("44", "10") if world.talk.name == "visa" else ("48", "87")
    assert world.talk.codec.parse_sub(field, answer[field])[tag] == "M"


@pytest.mark.parametrize("talk", ["visa"], indirect=True)
@pytest.mark.parametrize(("entry", "condition", "code"), [
    ("0510", "00", "010101500001"), ("0051", "00", "010101500001"), ("9010", "00", "010101200001"),
    ("0901", "00", "010101200001"), ("0100", "08", "000130600001"), ("0010", "08", "000130600001"),
    ("0100", "59", "000550S00001"), ("0100", "05", "000100600001"), ("0000", "00", "000101000001"),
])  # fmt: skip
async def test_the_entry_mode_of_visa_is_read_from_the_left_or_the_right(
    world: Any, entry: str, condition: str, code: str
) -> None:
    client = await world.client()
    await client.ask(world.talk.request(f22=entry, f25=condition))
    assert world.a.payments[0]["22"] == code


@pytest.mark.parametrize("talk", ["mastercard"], indirect=True)
@pytest.mark.parametrize(("entry", "pos", "code"), [
    ("051", "00000", "010101500001"), ("810", "10255", "000550S00001"), ("010", "00031", "000130600001"),
])  # fmt: skip
async def test_the_presence_of_card_and_cardholder_is_read_from_mastercards_field_61(
    world: Any, entry: str, pos: str, code: str
) -> None:
    client = await world.client()
    await client.ask(world.talk.request(f22=entry, f61=pos + "00000" + "0" + "00" + "276" + " " * 10))
    assert world.a.payments[0]["22"] == code


@pytest.mark.parametrize("talk", ["visa"], indirect=True)
@pytest.mark.parametrize(("eci", "aci"), [("05", "U"), ("06", "S"), ("07", "W"), ("", "K")])
async def test_visa_says_how_the_card_was_presented(world: Any, eci: str, aci: str) -> None:
    client = await world.client()
    answer = await client.ask(_remote(world.talk, eci=eci))
    assert world.talk.codec.parse_sub("62", answer["62"])["1"] == aci


async def test_letters_that_ascii_does_not_have_do_not_stop_a_payment(world: Any) -> None:
    client = await world.client()
    answer = await client.ask(world.talk.request(f43=world.talk.acceptor("CAFÉ", "KÖLN")))
    assert answer["39"] == "00"
    assert world.a.payments[0]["43"].startswith("CAF?\\\\K?LN\\ ")


async def test_an_advice_is_passed_on_with_its_decision(world: Any) -> None:
    client = await world.client()
    first = await client.ask(world.talk.request("0120", f39="51", f35=""))
    again = await client.ask(world.talk.request("0121", f39="51", f35=""))
    assert (first["t"], first["39"]) == ("0130", "00")
    assert again["t"] == "0130"
    assert [(seen["t"], seen["39"]) for seen in world.a.payments] == [("1120", "116"), ("1121", "116")]
    assert "52" not in world.a.payments[0]


async def test_no_log_line_has_a_card_number_or_what_proves_a_card(world: Any, lines: Any) -> None:
    client = await world.client()
    card = world.talk.card("issuer-a")
    block = world.talk.pin_block(card["pin"], card["pan"])
    await client.ask(world.talk.request(f52=block))
    await client.ask(_remote(world.talk, cvv2=card["cvv2"], stan="000124"))
    [seen, _] = world.a.payments
    text = repr(lines.captured)
    assert "forwarded" in text
    assert "answered" in text
    for secret in (card["pan"], card["track2"][17:], block, seen["52"], f"'{card['cvv2']}'"):
        assert secret not in text
