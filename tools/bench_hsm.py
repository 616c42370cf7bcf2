"""Every host command, in process and over TCP, beside psec and pyemv in the same run: `switch-bench hsm`."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import structlog

from switch.hsm.commands import HostCommands
from switch.hsm.table import TABLE
from switch.hsm.vault import CACHED_KEYS

from . import bench_hsm_keys_work, bench_hsm_work
from .bench_hsm_cards import Bank, Card, cards
from .bench_hsm_work import PAYMENT, Command

_TICKS = os.sysconf("SC_CLK_TCK")
_DEPTHS = (1, 64)
# Fresh keys: more than the HSM keeps open, so that none is met again before it was forgotten.
_KEYS = CACHED_KEYS + 256
# Both sides are measured in turns, the best turn counts.
_TURNS = 3
_COMMANDS = {**bench_hsm_work.COMMANDS, **bench_hsm_keys_work.COMMANDS}


@dataclass(frozen=True, slots=True)
class Work:
    """Requests to send in turn, `parts` of them to a round, and the rounds' work done by a library."""

    name: str
    requests: list[bytes]
    library: Callable[[], object] | None
    parts: int = 1


def rates(tasks: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """Calls per second of processor time of each task; what caches hold is there."""
    for task in tasks:
        for _ in range(200):
            task()
    best = [0.0] * len(tasks)
    for _ in range(_TURNS):
        for index, task in enumerate(tasks):
            begun, count = time.process_time(), 0
            while time.process_time() - begun < seconds / _TURNS:
                for _ in range(20):
                    task()
                count += 20
            best[index] = max(best[index], count / (time.process_time() - begun))
    return best


def hsm_in_process() -> HostCommands:
    """In the authorised state, its log rendered and thrown away."""
    sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the run
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sink))
    hsm = HostCommands()
    hsm.authorise(True)
    return hsm


def works(names: Sequence[str], some: int, hsm: HostCommands) -> Iterator[Work]:
    """Each command of these with its requests, and that it does the same as the library is found out."""
    bank = Bank()
    many, few = cards(bank, max(some, _KEYS)), min(some, _KEYS)
    for name in names:
        command = _COMMANDS[name]
        those = many if command.fresh_keys else many[:few]
        requests = [_bytes(command.request(bank, card)) for card in those]
        for card, request in zip(those, requests, strict=True):
            _compare(name, request, hsm.handle(request), command.library and command.library(bank, card))
        title = TABLE[name[:2]].title
        yield Work(f"{name} {title}"[:36], requests, _turn(command, bank, those))


def payments(some: int, hsm: HostCommands) -> Work:
    """Whole payments, one of a card after that of another."""
    bank = Bank()
    those, parts = cards(bank, some), [_COMMANDS[code] for code in PAYMENT]
    requests = [_bytes(part.request(bank, card)) for card in those for part in parts]
    turns = [turn for part in parts if (turn := _turn(part, bank, those))]
    for request in requests:
        _compare("payment", request, hsm.handle(request), None)

    def library() -> None:
        for turn in turns:
            turn()

    return Work(f"whole payments ({len(PAYMENT)} commands)", requests, library, len(PAYMENT))


def _turn(command: Command, bank: Bank, those: Sequence[Card]) -> Callable[[], object] | None:
    work, turn = command.library, cycle(those)
    return None if work is None else lambda: work(bank, next(turn))


def _bytes(request: str | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.encode()


def _compare(name: str, request: bytes, reply: bytes, answer: str | bytes | None) -> None:
    """Raises SystemExit for a refusal, and where the library's answer is in neither reply nor request."""
    _require(reply, request)
    if answer is not None and _bytes(answer) not in reply and _bytes(answer) not in request:
        raise SystemExit(f"{name}: the library has another answer")


def in_process(hsm: HostCommands, work: Work) -> Callable[[], object]:
    """A round through the table."""
    turn = cycle(work.requests)
    if work.parts == 1:
        return lambda: hsm.handle(next(turn))

    def round_of_all() -> None:
        for _ in range(work.parts):
            hsm.handle(next(turn))

    return round_of_all


class Peer:
    """An HSM process of its own in the authorised state, with its log, and one connection to it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        file = folder / "hsm.toml"
        file.write_text("authorised = true\n", encoding="utf-8")
        words = [sys.executable, "-m", "switch", "hsm", "-c", str(file), "--port", str(self._port)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        self.connection = self._connect()

    def _connect(self) -> socket.socket:
        until = time.monotonic() + 20
        while True:
            try:
                made = socket.create_connection(("127.0.0.1", self._port), 5)
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.05)
                continue
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made

    def busy(self) -> float:
        """Seconds of processor time that the HSM has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def ask(self, requests: Sequence[bytes]) -> None:
        """Sends all, then reads all replies; raises SystemExit when one is refused."""
        self.connection.sendall(b"".join((len(each) + 4).to_bytes(2, "big") + b"0000" + each for each in requests))
        rest, left = b"", len(requests)
        while left:
            rest += self.connection.recv(1 << 16)
            while len(rest) >= 2 and len(rest) >= 2 + int.from_bytes(rest[:2], "big"):
                end = 2 + int.from_bytes(rest[:2], "big")
                _require(rest[6:end], requests[len(requests) - left])
                rest, left = rest[end:], left - 1

    def rates(self, requests: Sequence[bytes], depth: int, seconds: float) -> tuple[float, float]:
        """Commands per second, and per second of the HSM's processor time."""
        turn = cycle([requests[first : first + depth] for first in range(0, len(requests) - depth + 1, depth)])
        for _ in range(-(-200 // depth)):
            self.ask(next(turn))
        begun, busy, count = time.perf_counter(), self.busy(), 0
        while time.perf_counter() - begun < seconds:
            some = next(turn)
            self.ask(some)
            count += len(some)
        return count / (time.perf_counter() - begun), count / max(self.busy() - busy, 1 / _TICKS)


@contextmanager
def peer() -> Iterator[Peer]:
    """The HSM process while it is measured."""
    with tempfile.TemporaryDirectory() as folder:
        made = Peer(Path(folder))
        try:
            yield made
        finally:
            made.connection.close()
            made.process.terminate()
            made.process.wait()


def _require(reply: bytes, request: bytes) -> None:
    if reply[2:4] != b"00":
        raise SystemExit(f"{request[:2].decode()} was answered {reply[2:4].decode('latin-1')}")


def _line(work: Work, hsm: HostCommands, process: Peer, seconds: float) -> str:
    """Rates of one command, microseconds and the ratio to the library."""
    tasks = [in_process(hsm, work), *([work.library] if work.library else [])]
    ours, *theirs = rates(tasks, seconds)
    tcp = [each / work.parts for depth in _DEPTHS for each in process.rates(work.requests, depth, seconds)]
    numbers = "".join(f"{value:>11,.0f}" for value in (ours, *tcp))
    library = f"{theirs[0]:>11,.0f}" if theirs else f"{'-':>11}"
    ratio = f"{ours / theirs[0]:>8.1f} x" if theirs else f"{'-':>8}"
    return f"{work.name:<36}{library}{numbers}{1e6 / ours:>10.1f} us{ratio}"


def names_of(command: str) -> list[str]:
    """The rows of a command, all for ""; raises ValueError for one that is not measured."""
    found = [name for name in sorted(_COMMANDS) if not command or name.split()[0] == command.upper()]
    if not found:
        raise ValueError(f"expected one of {' '.join(sorted(TABLE))}")
    return found


def run(seconds: float, some: int, names: Sequence[str]) -> None:
    """Prints the table: so many seconds for each measurement, so many cards in turn; of all rows also a payment's."""
    # The libraries use what cryptography is about to move.
    warnings.simplefilter("ignore")
    hsm = hsm_in_process()
    heads = ("library", "in process", "TCP, 1", "per core", "TCP, 64", "per core")
    sys.stdout.write("per second (of processor time, but for TCP)\n" + " " * 36)
    sys.stdout.write("".join(f"{head:>11}" for head in heads) + f"{'one':>13}{'ratio':>10}\n")
    with peer() as process:
        for work in works(names, some, hsm):
            sys.stdout.write(_line(work, hsm, process, seconds) + "\n")
            sys.stdout.flush()
        if len(names) == len(_COMMANDS):
            sys.stdout.write(_line(payments(some, hsm), hsm, process, seconds) + "\n")
