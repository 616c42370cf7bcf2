"""Connections: sign-on, order of answers, bad bytes, limits; what hurts one connection hurts no other."""

import random

import pytest
import trio

LIMITS = {"max_frame": 512, "connections": 2, "frame_timeout": 0.2, "in_flight": 4}


def _reasons(logs, event="disconnected"):
    return [line["reason"] for line in logs if line["event"] == event and line.get("listener")]


@pytest.mark.parametrize("function", ["801", "802", "831"])
async def test_management_requests_are_accepted(issuer, codec, function):
    async with issuer.client(sign_on=False) as client:
        view = await client.ask({"t": "1804", "7": "0708123456", "11": "000007", "24": function})
        assert (view.mti, view["39"], view["11"], view["7"]) == ("1814", "800", "000007", "0708123456")


async def test_an_unknown_management_function_is_refused(visa):
    assert await visa.manage("811") == "902"


async def test_before_sign_on_and_after_sign_off_nothing_financial_is_done(issuer, make):
    request = make.request(make.card("Visa, good"))
    async with issuer.client(sign_on=False) as client:
        for message in (request, make.reversal(request), request | {"t": "1120", "39": "117"}):
            assert await client.action(message) == "907"
        assert await client.manage("831") == "800"
        assert await client.action(request) == "907", "an echo is no sign-on"
        assert await client.manage("801") == "800"
        assert await client.action(request) == "000", "what was refused unseen was not decided"
        assert await client.manage("802") == "800"
        assert await client.action(make.request(make.card("Visa, good"))) == "907"
        assert issuer.holdings() == {"978": 1000}


async def test_a_sign_on_counts_for_the_request_behind_it_and_for_its_connection_only(issuer, make, codec):
    request = make.request(make.card("Visa, good"))
    sign_on = {"t": "1804", "7": "0708123456", "11": "000007", "24": "801"}
    async with issuer.client(sign_on=False) as client, issuer.client(sign_on=False) as other:
        frames = [codec.encode(sign_on), codec.encode(request)]
        await client.stream.send_all(b"".join(b"%04d" % len(frame) + frame for frame in frames))
        assert {(await client.receive())["39"] for _ in range(2)} == {"800", "000"}
        assert await other.action(request) == "907"


async def test_an_answer_does_not_wait_for_a_slower_one_before_it(issuer, visa, make):
    card = make.card("Visa, good")
    # The first needs the HSM twice and the disk, the echo neither.
    await visa.send(make.request(card, f35=card["track2"], f52=make.pin_block(card["pan"], card["pin"])))
    await visa.send({"t": "1804", "7": "0708123456", "11": "000001", "12": "260708123456", "24": "831"})
    assert [(await visa.receive())["39"] for _ in range(2)] == ["800", "000"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"4": "00000000A000"}, "4"),
        ({"49": None}, "49"),
        ({"12": None}, "12"),
        ({"3": None}, "3"),
        ({"4": None}, "4"),
        ({"2": None}, "2"),
        ({"2": "4111X"}, "2"),
        ({"35": "4111111111111111=30X2"}, "35"),
        ({"52": "0123456789ABCDEG"}, "52"),
        ({"t": "1420"}, "56"),
        ({"t": "1420", "56": "1100"}, "56"),
        ({"t": "1420", "56": "1100000001260708143456991"}, "56"),
        ({"t": "1120"}, "39"),
        ({"t": "1120", "39": "117", "48": "8101X"}, "48.81"),
        ({"t": "1804", "24": None}, "24"),
    ],
)
async def test_a_format_error_is_answered_904_and_the_next_request_is_not_hurt(issuer, visa, make, logs, change, path):
    card = make.card("Visa, good")
    fields = {name: value for name, value in (make.request(card) | change).items() if value is not None}
    view = await visa.ask(fields)
    assert (view["39"], view["11"], view["7"]) == ("904", fields["11"], fields["7"])
    [line] = [line for line in logs if line["event"] == "format error"]
    assert f"field {path}:" in line["reason"] or f"field {path} at" in line["reason"]
    assert await visa.action(make.request(card)) == "000"
    assert issuer.holdings() == {"978": 1000}


async def test_bytes_after_the_last_field_are_a_format_error(visa, make, codec):
    await visa.send_frame(codec.encode(make.request(make.card("Visa, good"))) + b"0")
    assert (await visa.receive())["39"] == "904"


@pytest.mark.parametrize("missing", ["7", "11"])
async def test_without_what_identifies_it_a_message_closes_the_connection(visa, make, logs, missing):
    fields = make.request(make.card("Visa, good"))
    del fields[missing]
    await visa.send(fields)
    assert await visa.receive() is None
    await make.until(lambda: _reasons(logs))
    assert f"field {missing}" in _reasons(logs)[0]


@pytest.mark.parametrize("frame", [b"GET / HTTP/1.1", b"0100" + b"0" * 16, b"1100", b"\x00" * 40, b"11"])
async def test_garbage_closes_the_connection_with_the_reason_in_the_log(issuer, visa, make, logs, frame):
    async with issuer.client() as other:
        await visa.send_frame(frame)
        assert await visa.receive() is None
        assert await other.action(make.request(make.card("Visa, good"))) == "000"
    await make.until(lambda: _reasons(logs))
    assert _reasons(logs)[0].startswith(("unreadable message: iso-1993-ascii", "no request of ISO 8583:1993"))


@pytest.mark.parametrize("mti", ["0100", "1110", "1140", "2100"])
async def test_what_is_no_request_of_1993_is_never_answered(visa, make, mti):
    await visa.send(make.request(make.card("Visa, good"), mti=mti))
    assert await visa.receive() is None


@pytest.mark.parametrize("mti", ["1200", "1304", "1604"])
async def test_a_request_the_host_does_not_serve_is_invalid(visa, make, mti):
    view = await visa.ask(make.request(make.card("Visa, good"), mti=mti))
    assert (view.mti[1], view["39"]) == (mti[1], "902")


async def test_frames_cut_at_every_byte_are_read(issuer, visa, make, codec):
    card = make.card("Visa, good")
    frame = codec.encode(make.request(card))
    for byte in b"%04d" % len(frame) + frame:
        await visa.stream.send_all(bytes([byte]))
    assert (await visa.receive())["39"] == "000"


async def test_a_keep_alive_is_no_message(visa, make):
    await visa.stream.send_all(b"00000000")
    assert await visa.action(make.request(make.card("Visa, good"))) == "000"


async def test_a_frame_above_the_limit_closes_the_connection(start, make, logs):
    async with start(limits=LIMITS) as issuer, issuer.client() as client:
        await client.stream.send_all(b"0513")
        assert await client.receive() is None
        await make.until(lambda: _reasons(logs))
        assert "expected at most 512 bytes" in _reasons(logs)[0]


async def test_silence_in_mid_frame_closes_the_connection_and_silence_between_frames_does_not(start, make, logs):
    async with start(limits=LIMITS) as issuer, issuer.client() as idle, issuer.client() as client:
        await client.stream.send_all(b"0100some")
        assert await client.receive() is None
        await make.until(lambda: _reasons(logs))
        assert _reasons(logs) == ["silence in mid-frame for 0.2 s"]
        assert await idle.action(make.request(make.card("Visa, good"))) == "000"


async def test_bytes_that_trickle_do_not_extend_the_time_for_a_frame(start, logs):
    sent = []
    async with start(limits=LIMITS) as issuer, issuer.client() as client, trio.open_nursery() as nursery:
        nursery.start_soon(_trickle, client.stream, sent)
        assert await client.receive() is None
        nursery.cancel_scope.cancel()
    assert "silence in mid-frame for 0.2 s" in _reasons(logs)
    assert 2 < len(sent) < 400, "it was closed amid the bytes"


async def _trickle(stream, sent):
    try:
        for byte in b"0500" + b"0" * 400:
            await stream.send_all(bytes([byte]))
            sent.append(byte)
            await trio.sleep(0.02)
    except trio.BrokenResourceError:
        await trio.sleep_forever()


async def test_connections_above_the_limit_are_closed_at_once_and_count_no_longer_when_gone(start, make, logs):
    async with start(limits=LIMITS) as issuer:
        async with issuer.client(), issuer.client():
            async with issuer.client(sign_on=False) as third:
                assert await third.receive() is None
            assert _reasons(logs, "refused") == ["2 connections are open"]
            async with issuer.client("switch") as other_listener:
                assert await other_listener.manage("831") == "800"
        await make.until(lambda: len(_reasons(logs)) >= 3)
        async with issuer.client() as client:
            assert await client.manage("831") == "800"


async def test_more_requests_than_may_be_in_flight_are_all_answered(start, make, codec):
    card = make.card("Visa, good")
    async with start(limits=LIMITS) as issuer, issuer.client() as client:
        requests = [make.request(card, 1, f35=card["track2"]) for _ in range(50)]
        frames = [codec.encode(request) for request in requests]
        await client.stream.send_all(b"".join(b"%04d" % len(frame) + frame for frame in frames))
        assert sorted([(await client.receive())["11"] for _ in requests]) == sorted(r["11"] for r in requests)
        assert issuer.holdings() == {"978": 50}


async def test_who_stops_sending_still_gets_what_it_waits_for(issuer, make, logs):
    card = make.card("Visa, good")
    async with issuer.client() as client:
        await client.send(make.request(card, f52=make.pin_block(card["pan"], card["pin"])))
        await client.stream.send_eof()
        assert (await client.receive())["39"] == "000"
        assert await client.receive() is None
    await make.until(lambda: _reasons(logs))
    assert _reasons(logs) == ["closed by peer"]


async def test_who_is_gone_before_the_answer_hurts_nobody_and_finds_it_later(issuer, make):
    card = make.card("Visa, good")
    request = make.request(card, f52=make.pin_block(card["pan"], card["pin"]))
    async with issuer.client() as client:
        await client.send(request)
    async with issuer.client() as client:
        assert await client.action(request | {"t": "1101"}) == "000"
    assert issuer.holdings() == {"978": 1000}


async def test_who_does_not_read_its_answers_loses_its_connection_alone(start, make, codec, logs):
    async with start(limits=LIMITS) as issuer, issuer.client() as good, issuer.client() as lazy:
        frame = codec.encode({"t": "1804", "7": "0708123456", "11": "000001", "24": "831"})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_flood, lazy.stream, (b"%04d" % len(frame) + frame) * 2000)
            await make.until(lambda: _reasons(logs))
            nursery.cancel_scope.cancel()
        assert _reasons(logs) == ["does not read its answers"]
        assert await good.action(make.request(make.card("Visa, good"))) == "000"


async def _flood(stream, data):
    try:
        while True:
            await stream.send_all(data)
    except trio.BrokenResourceError:
        await trio.sleep_forever()


async def test_damaged_messages_of_every_kind_hurt_no_other_connection_and_approve_nothing(issuer, make, codec, logs):
    card, chance = make.card("Visa, good"), random.Random(1993)
    request = make.request(card, f35=card["track2"], f48="9203" + card["cvv2"], f52=make.pin_block(card["pan"], "9999"))
    whole = [
        codec.encode(message)
        for message in (
            request,
            make.reversal(request),
            make.request(card, mti="1120", f39="117", f48="810201"),
            {"t": "1804", "7": "0708123456", "11": "000001", "24": "831"},
        )
    ]
    async with issuer.client() as good:
        for _ in range(400):
            frame = bytearray(chance.choice(whole))
            for _ in range(chance.randint(1, 4)):
                where = chance.randrange(len(frame))
                frame[where : where + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
            async with issuer.client() as client:
                await client.send_frame(bytes(frame))
                view = await client.receive()
                assert view is None or view["39"] != "000" or view.mti == "1130"
        assert await good.action(make.request(card)) == "000"
    assert issuer.holdings() == {"978": 1000}
    assert [line for line in logs if line["event"] == "internal error"] == []
