"""`switch lab` from start to end: processes, payments, books, places; then up until Ctrl-C."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trio
from rich.console import Console

from switch.lab import books, plan
from switch.lab.errors import LabError
from switch.lab.lab import Lab, pay
from switch.lab.report import print_places, print_results, print_surprises, print_ties

AGREED, DIFFERED, INTERRUPTED = 0, 1, 130


async def run(folder: Path, ports: plan.Ports, *, payments: int, seed: int, once: bool) -> int:
    """The exit status: 0 when all totals agree. Raises LabError with one clear line."""
    console = Console()
    plan.prepare_folder(folder)
    with _alone(folder):
        plan.check_ports(ports)
        plan.write_files(folder, ports)
        lab = Lab(folder, ports, console)
        status = INTERRUPTED
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_on_signal, nursery.cancel_scope)
                with console.status("starting HSM, issuers, networks and switch"):
                    await lab.start(nursery)
                status = await _show(lab, payments, seed, console)
                if not once:
                    console.print("up until Ctrl-C")
                    await trio.sleep_forever()
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                orderly = await lab.stop()
            console.print("drained" if orderly else "[bold red]not every process ended in order[/]; see the logs")
    return status if orderly else status or DIFFERED


async def _show(lab: Lab, payments: int, seed: int, console: Console) -> int:
    journal = lab.folder / "journal.db"
    since = books.last_transaction(journal)
    results = await pay(lab, payments, seed, console)
    print_results(console, results)
    print_surprises(console, results)
    await lab.quiet()
    files, ties = await books.close(lab.folder, since, results)
    print_ties(console, ties)
    print_places(console, lab.folder, (lab.ports.terminals_hex, lab.ports.terminals_binary), files)
    return AGREED if all(tie.agrees for tie in ties) else DIFFERED


async def _cancel_on_signal(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
        async for _ in received:
            scope.cancel()
            return


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two labs in one folder would share a journal."""
    descriptor = os.open(folder / "lab.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise LabError(f"{folder}: another lab runs here; choose another folder with --dir") from None
    else:
        yield
    finally:
        os.close(descriptor)
