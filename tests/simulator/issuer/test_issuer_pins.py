"""PINs: verified by the HSM against the card's own PVV; what counts, what does not, and who is believed."""

import trio


def _tries(issuer):
    return dict(issuer.query("SELECT masked, pin_tries FROM card WHERE pin_tries > 0"))


def _with_pin(make, card, pin, **changes):
    return make.request(card, f52=make.pin_block(card["pan"], pin), **changes)


async def test_the_right_pin_is_approved_and_a_wrong_one_is_not(issuer, visa, make):
    card = make.card("Visa, good")
    assert await visa.action(_with_pin(make, card, card["pin"])) == "000"
    assert await visa.action(_with_pin(make, card, "9999")) == "117"
    assert _tries(issuer) == {"411111******1111": 1}
    assert issuer.holdings() == {"978": 1000}


async def test_the_third_wrong_pin_locks_and_then_the_right_one_is_refused_too(issuer, visa, make):
    card = make.card("Visa, good")
    answers = [await visa.action(_with_pin(make, card, pin)) for pin in ("9999", "9998", "9997", card["pin"], "9996")]
    assert answers == ["117", "117", "106", "106", "106"]
    assert _tries(issuer) == {"411111******1111": 3}
    assert await visa.action(make.request(card)) == "000", "without a PIN the card still works"


async def test_a_right_pin_resets_the_count(issuer, visa, make):
    card = make.card("Visa, good")
    answers = [await visa.action(_with_pin(make, card, pin)) for pin in ("9999", "9998", card["pin"], "9997", "9996")]
    assert answers == ["117", "117", "000", "117", "117"]
    assert _tries(issuer) == {"411111******1111": 2}


async def test_a_right_pin_resets_the_count_though_the_funds_do_not_suffice(issuer, visa, make):
    card = make.card("Visa, insufficient funds (51)")
    assert await visa.action(_with_pin(make, card, "9999")) == "117"
    assert await visa.action(_with_pin(make, card, card["pin"])) == "116"
    assert _tries(issuer) == {}


async def test_the_count_survives_a_restart(start, make):
    card = make.card("Visa, good")
    for pin, action in (("9999", "117"), ("9998", "117"), ("9997", "106"), (card["pin"], "106")):
        async with start() as issuer, issuer.client() as client:
            assert await client.action(_with_pin(make, card, pin)) == action


async def test_a_repeat_of_a_wrong_pin_counts_once(issuer, visa, make):
    request = _with_pin(make, make.card("Visa, good"), "9999")
    assert await visa.action(request) == "117"
    assert await visa.action(request | {"t": "1101"}) == "117"
    assert _tries(issuer) == {"411111******1111": 1}


async def test_wrong_pins_at_the_same_time_all_count(issuer, visa, make):
    card = make.card("Visa, good")
    for pin in ("9999", "9998", "9997", "9996", "9995"):
        await visa.send(_with_pin(make, card, pin))
    answers = sorted([(await visa.receive())["39"] for _ in range(5)])
    assert answers == ["106", "106", "106", "117", "117"]
    assert _tries(issuer) == {"411111******1111": 3}


async def test_the_wrong_card_value_is_told_before_the_pin_and_the_pin_does_not_count(issuer, visa, make):
    card = make.card("Visa, good")
    assert await visa.action(_with_pin(make, card, "9999", f48="9203000")) == "129"
    assert _tries(issuer) == {}


async def test_a_block_that_does_not_open_is_unverifiable_and_does_not_count(issuer, visa, make):
    card = make.card("Visa, good")
    garbage = make.request(card, f52="0123456789ABCDEF")
    foreign = make.request(card, f52=make.pin_block(card["pan"], card["pin"], "zpk.mastercard.issuer-a"))
    short = make.request(card, f52=make.short_pin_block(card["pan"]))
    assert [await visa.action(each) for each in (garbage, foreign, short)] == ["126", "126", "126"]
    assert _tries(issuer) == {}


async def test_a_listener_without_a_zpk_takes_no_pin_block(issuer, on_us, make):
    card = make.card("on-us, good")
    assert await on_us.action(_with_pin(make, card, card["pin"])) == "126"
    assert await on_us.action(_with_pin(make, card, card["pin"], f48="8002PV")) == "126"
    assert issuer.holdings() == {}


async def test_the_switchs_word_counts_on_its_own_listener_only(issuer, visa, on_us, make):
    card = make.card("on-us, good")
    assert await visa.action(_with_pin(make, card, "9999")) == "117"
    assert await visa.action(make.request(card, f48="8002PV")) == "000"
    assert _tries(issuer) == {"457199******0011": 1}, "who may send PIN blocks is not believed without one"
    assert await on_us.action(make.request(card, f48="8002PV8701M")) == "000"
    assert _tries(issuer) == {}


async def test_a_locked_card_is_refused_whoever_verified_the_pin(visa, on_us, make):
    card = make.card("on-us, good")
    for pin in ("9999", "9998", "9997"):
        await visa.action(_with_pin(make, card, pin))
    assert await on_us.action(make.request(card, f48="8002PV")) == "106"


async def test_the_switchs_no_is_no_yes(on_us, make):
    card = make.card("on-us, good")
    assert await on_us.action(make.request(card, f48="8701N")) == "129"
    assert await on_us.action(make.request(card, f48="8002PI")) == "126"


async def test_without_the_hsm_nothing_is_approved_and_nothing_counts(start, make, nursery, hsm_port):
    card = make.card("Visa, good")
    async with _Silent(nursery) as silent:
        async with start() as issuer, issuer.client() as client:
            assert await client.action(_with_pin(make, card, "9999")) == "117"
        # The same data keys, and an HSM that opens them but then falls silent.
        async with (
            start(hsm_port=await silent.before(hsm_port), hsm={"timeout": 0.2}) as issuer,
            issuer.client() as client,
        ):
            silent.mute = True
            assert await client.action(_with_pin(make, card, card["pin"])) == "909"
            assert await client.action(_with_pin(make, card, "9998")) == "909"
            assert await client.action(make.request(card, f35=card["track2"])) == "909"
            assert await client.action(make.request(card)) == "000", "what needs no HSM needs no HSM"
            silent.mute = False
            silent.cut()
            assert _tries(issuer) == {"411111******1111": 1}
            assert await client.action(_with_pin(make, card, "9997")) == "117", "the next HSM is found again"


async def test_an_error_of_the_hsm_is_a_malfunction_and_does_not_count(start, make):
    card = make.card("Visa, good")
    async with start(pvk="U" + "0" * 32) as issuer, issuer.client() as client:
        assert await client.action(_with_pin(make, card, card["pin"])) == "909"
        assert _tries(issuer) == {} and issuer.holdings() == {}


class _Silent:
    """A relay before the HSM that can stop passing on replies."""

    def __init__(self, nursery):
        self._nursery = nursery
        self._scope = trio.CancelScope()
        self._open = []
        self.mute = False

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self._scope.cancel()

    async def before(self, port):
        self._port = port
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self._nursery.start_soon(self._serve, listeners)
        return listeners[0].socket.getsockname()[1]

    def cut(self):
        for stream in self._open:
            stream.socket.close()
        self._open.clear()

    async def _serve(self, listeners):
        with self._scope:
            await trio.serve_listeners(self._relay, listeners)

    async def _relay(self, stream):
        self._open.append(stream)
        async with await trio.open_tcp_stream("127.0.0.1", self._port) as hsm, trio.open_nursery() as nursery:
            nursery.start_soon(self._back, hsm, stream)
            await self._pass(stream, hsm)
            nursery.cancel_scope.cancel()

    async def _pass(self, source, target):
        try:
            async for data in source:
                await target.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def _back(self, hsm, stream):
        try:
            async for data in hsm:
                if not self.mute:
                    await stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
