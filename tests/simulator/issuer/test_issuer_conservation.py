"""Whatever is sent in whatever order: what the accounts lost is what the issuer holds, to the last minor unit."""

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.hsm.server import HsmConfig
from switch.hsm.server import serve as serve_hsm
from switch.simulator.issuer import holdings, load_config, serve
from switch.simulator.issuer.rates import convert, load_rates

_CARDS = ("Visa, insufficient funds (51)", "Visa, good", "Visa in JPY, good", "Mastercard in KWD, good")
_CODES = {"000000": 1, "010000": 1, "090000": 1, "200000": -1, "300000": 0}
_CURRENCIES = ("978", "840", "392", "414")

_new = st.tuples(
    st.just("new"),
    st.sampled_from(_CARDS),
    st.sampled_from(sorted(_CODES)),
    st.integers(1, 400),
    st.sampled_from(_CURRENCIES),
)
_earlier = st.tuples(st.sampled_from(["repeat", "reverse", "reverse repeat"]), st.integers(0, 30))
_early_reversal = st.tuples(st.just("reverse first"), st.sampled_from(_CARDS), st.integers(1, 400))
_operations = st.lists(
    st.one_of(_new, _new, _earlier, _early_reversal, st.just(("restart",)), st.just(("together",))),
    min_size=1,
    max_size=40,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("conservation")


class _Model:
    """What the accounts should hold: one dictionary per card and per currency."""

    def __init__(self, make):
        self.rates = load_rates("")
        self.cards = {name: make.card(name) for name in _CARDS}
        self.available = {name: card["balance"] for name, card in self.cards.items()}
        self.held = dict.fromkeys(_CURRENCIES, 0)
        self.sent = []

    def posted(self, entry, sign):
        name, code, amount, currency = entry
        billing = self.cards[name]["currency"]
        billed = convert(amount, currency, billing, self.rates.rate(currency, billing))
        self.available[name] -= sign * _CODES[code] * billed
        self.held[currency] += sign * _CODES[code] * amount


@given(operations=_operations)
@settings(max_examples=25, deadline=None)
def test_money_is_conserved_over_any_history(make, codec, folder, operations):
    number = len(list(folder.iterdir()))
    (folder / str(number)).mkdir()
    trio.run(_replay, make, codec, folder / str(number), operations)


async def _replay(make, codec, folder, operations):
    model = _Model(make)
    async with trio.open_nursery() as nursery:
        [address] = await nursery.start(serve_hsm, HsmConfig(port=0))
        config = make.config(folder, address[1])
        left = operations
        while left:
            life = left[: left.index(("restart",)) + 1] if ("restart",) in left else left
            left = left[len(life) :]
            async with trio.open_nursery() as living:
                addresses = await living.start(serve, load_config(config))
                async with await trio.open_tcp_stream(*addresses["visa"]) as stream:
                    client = make.client(stream, codec)
                    assert await client.manage("801") == "800"
                    await _live(make, client, model, life)
                living.cancel_scope.cancel()
        nursery.cancel_scope.cancel()
    _compare(make, folder, model)


async def _live(make, client, model, operations):
    for operation in operations:
        if operation[0] == "new":
            _, name, code, amount, currency = operation
            request = make.request(model.cards[name], amount, f3=code, f49=currency)
            await _ask(client, model, request, (name, code, amount, currency))
        elif operation[0] == "reverse first":
            _, name, amount = operation
            request = make.request(model.cards[name], amount)
            assert await client.action(make.reversal(request)) == "914"
            assert await client.action(request) == "902"
        elif operation[0] == "together":
            await _together(make, client, model)
        elif operation[0] != "restart" and model.sent:
            await _again(make, client, model, operation[0], model.sent[operation[1] % len(model.sent)])


async def _ask(client, model, request, entry):
    action = await client.action(request)
    assert action in ("000", "116")
    before = model.available[entry[0]]
    if action == "000":
        model.posted(entry, 1)
    else:
        assert _CODES[entry[1]] == 1
        model.posted(entry, 1)
        assert model.available[entry[0]] < 0 or before < 0, "declined only when the funds did not suffice"
        model.posted(entry, -1)
    model.sent.append({"request": request, "entry": entry, "action": action, "reversed": False})


async def _again(make, client, model, what, sent):
    request = sent["request"]
    if what == "repeat":
        expected = "902" if sent["reversed"] and sent["action"] == "000" else sent["action"]
        assert await client.action(request | {"t": "1101"}) == expected
        return
    assert await client.action(make.reversal(request, mti="1421" if "repeat" in what else "1420")) == "400"
    if sent["action"] == "000" and not sent["reversed"]:
        model.posted(sent["entry"], -1)
    sent["reversed"] = True


async def _together(make, client, model):
    """Ten sales of a third of the funds at once: the account decides how many fit."""
    name = _CARDS[0]
    amount = max(1, model.available[name] // 3)
    for _ in range(10):
        await client.send(make.request(model.cards[name], amount))
    for action in [(await client.receive())["39"] for _ in range(10)]:
        if action == "000":
            model.posted((name, "000000", amount, "978"), 1)
    assert 0 <= model.available[name] < amount or model.available[name] < 0


def _compare(make, folder, model):
    database = folder / "issuer-a.db"
    assert {currency: amount for currency, amount in model.held.items() if amount} == {
        currency: amount for currency, amount in holdings(database).items() if amount
    }
    for name, card in model.cards.items():
        pan = card["pan"]
        masked = f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"
        [(available,)] = make.query(database, "SELECT available FROM card WHERE masked = ?", masked)
        assert available == model.available[name]
        [(moved,)] = make.query(
            database,
            "SELECT coalesce(sum(CASE kind WHEN 'refund' THEN billed WHEN 'balance' THEN 0 ELSE -billed END), 0)"
            " FROM entry WHERE state = 'approved' AND masked = ?",
            masked,
        )
        assert available == card["balance"] + moved, "the entries explain the account"
