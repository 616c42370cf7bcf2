"""One run: everything is built from the seed, payments are made under faults, all heals, the books are closed."""

import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import cast

import structlog
import trio

from switch.clearing import ClearingSettings, file_totals, write_batch
from switch.crypto.datakeys import DataKeys
from switch.engine.binfile import parse_bin_table
from switch.journal import reader
from switch.journal.records import CloseBatch
from switch.logs import render
from switch.simulation import deterministic
from switch.simulation.disk import GatedMarks, Platter, SlowStore, open_store
from switch.simulation.faults import Faults
from switch.simulation.handed import Handed
from switch.simulation.net import VirtualNetwork, Wire
from switch.simulation.peers.host import Host
from switch.simulation.peers.hsm import Hsm
from switch.simulation.peers.terminal import Terminal
from switch.simulation.process import Killed, Process
from switch.simulation.record import Queued, Record
from switch.simulation.scene import BINS, HOSTS, HSM_PORT, VERIFIED, fixtures, settings
from switch.simulator.terminal.messages import Moment
from switch.switching.clock import Clock
from switch.switching.runtime import JournalFailedError, Switch

_KEYS = DataKeys(bytes(range(32)), bytes(range(32, 64)))
_EPOCH = 1_781_176_224  # 2026-06-11 11:10:24 UTC
_TERMINALS = 6
_ALL = 1_000_000
# Virtual seconds: how long faults last at most, how long everything may take afterwards to come to rest, how long
# what is late is waited for, and from one look of the judge to the next.
_TROUBLE, _REST, _CALM, _LOOK = 60.0, 60.0, 10.0, 2.0
Judge = Callable[[Record], bool]


class World:
    """The parts of one run and what is noted of them."""

    def __init__(self, seed: int, payments: int, faults: frozenset[str], folder: Path, judge: Judge) -> None:
        self.seed, self.payments, self._folder, self._judge = seed, payments, folder, judge
        self.record = Record(trio.current_time, faults, verified=VERIFIED)
        self.wire = Wire(self.dice("wire"))
        self.wire.tap = Handed(self.record)
        self.platter = Platter(self.dice("disk"))
        self.faults = Faults(self)
        self.hosts = [
            Host(name, kind, port, self.wire, self.record, self.dice(name), lambda: self.faults.peers_strange)
            for name, (kind, port) in HOSTS.items()
        ]
        self.hsm = Hsm(HSM_PORT, self.wire)
        self.ports = [9000, 9001, HSM_PORT, *(port for _, port in HOSTS.values())]
        self.switch_process = Process("switch")
        self.power_lost = False
        self.wall_offset = 0.0
        self._boot = 0
        self._amount = 1000
        self._switch: Switch | None = None
        self._store: SlowStore | None = None
        self._ending = False
        self._trouble = trio.CancelScope()

    def dice(self, name: str) -> Random:
        return deterministic.stream(self.seed, name)

    def note(self, who: str, what: str, **of: object) -> None:
        self.record.note(who, what, **of)

    def _wall(self) -> float:
        return _EPOCH + trio.current_time() + self.wall_offset

    def _moment(self) -> Moment:
        utc = time.gmtime(self._wall())
        return Moment(time.strftime("%m%d%H%M%S", utc), time.strftime("%H%M%S", utc), time.strftime("%m%d", utc))

    def _next_amount(self) -> int:
        self._amount += 1
        return self._amount

    def log(self, _logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Every log line of the switch, as it would be written."""
        fields = {str(name): value for name, value in event.items() if name != "event"}
        if fields.pop("exc_info", None):
            fields["error"] = _current_error()
        line = render(None, method, {**fields, "event": event["event"]})
        self.record.note("switch", "log", level=method, line=line, event=event["event"])
        raise structlog.DropEvent

    # -- the run

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.wire.run)
            parts: list[Host | Hsm] = [*self.hosts, self.hsm]
            for part in parts:
                nursery.start_soon(self._keep, part.run, part.name)
            paid, ended = trio.Event(), trio.Event()
            nursery.start_soon(self._switch_lives, ended)
            nursery.start_soon(self._make_trouble)
            nursery.start_soon(self._pay, paid)
            nursery.start_soon(self._watch, nursery.cancel_scope)
            with trio.move_on_after(_TROUBLE):
                await paid.wait()
            self._trouble.cancel()
            self.faults.heal()
            with trio.move_on_after(_REST) as rest:
                await paid.wait()
                await self._come_to_rest()
            if rest.cancelled_caught:
                self.record.unfinished = "what is owed to hosts" if paid.is_set() else "terminals"
            self._ending = True
            if self._switch is not None:
                self._switch.stop()
            await ended.wait()
            nursery.cancel_scope.cancel()

    async def _watch(self, run: trio.CancelScope) -> None:
        """What is wrong now will not be right in the end: the run is over."""
        while True:
            await trio.sleep(_LOOK)
            if self._judge(self.record):
                self.record.cut_short = True
                run.cancel()

    async def _come_to_rest(self) -> None:
        """Everything that is late has come, and nothing is owed any more; dead letters are sent again."""
        await trio.sleep(_CALM)
        while True:
            switch, store = self._switch, self._store
            if switch is not None and store is not None and await self._at_rest(switch, store):
                return
            await trio.sleep(1)

    async def _at_rest(self, switch: Switch, store: SlowStore) -> bool:
        dead = reader.list_queued(store.inner.connection, _ALL, state="dead")
        for letter in dead:
            self.note("operator", "retried", **{name: letter[name] for name in ("host", "kind", "amount", "attempts")})
            with suppress(JournalFailedError):
                await switch.retry_queued(letter["saf_id"], "operator")
        status = switch.status()
        return not (dead or status["in_flight"] or status["journal_backlog"] or any(status["queued"].values()))

    async def _make_trouble(self) -> None:
        with self._trouble:
            await self.faults.run()

    async def _pay(self, paid: trio.Event) -> None:
        _, clear, cards = fixtures()
        tpk = bytes.fromhex(clear["tpk.lab"])
        await trio.sleep(2)
        async with trio.open_nursery() as nursery:
            for number in range(_TERMINALS):
                share = len(range(number, self.payments, _TERMINALS))
                dice = self.dice(f"terminal {number}")
                terminal = Terminal(number, self.wire, self.record, dice, tpk, cards, self._next_amount, self._moment)
                nursery.start_soon(terminal.run, share)
        paid.set()

    async def _keep(self, life: Callable[[], Awaitable[None]], name: str) -> None:
        """Starts a part again whenever it has died."""
        dice = self.dice(f"keeper {name}")
        while True:
            await life()
            self.note("world", "died", part=name)
            await trio.sleep(dice.uniform(0.05, 3.0))

    async def _switch_lives(self, ended: trio.Event) -> None:
        dice = self.dice("keeper switch")
        while not self._ending:
            await self._switch_life()
            self.note("world", "died", part="switch")
            if not self._ending:
                await trio.sleep(dice.uniform(0.05, 2.0))
            if self.power_lost:  # then, or since
                self.power_lost = False
                self._boot += 1
                self.platter.power_cut()
        ended.set()

    async def _switch_life(self) -> None:
        process = self.switch_process = Process("switch")
        network = VirtualNetwork(self.wire, process)
        marks = GatedMarks(self._folder / "delivered", f"boot {self._boot}")
        marks.process = process
        marks.written = lambda numbers: self.note("kernel", "marked", numbers=numbers)
        store = None
        try:
            with process.scope:
                store = self._store = open_store(self.platter, _KEYS, marks, network)
                marks.start()
                await self._serve(store, marks, network)
                self._close_books(store)
        except* (Killed, OSError) as group:
            self.note("world", "switch fell", why=type(group.exceptions[0]).__name__)
        finally:
            process.kill()
            self._switch = None
            if store is not None:
                store.close()
            marks.abandon()

    async def _serve(self, store: SlowStore, marks: GatedMarks, network: VirtualNetwork) -> None:
        clock = Clock(lambda: int(self._wall() * 1e9))
        bins = parse_bin_table(BINS, "bins")
        switch = self._switch = Switch(settings(), bins, store, _KEYS, marks, store.recovery, clock, network)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.run)
            await switch.run()
            nursery.cancel_scope.cancel()

    def _close_books(self, store: SlowStore) -> None:
        """The real clearing writer on the final journal; its files are read back, and what became of the queue."""
        rows = reader.list_transactions(store.inner.connection, _ALL)
        self.record.amounts = {row["txn_id"]: row["amount"] for row in rows}
        self.record.queued = [
            Queued(row["host"], row["kind"], row["amount"], row["attempts"], row["state"])
            for row in reader.list_queued(store.inner.connection, _ALL)
        ]
        store.inner.submit([CloseBatch(int(self._wall() * 1000))], None)
        store.inner.flush()
        batch = store.inner.take()[0][1].closed_batch
        written = write_batch(store.inner.connection, _KEYS, batch, self._folder / "clearing", ClearingSettings())
        self.record.files = {}
        for file in written:
            totals = file_totals(file.path)
            self.record.files[totals.network] = dict(totals.currencies)


def simulate(seed: int, payments: int, faults: frozenset[str], judge: Judge) -> Record:
    """One run, and what was to be seen of it; it ends early when `judge` says so of what there is until then."""
    found: list[Record] = []
    before = structlog.get_config()
    with tempfile.TemporaryDirectory(prefix="switch-simulate-") as folder:

        async def main() -> None:
            world = World(seed, payments, faults, Path(folder), judge)
            structlog.configure(processors=[world.log], cache_logger_on_first_use=False)
            found.append(world.record)
            await world.run()

        try:
            deterministic.run(main, seed)
        finally:
            structlog.configure(**cast("dict[str, object]", before))  # type: ignore[arg-type]
    return found[0]


def _current_error() -> str:
    error = sys.exc_info()[1]
    return f"{type(error).__name__}: {error}"
