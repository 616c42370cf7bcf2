"""Payments through the real switch: to each network, on both listeners, out of order, with PINs in every zone."""

import pytest

VISA, MASTERCARD, ON_US, DIRECT = "4111111111111111", "5555555555554444", "4571990000000011", "4242424242424242"


@pytest.mark.parametrize("listener", ["hex", "binary"])
@pytest.mark.parametrize(("pan", "host"), [(VISA, "visa"), (MASTERCARD, "mastercard"), (DIRECT, "issuer-b")])
async def test_a_pin_purchase_arrives_with_the_pin_under_the_host_s_own_key(world, sale, cards, pan, host, listener):
    async with world.life() as life:
        terminal = await life.connect(listener)
        request = sale(pan, pin=cards[pan]["pin"])
        answer = await terminal.ask(request)
        (seen,) = world.hosts[host].requests
        assert world.hosts[host].clear_pin(seen, pan) == cards[pan]["pin"]
        assert seen["52"] != request["52"]
        assert (seen["2"], seen["4"], seen["49"]) == (pan, "000000001234", "978")
        assert seen["11"] != request["11"]  # the switch's own
        kept = {"2", "3", "4", "7", "11", "12", "13", "22", "25", "41", "42", "49"}
        assert answer == {
            "t": "0210",
            "39": "00",
            "37": seen["37"],
            "38": f"A{seen['11'][-5:]}",
            **{key: value for key, value in request.items() if key in kept},
        }


async def test_an_on_us_purchase_is_verified_here_and_forwarded_with_its_result(world, sale, cards):
    async with world.life() as life:
        terminal = await life.connect()
        answer = await terminal.ask(sale(ON_US, pin=cards[ON_US]["pin"]))
        (seen,) = world.hosts["issuer-a"].requests
        assert answer["39"] == "00"
        assert (seen.get("48.80"), seen.get("48.87")) == ("PV", "M")
        assert "52" not in seen and "35" not in seen


async def test_a_wrong_pin_on_us_is_declined_here_and_told_to_the_issuer(world, sale, cards):
    async with world.life() as life:
        terminal = await life.connect()
        wrong = "9999" if cards[ON_US]["pin"] != "9999" else "1111"
        codes = [(await terminal.ask(sale(ON_US, pin=wrong)))["39"] for _ in range(3)]
        assert codes == ["55", "55", "75"]
        issuer = world.hosts["issuer-a"]
        await issuer.until(lambda: len(issuer.requests) == 3)
        assert [(view.mti, view.get("48.81")) for view in issuer.requests] == [
            ("1120", "01"),
            ("1120", "02"),
            ("1120", "03"),
        ]
        await life.until(lambda: life.switch.status()["queued"]["issuer-a"] == 0)


@pytest.mark.parametrize("listener", ["hex", "binary"])
async def test_two_hundred_pipelined_requests_answered_out_of_order_each_get_their_own_answer(
    world, sale, listener, deadlines
):
    world.engine["deadlines"] = deadlines(answer=9.0, grace=1.0)
    visa, mastercard = world.hosts["visa"], world.hosts["mastercard"]
    for host in (visa, mastercard):
        host.decide = lambda _view: None
    async with world.life() as life:
        terminal = await life.connect(listener)
        requests = [
            sale(MASTERCARD if number % 2 else VISA, **{"4": f"{number + 1:012d}", "37": f"RRN{number:09d}"})
            for number in range(200)
        ]
        await terminal.send(*requests)
        await visa.until(lambda: len(visa.requests) == 100)
        await mastercard.until(lambda: len(mastercard.requests) == 100)
        for host in (mastercard, visa):
            answers = [host.answer(view, "00" if int(view["4"]) % 3 else "05") for view in reversed(host.requests)]
            await host.send(b"".join(answers))
        answers = [await terminal.receive() for _ in requests]
        by_stan = {answer["11"]: answer for answer in answers}
        assert len(by_stan) == 200
        for request in requests:
            answer = by_stan[request["11"]]
            approved = int(request["4"]) % 3 != 0
            assert answer["39"] == ("00" if approved else "05") and ("38" in answer) == approved
            for key in ("2", "3", "4", "7", "12", "13", "22", "25", "37", "41", "42", "49"):
                assert answer[key] == request[key]
            assert "35" not in answer
        assert answers[0]["11"] != requests[0]["11"]  # they really came in another order


async def test_requests_on_several_connections_are_answered_on_their_own(world, sale):
    async with world.life() as life:
        terminals = [await life.connect("hex" if number % 2 else "binary") for number in range(8)]
        requests = [sale(VISA, **{"41": f"TERM{number:04d}"}) for number in range(8)]
        for terminal, request in zip(terminals, requests, strict=True):
            await terminal.send(request)
        for terminal, request in zip(terminals, requests, strict=True):
            answer = await terminal.receive()
            assert (answer["11"], answer["41"], answer["39"]) == (request["11"], request["41"], "00")


async def test_an_echo_of_a_terminal_is_answered_without_any_host(world):
    for host in world.hosts.values():
        host.die()
    async with world.life(wait=()) as life:
        terminal = await life.connect()
        answer = await terminal.ask({"t": "0800", "7": "0611191024", "11": "000001", "70": "301"})
        assert answer == {"t": "0810", "7": "0611191024", "11": "000001", "70": "301", "39": "00"}


@pytest.mark.parametrize(("pan", "code"), [("2223003122003222", "92"), ("4111111111111111", "91")])
async def test_no_route_is_92_and_a_host_that_is_down_91(world, sale, pan, code):
    world.hosts["visa"].accept = lambda _function: None
    async with world.life(wait=("mastercard",)) as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(pan)))["39"] == code


async def test_a_repeat_gets_the_stored_answer_and_the_host_sees_one_request(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(VISA)
        first = await terminal.ask(request)
        again = await terminal.ask({**request, "t": "0201"})
        assert first == again and len(world.hosts["visa"].requests) == 1


async def test_a_refund_and_a_withdrawal_pass_through(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        for code in ("200000", "010000"):
            assert (await terminal.ask(sale(MASTERCARD, **{"3": code})))["39"] == "00"
        refund, cash = world.hosts["mastercard"].requests
        assert (refund["3"], refund["48.0"], cash["3"], cash["48.0"]) == ("200000", "R", "010000", "C")


async def test_a_terminal_s_reversal_is_answered_and_reaches_the_host(world, sale):
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(MASTERCARD)
        await terminal.ask(request)
        reversal = {key: request[key] for key in ("2", "3", "4", "41", "42", "49")} | {
            "t": "0400",
            "7": "0611191099",
            "11": "900001",
            "90": f"0200{request['11']}{request['7']}".ljust(42, "0"),
        }
        answer = await terminal.ask(reversal)
        host = world.hosts["mastercard"]
        await host.until(lambda: host.of("4"))
        (undone,) = host.of("4")
        (original,) = host.of("1")
        assert (answer["t"], answer["39"]) == ("0410", "00")
        assert (undone["39"], undone["15"], undone["63"]) == ("17", "0612", f"MCC{original['11']:0>9}")
        assert undone["90"] == f"0100{original['11']}{original['7']}00000400001{'0' * 11}"
        assert undone["38"] == f"A{original['11'][-5:]}"


async def test_nothing_of_the_card_is_logged_or_kept_whatever_happens(world, sale, cards, deadlines, capfd):
    world.engine["deadlines"] = deadlines(answer=0.6, grace=0.5, advice=0.3)
    visa = world.hosts["visa"]
    visa.decide = lambda view: "00" if view.mti[1] == "4" or visa.of("4") else None
    async with world.life() as life:
        terminal = await life.connect()
        requests = [sale(pan, pin=cards[pan]["pin"]) for pan in (VISA, MASTERCARD, ON_US, DIRECT)]
        requests += [sale(VISA, **{"48": f"9203{cards[VISA]['cvv2']}"})]
        for request in requests:
            await terminal.ask(request)
        cut = terminal.codec.encode(requests[0])[:-3]
        await terminal.stream.send_all(len(cut).to_bytes(2, "big") + cut)
        assert (await terminal.receive())["39"] == "30"
        await terminal.stream.send_all(b"\x00\x04junk")
        assert await terminal.receive() == {}
        await life.until(lambda: not life.switch.status()["queued"]["visa"])
    shown = "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert "request refused" in shown or "message refused" in shown
    for request in requests:
        for field in ("2", "35", "52", "48"):
            value = request.get(field, "")
            assert not value or (value not in shown and value.encode() not in kept)
