"""The whole switch beside the bare relay, in turns in one run: `switch-bench relay` and `switch-bench switch`."""

import json
import os
import platform
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bench_load import Plan, Round, load
from .bench_process import HsmProcess, Process, RelayProcess, SwitchProcess
from .bench_traffic import BINS, echo, host
from .bench_wire import Wire
from .commit import commit

_PATIENCE = 30.0
# Workloads of the speed issue: links, and requests in flight on each.
WORKLOADS = {"a": (4, 50), "c": (200, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is measured. `hsm` is "in-process" or "process"; `pin` puts a PIN block into each request.

    `profile` is a file for cProfile's figures of the switch's first thread, which make it slower; "" for none.
    """

    plan: Plan
    rounds: int
    dialect: str = "iso-1993-ascii"
    hsm: str = "in-process"
    pin: bool = False
    folder: str = ""
    profile: str = ""


def run_relay(setting: Setting) -> dict[str, list[Round]]:
    """The relay alone."""
    return _run(setting, with_switch=False)


def run_switch(setting: Setting) -> dict[str, list[Round]]:
    """Relay and switch in turns, by name."""
    return _run(setting, with_switch=True)


def _run(setting: Setting, *, with_switch: bool) -> dict[str, list[Round]]:
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="switch-bench-", dir=setting.folder or None))
        )
        wire = Wire()
        stack.callback(wire.close)
        subjects: dict[str, Process] = {"relay": _started(stack, wire, RelayProcess(folder, wire.listen(echo)))}
        if with_switch:
            hsm_port = 0
            if setting.hsm == "process":
                hsm_port = _free_port()
                stack.callback(HsmProcess(folder, hsm_port).stop)
            switch = SwitchProcess(
                folder, wire.listen(host(setting.dialect)), setting.dialect, hsm_port=hsm_port, profile=setting.profile
            )
            subjects["switch"] = _started(stack, wire, switch)
        results: dict[str, list[Round]] = {name: [] for name in subjects}
        for number in range(setting.rounds):
            for name, process in subjects.items():
                results[name].append(_round(setting, wire, process, number, relayed=name == "relay"))
        return results


def _started(stack: ExitStack, wire: Wire, process: RelayProcess | SwitchProcess) -> Process:
    """Waits until it serves; its host is on the same wire, so that is turned meanwhile."""
    stack.callback(process.stop)
    until = time.monotonic() + _PATIENCE
    while not process.ready():
        if time.monotonic() > until:
            raise SystemExit("the process under measurement does not serve")
        wire.turn(0.02)
    return process


def _round(setting: Setting, wire: Wire, process: Process, number: int, *, relayed: bool) -> Round:
    prefix = BINS[setting.dialect]
    with load(wire, process, setting.plan, prefix, name=f"{number:03d}", pin=setting.pin, echoed=relayed) as made:
        return made.run()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# -- the report


_COLUMNS: dict[str, Callable[[Round], float]] = {
    "payments/s": lambda one: one.rate,
    "us": lambda one: one.cpu,
    "us, loop": lambda one: one.loop_cpu,
    "p50 ms": lambda one: one.quantile(0.5),
    "p99 ms": lambda one: one.quantile(0.99),
    "p99.9 ms": lambda one: one.quantile(0.999),
    "MiB": lambda one: one.memory / 2**20,
    "generator": lambda one: one.busy,
}


def summary(rounds: Sequence[Round]) -> dict[str, float]:
    """The median of each column, and the spread of the CPU per payment as (largest - smallest) / median."""
    found = {name: statistics.median(map(value, rounds)) for name, value in _COLUMNS.items()}
    costs = [one.cpu for one in rounds]
    found["spread"] = (max(costs) - min(costs)) / (statistics.median(costs) or 1)
    found["refused"] = sum(one.refused for one in rounds)
    found["unanswered"] = sum(one.unanswered for one in rounds)
    return found


def report(setting: Setting, results: dict[str, list[Round]], target: Path | None) -> None:
    """Prints the table; with `target` also the numbers as JSON."""
    found = {name: summary(rounds) for name, rounds in results.items()}
    plan = setting.plan
    offered = f"{plan.rate:g}/s over {plan.links} links" if plan.rate else f"{plan.links} links x {plan.window}"
    _say(f"{offered}, {setting.rounds} rounds of {plan.seconds:g} s in turns; medians; us is CPU per payment")
    _say(f"{_machine()}, commit {commit()}")
    _say(" " * 8 + "".join(f"{name:>12}" for name in _COLUMNS) + f"{'spread':>9}{'refused':>9}{'no answer':>10}")
    for name, row in found.items():
        cells = "".join(f"{row[column]:>12,.{_digits(column)}f}" for column in _COLUMNS)
        _say(f"{name:<8}{cells}{row['spread']:>8.0%}{row['refused']:>10,.0f}{row['unanswered']:>10,.0f}")
    if "switch" in found:
        relay, switch = found["relay"], found["switch"]
        _say(f"the switch takes {switch['us'] / (relay['us'] or 1):.1f} x the relay's CPU per payment")
    if target is not None:
        whole: dict[str, Any] = {"machine": _machine(), "commit": commit(), "offered": offered, "results": found}
        target.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _digits(column: str) -> int:
    return 0 if column in ("payments/s", "MiB") else 2 if column.endswith("ms") or column == "generator" else 1


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, CPython {platform.python_version()}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
