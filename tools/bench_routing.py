"""The BIN table and the rules beside dictionaries and a bare bisect in the same run: `switch-bench routing`."""

import random
import sys
import time
import tracemalloc
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from switch.dialect.iso1993 import Iso1993Dialect
from switch.engine.binfile import parse_bin_table
from switch.engine.bins import BinTable, Route
from switch.engine.conditions import Facts
from switch.engine.config import EngineSettings, HostSettings, TerminalSettings
from switch.engine.router import Router
from switch.engine.rulesettings import AmountBounds, RoutingSettings, RuleSettings

_ROUNDS = 7
_CARDS = 50_000
_RULES = 100


def run(ranges: int) -> None:
    """Prints seconds and microseconds; raises SystemExit when a table finds something else than a dictionary."""
    source = random.Random(1)  # the same table in every run
    lines = list(_lines(ranges))
    table = _load("in order", lines)
    source.shuffle(lines)
    _load("in any order", lines)
    _print_memory(lines)
    cards = [f"{source.randrange(4 * 10**15, 6 * 10**15)}" for _ in range(_CARDS)]
    _lookups(table, lines, cards)
    _choices(table, cards)


def _lines(ranges: int) -> Iterator[str]:
    """Prefixes of 9 digits with gaps between, inside two of one digit; as a file has them."""
    yield "4,visa,visa"
    yield "5,mastercard,mastercard"
    step = 200_000_000 // ranges
    for number in range(400_000_000, 400_000_000 + (ranges - 2) * step, step):
        network = "visa" if number < 500_000_000 else "mastercard"
        yield f"{number:09d},{network},{network}"


def _load(order: str, lines: Sequence[str]) -> BinTable:
    begun = time.process_time()
    table = parse_bin_table(lines, "bench")
    _print(f"load {len(table):,} ranges {order}", f"{time.process_time() - begun:8.2f} s")
    return table


def _print_memory(lines: Sequence[str]) -> None:
    some = lines[: max(1, len(lines) // 10)]
    tracemalloc.start()
    table = parse_bin_table(some, "bench")
    kept, peak = (size / len(table) for size in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    _print("memory per range, kept and at most while loading", f"{kept:8.0f} bytes {peak:8.0f} bytes")


def _lookups(table: BinTable, lines: Sequence[str], cards: Sequence[str]) -> None:
    routes = {line.split(",")[0]: Route(*line.split(",")[1:]) for line in lines}

    def by_dictionary(pan: str) -> Route | None:
        return routes.get(pan[:9]) or routes.get(pan[:1])

    starts = sorted(int(prefix.ljust(19, "0")) for prefix in routes)

    def by_bisect(pan: str) -> int:
        return bisect_right(starts, int(pan.ljust(19, "0")))

    for pan in cards:
        if table.route(pan) != by_dictionary(pan):
            raise SystemExit("the table does not find what the dictionary finds")
    ours = _best(table.route, cards)
    for name, theirs in (("a dictionary per prefix", by_dictionary), ("a bare bisect, no result", by_bisect)):
        other = _best(theirs, cards)
        _print(f"look up, beside {name}", f"{ours:8.2f} us {other:8.2f} us  ratio {ours / other:4.1f}")


def _choices(table: BinTable, cards: Sequence[str]) -> None:
    hosts = {name: HostSettings(name, Iso1993Dialect()) for name in ("visa", "mastercard")}
    rules = [RuleSettings(name=f"r{code}", route="visa", mcc=[f"{code:04d}"]) for code in range(_RULES)]
    elsewhere = [RuleSettings(name=f"e{code}", route="visa", product=[f"{code}"]) for code in range(_RULES)]
    dear = [RuleSettings(name=f"d{low}", route="visa", amount={"EUR": AmountBounds(10**6 - low)}) for low in range(10)]
    names = (
        "no rules",
        f"{_RULES} rules of other products",
        f"{_RULES} rules by MCC, none met",
        "10 rules by amount, none met",
    )
    base = 0.0
    for name, some in zip(names, ([], elsewhere, rules, dear), strict=True):
        settings = EngineSettings(
            hosts=hosts, default_terminal=TerminalSettings(tpk=""), routing=RoutingSettings(rules=some)
        )
        router = Router(table, settings)
        taken = _best(_chooser(router), cards)
        base = base or taken
        _print(f"choose, {name}", f"{taken:8.2f} us  ratio {taken / base:4.1f}")


def _chooser(router: Router) -> Callable[[str], object]:
    def choose(pan: str) -> object:
        return router.choices(pan, lambda card: Facts(pan, card, "5999", 1234, "978"))

    return choose


def _best(look_up: Callable[[str], object], cards: Sequence[str]) -> float:
    """Microseconds of one call, in the best of the rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = time.process_time()
        for pan in cards:
            look_up(pan)
        best = min(best, time.process_time() - begun)
    return best / len(cards) * 1e6


def _print(what: str, result: str) -> None:
    sys.stdout.write(f"{what:52}{result}\n")
