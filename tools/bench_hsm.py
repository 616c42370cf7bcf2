"""The HSM's commands, in process and over TCP, beside psec and pyemv in the same run: `switch-bench hsm`."""

import os
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from switch.hsm.commands import HostCommands

from .bench_hsm_work import Work, fresh_keys, payment, work

_TICKS = os.sysconf("SC_CLK_TCK")
_PER_PAYMENT = 7
_DEPTHS = (1, 64)


def rate(task: Callable[[], object], seconds: float) -> float:
    """Calls per second of processor time; what caches hold is there."""
    for _ in range(200):
        task()
    begun, count = time.process_time(), 0
    while time.process_time() - begun < seconds:
        for _ in range(50):
            task()
        count += 50
    return count / (time.process_time() - begun)


def in_process(requests: Sequence[bytes]) -> Callable[[], object]:
    """One command after the other through the table; raises SystemExit when one is refused."""
    hsm, turn = HostCommands(), cycle(requests)
    for request in requests:
        _require(hsm.handle(request), request)

    return lambda: hsm.handle(next(turn))


class Peer:
    """An HSM process of its own and one connection to it."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        words = [sys.executable, "-m", "switch", "hsm", "--port", str(self._port)]
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
    made = Peer()
    try:
        yield made
    finally:
        made.connection.close()
        made.process.terminate()
        made.process.wait()


def _require(reply: bytes, request: bytes) -> None:
    if reply[2:4] != b"00":
        raise SystemExit(f"{request[:2].decode()} was answered {reply[2:4].decode('latin-1')}")


def _line(name: str, values: Sequence[float]) -> str:
    return f"{name:<20}" + "".join(f"{value:>12,.0f}" for value in values)


def _row(one: Work, hsm: Peer, seconds: float) -> str:
    """Rates of one command, microseconds and the ratio to the library."""
    ours, theirs = rate(in_process(one.requests), seconds), rate(one.library, seconds)
    tcp = [each for depth in _DEPTHS for each in hsm.rates(one.requests, depth, seconds)]
    return _line(one.name, (theirs, ours, *tcp)) + f"{1e6 / ours:>9.1f} us{ours / theirs:>8.1f} x"


def run(seconds: float, cards: int) -> None:
    """Prints the table: so many seconds for each measurement, so many cards in turn."""
    # The libraries use what cryptography is about to move.
    warnings.simplefilter("ignore")
    every = work(fresh_keys(), cards)
    heads = ("library", "in process", "TCP, 1", "per core", "TCP, 64", "per core")
    sys.stdout.write("per second (of processor time, but for TCP)\n" + " " * 20)
    sys.stdout.write("".join(f"{head:>12}" for head in heads) + f"{'one':>12}{'ratio':>10}\n")
    with peer() as hsm:
        for one in every:
            sys.stdout.write(_row(one, hsm, seconds) + "\n")
        whole = payment(every, cards)
        ours = rate(in_process(whole), seconds) / _PER_PAYMENT
        tcp = [each / _PER_PAYMENT for depth in _DEPTHS for each in hsm.rates(whole, depth, seconds)]
        sys.stdout.write(_line("whole payments", (0, ours, *tcp)) + f"{1e6 / ours:>9.1f} us\n")
