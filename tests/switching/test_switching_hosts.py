"""Hosts that are late, silent, gone, unwilling or wrong, and what the requesters and the hosts hear of it."""

from types import SimpleNamespace

import pytest
import structlog
import trio

from switch.link.connection import Limits
from switch.switching import hosts
from switch.switching.clock import Clock
from switch.switching.settings import HostLinkSettings

VISA, MASTERCARD = "4111111111111111", "5555555555554444"
QUICK = {"answer": 0.4, "grace": 0.5, "advice": 0.2}


def silent_but_for_reversals(view):
    return "00" if view.mti[1] == "4" else None


async def test_no_answer_in_time_is_91_and_a_reversal_that_repeats_until_it_is_acknowledged(
    world, sale, deadlines, journal
):
    world.engine["deadlines"] = deadlines(**QUICK)
    host = world.hosts["visa"]
    host.decide = lambda view: "00" if len(host.of("4")) == 3 else None
    async with world.life() as life:
        terminal = await life.connect()
        answer = await terminal.ask(sale(VISA))
        assert answer["39"] == "91" and "38" not in answer
        # `decide` is asked before the message is listed: the fourth one sees three.
        await host.until(lambda: len(host.of("4")) == 4)
        await life.until(lambda: not life.switch.status()["queued"]["visa"])
        assert [view.mti for view in host.of("4")] == ["0400", "0401", "0401", "0401"]
        for field in ("2", "4", "7", "11", "37", "63.3", "90"):
            assert len({view[field] for view in host.of("4")}) == 1
        (request,) = host.of("1")
        assert host.of("4")[0]["90"][:20] == "0100" + request["11"] + request["7"]
        assert host.of("4")[0]["63.3"] == "2502"
        await life.until(lambda: not life.store.backlog)
        assert [row["state"] for row in journal()] == ["timeout"]


async def test_a_reversal_answered_91_or_96_is_tried_again_and_25_ends_it(world, sale, deadlines):
    world.engine["deadlines"] = deadlines(**QUICK)
    host = world.hosts["mastercard"]
    codes = iter(["91", "96", "25"])
    host.decide = lambda view: next(codes) if view.mti[1] == "4" else None
    async with world.life() as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(MASTERCARD)))["39"] == "91"
        await host.until(lambda: len(host.of("4")) == 3)
        await life.until(lambda: not life.switch.status()["queued"]["mastercard"])


async def test_a_late_answer_is_counted_and_reaches_nobody(world, sale, waits):
    wait = world.engine["deadlines"] = waits()
    host = world.hosts["visa"]
    host.decide = silent_but_for_reversals
    async with world.life() as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(VISA)))["39"] == "91"
        with structlog.testing.capture_logs() as logs:
            await host.send(host.answer(host.of("1")[0], "00"))
            await life.until(lambda: life.switch.status()["late"] == 1)
        assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["late answer"]
        wait.long()
        host.decide = lambda _view: "05"
        request = sale(VISA)
        answer = await terminal.ask(request)
        assert (answer["11"], answer["39"]) == (request["11"], "05")


async def test_a_host_killed_in_mid_flight_means_91_and_a_reversal_once_it_is_back(world, sale, waits):
    wait = world.engine["deadlines"] = waits(advice=100)
    host = world.hosts["visa"]
    host.decide = silent_but_for_reversals
    async with world.life() as life:
        terminal = await life.connect()
        requests = [sale(VISA) for _ in range(20)]
        await terminal.send(*requests)
        await host.until(lambda: len(host.of("1")) == 20)
        wait.long()
        host.die()
        await life.until(lambda: not life.switch.status()["hosts"]["visa"])
        other = sale(MASTERCARD)
        await terminal.send(sale(VISA), other)
        answers = {answer["11"]: answer["39"] for answer in [await terminal.receive() for _ in range(22)]}
        assert answers.pop(other["11"]) == "00"  # the other network is not touched
        assert list(answers.values()) == ["91"] * 21
        await world.nursery.start(host.serve)
        await host.until(lambda: len(host.of("4")) == 20)
        assert {view["90"][4:10] for view in host.of("4")} == {view["11"] for view in host.of("1")}
        assert len(host.of("1")) == 20  # the last one was not sent
        host.decide = lambda _view: "00"
        assert (await terminal.ask(sale(VISA)))["39"] == "00"
        assert len(host.of("4")) == 20


async def test_a_host_that_refuses_the_sign_on_gets_no_request_until_it_accepts(world, sale):
    host = world.hosts["visa"]
    host.accept = lambda _function: "05"
    with structlog.testing.capture_logs() as logs:
        async with world.life(wait=("mastercard",)) as life:
            terminal = await life.connect()
            await host.until(lambda: len(host.management) >= 2)
            assert (await terminal.ask(sale(VISA)))["39"] == "91"
            assert host.requests == []
            host.accept = lambda _function: "00"
            await life.until_up("visa")
            assert (await terminal.ask(sale(VISA)))["39"] == "00"
    ends = [line["reason"] for line in logs if line["event"] == "disconnected" and line.get("link") == "visa"]
    assert ends and set(ends[:2]) == {"sign-on refused with 05"}


async def test_a_missed_echo_ends_the_link_which_signs_on_anew(world, sale):
    world.links["visa"] = {"echo_interval": 0.05, "management_timeout": 0.1}
    host = world.hosts["visa"]
    host.accept = lambda function: None if function == "echo" else "00"
    with structlog.testing.capture_logs() as logs:
        async with world.life() as life:
            await host.until(lambda: host.management.count("sign-on") >= 3)
            host.accept = lambda _function: "00"
            await life.until_up("visa")
            before = host.management.count("echo")
            await host.until(lambda: host.management.count("echo") >= before + 3)
            assert (await (await life.connect()).ask(sale(VISA)))["39"] == "00"
    ends = [line["reason"] for line in logs if line["event"] == "disconnected" and line.get("link") == "visa"]
    assert set(ends) == {"no answer to echo"} and len(ends) >= 2


async def test_the_link_ends_only_after_as_many_missed_echoes_as_are_set(world):
    world.links["visa"] = {"echo_interval": 0.05, "echo_misses": 3, "management_timeout": 0.1}
    host = world.hosts["visa"]
    host.accept = lambda function: None if function == "echo" else "00"
    async with world.life():
        await host.until(lambda: host.management.count("sign-on") >= 2)
        again = host.management.index("sign-on", 1)
        assert host.management[:again] == ["sign-on", "echo", "echo", "echo"]


async def test_a_host_that_answers_payments_is_not_asked_for_echoes(world, sale):
    world.links["visa"] = {"echo_interval": 1.0}
    host = world.hosts["visa"]
    async with world.life() as life:
        terminal = await life.connect()
        with trio.move_on_after(1.5):
            while True:
                await terminal.ask(sale(VISA))
        assert host.management == ["sign-on"]
        await host.until(lambda: host.management == ["sign-on", "echo"])


@pytest.mark.parametrize("name", ["visa", "mastercard", "issuer-a"])
async def test_a_host_s_own_echo_is_answered(world, name):
    host = world.hosts[name]
    async with world.life():
        field, code = ("24", "831") if host.modern else ("70", "270" if name == "mastercard" else "301")
        fields = {"t": "1804" if host.modern else "0800", "7": "0611191024", "11": "000042", field: code}
        reply = []
        host._hear = _collect(host, reply)
        await host.send(host.frame(fields))
        await host.until(lambda: reply)
        assert (reply[0].mti, reply[0]["11"]) == ("1814" if host.modern else "0810", "000042")
        assert reply[0]["39"] == ("800" if host.modern else "00")


def _collect(host, into):
    async def hear(_stream, view):
        into.append(view)
        host.note()

    return hear


@pytest.mark.parametrize(
    ("what", "mti"),
    [
        ("our own request", "0100"),
        ("a reversal's answer", "0410"),
        ("a notification", "0140"),
        ("an administrative reply", "0610"),
        ("a reply of another version", "9110"),
        ("a file update", "0310"),
        ("a reserved function", "0190"),
    ],
)
async def test_what_is_no_answer_to_a_request_approves_nothing_and_hurts_nobody(world, sale, waits, what, mti):
    wait = world.engine["deadlines"] = waits()
    host = world.hosts["mastercard"]
    host.decide = silent_but_for_reversals
    async with world.life() as life:
        terminal = await life.connect()
        await terminal.send(sale(MASTERCARD))
        await host.until(lambda: host.requests)
        await host.send(host.answer(host.requests[0], "00", t=mti))
        answer = await terminal.receive()
        assert answer["39"] in ("91", "96") and "38" not in answer
        wait.long()
        host.decide = lambda _view: "00"
        assert (await terminal.ask(sale(MASTERCARD)))["39"] == "00"
        assert host.management == ["sign-on"]  # the link has stayed


async def test_an_answer_before_the_sign_on_is_accepted_approves_nothing(world, sale, deadlines):
    world.engine["deadlines"] = deadlines(**QUICK)
    host = world.hosts["visa"]
    host.decide = silent_but_for_reversals
    async with world.life() as life:
        terminal = await life.connect()
        await terminal.send(sale(VISA))
        await host.until(lambda: host.requests)
        host.die()
        await life.until(lambda: not life.switch.status()["hosts"]["visa"])
        host.accept = lambda _function: None
        await world.nursery.start(host.serve)
        await host.until(lambda: host.streams)
        with structlog.testing.capture_logs() as logs:
            await host.send(host.answer(host.requests[0], "00"))
            assert (await terminal.receive())["39"] == "91"
        assert "answer ignored" in [line["event"] for line in logs]


async def test_a_damaged_answer_is_refused_and_the_others_of_its_link_are_not_hurt(world, sale, waits):
    wait = world.engine["deadlines"] = waits()
    host = world.hosts["mastercard"]
    host.decide = silent_but_for_reversals
    async with world.life() as life:
        terminal = await life.connect()
        damaged, sound = sale(MASTERCARD), sale(MASTERCARD)
        await terminal.send(damaged)
        await host.until(lambda: len(host.of("1")) == 1)
        wait.long()
        await terminal.send(sound)
        await host.until(lambda: len(host.of("1")) == 2)
        first, second = host.of("1")
        with structlog.testing.capture_logs() as logs:
            frame = host.answer(first, "00", **{"38": "......"})
            await host.send(frame + host.answer(second, "00"))
            answers = {answer["11"]: answer["39"] for answer in [await terminal.receive(), await terminal.receive()]}
        assert answers == {damaged["11"]: "91", sound["11"]: "00"}
        assert [line["reason"] for line in logs if line["event"] == "message refused"] == [
            f"mastercard: field 38 at byte {_offset(host, first)}: expected letters and digits"
        ]
        assert host.management == ["sign-on"]


def _offset(host, view):
    return host.codec.view(host.answer(view, "00", **{"38": "......"})[2:]).offset("38")


@pytest.mark.parametrize("junk", [b"\x00\x05junk!", b"\x00\x01\xff", b"\xff\xff"])
async def test_garbage_of_a_host_ends_its_link_with_a_reason_and_it_signs_on_again(world, sale, junk):
    host = world.hosts["mastercard"]
    with structlog.testing.capture_logs() as logs:
        async with world.life() as life:
            await host.send(junk)
            await host.until(lambda: host.management.count("sign-on") == 2)
            await life.until_up("mastercard")
            assert (await (await life.connect()).ask(sale(MASTERCARD)))["39"] == "00"
    reasons = [line["reason"] for line in logs if line["event"] == "disconnected" and line.get("link") == "mastercard"]
    assert reasons[0].startswith(("unreadable message: mastercard: ", "bad frame: "))


def _rejecting(host):
    """What `answer` gives is wrapped as a rejection of the request."""

    async def hear(stream, view):
        if view.mti[1] == "8":
            await type(host)._hear(host, stream, view)
            return
        host.requests.append(view)
        host.note()
        rejected = bytes((26,)) + bytes(21) + b"\x80\x00\x00\x06" + view.data
        await stream.send_all(len(rejected).to_bytes(2, "big") + b"\0\0" + rejected)

    return hear


async def test_a_request_that_visa_rejects_is_a_format_error_and_the_link_stays(world, sale):
    host = world.hosts["visa"]
    host._hear = _rejecting(host)
    async with world.life() as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(VISA)))["39"] == "30"
        assert (await terminal.ask(sale(VISA)))["39"] == "30"
        assert host.management == ["sign-on"]


async def test_a_reversal_that_is_refused_as_malformed_is_a_dead_letter_and_blocks_nothing(world, sale, deadlines):
    world.engine["deadlines"] = deadlines(**QUICK)
    host = world.hosts["visa"]
    codes = iter(["30", "00"])
    host.decide = lambda view: next(codes) if view.mti[1] == "4" else None
    with structlog.testing.capture_logs() as logs:
        async with world.life() as life:
            terminal = await life.connect()
            for _ in range(2):
                assert (await terminal.ask(sale(VISA)))["39"] == "91"
            await life.until(lambda: not life.switch.status()["queued"]["visa"])
    assert [line["event"] for line in logs if line["event"].startswith("reversal ")] == [
        "reversal dead",
        "reversal acknowledged",
    ]


async def test_a_fault_in_the_switch_itself_costs_the_one_request_it_hits(world, sale, waits, monkeypatch):
    wait = world.engine["deadlines"] = waits()
    dialect = world.settings().engine.hosts["visa"].dialect
    real = dialect.request

    def faulty(payment):
        if payment.amount == 666:
            raise RuntimeError("a fault")
        return real(payment)

    monkeypatch.setattr(dialect, "request", faulty)
    async with world.life() as life:
        terminal = await life.connect()
        bad, good = sale(VISA, **{"4": f"{666:012d}"}), sale(VISA)
        with structlog.testing.capture_logs():
            await terminal.send(bad)
            await life.until(lambda: life.switch.status()["in_flight"])
            wait.long()
            await terminal.send(good)
            answers = {answer["11"]: answer["39"] for answer in [await terminal.receive(), await terminal.receive()]}
        assert answers[good["11"]] == "00" and answers[bad["11"]] in ("30", "91", "96")
        assert (await terminal.ask(sale(MASTERCARD)))["39"] == "00"


async def test_a_host_that_does_not_read_loses_its_link_and_its_requests_are_undone(world, sale, deadlines):
    world.engine["deadlines"] = deadlines(answer=1.0, grace=0.5, advice=0.5)
    world.links["visa"] = {"limits": Limits(max_out=2000, idle_timeout=0)}
    host = world.hosts["visa"]
    host.decide = silent_but_for_reversals
    async with world.life() as life:
        for connection in life.switch._reactor._connections.values():
            if connection.name == "visa":
                connection.blocked = True  # as when the kernel takes nothing
        terminal = await life.connect()
        await terminal.send(*[sale(VISA) for _ in range(20)])
        answers = [await terminal.receive() for _ in range(20)]
        assert {answer["39"] for answer in answers} == {"91"}
        await life.until(lambda: not life.switch.status()["queued"]["visa"])
        await host.until(lambda: host.management.count("sign-on") == 2)


async def test_a_notification_is_no_answer_to_the_sign_on(world):
    world.links["visa"] = {"management_timeout": 0.2}
    host = world.hosts["visa"]
    real = host.answer
    host.answer = lambda view, code, **extra: real(view, code, **{**extra, "t": "0840"})
    async with world.life(wait=("mastercard",)) as life:
        await host.until(lambda: len(host.management) >= 2)
        assert not life.switch.status()["hosts"]["visa"]


async def test_hosts_that_are_not_there_at_the_start_are_found_when_they_come(world, sale):
    world.hosts["mastercard"].die()
    async with world.life(wait=("visa",)) as life:
        terminal = await life.connect()
        assert (await terminal.ask(sale(MASTERCARD)))["39"] == "91"
        await world.nursery.start(world.hosts["mastercard"].serve)
        await life.until_up("mastercard")
        assert (await terminal.ask(sale(MASTERCARD)))["39"] == "00"


async def test_a_sign_on_that_gets_no_answer_is_tried_on_a_new_connection(world):
    world.links["visa"] = {"management_timeout": 0.1}
    host = world.hosts["visa"]
    host.accept = lambda _function: None
    async with world.life(wait=("mastercard",)) as life:
        await host.until(lambda: len(host.management) >= 3)
        assert not life.switch.status()["hosts"]["visa"]
        assert len(host.streams) <= 2
    with trio.move_on_after(1):
        await host.until(lambda: not host.streams)
    assert host.streams == []


async def test_an_echo_is_due_when_its_time_has_come_however_the_sum_rounds(autojump_clock):
    heard = next(at for at in (n / 10_000 for n in range(150_000, 600_000)) if (at + 20.0) - at < 20.0)
    await trio.sleep(heard)
    looks = []

    class Quiet:
        closed = ""

        @property
        def heard_at(self):
            looks.append(trio.current_time())
            assert len(looks) < 50, "it spins at one instant"
            return heard

        def send(self, _frame):
            link.up = False  # the echo was asked: the conversation may end

    link = hosts.HostLink(
        "host",
        SimpleNamespace(management=lambda *_: b""),
        HostLinkSettings(host="", port=1, echo_interval=20.0, management_timeout=1.0),
        None,
        None,
        Clock(),
    )
    link.up = True
    await link._keep_alive(hosts._Session(Quiet()))
    assert looks and not link.up
