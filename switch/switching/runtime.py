"""The engine joined to links, HSM and journal under trio: starts, recovers, serves, drains."""

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import msgspec
import structlog
import trio

from switch.crypto.datakeys import DataKeys
from switch.engine import operating
from switch.engine.bins import BinTable
from switch.engine.config import EngineSettings
from switch.engine.engine import Engine
from switch.engine.ports import Instant
from switch.journal.delivery import DeliveryLog
from switch.journal.records import Ack, Archived, Cleared, CloseBatch, Delivered, Record, Recovery
from switch.journal.store import Store
from switch.link.dialer import always_longest
from switch.link.listener import accept
from switch.link.network import TCP, Network
from switch.link.reactor import Reactor
from switch.link.wheel import Timer, TimerWheel
from switch.switching.clock import Clock
from switch.switching.framing import LinkFramer
from switch.switching.hosts import HostLink
from switch.switching.hsm import HsmLink
from switch.switching.settings import HostLinkSettings, HsmLinkSettings, ListenerSettings
from switch.switching.terminals import TerminalListener

log = structlog.get_logger()

_TICK = 0.1
_SWEEP = 1.0
# Seconds: when an unanswered journal is worth an error line, and how long the drain waits for its last records.
_JOURNAL_PATIENCE = 5.0
_LAST_RECORDS = 1.0
_FOLD = 3600.0
_STOPPING = "switch is stopping"
_Result = TypeVar("_Result")
_Then = tuple[Callable[[Any, Ack], None], Any]


class SwitchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the running switch is made of, apart from journal and keys. `drain` in seconds.

    `max_backlog` counts the units the journal has not acknowledged; past it payments are refused with 96.
    """

    engine: EngineSettings
    listeners: Sequence[ListenerSettings]
    hosts: Mapping[str, HostLinkSettings]
    hsm: HsmLinkSettings
    drain: float = 5.0
    max_backlog: int = 50_000


class Switch:
    """Implements the engine's `Ports`. Owns nothing it was given: the caller closes store and delivery log."""

    def __init__(
        self,
        settings: SwitchSettings,
        bins: BinTable,
        store: Store,
        keys: DataKeys,
        delivery: DeliveryLog,
        recovery: Recovery,
        clock: Clock | None = None,
        network: Network = TCP,
        chance: Callable[[], float] = always_longest,
    ) -> None:
        self._settings = settings
        self._store = store
        self._keys = keys
        self._delivery = delivery
        self._recovery = recovery
        self._clock = clock or Clock()
        self._network = network
        self._reactor = Reactor(poller=network.poller())
        self._wheel = TimerWheel(trio.current_time(), _TICK, self._reactor.guard)
        self._stop = trio.Event()
        self._progress = trio.Event()
        self._journal_heard = trio.current_time()
        self._journal_silent = False
        self._next_fold = trio.current_time() + _FOLD
        self._hsm = HsmLink(settings.hsm, self._reactor, network)
        self.engine = Engine(settings.engine, bins, self, recovery)
        self._hosts = {
            name: HostLink(
                name,
                settings.engine.hosts[name].dialect,
                link,
                self._reactor,
                self.engine,
                self._clock,
                network,
                chance,
            )
            for name, link in settings.hosts.items()
        }
        self._terminals: list[TerminalListener] = []

    # -- the engine's ports

    def instant(self) -> Instant:
        return self._clock.instant()

    def to_host(self, host: str, frame: bytes) -> bool:
        link = self._hosts.get(host)
        return link is not None and link.send(frame)

    def host_up(self, host: str) -> bool:
        link = self._hosts.get(host)
        return link is not None and link.up

    def store(self, unit: Sequence[Record], then: Callable[[Any, Ack], None], context: Any) -> None:
        self._store.submit(unit, (then, context))
        self._reactor.wake()

    def hsm(self, command: bytes, then: Callable[[Any, str, str], None], context: Any) -> bool:
        return self._hsm.ask(command, then, context)

    def arm(self, seconds: float, then: Callable[[Any], None], context: Any) -> Timer:
        return self._wheel.arm(trio.current_time() + seconds, then, context)

    def disarm(self, handle: Timer) -> None:
        self._wheel.disarm(handle)

    def delivering(self, txn_id: int) -> None:
        self._delivery.mark(txn_id)

    def given_back(self, txn_id: int) -> None:
        self._delivery.unmark(txn_id)

    def pan_token(self, pan: str) -> str:
        return self._keys.pan_token(pan)

    def log(self, level: str, event: str, **fields: object) -> None:
        getattr(log, level)(event, **fields)

    # -- life

    def stop(self) -> None:
        """Begins the drain: from now on payments are refused; `run` returns when it is done."""
        self.engine.drain()
        self._stop.set()

    async def run(self, task_status: trio.TaskStatus[dict[str, tuple[str, int]]] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until `stop`. Reports each listener's address once terminals can connect.

        Raises AddressError before anything is started when a port is taken.
        """
        try:
            sockets = self._bind()
            self._reactor.tick_end += [self._store.flush, self._flush_marks]
            self._reactor.watch(self._store.fileno(), self._journal_acks)
            async with trio.open_nursery() as links:
                links.start_soon(self._reactor.run)
                links.start_soon(self._keep_time)
                links.start_soon(self._hsm.run)
                self.engine.recover(self._recovery)
                for host in self._hosts.values():
                    links.start_soon(host.run)
                listening = trio.CancelScope()
                links.start_soon(self._listen, sockets, listening)
                task_status.started({item.name: sock.getsockname()[:2] for item, sock in sockets})
                await self._stop.wait()
                await self._drain(listening)
                links.cancel_scope.cancel()
        finally:
            self._reactor.close()

    def _bind(self) -> list[tuple[ListenerSettings, socket.socket]]:
        sockets: list[tuple[ListenerSettings, socket.socket]] = []
        try:
            for listener in self._settings.listeners:
                sockets.append((listener, self._network.bind(listener.host, listener.port)))
        except OSError:
            for _, sock in sockets:
                sock.close()
            raise
        return sockets

    async def _listen(self, sockets: list[tuple[ListenerSettings, socket.socket]], until: trio.CancelScope) -> None:
        with until:
            async with trio.open_nursery() as nursery:
                for settings, sock in sockets:
                    nursery.start_soon(self._accept, settings, sock)

    async def _accept(self, settings: ListenerSettings, sock: socket.socket) -> None:
        handler = TerminalListener(settings, self.engine, self._reactor, self._overloaded)
        self._terminals.append(handler)
        address = "{}:{}".format(*sock.getsockname()[:2])
        log.info("listening", listener=settings.name, address=address, spec=settings.spec)
        await accept(
            self._reactor,
            sock,
            name=settings.name,
            make_framer=lambda: LinkFramer(settings.framing, settings.limits.max_frame),
            handler=handler,
            on_open=handler.on_open,
            limits=settings.limits,
            network=self._network,
        )

    def _overloaded(self) -> bool:
        return self._store.backlog > self._settings.max_backlog

    async def _keep_time(self) -> None:
        next_sweep = 0.0
        while True:
            await trio.sleep(_TICK)
            now = trio.current_time()
            self._wheel.advance(now)
            self._progress.set()
            if now >= next_sweep:
                next_sweep = now + _SWEEP
                self._reactor.sweep()
                self._watch_journal(now)
                self._fold_marks(now)

    # -- the journal

    def _journal_acks(self) -> None:
        self._journal_heard = trio.current_time()
        for token, ack in self._store.take():
            then, context = cast(_Then, token)  # what `store` submitted
            self._reactor.guard(then, context, ack)
        self._progress.set()

    def _watch_journal(self, now: float) -> None:
        """A journal that acknowledges nothing lets nothing be approved; an operator must hear of it."""
        if not self._store.backlog:
            self._journal_heard = now
        silent = now - self._journal_heard > _JOURNAL_PATIENCE
        if silent and not self._journal_silent:
            log.error("journal does not answer", backlog=self._store.backlog)
        elif self._journal_silent and not silent:
            log.info("journal answers again", backlog=self._store.backlog)
        self._journal_silent = silent

    def _flush_marks(self) -> None:
        """An approval whose mark cannot be written must not leave: after a restart it would count as never sent."""
        try:
            self._delivery.flush()
        except OSError as error:
            log.error("delivery log failed", reason=error.strerror)
            self._reactor.close_unsent("the delivery log failed")

    def _fold_marks(self, now: float) -> None:
        """By number, and every hour: an approval that is not known to be delivered is never archived."""
        due = now >= self._next_fold
        if due:
            self._next_fold = now + _FOLD
        try:
            marks = self._delivery.rotate(due=due)
        except OSError as error:  # nothing is lost: the journal learns later of what was delivered
            log.error("delivery log failed", reason=error.strerror)
            return
        if marks:
            self._store_marks(marks)

    def _store_marks(self, marks: list[int]) -> None:
        self.store([Delivered(marks)], self._folded, marks)

    def _folded(self, marks: list[int], ack: Ack) -> None:
        if ack.ok:
            self._delivery.folded()
        else:
            self.arm(_SWEEP, self._store_marks, marks)

    # -- the drain

    async def _drain(self, listening: trio.CancelScope) -> None:
        """Requests in flight get their answers, hosts hear the sign-off, then listeners and connections end."""
        log.info("draining", in_flight=self.engine.in_flight)
        with trio.move_on_after(self._settings.drain) as scope:
            await self._until(lambda: not self.engine.in_flight and not self._store.backlog)
            async with trio.open_nursery() as nursery:
                for host in self._hosts.values():
                    nursery.start_soon(host.sign_off)
            listening.cancel()
            for terminals in self._terminals:
                terminals.finish_all(_STOPPING)
            await self._until(lambda: not any(map(len, self._terminals)))
        listening.cancel()
        for terminals in self._terminals:
            terminals.close_all(_STOPPING)
        with trio.move_on_after(_LAST_RECORDS) as last:
            # An approval that could not be written out is taken back before the end, not after a restart.
            await self._until(lambda: not any(map(len, self._terminals)) and not self._store.backlog)
        complete = not (scope.cancelled_caught or last.cancelled_caught)
        log.info("drained", complete=complete, left=self.engine.in_flight)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._progress = trio.Event()
            await self._progress.wait()

    # -- operators

    def status(self) -> dict[str, Any]:
        """What an operator wants to see at once."""
        return {
            "hsm": self._hsm.up,
            "hsms": self._hsm.status(),
            "hosts": {name: host.up for name, host in self._hosts.items()},
            "connections": sum(map(len, self._terminals)),
            "connections_paused": sum(terminals.paused for terminals in self._terminals),
            "journal_backlog": self._store.backlog,
            **self.engine.status(),
        }

    async def retry_queued(self, saf_id: int, operator: str) -> bool:
        """Queues a dead letter again; False when there is no such one. Raises JournalFailedError."""
        return await self._operated(partial(self.engine.operating.retry, saf_id, operator))

    async def drop_queued(self, saf_id: int, operator: str, reason: str) -> bool:
        """Gives a queued or dead message up; False when there is no such one. Raises JournalFailedError."""
        return await self._operated(partial(self.engine.operating.drop, saf_id, operator, reason))

    async def _operated(self, act: Callable[[Callable[[str], None]], None]) -> bool:
        result = await _told(act)
        if result in (None, operating.FAILED):
            raise JournalFailedError("the journal did not take it")
        return result == operating.DONE

    async def close_batch(self) -> int:
        """Closes the open clearing batch; returns its number. Raises JournalFailedError, at once or in 5 s."""
        ack = await self._stored([CloseBatch(self.instant().epoch_ms)])
        if not ack.ok:
            raise JournalFailedError("the journal could not close the batch")
        return ack.closed_batch

    async def note_cleared(self, file: Cleared) -> None:
        """A clearing file stands. Raises JournalFailedError, at once or in 5 s."""
        if not (await self._stored([file])).ok:
            raise JournalFailedError("the journal could not note the clearing file")

    async def remove_archived(self, txn_ids: list[int]) -> None:
        """Takes transactions out of the journal that an archive holds. Raises JournalFailedError, at once or in 5 s."""
        if not (await self._stored([Archived(txn_ids)])).ok:
            raise JournalFailedError("the journal could not remove what was archived")

    async def _stored(self, unit: Sequence[Record]) -> Ack:
        """The Ack of a unit, one that is not ok when none came in time."""

        def act(told: Callable[[Ack], None]) -> None:
            self.store(unit, lambda _context, ack: told(ack), None)

        return await _told(act) or Ack(ok=False)


async def _told(act: Callable[[Callable[[_Result], None]], None]) -> _Result | None:
    """What `act` tells the callback that it is given; None when that takes longer than the journal may."""
    done, results = trio.Event(), []

    def told(result: _Result) -> None:
        results.append(result)
        done.set()

    act(told)
    with trio.move_on_after(_JOURNAL_PATIENCE):
        await done.wait()
    return results[0] if results else None


class JournalFailedError(Exception):
    """The journal did not take a record."""
