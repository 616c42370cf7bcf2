"""A killed switch and its next life on the same journal: doubts reversed, deliveries known, repeats answered."""

import shutil

VISA, MASTERCARD = "4111111111111111", "5555555555554444"


def _forget_marks(folder):
    """The state of a process killed after the journal's commit and before the mark: the file has its boot only."""
    path = folder / "delivered"
    boot = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(boot + b"\n")


async def test_a_request_in_doubt_is_reversed_before_anything_else(world, sale, journal):
    host = world.hosts["visa"]
    host.decide = lambda view: "00" if view.mti[1] == "4" else None
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(VISA)
        await terminal.send(request)
        await host.until(lambda: host.requests)
    host.decide = lambda _view: "00"
    async with world.life() as life:
        await host.until(lambda: host.of("4"))
        (original,) = host.of("1")
        assert host.of("4")[0].mti == "0400" and host.of("4")[0]["90"][4:20] == original["11"] + original["7"]
        terminal = await life.connect()
        assert (await terminal.ask({**request, "t": "0201"}))["39"] == "91"
        assert len(host.of("1")) == 1
        await life.until(lambda: not life.switch.status()["queued"]["visa"] and not life.store.backlog)
        assert [row["state"] for row in journal()] == ["reversed"]


async def test_an_approval_that_was_not_delivered_is_reversed_and_its_repeat_does_not_collect_it(world, sale, journal):
    host = world.hosts["mastercard"]
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(MASTERCARD)
        assert (await terminal.ask(request))["39"] == "00"
    _forget_marks(world.folder)
    async with world.life() as life:
        await host.until(lambda: host.of("4"))
        terminal = await life.connect()
        answer = await terminal.ask({**request, "t": "0201"})
        assert answer["39"] == "91" and "38" not in answer
        assert len(host.of("1")) == 1
        assert (host.of("4")[0]["15"], host.of("4")[0]["39"]) == ("0612", "68")
        await life.until(lambda: not life.store.backlog)
        assert [row["state"] for row in journal()] == ["reversed"]


async def test_a_delivered_approval_stands_and_its_repeat_gets_the_same_answer(world, sale):
    host = world.hosts["visa"]
    async with world.life() as life:
        request = sale(VISA)
        first = await (await life.connect()).ask(request)
    async with world.life() as life:
        again = await (await life.connect()).ask({**request, "t": "0201"})
        assert again == first
        await life.until(lambda: not life.store.backlog)
        assert len(host.requests) == 1


async def test_an_index_that_lost_its_tail_still_knows_every_repeat_and_a_changed_amount_is_94(world, sale):
    """As a machine that lost its power leaves it: what the log has, the index need not have."""
    host, index = world.hosts["visa"], world.folder / "journal.db"
    async with world.life(wait=()):
        pass
    shutil.copy(index, world.folder / "old.db")
    async with world.life() as life:
        terminal = await life.connect()
        request = sale(VISA)
        first = await terminal.ask(request)
        other = await life.connect()
        assert await other.ask({**request, "t": "0201"}) == first, "over another connection"
    shutil.copy(world.folder / "old.db", index)
    async with world.life() as life:
        assert life.store.replayed
        terminal = await life.connect()
        for mti in ("0201", "0200"):
            assert await terminal.ask({**request, "t": mti}) == first
            changed = await terminal.ask({**request, "t": mti, "4": "000000099999"})
            assert changed["39"] == "94" and "38" not in changed
        await life.until(lambda: not life.store.backlog)
        assert len(host.requests) == 1


async def test_an_unacknowledged_reversal_goes_on_as_a_repeat(world, sale, deadlines):
    world.engine["deadlines"] = deadlines(answer=0.3, grace=0.5, advice=10)
    host = world.hosts["visa"]
    host.decide = lambda _view: None
    async with world.life() as life:
        assert (await (await life.connect()).ask(sale(VISA)))["39"] == "91"
        await host.until(lambda: host.of("4"))
        await life.until(lambda: not life.store.backlog)
    host.decide = lambda _view: "00"
    async with world.life() as life:
        await host.until(lambda: len(host.of("4")) == 2)
        first, again = host.of("4")
        assert (first.mti, again.mti) == ("0400", "0401")
        assert {field: first[field] for field in first.fields} == {field: again[field] for field in again.fields}
        await life.until(lambda: not life.switch.status()["queued"]["visa"])
    async with world.life() as life:
        assert not life.switch.status()["queued"]["visa"]


async def test_numbers_go_on_where_they_were(world, sale):
    host = world.hosts["visa"]
    for _ in range(2):
        async with world.life() as life:
            terminal = await life.connect()
            for _ in range(3):
                assert (await terminal.ask(sale(VISA)))["39"] == "00"
    assert len({view["11"] for view in host.requests}) == 6
