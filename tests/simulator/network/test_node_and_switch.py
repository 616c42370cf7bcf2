"""The node against the switch's own mappings, written by others: the two sides understand each other."""

from typing import Any

import msgspec
import pytest
import trio

from switch.dialect.canonical import Answer, HostDialect, Payment
from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.visa import VisaDialect

CAVV = "AAECAwQFBgcICQoLDA0ODxAREhM="


class Switch:
    """What the switch does with a link: dialect on a socket."""

    def __init__(self, world: Any, client: Any) -> None:
        self.dialect: HostDialect = VisaDialect() if world.talk.name == "visa" else MastercardDialect()
        self._wire = client.wire

    async def ask(self, frame: bytes) -> Answer:
        await self._wire.send(frame)
        return self.dialect.read(await self._wire.receive())

    async def manage(self, function: str) -> Answer:
        return await self.ask(self.dialect.management(function, "000001", "0601101112", "26"))


@pytest.fixture
async def switch(world: Any) -> Switch:
    side = Switch(world, await world.client(sign_on=False))
    assert (await side.manage("sign-on")).response_code == "00"
    return side


def _payment(world: Any, **changes: Any) -> Payment:
    card = world.talk.card("issuer-a")
    payment = Payment(
        mti="0100",
        pan=card["pan"],
        processing_code="000000",
        amount=1234,
        currency="978",
        transmission="0601101112",
        stan="000123",
        local_time="121112",
        local_date="0601",
        year="",
        expiry=card["expiry"],
        mcc="5411",
        entry_mode="901",
        condition="00",
        acquirer="400001",
        rrn="515210000123",
        terminal="TERM0001",
        merchant="MERCHANT0000001",
        name_location="A SHOP".ljust(25) + "BERLIN".ljust(13) + "DE",
        country="276",
        track2=card["track2"],
    )
    return msgspec.structs.replace(payment, **changes)


async def test_sign_on_echo_and_sign_off_are_understood(switch: Switch) -> None:
    for function in ("echo", "sign-off", "sign-on"):
        answer = await switch.manage(function)
        assert (answer.management, answer.response_code, answer.key) == (True, "00", ("000001", "0601101112"))


async def test_a_payment_with_pin_passes_and_its_references_are_found(world: Any, switch: Switch) -> None:
    block = world.talk.pin_block("1234", world.talk.card("issuer-a")["pan"])
    answer = await switch.ask(switch.dialect.request(_payment(world, pin_block=block)))
    assert (answer.response_code, answer.auth_code, answer.key) == ("00", "A1B2C3", ("000123", "0601101112"))
    names = {"visa": {"transaction_id", "validation_code", "aci"}, "mastercard": {"banknet", "settlement_date"}}
    assert answer.references.keys() == names[world.talk.name]
    [seen] = world.a.payments
    assert world.talk.pin_for_issuer(seen["52"], seen["2"], "issuer-a") == "1234"


@pytest.mark.parametrize("changes", [
    {}, {"entry_mode": "051"}, {"entry_mode": "071"},
    {"entry_mode": "810", "condition": "59", "track2": "", "cvv2": "798", "eci": "05", "cavv": CAVV},
    {"entry_mode": "010", "condition": "08", "track2": "", "cvv2": "798"}, {"mcc": "6011"},
    {"processing_code": "010000"}, {"processing_code": "310000", "amount": 0},
])  # fmt: skip
async def test_an_issuer_behind_the_node_sees_what_one_beside_the_switch_sees(
    world: Any, switch: Switch, changes: dict[str, Any]
) -> None:
    payment = _payment(world, **changes)
    assert (await switch.ask(switch.dialect.request(payment))).response_code == "00"
    [seen] = world.a.payments
    direct = Iso1993Dialect().request(msgspec.structs.replace(payment, year=seen["12"][:2]))
    expected = world.host.decode(direct)
    assert _comparable(seen) == _comparable(expected)


def _comparable(fields: dict[str, str]) -> dict[str, str]:
    """Visa has two letters for a country, and ECIs are each scheme's own."""
    same = fields | {"43": fields["43"][:-3]}
    if "48" in fields:
        same["48"] = fields["48"].replace("420202", "420205")
    return same


@pytest.mark.parametrize("reason", ["cancel", "timeout"])
@pytest.mark.parametrize("repeat", [False, True])
async def test_a_reversal_is_acknowledged_and_names_the_original_as_the_switch_would(
    world: Any, switch: Switch, reason: str, repeat: bool
) -> None:
    payment = _payment(world)
    answer = await switch.ask(switch.dialect.request(payment))
    reversal = msgspec.structs.replace(
        payment.without_sensitive(),
        transmission="0601101114",
        stan="000777",
        auth_code=answer.auth_code,
        reason=reason,
        original_mti="0100",
        original_stan=payment.stan,
        original_transmission=payment.transmission,
        original_acquirer=payment.acquirer,
        references=dict(answer.references),
    )
    acknowledged = await switch.ask(switch.dialect.reversal(reversal, repeat=repeat))
    assert (acknowledged.mti, acknowledged.response_code) == ("0410", "00")
    assert acknowledged.key == ("000777", "0601101114")
    kept = ("transaction_id", "banknet", "settlement_date")
    assert all(acknowledged.references.get(name) == answer.references.get(name) for name in kept)
    original, seen = world.a.payments
    direct = msgspec.structs.replace(reversal, year=original["12"][:2])
    expected = world.host.decode(Iso1993Dialect().reversal(direct, repeat=repeat))
    assert _comparable(seen) == _comparable(expected)


@pytest.mark.parametrize("code", ["00", "51", "55"])
async def test_an_advice_is_acknowledged_and_says_the_same_as_the_switch_would(
    world: Any, switch: Switch, code: str
) -> None:
    payment = _payment(world, track2="", expiry="", response_code=code)
    answer = await switch.ask(switch.dialect.advice(payment, repeat=False))
    assert (answer.mti, answer.response_code) == ("0130", "00")
    [seen] = world.a.payments
    direct = msgspec.structs.replace(payment, year=seen["12"][:2])
    assert _comparable(seen) == _comparable(world.host.decode(Iso1993Dialect().advice(direct, repeat=False)))


async def test_declines_are_read_as_what_they_are(world: Any, switch: Switch) -> None:
    world.a.decide("116")
    assert (await switch.ask(switch.dialect.request(_payment(world)))).response_code == "51"
    world.a.decide("129")
    remote = _payment(world, entry_mode="810", track2="", cvv2="000", stan="000124")
    assert (await switch.ask(switch.dialect.request(remote))).response_code == "82"


async def test_a_refusal_is_read_as_an_answer(world: Any, switch: Switch) -> None:
    answer = await switch.ask(switch.dialect.request(_payment(world, local_date="1399")))
    assert (answer.response_code, answer.key) == ("30", ("000123", "0601101112"))
    assert world.a.payments == []


async def test_the_node_is_silent_when_the_issuer_is(world: Any, switch: Switch) -> None:
    world.a.script = world.a.silent
    with pytest.raises(trio.TooSlowError), trio.fail_after(0.3):
        await switch.ask(switch.dialect.request(_payment(world)))
    assert len(world.a.payments) == 1
