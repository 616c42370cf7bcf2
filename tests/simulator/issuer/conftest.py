"""An issuer served over real sockets beside a real HSM, and a client that speaks to it as the switch would."""

import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
import trio

from switch.crypto import pinblock, tdes
from switch.hsm.server import HsmConfig
from switch.hsm.server import serve as serve_hsm
from switch.message import Codec, View, compile_spec, load_spec
from switch.resources import read_text
from switch.simulator.issuer import IssuerConfig, holdings, load_config, serve

KEYS = json.loads(read_text("fixtures", "keys.json"))["keys"]
CLEAR = json.loads(read_text("fixtures", "clear_keys.json"))["keys"]
CARDS = {card["pan"]: card for card in json.loads(read_text("fixtures", "cards.json"))["cards"]}
PATIENCE = 10

_stans = itertools.count(1)


def card_named(name: str) -> dict[str, Any]:
    """The first card of issuer-a of that name."""
    return next(card for card in CARDS.values() if card["issuer"] == "issuer-a" and card["name"] == name)


def pin_block(pan: str, pin: str, key: str = "zpk.visa.issuer-a") -> str:
    return encrypted(pinblock.encode("01", pin, pinblock.account_of(pan), ""), key)


def short_pin_block(pan: str) -> str:
    """A sound ISO format 0 block of three digits, which no PIN may have."""
    clear = int("03123FFFFFFFFFFF", 16) ^ int(pinblock.account_of(pan), 16)
    return encrypted(clear.to_bytes(8, "big"), "zpk.visa.issuer-a")


def encrypted(clear: bytes, key: str) -> str:
    return tdes.encrypt(bytes.fromhex(CLEAR[key]), clear).hex().upper()


def request(card: dict[str, Any], amount: int = 1000, **changes: str | None) -> dict[str, str]:
    """A 1100 for a sale with nothing to verify; `changes` are fields as f52="..." or mti; None leaves one out."""
    stan = f"{next(_stans) % 1_000_000:06d}"
    fields: dict[str, str | None] = {
        "t": "1100",
        "2": card["pan"],
        "3": "000000",
        "4": f"{amount:012d}",
        "7": "0708123456",
        "11": stan,
        "12": "260708143456",
        "14": card["expiry"],
        "22": "510101200104",
        "24": "200",
        "26": "5411",
        "32": "12345",
        "37": f"000000{stan}",
        "41": "TERM0001",
        "42": "MERCHANT0000001",
        "43": "CORNER SHOP HAMBURG DE",
        "49": "978",
    }
    fields |= {name[1:] if name[0] == "f" else name: value for name, value in changes.items()}
    if "mti" in fields:
        fields["t"] = fields.pop("mti")
    return {name: value for name, value in fields.items() if value is not None}


def reversal(original: dict[str, str], **changes: str | None) -> dict[str, str]:
    """The 1420 of a request, with a number of its own."""
    acquirer = original["32"]
    kept = {name: original[name] for name in ("2", "3", "4", "12", "32", "37", "41", "42", "49")}
    named = f"1100{original['11']}{original['12']}{len(acquirer):02d}{acquirer}"
    own = {"t": "1420", "7": "0708123500", "11": f"{next(_stans) % 1_000_000:06d}", "24": "400", "25": "4021"}
    fields = kept | own | {"56": named} | {name[1:] if name[0] == "f" else name: v for name, v in changes.items()}
    if "mti" in fields:
        fields["t"] = fields.pop("mti")
    return {name: value for name, value in fields.items() if value is not None}


class Client:
    """One connection to a listener of the issuer."""

    def __init__(self, stream: trio.SocketStream, codec: Codec) -> None:
        self.stream = stream
        self.codec = codec
        self._rest = b""

    async def send_frame(self, frame: bytes) -> None:
        await self.stream.send_all(b"%04d" % len(frame) + frame)

    async def send(self, fields: dict[str, str]) -> None:
        await self.send_frame(self.codec.encode(fields))

    async def receive(self) -> View | None:
        """The next answer; None when the issuer closed the connection."""
        with trio.fail_after(PATIENCE):
            while len(self._rest) < 4 or len(self._rest) < 4 + int(self._rest[:4]):
                try:
                    data = await self.stream.receive_some()
                except trio.BrokenResourceError:
                    return None
                if not data:
                    return None
                self._rest += data
        length = int(self._rest[:4])
        frame, self._rest = self._rest[4 : 4 + length], self._rest[4 + length :]
        return self.codec.view(frame)

    async def ask(self, fields: dict[str, str]) -> View:
        await self.send(fields)
        view = await self.receive()
        assert view is not None, "the issuer closed the connection"
        return view

    async def action(self, fields: dict[str, str]) -> str:
        return (await self.ask(fields))["39"]

    async def manage(self, function: str) -> str:
        return await self.action({"t": "1804", "7": "0708123456", "11": "000001", "12": "260708123456", "24": function})


class Issuer:
    """A served issuer and what its test may look at."""

    def __init__(self, config: IssuerConfig, addresses: dict[str, tuple[str, int]], codec: Codec) -> None:
        self.config = config
        self.addresses = addresses
        self.codec = codec

    @asynccontextmanager
    async def client(self, listener: str = "visa", *, sign_on: bool = True) -> AsyncIterator[Client]:
        async with await trio.open_tcp_stream(*self.addresses[listener]) as stream:
            client = Client(stream, self.codec)
            if sign_on:
                assert await client.manage("801") == "800"
            yield client

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return query(Path(self.config.database), sql, *values)

    def available(self, card: dict[str, Any]) -> int:
        """What the account of a card still holds; cards are told apart by their masked numbers."""
        pan = card["pan"]
        masked = f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"
        [(amount,)] = self.query("SELECT available FROM card WHERE masked = ?", masked)
        return amount

    def holdings(self) -> dict[str, int]:
        return holdings(Path(self.config.database))


def query(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def write_config(folder: Path, hsm_port: int, **changes: Any) -> Path:
    """issuer-a with a Visa listener and one for the switch itself, on ports the system chooses."""
    keys = {name: KEYS[f"{name}.issuer-a"]["under_lmk"] for name in ("pvk", "cvk")}
    # Patient with an HSM that shares this process with everything else; the tests of silence set their own.
    hsm = {"timeout": PATIENCE} | changes.get("hsm", {})
    files = {"database": "issuer-a.db", "data_keys": "issuer-a.keys.json"}
    top = keys | files | {name: value for name, value in changes.items() if name not in ("limits", "hsm")}
    text = f"""
name = "issuer-a"
{"".join(f"{name} = {json.dumps(value)}{chr(10)}" for name, value in top.items())}
[hsm]
port = {hsm_port}
{"".join(f"{name} = {value}{chr(10)}" for name, value in hsm.items())}
"""
    for name, zpk in (("visa", KEYS["zpk.visa.issuer-a"]["under_lmk"]), ("switch", "")):
        text += f'[[listeners]]\nname = "{name}"\nport = 0\nzpk = "{zpk}"\n'
        text += "".join(f"limits.{key} = {value}\n" for key, value in changes.get("limits", {}).items())
    path = folder / "issuer-a.toml"
    path.write_text(text)
    return path


async def until(condition: Callable[[], object]) -> None:
    """Waits for what another task does, for at most PATIENCE seconds."""
    with trio.fail_after(PATIENCE):
        for _ in itertools.count():
            if condition():
                return
            await trio.sleep(0.01)


@pytest.fixture(scope="session")
def codec() -> Codec:
    return compile_spec(load_spec("iso-1993-ascii"))


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
async def hsm_port(logs: list[Any], nursery: trio.Nursery) -> int:
    """A served HSM."""
    addresses = await nursery.start(serve_hsm, HsmConfig(port=0))
    return addresses[0][1]


@pytest.fixture
def start(tmp_path: Path, hsm_port: int, codec: Codec, nursery: trio.Nursery) -> Callable[..., Any]:
    """start(**settings) as an async context manager: the issuer runs inside it, on the same files each time."""

    @asynccontextmanager
    async def started(now: Callable[[], Any] | None = None, **changes: Any) -> AsyncIterator[Issuer]:
        config = load_config(write_config(tmp_path, changes.pop("hsm_port", hsm_port), **changes))
        scope, done = trio.CancelScope(), trio.Event()

        async def run(task_status: trio.TaskStatus[Any]) -> None:
            with scope:
                await serve(config, **({"now": now} if now else {}), task_status=task_status)
            done.set()

        issuer = Issuer(config, await nursery.start(run), codec)
        try:
            yield issuer
        finally:
            scope.cancel()
            with trio.CancelScope(shield=True):
                await done.wait()

    return started


@pytest.fixture
async def issuer(start: Callable[..., Any]) -> AsyncIterator[Issuer]:
    async with start() as issuer:
        yield issuer


@pytest.fixture
async def visa(issuer: Issuer) -> AsyncIterator[Client]:
    """A signed-on connection of the Visa node."""
    async with issuer.client() as client:
        yield client


@pytest.fixture
async def on_us(issuer: Issuer) -> AsyncIterator[Client]:
    """A signed-on connection of the switch itself."""
    async with issuer.client("switch") as client:
        yield client


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """How the tests make cards, PIN blocks, messages and settings."""
    return SimpleNamespace(
        client=Client,
        until=until,
        card=card_named,
        pin_block=pin_block,
        short_pin_block=short_pin_block,
        request=request,
        reversal=reversal,
        config=write_config,
        query=query,
    )
