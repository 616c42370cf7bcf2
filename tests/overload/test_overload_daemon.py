"""The real daemon past its capacity: memory, and ten thousand connections."""

import sys

import trio
from switch.tools.bench_load import Plan, load

from switch.daemon import admin

WANTED = 10_000
SPARE = 500  # descriptors that are not connections


def test_under_overload_everything_is_answered_in_time_and_memory_stays_flat(daemon):
    wire, process = daemon("max_in_flight = 20\n", silent=True)

    def overload(name, seconds):
        plan = Plan(links=4, window=50, seconds=seconds, warm=0)
        with load(wire, process, plan, "4", name=name, pin=False, echoed=False) as made:
            return made.run()

    # The first fills what fills once: caches, the pages of the journal, the 20 in flight.
    first, then = overload("001", 1.0), overload("002", 3.0)
    for one in (first, then):
        assert len(one.latencies) == one.refused > 1000  # the host says nothing, so nothing is approved
        assert one.unanswered == 0
        assert one.quantile(0.5) < 1600  # milliseconds: a refusal does not wait for the deadline
    assert then.answered > 2 * first.answered
    assert then.memory - first.memory < 4 * 2**20


def test_ten_thousand_connections_are_served_as_far_as_descriptors_go(daemon, descriptors, tmp_path, capsys):
    links = min(WANTED, descriptors - SPARE)
    if links < WANTED:
        with capsys.disabled():
            sys.stdout.write(f"\n{links} connections, not {WANTED}: the limit is {descriptors} descriptors\n")
    wire, process = daemon()
    before = process.memory()
    ends = [wire.dial(process.port, lambda _end, _data: None) for _ in range(links)]

    async def connected():
        with trio.fail_after(20):
            while True:
                status = await admin.ask(tmp_path / "switch.sock", "status")
                if status["connections"] >= links:
                    return status["connections"]

    assert trio.run(connected) == links
    assert process.memory() - before < links * 20 * 1024
    with load(
        wire, process, Plan(links=20, window=2, seconds=0.5, warm=0), "4", name="pay", pin=False, echoed=False
    ) as made:
        paid = made.run()
    assert paid.answered > 0
    assert (paid.refused, paid.unanswered) == (0, 0)
    for end in ends:
        wire.hang_up(end)
