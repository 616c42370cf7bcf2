"""The engine joined to links, HSM and journal under trio: starts, recovers, serves, drains."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec
import structlog
import trio

from switch.crypto.datakeys import DataKeys
from switch.dialect.pos1987 import TerminalDialect
from switch.engine.config import EngineSettings
from switch.engine.engine import Engine
from switch.engine.ports import Instant
from switch.engine.routing import BinTable
from switch.journal.delivery import DeliveryLog
from switch.journal.records import Ack, CloseBatch, Delivered, Record, Recovery
from switch.journal.store import Store
from switch.link.listener import accept, bind
from switch.link.reactor import Reactor
from switch.link.wheel import Timer, TimerWheel
from switch.message import make_framer
from switch.switching.clock import Clock
from switch.switching.hosts import HostLink
from switch.switching.hsm import HsmLink
from switch.switching.settings import HostLinkSettings, HsmLinkSettings, ListenerSettings
from switch.switching.terminals import TerminalListener

log = structlog.get_logger()

_TICK = 0.1
_SWEEP = 1.0
_Then = tuple[Callable[[Any, Ack], None], Any]


class SwitchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the running switch is made of, apart from journal and keys. `drain` in seconds."""

    engine: EngineSettings
    listeners: Sequence[ListenerSettings]
    hosts: Mapping[str, HostLinkSettings]
    hsm: HsmLinkSettings
    drain: float = 5.0


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
    ) -> None:
        self._settings = settings
        self._store = store
        self._keys = keys
        self._delivery = delivery
        self._recovery = recovery
        self._clock = clock or Clock()
        self._reactor = Reactor()
        self._wheel = TimerWheel(trio.current_time(), _TICK)
        self._stop = trio.Event()
        self._quiet: trio.Event | None = None
        self._hsm = HsmLink(settings.hsm, self._reactor)
        self.engine = Engine(settings.engine, bins, self, recovery)
        self._hosts = {
            name: HostLink(name, settings.engine.hosts[name].dialect, link, self._reactor, self.engine, self._clock)
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

    def pan_token(self, pan: str) -> str:
        return self._keys.pan_token(pan)

    def log(self, level: str, event: str, **fields: object) -> None:
        getattr(log, level)(event, **fields)

    # -- life

    def stop(self) -> None:
        """Begins the drain; `run` returns when it is done."""
        self._stop.set()

    async def run(self, task_status: trio.TaskStatus[dict[str, tuple[str, int]]] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until `stop`. Reports each listener's address once terminals can connect.

        Raises AddressError before anything is started when a port is taken.
        """
        sockets = [(listener, bind(listener.host, listener.port)) for listener in self._settings.listeners]
        self._reactor.tick_end += [self._store.flush, self._delivery.flush]
        self._reactor.watch(self._store.fileno(), self._journal_acks)
        try:
            async with trio.open_nursery() as links:
                links.start_soon(self._reactor.run)
                links.start_soon(self._keep_time)
                links.start_soon(self._hsm.run)
                self.engine.recover(self._recovery)
                for host in self._hosts.values():
                    links.start_soon(host.run)
                async with trio.open_nursery() as listeners:
                    for listener, sock in sockets:
                        listeners.start_soon(self._listen, listener, sock)
                    task_status.started({item.name: sock.getsockname()[:2] for item, sock in sockets})
                    await self._stop.wait()
                    listeners.cancel_scope.cancel()
                await self._drain()
                links.cancel_scope.cancel()
        finally:
            self._reactor.close()

    async def _listen(self, settings: ListenerSettings, sock: Any) -> None:
        handler = TerminalListener(settings.name, TerminalDialect(settings.spec), self.engine, self._reactor)
        self._terminals.append(handler)
        log.info(
            "listening", listener=settings.name, address="{}:{}".format(*sock.getsockname()[:2]), spec=settings.spec
        )
        await accept(
            self._reactor,
            sock,
            name=settings.name,
            make_framer=lambda: make_framer("len2", settings.limits.max_frame),
            handler=handler,
            on_open=handler.on_open,
            limits=settings.limits,
        )

    async def _keep_time(self) -> None:
        next_sweep = 0.0
        while True:
            await trio.sleep(_TICK)
            now = trio.current_time()
            self._wheel.advance(now)
            self._note_quiet()
            if now >= next_sweep:
                next_sweep = now + _SWEEP
                self._reactor.sweep()
                self._fold_marks()

    def _fold_marks(self) -> None:
        marks = self._delivery.rotate()
        if marks:
            self.store([Delivered(marks)], self._folded, None)

    def _folded(self, _context: None, ack: Ack) -> None:
        if ack.ok:
            self._delivery.folded()

    def _journal_acks(self) -> None:
        for token, ack in self._store.take():
            then, context = cast(_Then, token)  # what `store` submitted
            then(context, ack)
        self._note_quiet()

    def _note_quiet(self) -> None:
        """Tells a drain that nothing is in flight any more."""
        if self._quiet is not None and not self.engine.in_flight and not self._store.backlog:
            self._quiet.set()

    async def _drain(self) -> None:
        """New requests are refused, those in flight get their answers, hosts hear the sign-off."""
        log.info("draining", in_flight=self.engine.in_flight)
        self.engine.drain()
        self._quiet = trio.Event()
        self._note_quiet()
        with trio.move_on_after(self._settings.drain) as scope:
            await self._quiet.wait()
            for terminals in self._terminals:
                terminals.finish_all("switch is stopping")
            async with trio.open_nursery() as nursery:
                for host in self._hosts.values():
                    nursery.start_soon(host.sign_off)
        log.info("drained", complete=not scope.cancelled_caught, left=self.engine.in_flight)

    # -- operators

    def status(self) -> dict[str, Any]:
        """What an operator wants to see at once."""
        return {
            "hsm": self._hsm.up,
            "hosts": {name: host.up for name, host in self._hosts.items()},
            "connections": sum(map(len, self._terminals)),
            "journal_backlog": self._store.backlog,
            **self.engine.status(),
        }

    async def close_batch(self) -> int:
        """Closes the open clearing batch; returns its number. Raises JournalFailedError."""
        done, result = trio.Event(), []

        def closed(_context: None, ack: Ack) -> None:
            result.append(ack)
            done.set()

        self.store([CloseBatch(self.instant().epoch_ms)], closed, None)
        await done.wait()
        if not result[0].ok:
            raise JournalFailedError("the journal could not close the batch")
        return result[0].closed_batch


class JournalFailedError(Exception):
    """The journal did not take a record."""
