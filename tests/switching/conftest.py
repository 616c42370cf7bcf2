"""A real switch between real sockets: HSM server, SQLite journal, delivery log, scripted hosts, terminals.

Only the hosts' decisions are scripted; every byte is read and written with switch.message."""

import functools
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from switch.crypto import pinblock, tdes
from switch.crypto.datakeys import DataKeys
from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.visa import VisaDialect
from switch.engine.binfile import parse_bin_table
from switch.engine.config import Deadlines, EngineSettings, HostSettings, QueueLimits, TerminalSettings
from switch.engine.rulesettings import OnUs
from switch.hsm.server import HsmConfig, serve
from switch.journal.delivery import DeliveryLog, boot_id
from switch.journal.sqlite import SqliteStore
from switch.link.connection import Limits
from switch.link.dialer import Backoff
from switch.message import VISA_HEADER, View, build_visa_header, compile_spec, load_spec, make_framer, reply_mti
from switch.resources import read_text
from switch.switching.runtime import Switch, SwitchSettings
from switch.switching.settings import HostLinkSettings, HsmLinkSettings, ListenerSettings

PATIENCE = 10
codec_of = functools.cache(lambda name: compile_spec(load_spec(name)))
KEYS = DataKeys(bytes(range(32)), bytes(range(32, 64)))
UNDER_LMK = {name: key["under_lmk"] for name, key in json.loads(read_text("fixtures", "keys.json"))["keys"].items()}
CLEAR = {name: bytes.fromhex(key) for name, key in json.loads(read_text("fixtures", "clear_keys.json"))["keys"].items()}
CARDS = {card["pan"]: card for card in json.loads(read_text("fixtures", "cards.json"))["cards"]}
DIALECTS = {
    "visa": VisaDialect(),
    "mastercard": MastercardDialect(),
    "issuer-a": Iso1993Dialect(),
    "issuer-b": Iso1993Dialect(),
}
# issuer-a is on-us, issuer-b a 1993 host that verifies PINs itself.
BINS = "4,visa,visa\n5,mastercard,mastercard\n457199,on-us,issuer-a\n424242,direct,issuer-b\n222300,nowhere,nowhere"
ZPKS = {"visa": "zpk.visa", "mastercard": "zpk.mastercard", "issuer-b": "zpk.visa.issuer-b"}
MANAGEMENT = {"071": "sign-on", "072": "sign-off", "301": "echo", "061": "sign-on", "062": "sign-off", "270": "echo"}
MANAGEMENT |= {"801": "sign-on", "802": "sign-off", "831": "echo"}


class Changes:
    """Lets a test wait until something is so, without polling."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def note(self) -> None:
        self._event.set()

    async def until(self, condition: Callable[[], object]) -> None:
        with trio.fail_after(PATIENCE):
            while not condition():
                self._event = trio.Event()
                await self._event.wait()


class Host(Changes):
    """A scripted host. `decide` gives the response code of a request, None for silence; all else is by default."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        dialect = DIALECTS[name]
        self.codec = codec_of(dialect.name)
        self.framing = dialect.framing
        self.start = VISA_HEADER if name == "visa" else 0
        self.modern = dialect.name == "iso-1993-ascii"
        self.port = 0
        self.requests: list[View] = []
        self.management: list[str] = []
        self.streams: list[trio.SocketStream] = []
        self.decide: Callable[[View], str | None] = lambda _view: "00"
        self.accept: Callable[[str], str | None] = lambda _function: "00"
        self._life: trio.CancelScope | None = None
        self._writing = trio.Lock()

    def of(self, kind: str) -> list[View]:
        """The messages of a class: "1" authorisations and advices, "4" reversals."""
        return [view for view in self.requests if view.mti[1] == kind]

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        with trio.CancelScope() as self._life:
            await trio.serve_listeners(self._converse, listeners)

    def die(self) -> None:
        """As kill -9 does it: listener and connections are gone."""
        assert self._life is not None
        self._life.cancel()

    async def _converse(self, stream: trio.SocketStream) -> None:
        self.streams.append(stream)
        framer = make_framer(self.framing)
        try:
            async for data in stream:
                for frame in framer.feed(bytes(data)):
                    await self._hear(stream, self.codec.view(frame, self.start))
        except trio.BrokenResourceError:
            pass
        finally:
            self.streams.remove(stream)
            self.note()

    async def _hear(self, stream: trio.SocketStream, view: View) -> None:
        if view.mti[1] == "8":
            function = MANAGEMENT[view["24" if self.modern else "70"]]
            code = self.accept(function)
            self.management.append(function)
        else:
            code = self.decide(view)
            self.requests.append(view)
        self.note()
        if code is not None:
            await self.send(self.answer(view, code), stream)

    async def send(self, data: bytes, stream: trio.SocketStream | None = None) -> None:
        """To the switch, on its only connection unless told."""
        async with self._writing:
            await (stream or self.streams[0]).send_all(data)

    def answer(self, view: View, code: str, **extra: str) -> bytes:
        """The framed answer to a message; `code` is a 1987 code."""
        fields = {key: view[key] for key in ("3", "4", "7", "11", "12", "37", "41", "42", "49") if key in view}
        fields |= {"t": reply_mti(view.mti), "39": self._code(view, code)}
        if code == "00" and view.mti[1] == "1":
            fields["38"] = f"A{view['11'][-5:]}"
            if self.name == "visa":
                fields["62"] = self.codec.build_sub("62", {"2": f"4{view['11']:0>14}"})
            if self.name == "mastercard":
                fields |= {"15": "0612", "63": f"MCC{view['11']:0>9}"}
        return self.frame(fields | extra)

    def _code(self, view: View, code: str) -> str:
        if not self.modern:
            return code
        accepted = {"1": "000", "4": "400", "8": "800"}[view.mti[1]]
        return {"00": accepted, "05": "100", "55": "117", "91": "912", "96": "909"}.get(code, "100")

    def frame(self, fields: dict[str, str]) -> bytes:
        message = self.codec.encode({key: value for key, value in fields.items() if value})
        if self.start:
            message = build_visa_header(len(message), source="400002", destination="400001") + message
        return make_framer(self.framing).wrap(message)

    def clear_pin(self, view: View, pan: str) -> str:
        """The PIN in the block that arrived, opened with the clear zone key."""
        block = tdes.decrypt(CLEAR[ZPKS[self.name]], bytes.fromhex(view["52"]))
        return pinblock.decode("01", block, pinblock.account_of(pan))


class Hsm:
    """The HSM server, which can go and come back on its port."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.port = 0
        self._nursery = nursery
        self._life: trio.CancelScope | None = None

    async def start(self) -> None:
        await self._nursery.start(self._serve)

    async def _serve(self, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as self._life:
            async with trio.open_nursery() as nursery:
                addresses = await nursery.start(serve, HsmConfig(port=self.port))
                self.port = addresses[0][1]
                task_status.started()

    def die(self) -> None:
        assert self._life is not None
        self._life.cancel()


class Terminal:
    """One connection to a listener; requests are dictionaries, and so are answers."""

    def __init__(self, stream: trio.SocketStream, spec: str) -> None:
        self.stream = stream
        self.codec = codec_of(spec)
        self._framer = make_framer("len2", 65535)
        self._frames: list[bytes] = []

    async def send(self, *messages: dict[str, str]) -> None:
        await self.stream.send_all(b"".join(self._framer.wrap(self.codec.encode(message)) for message in messages))

    async def receive(self) -> dict[str, str]:
        """The next answer; {} when the connection has ended."""
        with trio.fail_after(PATIENCE):
            while not self._frames:
                try:
                    data = bytes(await self.stream.receive_some(65536))
                except trio.BrokenResourceError:
                    data = b""
                if not data:
                    await self.stream.aclose()  # as terminals do: the switch waits a moment for it
                    return {}
                self._frames = self._framer.feed(data)
        fields = self.codec.decode(self._frames.pop(0))
        return {key: value for key, value in fields.items() if key not in ("p", "1")}

    async def ask(self, message: dict[str, str]) -> dict[str, str]:
        await self.send(message)
        return await self.receive()

    async def receive_all(self) -> list[dict[str, str]]:
        """Every answer until the connection ends."""
        answers = []
        while answer := await self.receive():
            answers.append(answer)
        return answers


# Far from the numbers that the switch gives its own messages.
_stan = iter(range(700_001, 1_000_000))


def purchase(pan: str, *, pin: str = "", **changes: str | None) -> dict[str, str]:
    """A 0200 with its own trace number; None removes a field."""
    card = CARDS[pan]
    fields: dict[str, str | None] = {
        "t": "0200",
        "2": pan,
        "3": "000000",
        "4": "000000001234",
        "7": "0611191024",
        "11": f"{next(_stan):06d}",
        "12": "211024",
        "13": "0611",
        "22": "901" if pin else "902",
        "25": "00",
        "35": card["track2"],
        "41": "TERM0001",
        "42": "MERCHANT0000001",
        "49": "978",
    }
    if pin:
        block = pinblock.encode("01", pin, pinblock.account_of(pan), "0123456789ABCDEF")
        fields["52"] = tdes.encrypt(CLEAR["tpk.lab"], block).hex().upper()
    return {key: value for key, value in (fields | changes).items() if value is not None}


@dataclass
class World:
    """Everything; `life` is one run of the switch."""

    folder: Path
    nursery: trio.Nursery
    hsm: Hsm
    hosts: dict[str, Host]
    engine: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)
    listener: dict[str, Any] = field(default_factory=dict)
    runtime: dict[str, Any] = field(default_factory=dict)
    hsm_link: dict[str, Any] = field(default_factory=dict)

    def settings(self) -> SwitchSettings:
        backoff = Backoff(first=0.01, longest=0.05)
        hosts = {
            name: HostSettings(
                name,
                dialect,
                UNDER_LMK.get(ZPKS.get(name, ""), ""),
                OnUs(UNDER_LMK["pvk.issuer-a"], UNDER_LMK["cvk.issuer-a"]) if name == "issuer-a" else None,
            )
            for name, dialect in DIALECTS.items()
        }
        engine = EngineSettings(
            hosts=hosts,
            default_terminal=TerminalSettings(tpk=UNDER_LMK["tpk.lab"]),
            deadlines=Deadlines(answer=5.0, grace=1.0),
            queue=QueueLimits(first_retry=0.01, longest_retry=0.05),
        )
        links = {
            name: HostLinkSettings(host="127.0.0.1", port=host.port, backoff=backoff)
            for name, host in self.hosts.items()
        }
        return SwitchSettings(
            engine=replace(engine, **self.engine),
            listeners=[
                msgspec.structs.replace(ListenerSettings(name="hex", port=0), **self.listener),
                msgspec.structs.replace(
                    ListenerSettings(name="binary", port=0, spec="pos-1987-ascii-binary"), **self.listener
                ),
            ],
            hosts={name: msgspec.structs.replace(link, **self.links.get(name, {})) for name, link in links.items()},
            hsm=msgspec.structs.replace(HsmLinkSettings(port=self.hsm.port, backoff=backoff), **self.hsm_link),
            **self.runtime,
        )

    @asynccontextmanager
    async def life(
        self, *, wait: Sequence[str] = ("visa", "mastercard", "issuer-a", "issuer-b")
    ) -> AsyncIterator["Life"]:
        """One run of the switch on the journal in `folder`, from start to the end of `stop` or of the block."""
        delivery = DeliveryLog(self.folder / "delivered", boot_id())
        store = SqliteStore(self.folder / "journal.db", KEYS, delivered=delivery.known, same_boot=delivery.same_boot)
        delivery.start()
        bins = parse_bin_table(BINS.splitlines(), "bins")
        switch = Switch(self.settings(), bins, store, KEYS, delivery, store.recovery)
        try:
            async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
                life = Life(self, switch, store, delivery, {}, stack)
                await nursery.start(life.run)
                for name in wait:
                    await life.until_up(name)
                if wait:
                    await life.until(lambda: switch.status()["hsm"])
                yield life
                nursery.cancel_scope.cancel()
        finally:
            store.close()
            delivery.close()


@dataclass
class Life:
    """A running switch."""

    world: World
    switch: Switch
    store: SqliteStore
    delivery: DeliveryLog
    addresses: dict[str, tuple[str, int]]
    stack: AsyncExitStack
    ended: trio.Event = field(default_factory=trio.Event)

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            self.addresses = await nursery.start(self.switch.run)
            task_status.started()
        self.ended.set()

    async def connect(self, listener: str = "hex", *, receive_buffer: int = 0) -> Terminal:
        sock = trio.socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await sock.connect(self.addresses[listener])
        stream = await self.stack.enter_async_context(trio.SocketStream(sock))
        return Terminal(stream, "pos-1987-ascii" if listener == "hex" else "pos-1987-ascii-binary")

    async def until(self, condition: Callable[[], object]) -> None:
        """For what only the switch's status shows."""
        with trio.fail_after(PATIENCE):
            while not condition():  # noqa: ASYNC110 - the status has no event
                await trio.sleep(0.005)

    async def until_up(self, host: str) -> None:
        await self.until(lambda: self.switch.status()["hosts"][host])

    async def stop(self) -> None:
        """Drains, and waits for the end."""
        self.switch.stop()
        with trio.fail_after(PATIENCE):
            await self.ended.wait()


@pytest.fixture
def limits() -> type[Limits]:
    return Limits


@dataclass
class Waits:
    """Deadlines (`Deadlines`) that change while the switch runs: short while a test waits for one to pass, `long` from
    where no machine may be too slow."""

    answer: float = 0.4
    grace: float = 0.5
    advice: float = 0.2
    journal_retry: float = 1.0

    def long(self) -> None:
        self.answer = self.grace = self.advice = 10 * PATIENCE


@pytest.fixture
def waits() -> type[Waits]:
    return Waits


@pytest.fixture
def deadlines() -> type[Deadlines]:
    return Deadlines


@pytest.fixture
async def terminal_on() -> AsyncIterator[Callable[[int], Any]]:
    """A terminal on any port."""
    async with AsyncExitStack() as stack:

        async def connect(port: int) -> Terminal:
            stream = await stack.enter_async_context(await trio.open_tcp_stream("127.0.0.1", port))
            return Terminal(stream, "pos-1987-ascii")

        yield connect


@pytest.fixture
def sale() -> Callable[..., dict[str, str]]:
    return purchase


@pytest.fixture
def cards() -> dict[str, dict[str, Any]]:
    return CARDS


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """HSM and hosts, before any switch."""
    async with trio.open_nursery() as nursery:
        hosts = {name: Host(name) for name in DIALECTS}
        for host in hosts.values():
            await nursery.start(host.serve)
        hsm = Hsm(nursery)
        await hsm.start()
        yield World(tmp_path, nursery, hsm, hosts)
        nursery.cancel_scope.cancel()


@pytest.fixture
def journal(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """What the journal file says of each transaction, oldest first."""

    def rows() -> list[dict[str, Any]]:
        connection = sqlite3.connect(f"file:{tmp_path / 'journal.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM txn ORDER BY txn_id")]
        finally:
            connection.close()

    return rows
