"""`switch lab`: starts the processes, sends payments, closes the batch, compares the books, stays up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from switch.daemon import admin
from switch.daemon.admin import AdminError
from switch.lab import batch, plan, scripts
from switch.lab.errors import LabError
from switch.lab.processes import Child
from switch.resources import read_text

# Seconds: long enough for a machine that is busy with something else.
_START, _STOP, _SIGN_ON, _QUIET = 90.0, 15.0, 60.0, 90.0
_POLL = 0.1


class Lab:
    """The processes of one folder. `async with` starts them one after the other and ends them in reverse order."""

    def __init__(self, folder: Path, ports: plan.Ports, console: Console) -> None:
        self.folder = folder
        self.ports = ports
        self._console = console
        commands = {"hsm": ["hsm", "-c", "hsm.toml"]}
        commands |= {issuer: ["issuer", "-c", f"{issuer}.toml"] for issuer in plan.ISSUERS}
        commands |= {scheme: ["node", scheme, "-c", f"{scheme}.toml"] for scheme in plan.SCHEMES}
        commands["switch"] = ["run", "-c", "switch.toml"]
        self.children = [
            Child(name, [*words[:-1], str(folder / words[-1])], folder / "log" / f"{name}.log")
            for name, words in commands.items()
        ]

    async def start(self, nursery: trio.Nursery) -> None:
        """Returns when the switch is signed on everywhere; raises LabError. `nursery` keeps the processes running."""
        for child in self.children:
            await child.listen()
            child.start()
        # All at once: each waits by itself for those it needs.
        for child in self.children:
            await child.ready(_START)
            nursery.start_soon(child.keep_running, self._tell)
        await self._wait(_signed_on, _SIGN_ON, "the switch did not sign on everywhere")

    async def quiet(self) -> None:
        """Returns when nothing is in flight and nothing is owed to a host; raises LabError."""
        await self._wait(_is_quiet, _QUIET, "the switch did not come to rest")

    async def _wait(self, wanted: Callable[[dict[str, Any]], bool], within: float, complaint: str) -> None:
        status: dict[str, Any] = {}
        with trio.move_on_after(within):
            while True:
                try:
                    status = await admin.ask(self.folder / "switch.sock", "status")
                except AdminError:
                    status = {}
                if status and wanted(status):
                    return
                await trio.sleep(_POLL)
        raise LabError(f"{complaint} within {within:g} s: {status or 'it does not answer'}")

    async def stop(self) -> bool:
        """Ends everything, the switch first; whether each ended in order."""
        for child in self.children:
            child.stopping = True
        statuses = [await child.stop(_STOP) for child in reversed(self.children)]
        for child in self.children:
            child.close()
        return not any(statuses)

    def _tell(self, text: str) -> None:
        self._console.print(f"[yellow]{text}[/]")


def _signed_on(status: dict[str, Any]) -> bool:
    return bool(status["hsm"] and all(status["hosts"].values()))


def _is_quiet(status: dict[str, Any]) -> bool:
    return _signed_on(status) and not (status["in_flight"] or any(status["queued"].values()))


async def pay(lab: Lab, payments: int, seed: int, console: Console) -> list[batch.Result]:
    """Sends the payments behind a progress bar."""
    keys = msgspec.json.decode(read_text("fixtures", "clear_keys.json"))["keys"]
    site = batch.Site(
        host=plan.HOST,
        ports=(lab.ports.terminals_hex, lab.ports.terminals_binary),
        terminals=8,
        tpk=bytes.fromhex(keys["tpk.lab"]),
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("payments", total=payments)
        return await batch.play(site, scripts.plan(payments, seed), lambda _result: progress.advance(task))
