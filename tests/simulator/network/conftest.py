"""A node between a scripted issuer and an acquirer's socket, with a real HSM server; what the node tests share."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import structlog
import trio

from switch.crypto import pinblock, tdes
from switch.hsm.server import HsmConfig
from switch.hsm.server import serve as serve_hsm
from switch.message import (
    VISA_HEADER,
    build_visa_header,
    compile_spec,
    load_spec,
    make_framer,
    parse_visa_header,
    reply_mti,
)
from switch.resources import read_text
from switch.simulator.network import NodeConfig, serve

PATIENCE = 10
CLOSED = "closed by peer"
Fields = dict[str, str]

KEYS = {name: key["under_lmk"] for name, key in json.loads(read_text("fixtures", "keys.json"))["keys"].items()}
CLEAR = {name: bytes.fromhex(key) for name, key in json.loads(read_text("fixtures", "clear_keys.json"))["keys"].items()}
CARDS = json.loads(read_text("fixtures", "cards.json"))["cards"]

HOST = compile_spec(load_spec("iso-1993-ascii"))
# What an issuer host returns of a request.
_RETURNED = ("2", "3", "4", "7", "11", "12", "24", "32", "37", "41", "42", "49")


class Wire:
    """Frames over a stream, read one at a time; patience is bounded."""

    def __init__(self, stream: trio.SocketStream, framing: str) -> None:
        self.stream = stream
        self._framer = make_framer(framing)
        self._frames: list[bytes] = []

    async def send(self, frame: bytes) -> None:
        await self.stream.send_all(self._framer.wrap(frame))

    def wrap(self, frame: bytes) -> bytes:
        return self._framer.wrap(frame)

    async def receive(self) -> bytes | None:
        """The next frame; None when the peer has closed."""
        with trio.fail_after(PATIENCE):
            while not self._frames:
                try:
                    data = await self.stream.receive_some()
                except trio.BrokenResourceError:
                    return None
                if not data:
                    return None
                self._frames += self._framer.feed(bytes(data))
        return self._frames.pop(0)


@dataclass
class ScriptedIssuer:
    """An issuer host on iso-1993-ascii: `script` says what is answered, None nothing; `seen` is what came."""

    script: Callable[[Fields], Fields | None] = field(default=lambda fields: ScriptedIssuer.approve(fields))
    seen: list[Fields] = field(default_factory=list)
    port: int = 0
    connections: list[Wire] = field(default_factory=list)
    _news: trio.Event = field(default_factory=trio.Event)
    _scope: trio.CancelScope = field(default_factory=trio.CancelScope)

    @staticmethod
    def reply(fields: Fields, action: str, **more: str) -> Fields:
        """The answer to `fields`; more fields are named f38, f54."""
        kept = {number: fields[number] for number in _RETURNED if number in fields}
        return kept | {"t": reply_mti(fields["t"]), "39": action} | {name[1:]: value for name, value in more.items()}

    @staticmethod
    def approve(fields: Fields) -> Fields | None:
        """The usual issuer: accepts management, reversals and advices, approves requests."""
        if fields["t"][1:3] == "10":
            return ScriptedIssuer.reply(fields, "000", f38="A1B2C3")
        return ScriptedIssuer.reply(fields, {"8": "800", "4": "400"}.get(fields["t"][1], "000"))

    @staticmethod
    def silent(fields: Fields) -> Fields | None:
        """Answers management only."""
        return ScriptedIssuer.approve(fields) if fields["t"][1] == "8" else None

    def decide(self, action: str, **more: str) -> None:
        """From now on requests are answered with `action`."""
        self.script = lambda fields: (
            self.reply(fields, action, **more) if fields["t"][1:3] == "10" else self.approve(fields)
        )

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """On the same port each time; ended by `die`."""
        listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        with trio.CancelScope() as self._scope:
            await trio.serve_listeners(self._handle, listeners, task_status=_Started(task_status))

    def die(self) -> None:
        """As by kill -9: the listener and every connection are gone."""
        self._scope.cancel()

    async def _handle(self, stream: trio.SocketStream) -> None:
        wire = Wire(stream, "ascii4")
        self.connections.append(wire)
        self._tell()
        try:
            while (frame := await self._next(wire)) is not None:
                fields = HOST.decode(frame)
                self.seen.append(fields)
                answer = self.script(fields)
                if answer is not None:
                    await wire.send(HOST.encode(answer))
                self._tell()
        except trio.BrokenResourceError:
            pass
        finally:
            self.connections.remove(wire)
            self._tell()

    async def _next(self, wire: Wire) -> bytes | None:
        while True:
            try:
                return await wire.receive()
            except trio.TooSlowError:
                continue

    async def answer(self, fields: Fields) -> None:
        """An answer of its own accord, on the newest connection."""
        await self.connections[-1].send(HOST.encode(fields))

    def of(self, *mtis: str) -> list[Fields]:
        return [fields for fields in self.seen if fields["t"] in mtis]

    @property
    def payments(self) -> list[Fields]:
        return [fields for fields in self.seen if fields["t"][1] != "8"]

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits for something to be true of this issuer."""
        with trio.fail_after(PATIENCE):
            while not condition():
                self._news = trio.Event()
                await self._news.wait()

    def _tell(self) -> None:
        self._news.set()


class _Started:
    """serve_listeners reports its listeners; nobody here wants them."""

    def __init__(self, status: trio.TaskStatus[None]) -> None:
        self._status = status

    def started(self, _value: object = None) -> None:
        self._status.started()


@dataclass(frozen=True)
class Talk:
    """How the acquirers of one scheme talk: what the tests need to know of it."""

    name: str
    framing: str
    sign_on: str
    sign_off: str
    echo: str
    card_a: str
    card_b: str

    @property
    def codec(self) -> Any:
        return _CODECS[self.name]

    def frame(self, fields: Fields, round_trip: int = 0) -> bytes:
        message: bytes = self.codec.encode(fields)
        if self.name != "visa":
            return message
        return build_visa_header(len(message), source="400001", destination="400002", round_trip=round_trip) + message

    def read(self, frame: bytes) -> Fields:
        if self.name == "visa":
            parse_visa_header(frame)
        found: Fields = self.codec.decode(frame, VISA_HEADER if self.name == "visa" else 0)
        return found

    @property
    def country(self) -> str:
        """As DE43 of this scheme says it, three wide."""
        return "DE " if self.name == "visa" else "DEU"

    def acceptor(self, name: str, city: str) -> str:
        if self.name == "visa":
            return f"{name:25}{city:13}DE"
        return f"{name:22} {city:13} DEU"

    def management(self, function: str, stan: str = "000001") -> Fields:
        return {"t": "0800", "7": "0601101112", "11": stan, "70": function}

    def card(self, issuer: str) -> dict[str, Any]:
        """A good card of `issuer` in this scheme."""
        pan = self.card_a if issuer == "issuer-a" else self.card_b
        found: dict[str, Any] = next(card for card in CARDS if card["pan"] == pan)
        assert found["issuer"] == issuer
        return found

    def request(self, mti: str = "0100", *, issuer: str = "issuer-a", stan: str = "000123", **changes: str) -> Fields:
        """A purchase with track 2; changes are named f2, f48 and so on, "" leaves a field out."""
        card = self.card(issuer)
        fields = {
            "t": mti,
            "2": card["pan"],
            "3": "000000",
            "4": "000000001234",
            "7": "0601101112",
            "11": stan,
            "12": "121112",
            "13": "0601",
            "14": card["expiry"],
            "18": "5411",
            "22": "9010" if self.name == "visa" else "901",
            "32": "400001",
            "35": card["track2"].replace("=", "D"),
            "37": f"515210{stan}",
            "41": "TERM0001",
            "42": "MERCHANT0000001",
            "43": self.acceptor("A SHOP", "BERLIN"),
            "49": "978",
        }
        if self.name == "visa":
            fields |= {"25": "00", "63": self.codec.build_sub("63", {"1": "0002"})}
        else:
            fields |= {"48": "R"}
        fields |= {name[1:]: value for name, value in changes.items()}
        return {number: value for number, value in fields.items() if value}

    def reversal(self, mti: str = "0400", *, stan: str = "000777", original: Fields, **changes: str) -> Fields:
        """The full reversal of a request, for an answer that did not come."""
        fields = {number: value for number, value in original.items() if number not in ("14", "35", "48", "52", "53")}
        fields |= {"t": mti, "11": stan, "7": "0601101114"}
        fields["90"] = f"0100{original['11']}{original['7']}{original['32']:0>11}{'0' * 11}"
        if self.name == "visa":
            fields["63"] = self.codec.build_sub("63", {"1": "0002", "3": "2502"})
        else:
            fields |= {"39": "68", "48": "R"}
        fields |= {name[1:]: value for name, value in changes.items()}
        return {number: value for number, value in fields.items() if value}

    def pin_block(self, pin: str, pan: str) -> str:
        """Under the acquirers' key."""
        clear = pinblock.encode("01", pin, pinblock.account_of(pan), "F" * 12)
        return tdes.encrypt(CLEAR[f"zpk.{self.name}"], clear).hex().upper()

    def pin_for_issuer(self, block: str, pan: str, issuer: str) -> str:
        """The PIN that the issuer finds in a block."""
        clear = tdes.decrypt(CLEAR[f"zpk.{self.name}.{issuer}"], bytes.fromhex(block))
        return pinblock.decode("01", clear, pinblock.account_of(pan))


_CODECS = {name: compile_spec(load_spec(name)) for name in ("visa", "mastercard")}
TALKS = {
    "visa": Talk("visa", "visa4", "071", "072", "301", "4111111111111111", "4242424242424242"),
    "mastercard": Talk("mastercard", "len2", "061", "062", "270", "5555555555554444", "5105105105105100"),
}


class Client:
    """An acquirer's connection to the node."""

    def __init__(self, talk: Talk, stream: trio.SocketStream) -> None:
        self.talk = talk
        self.wire = Wire(stream, talk.framing)

    async def send(self, fields: Fields, round_trip: int = 0) -> None:
        await self.wire.send(self.talk.frame(fields, round_trip))

    async def receive(self) -> Fields:
        frame = await self.wire.receive()
        assert frame is not None, "the node has closed the connection"
        return self.talk.read(frame)

    async def ask(self, fields: Fields) -> Fields:
        await self.send(fields)
        return await self.receive()

    async def sign_on(self) -> None:
        assert (await self.ask(self.talk.management(self.talk.sign_on)))["39"] == "00"


@dataclass
class World:
    """One node of a scheme, its HSM and issuers."""

    talk: Talk
    nursery: trio.Nursery
    issuers: dict[str, ScriptedIssuer] = field(
        default_factory=lambda: {"issuer-a": ScriptedIssuer(), "issuer-b": ScriptedIssuer()}
    )
    hsm_port: int = 0
    port: int = 0
    hsm: trio.CancelScope = field(default_factory=trio.CancelScope)
    _node: trio.CancelScope = field(default_factory=trio.CancelScope)
    _ended: trio.Event = field(default_factory=trio.Event)
    _streams: list[trio.SocketStream] = field(default_factory=list)

    async def aclose(self) -> None:
        await self.stop_node()
        for stream in self._streams:
            await trio.aclose_forcefully(stream)

    @property
    def host(self) -> Any:
        """The codec of the issuers."""
        return HOST

    @property
    def a(self) -> ScriptedIssuer:
        return self.issuers["issuer-a"]

    @property
    def b(self) -> ScriptedIssuer:
        return self.issuers["issuer-b"]

    def config(self, **changes: Any) -> NodeConfig:
        """`issuer`, `hsm` and `limits` change single keys there, everything else the node's own."""
        issuer, limits = changes.pop("issuer", {}), changes.pop("limits", {})
        hsm = {"port": self.hsm_port, "timeout": 5.0} | changes.pop("hsm", {})
        issuers = {
            name: {
                "host": "127.0.0.1",
                "port": scripted.port,
                "zpk": KEYS[f"zpk.{self.talk.name}.{name}"],
                "management_timeout": 5.0,
                "answer_timeout": 5.0,
                "backoff": {"first": 0.01, "longest": 0.05},
                **issuer,
            }
            for name, scripted in self.issuers.items()
        }
        values = {
            "scheme": self.talk.name,
            "listen": {"port": 0, "limits": limits},
            "drain_timeout": 0.05,
            "zpk": KEYS[f"zpk.{self.talk.name}"],
            "hsm": hsm,
            "issuers": issuers,
        }
        return msgspec.convert(values | changes, NodeConfig)

    async def start_hsm(self) -> None:
        self.hsm = trio.CancelScope()
        await self.nursery.start(self._run_hsm)

    async def _run_hsm(self, task_status: trio.TaskStatus[None]) -> None:
        with self.hsm:
            async with trio.open_nursery() as nursery:
                addresses = await nursery.start(serve_hsm, HsmConfig(port=self.hsm_port))
                self.hsm_port = addresses[0][1]
                task_status.started()

    async def start_issuers(self) -> None:
        for scripted in self.issuers.values():
            await self.nursery.start(scripted.serve)

    async def start_node(self, *, wait: bool = True, **changes: Any) -> None:
        """Listens; unless told otherwise every issuer is signed on."""
        self._ended = trio.Event()
        await self.nursery.start(self._run_node, self.config(**changes))
        if wait:
            for scripted in self.issuers.values():
                await scripted.until(lambda scripted=scripted: scripted.of("1804"))
            # The node has read the answers to its sign-ons once a payment passes.
            for issuer in self.issuers:
                await self._until_up(issuer)

    async def _until_up(self, issuer: str) -> None:
        client = await self.client()
        with trio.fail_after(PATIENCE):
            while (await client.ask(self.talk.request(issuer=issuer, mti="0120", stan="999999", f39="00")))[
                "39"
            ] != "00":
                pass
        self.issuers[issuer].seen.clear()
        await client.wire.stream.aclose()

    async def _run_node(self, config: NodeConfig, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as self._node:
            async with trio.open_nursery() as nursery:
                addresses = await nursery.start(serve, config)
                self.port = addresses[0][1]
                task_status.started()
        self._ended.set()

    async def stop_node(self) -> None:
        """As a signal does."""
        self._node.cancel()
        with trio.fail_after(PATIENCE):
            await self._ended.wait()

    async def client(self, *, sign_on: bool = True, receive_buffer: int = 0) -> Client:
        """A connected acquirer; with a small `receive_buffer` (bytes) one that is soon full."""
        sock = trio.socket.socket()
        if receive_buffer:
            sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, receive_buffer)
        await sock.connect(("127.0.0.1", self.port))
        client = Client(self.talk, trio.SocketStream(sock))
        self._streams.append(client.wire.stream)
        if sign_on:
            await client.sign_on()
        return client


@pytest.fixture(params=sorted(TALKS))
def talk(request: pytest.FixtureRequest) -> Talk:
    return TALKS[request.param]


@pytest.fixture
async def quiet(talk: Talk, nursery: trio.Nursery) -> AsyncIterator[World]:
    """HSM and issuers run, the node does not yet."""
    world = World(talk, nursery)
    world._ended.set()
    await world.start_hsm()
    await world.start_issuers()
    yield world
    await world.aclose()
    nursery.cancel_scope.cancel()


@pytest.fixture
async def world(quiet: World) -> World:
    """HSM, issuers and node run, and the issuers are signed on."""
    await quiet.start_node()
    return quiet


@dataclass
class Lines:
    """The log as it is written, before the encoder masks it."""

    captured: list[Any]

    def of(self, event: str) -> list[Any]:
        return [line for line in self.captured if line["event"] == event]

    async def until(self, event: str, count: int = 1) -> list[Any]:
        """The lines of that event, once there are `count`."""
        with trio.fail_after(PATIENCE):
            while len(self.of(event)) < count:  # noqa: ASYNC110 - a log has no event to wait for
                await trio.sleep(0.001)
        return self.of(event)

    async def reasons(self) -> list[str]:
        """Why connections ended other than by their peer, once at least one has."""
        count = 1
        while not (found := [r for line in await self.until("disconnected", count) if (r := line["reason"]) != CLOSED]):
            count = len(self.of("disconnected")) + 1
        return found


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The log of the test."""
    with structlog.testing.capture_logs() as captured:
        yield Lines(captured)
