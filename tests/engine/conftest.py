"""A switch on the bench: the real engine, journal SQL and HSM commands between hosts and terminals made of real frames.

Every frame, closed link and warning that comes out must be asked for by the test; what is left over fails it."""

import calendar
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from switch.crypto import pinblock, tdes
from switch.crypto.datakeys import DataKeys
from switch.dialect.canonical import Payment
from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.pos1987 import TerminalDialect
from switch.dialect.visa import VisaDialect
from switch.engine.binfile import parse_bin_table
from switch.engine.config import EngineSettings, HostSettings, TerminalSettings
from switch.engine.engine import Engine
from switch.engine.ports import Instant
from switch.engine.rulesettings import OnUs
from switch.hsm.commands import HostCommands
from switch.journal.apply import saf_bound_to
from switch.journal.memory import MemoryStore
from switch.journal.records import Outcome, Record, SafPut
from switch.message import (
    VISA_HEADER,
    build_visa_header,
    compile_spec,
    load_spec,
    parse_visa_header,
    reply_mti,
)
from switch.resources import read_text

NOON = 1_795_521_600  # 2026-11-24 12:00:00 UTC
KEYS = DataKeys(bytes(range(32)), bytes(range(32, 64)))
LMK_KEYS = {name: key["under_lmk"] for name, key in json.loads(read_text("fixtures", "keys.json"))["keys"].items()}
CLEAR_KEYS = json.loads(read_text("fixtures", "clear_keys.json"))["keys"]
CARDS = {card["pan"]: card for card in json.loads(read_text("fixtures", "cards.json"))["cards"]}
BINS = parse_bin_table(read_text("fixtures", "bins.csv").splitlines(), "bins.csv")
POS = TerminalDialect("pos-1987-ascii")
DIALECTS = {"visa": VisaDialect(), "mastercard": MastercardDialect(), "issuer-a": Iso1993Dialect()}
SPECS = {name: compile_spec(load_spec(dialect.name)) for name, dialect in DIALECTS.items()}
VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"
PATIENCE = 1000


def engine_settings(**changes: Any) -> EngineSettings:
    hosts = {
        "visa": HostSettings("visa", DIALECTS["visa"], LMK_KEYS["zpk.visa"]),
        "mastercard": HostSettings("mastercard", DIALECTS["mastercard"], LMK_KEYS["zpk.mastercard"]),
        "issuer-a": HostSettings(
            "issuer-a", DIALECTS["issuer-a"], on_us=OnUs(LMK_KEYS["pvk.issuer-a"], LMK_KEYS["cvk.issuer-a"])
        ),
    }
    values: dict[str, Any] = {"hosts": hosts, "default_terminal": TerminalSettings(tpk=LMK_KEYS["tpk.lab"])}
    return EngineSettings(**values | changes)


@dataclass(eq=False)
class Link:
    """A terminal's connection. `unsent` keeps what was taken and never reached the wire."""

    play: "Play"
    name: str
    interface: str = "pos"
    open: bool = True
    tokens: list[int] = field(default_factory=list)

    def send(self, frame: bytes, token: int | None) -> bool:
        if self.open:
            if token is not None:
                self.tokens.append(token)
            self.play.out("terminal", self.name, POS.codec.decode(frame))
        return self.open

    def close(self, reason: str) -> None:
        self.open = False
        self.play.out("closed", self.name, {"reason": reason})


@dataclass(eq=False)
class Timer:
    due: int
    then: Callable[[Any], None]
    context: Any


class Play:
    """Events go in by `asks`, `answers`, `advance` ...; what comes out is taken by `terminal_gets`, `host_gets` ..."""

    def __init__(self, **changes: Any) -> None:
        self.settings = engine_settings(**changes)
        self.now = NOON * 1_000_000
        self.outputs: deque[tuple[str, str, dict[str, str]]] = deque()
        self.timers: list[Timer] = []
        self.store_held = False
        self.units: deque[tuple[Sequence[Record], Any, Any]] = deque()
        self.memory = MemoryStore(KEYS)
        self.hsm_commands = HostCommands()
        self.hsm_state = "up"  # or "down", "silent", or a two-digit error
        self.hsm_replies: deque[tuple[Any, Any, bytes]] = deque()
        self.hsm_log: list[str] = []
        self.up = dict.fromkeys(self.settings.hosts, True)
        self.links: dict[str, Link] = {}
        self.marks: set[int] = set()
        self._stan = 0
        self.engine = Engine(self.settings, BINS, self, self.memory.recovery)

    # -- the engine's ports

    def instant(self) -> Instant:
        utc = time.gmtime(self.now // 1_000_000)
        stamp = [time.strftime(form, utc) for form in ("%m%d%H%M%S", "%y", "%j", "%Y-%m-%d")]
        return Instant(self.now, *stamp)

    def to_host(self, host: str, frame: bytes) -> bool:
        if self.up[host]:
            self.out("host", host, self.read_host(host, frame))
        return self.up[host]

    def host_up(self, host: str) -> bool:
        return self.up[host]

    def store(self, unit: Sequence[Record], then: Any, context: Any) -> None:
        self.units.append((list(unit), then, context))

    def hsm(self, command: bytes, then: Any, context: Any) -> bool:
        if self.hsm_state == "down":
            return False
        self.hsm_log.append(command[:2].decode())
        error = self.hsm_state if self.hsm_state.isdigit() else ""
        reply = b"XX" + error.encode() if error else self.hsm_commands.handle(command)
        self.hsm_replies.append((then, context, reply))
        return True

    def arm(self, seconds: float, then: Any, context: Any) -> Timer:
        timer = Timer(self.now + round(seconds * 1_000_000), then, context)
        self.timers.append(timer)
        return timer

    def disarm(self, handle: Timer) -> None:
        if handle in self.timers:
            self.timers.remove(handle)

    def delivering(self, txn_id: int) -> None:
        self.marks.add(txn_id)

    def given_back(self, txn_id: int) -> None:
        self.marks.discard(txn_id)

    def pan_token(self, pan: str) -> str:
        return KEYS.pan_token(pan)

    def log(self, level: str, event: str, **fields: object) -> None:
        for value in fields.values():
            assert not any(pan in str(value) for pan in CARDS), "a card number in a log"
        if level != "info":
            self.out("log", event, {name: str(value) for name, value in fields.items()})

    def out(self, kind: str, who: str, what: dict[str, str]) -> None:
        self.outputs.append((kind, who, what))

    # -- making things happen

    def settle(self) -> None:
        """Lets HSM and journal do what they may, until nothing moves."""
        for _ in range(PATIENCE):
            if self.hsm_replies and self.hsm_state != "silent":
                then, context, reply = self.hsm_replies.popleft()
                text = reply.decode("latin-1")
                then(context, text[2:4], text[4:])
            elif self.units and not self.store_held:
                self.commit()
            else:
                return
        raise AssertionError("the engine never comes to rest")

    def commit(self, count: int | None = None) -> None:
        """The journal writes what was handed over, or its first `count` units, and acknowledges."""
        for _ in range(len(self.units) if count is None else count):
            unit, then, context = self.units.popleft()
            self.memory.submit(unit, (then, context))
        self.memory.flush()
        for (then, context), ack in self.memory.take():
            then(context, ack)

    def journal(self, state: str) -> None:
        """working, failing or held."""
        self.memory.failing = state == "failing"
        self.store_held = state == "held"
        self.settle()

    def journal_writes(self, *kinds: str, ok: bool = True) -> None:
        """While held: one unit, made of records of these kinds, becomes durable or is lost."""
        unit = self.units[0][0]
        assert [_describe(record) for record in unit] == list(kinds)
        self.memory.failing = not ok
        self.commit(1)
        self.memory.failing = False
        self.settle()

    def hsm_is(self, state: str) -> None:
        self.hsm_state = state
        if state == "down":
            waiting, self.hsm_replies = self.hsm_replies, deque()
            for then, context, _ in waiting:
                then(context, "", "")
        self.settle()

    def link(self, name: str = "pos-1", interface: str = "pos") -> Link:
        return self.links.setdefault(name, Link(self, name, interface))

    def asks(self, fields: dict[str, str], link: str = "pos-1", *, settle: bool = True) -> None:
        """A terminal sends a message."""
        self.sends(POS.codec.encode(fields), link, settle=settle)

    def sends(self, frame: bytes, link: str = "pos-1", *, settle: bool = True) -> None:
        self.engine.terminal_frame(self.link(link), POS, frame)
        if settle:
            self.settle()

    def hangs_up(self, link: str = "pos-1", *, unsent: bool = False) -> None:
        """The terminal's connection ends; with `unsent` what was handed to it last never reached the wire."""
        connection = self.link(link)
        connection.open = False
        if unsent:
            for token in connection.tokens:
                self.engine.undelivered(token)
        connection.tokens = []
        self.settle()

    def answers(self, host: str, request: dict[str, str], code: str, *, settle: bool = True, **fields: str) -> None:
        """A host answers what it was sent."""
        self.host_sends(host, self.host_reply(host, request, code, fields), settle=settle)

    def host_sends(self, host: str, frame: bytes, *, settle: bool = True) -> None:
        self.engine.host_answer(host, DIALECTS[host].read(frame))
        if settle:
            self.settle()

    def host_is(self, host: str, *, up: bool) -> None:
        self.up[host] = up
        (self.engine.host_up if up else self.engine.host_down)(host)
        self.settle()

    def advance(self, seconds: float) -> None:
        """Time passes; what is due happens in order."""
        until = self.now + round(seconds * 1_000_000)
        for _ in range(PATIENCE):
            due = min((timer for timer in self.timers if timer.due <= until), key=lambda timer: timer.due, default=None)
            if due is None:
                self.now = until
                return
            self.now = max(self.now, due.due)
            self.timers.remove(due)
            due.then(due.context)
            self.settle()
        raise AssertionError("timers without end")

    def restart(self, *, lose: bool = True) -> None:
        """kill -9 and a new life on the same journal: what was not durable is lost, connections are gone."""
        if not lose:
            self.commit()
        self.units.clear()
        self.hsm_replies.clear()
        self.timers.clear()
        for link in self.links.values():
            link.open, link.tokens = False, []
        self.links.clear()
        self.up = dict.fromkeys(self.up, False)
        found = self.memory.recover(self.marks, same_boot=True)
        self.engine = Engine(self.settings, BINS, self, found)
        self.engine.recover(found)
        self.settle()

    # -- what came out

    def take(self, kind: str, who: str) -> dict[str, str]:
        assert self.outputs, f"expected {kind} {who}, but nothing came out"
        found = self.outputs.popleft()
        assert found[:2] == (kind, who), f"expected {kind} {who}, got {_public(found)}"
        return found[2]

    def terminal_gets(self, mti: str, code: str, link: str = "pos-1") -> dict[str, str]:
        answer = self.take("terminal", link)
        assert (answer["t"], answer.get("39")) == (mti, code)
        return answer

    def host_gets(self, host: str, mti: str) -> dict[str, str]:
        message = self.take("host", host)
        assert message["t"] == mti
        return message

    def logs(self, event: str) -> dict[str, str]:
        return self.take("log", event)

    def closes(self, link: str = "pos-1") -> str:
        return self.take("closed", link)["reason"]

    def nothing(self) -> None:
        """Nothing else came out."""
        assert not self.outputs, [_public(output) for output in self.outputs]

    # -- frames

    def frame(self, fields: dict[str, str]) -> bytes:
        return POS.codec.encode(fields)

    def set_time(self, utc: str) -> None:
        self.now = calendar.timegm(time.strptime(utc, "%Y-%m-%d %H:%M:%S")) * 1_000_000

    def read_host(self, host: str, frame: bytes) -> dict[str, str]:
        start = VISA_HEADER if host == "visa" else 0
        if start:
            parse_visa_header(frame)
        return SPECS[host].decode(frame, start)

    def host_reply(self, host: str, request: dict[str, str], code: str, fields: dict[str, str]) -> bytes:
        kept = ("2", "3", "4", "7", "11", "12", "32", "37", "41", "42", "49")
        values = {"t": reply_mti(request["t"]), "39": code} | {name: request[name] for name in kept if name in request}
        changed = {name.lstrip("_"): value for name, value in fields.items()}
        values = {name: value for name, value in (values | changed).items() if value}
        message = SPECS[host].encode(values)
        if host != "visa":
            return message
        return build_visa_header(len(message), source="400002", destination="400001") + message

    def sale(self, pan: str = VISA, amount: int = 1234, **fields: str) -> dict[str, str]:
        """A 0200 of one of the fixture cards, with a DE11 of its own. `_35` sets DE35, "" leaves a field out."""
        self._stan += 1
        utc = time.gmtime(self.now // 1_000_000)
        values = {
            "t": "0200",
            "2": pan,
            "3": "000000",
            "4": f"{amount:012d}",
            "7": time.strftime("%m%d%H%M%S", utc),
            "11": f"{self._stan:06d}",
            "12": time.strftime("%H%M%S", utc),
            "13": time.strftime("%m%d", utc),
            "14": "3012",
            "22": "051",
            "25": "00",
            "41": "TERM0001",
            "42": "MERCHANT0000001",
            "49": "978",
        }
        changed = {name.lstrip("_"): value for name, value in fields.items()}
        return {name: value for name, value in (values | changed).items() if value}

    def reversal(self, original: dict[str, str], **fields: str) -> dict[str, str]:
        """A 0400 of `original` that names it by DE90."""
        named = original["t"] + original["11"] + original["7"] + "0" * 22
        same = {name: original[name] for name in ("2", "3", "4", "41", "42", "49")}
        return self.sale(**{f"_{name}": value for name, value in same.items()} | {"t": "0400", "_90": named} | fields)

    def pin_block(self, pan: str, pin: str) -> str:
        """DE52 under the terminals' key."""
        return encrypt_block("tpk.lab", pan, pin)

    # -- shortcuts

    def approved(self, pan: str = VISA, amount: int = 1234, host: str = "visa", **fields: str) -> dict[str, str]:
        """A whole approved sale; gives the terminal's request."""
        sale = self.sale(pan, amount, **fields)
        self.asks(sale)
        request = self.take("host", host)
        self.answers(host, request, "000" if host == "issuer-a" else "00", _38="A1B2C3")
        self.terminal_gets(reply_mti(sale["t"]), "00")
        return sale

    def row(self, stan: str) -> dict[str, Any]:
        """The journal's row of a terminal's DE11."""
        rows = self.memory.connection.execute("SELECT * FROM txn WHERE stan = ?", (stan,)).fetchall()
        assert len(rows) == 1
        return dict(rows[0])

    def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.memory.connection.execute("SELECT * FROM txn ORDER BY txn_id")]

    def saf(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.memory.connection.execute("SELECT * FROM saf ORDER BY saf_id")]

    def tries(self, pan: str) -> int:
        found = self.memory.connection.execute(
            "SELECT count FROM pin_tries WHERE pan_token = ?", (KEYS.pan_token(pan),)
        ).fetchone()
        return found[0] if found else 0

    def count(self, name: str) -> int:
        value: int = self.engine.status()[name]
        return value


def encrypt_block(key: str, pan: str, pin: str) -> str:
    block = pinblock.encode(pinblock.ISO_0, pin, pinblock.account_of(pan), "")
    return tdes.encrypt(bytes.fromhex(CLEAR_KEYS[key]), block).hex().upper()


def _describe(record: Record) -> str:
    name = type(record).__name__
    return f"{name} {record.state}" if isinstance(record, Outcome) else name


def _public(output: tuple[str, str, dict[str, str]]) -> tuple[str, str, dict[str, str]]:
    kind, who, what = output
    shown = {name: value for name, value in what.items() if name in ("t", "39", "11", "7", "reason", "txn_id")}
    return kind, who, shown


@pytest.fixture
def make_play() -> Iterator[Callable[..., Play]]:
    """make_play(**settings): a bench whose every output must be asked for, and that is at rest at the end."""
    made: list[Play] = []

    def make(**changes: Any) -> Play:
        made.append(Play(**changes))
        return made[-1]

    yield make
    for play in made:
        play.nothing()
        play.memory.close()


@pytest.fixture
def play(make_play: Callable[..., Play]) -> Play:
    return make_play()


@pytest.fixture(scope="session")
def cards() -> dict[str, dict[str, Any]]:
    """The fixture cards by PAN."""
    return CARDS


@pytest.fixture(scope="session")
def open_block() -> Callable[[str, str, str], str]:
    """open_block(key, pan, block): the PIN in a block, as only its owner could read it."""

    def read(key: str, pan: str, block: str) -> str:
        clear = tdes.decrypt(bytes.fromhex(CLEAR_KEYS[key]), bytes.fromhex(block))
        return pinblock.decode(pinblock.ISO_0, clear, pinblock.account_of(pan))

    return read


@pytest.fixture(scope="session")
def queued() -> Callable[..., None]:
    """queued(play, host, (saf_id, txn_id, kind), **fields): messages that a previous life has left in the journal."""

    def put(play: Play, host: str, *messages: tuple[int, int, str], **fields: str) -> None:
        for saf_id, txn_id, kind in messages:
            payment = Payment(
                pan=VISA,
                processing_code="000000",
                amount=100,
                currency="978",
                transmission="1124115959",
                stan=f"{2 * saf_id + 1:06d}",
                local_time="115959",
                local_date="1124",
                year="26",
                mcc="5999",
                entry_mode="051",
                condition="00",
                acquirer="400001",
                rrn=f"{saf_id:012d}",
                response_code="55",
                terminal="TERM0001",
                merchant="MERCHANT0000001",
                reason="timeout",
                original_mti="0100",
                original_stan="000002",
                original_transmission="1124115950",
                original_acquirer="400001",
            )
            payload = msgspec.to_builtins(msgspec.structs.replace(payment, **fields))
            play.memory.submit([SafPut(saf_id=saf_id, txn_id=txn_id, kind=kind, host=host, payload=payload)], None)
        play.memory.flush()
        play.memory.take()

    return put


@pytest.fixture(scope="session")
def opened() -> Callable[[Play], list[str]]:
    """opened(play): the queued messages as only the data keys show them."""

    def read(play: Play) -> list[str]:
        return [KEYS.open(row["payload_sealed"], saf_bound_to(row["saf_id"])).decode() for row in play.saf()]

    return read


@pytest.fixture(scope="session")
def play_class() -> type[Play]:
    """For tests that make their own benches: they close `memory` themselves."""
    return Play
