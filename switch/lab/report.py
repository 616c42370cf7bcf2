"""The lab's tables: what was answered and how fast, and whether every book says the same."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from switch.lab.batch import Result
from switch.money import alphabetic, major_units

_LEGEND = {
    "00": "approved", "14": "no such card", "41": "lost card", "43": "stolen card", "51": "insufficient funds",
    "54": "expired", "05": "do not honour", "55": "wrong PIN", "62": "restricted", "75": "PIN tries exceeded",
    "82": "wrong CVV", "86": "PIN unverifiable", "91": "issuer unavailable", "92": "no route", "96": "malfunction",
    "--": "no answer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tie:
    """One figure that two books must agree on: `what`, the amount or count `here` and `there`, ready to be shown."""

    what: str
    here: str
    there: str
    agrees: bool


def money(amounts: dict[str, int]) -> str:
    """`{"978": 1234}` as "EUR 12.34"."""
    return ", ".join(f"{alphabetic(code)} {major_units(amount, code)}" for code, amount in sorted(amounts.items()))


def print_results(console: Console, results: Iterable[Result]) -> None:
    """Network, outcome, code, count and the two latencies that matter."""
    groups: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for result in results:
        groups[result.network, result.outcome, result.code].append(result.latency)
    table = Table(title="Payments, as the terminals saw them")
    for name in ("network", "outcome", "code", "meaning"):
        table.add_column(name)
    for name in ("count", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right")
    for (network, outcome, code), latencies in sorted(groups.items()):
        row = (str(len(latencies)), *(f"{1000 * percentile(latencies, share):.1f}" for share in (50, 99)))
        table.add_row(network, outcome, code, _LEGEND.get(code, ""), *row)
    console.print(table)


def print_surprises(console: Console, results: Iterable[Result]) -> None:
    """Answers that a script did not foresee, such as those while a process was down."""
    found = Counter((result.network, result.code, result.unexpected) for result in results if result.unexpected)
    for (network, code, expected), number in sorted(found.items()):
        console.print(f"[yellow]{network}: {number} x {code}, {expected}[/]")


def percentile(values: list[float], share: int) -> float:
    """The smallest value that at least `share` percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def print_ties(console: Console, ties: Iterable[Tie]) -> None:
    """Both sides of every figure, and whether they agree."""
    table = Table("what", "here", "journal", "", title="Totals")
    for tie in ties:
        table.add_row(tie.what, tie.here, tie.there, "agrees" if tie.agrees else "[bold red]differs[/]")
    console.print(table)


def print_places(console: Console, folder: Path, ports: tuple[int, int], files: Iterable[Path]) -> None:
    """Where everything is, and what to try next."""
    config = folder / "switch.toml"
    lines = [
        f"terminals      127.0.0.1:{ports[0]} (hexadecimal bitmap), 127.0.0.1:{ports[1]} (binary bitmap)",
        f"configuration  {folder}/*.toml",
        f"logs           {folder}/log/*.log",
        f"journal        switch journal list -c {config}",
        f"status         switch ctl status -c {config}",
        *(f"clearing       {path}" for path in files),
    ]
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)
