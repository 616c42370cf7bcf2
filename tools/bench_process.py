"""The processes under measurement: started, waited for, and what the kernel says of their time and memory."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .bench_traffic import BINS, under_lmk

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time since the start: of the first thread, which moves the payments, and of all others."""

    loop: float
    others: float

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.loop - other.loop, self.others - other.others)

    @property
    def total(self) -> float:
        return self.loop + self.others


class Process:
    """A child with its log of JSON lines; `stop` ends it. It serves once `signs` have been logged."""

    signs: tuple[str, ...] = ("listening",)

    def __init__(self, words: list[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen([sys.executable, *words], stdout=output, stderr=output)  # noqa: S603
        self.port = 0

    @property
    def pid(self) -> int:
        return self._child.pid

    def ready(self) -> bool:
        """Whether it serves, which makes its `port` known. Raises SystemExit with its last lines when it has ended."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        if self._child.poll() is not None:
            raise SystemExit("\n".join(["the process under measurement has ended:", *lines[-5:]]))
        events = {event["event"]: event for event in map(json.loads, lines) if "event" in event}
        if all(sign in events for sign in self.signs):
            self.port = int(events["listening"]["address"].rpartition(":")[2])
        return bool(self.port)

    def usage(self) -> Usage:
        tasks = {int(task.name): _seconds(task) for task in Path(f"/proc/{self.pid}/task").iterdir()}
        loop = tasks.pop(self.pid)
        return Usage(loop, sum(tasks.values()))

    def memory(self) -> int:
        """Resident bytes."""
        text = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _seconds(task: Path) -> float:
    """The scheduler's own count in nanoseconds where the kernel has it, else clock ticks."""
    try:
        return int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except (OSError, IndexError):
        fields = (task / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


class RelayProcess(Process):
    """The bare relay, towards a host on `host_port`."""

    signs = ("listening", "connected")

    def __init__(self, folder: Path, host_port: int) -> None:
        super().__init__(["-m", "switch.tools.bench_relay", str(host_port)], folder / "relay.log")


class HsmProcess(Process):
    """An HSM of its own on a free port."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(["-m", "switch", "hsm", "--port", str(port)], folder / "hsm.log")
        self.port = port


class SwitchProcess(Process):
    """`switch run` as an operator would run it; `hsm_port` 0 is an HSM inside the switch.

    `extra` are lines at the head of its configuration.
    """

    signs = ("listening", "signed on")

    def __init__(
        self, folder: Path, host_port: int, dialect: str, *, hsm_port: int = 0, profile: str = "", extra: str = ""
    ) -> None:
        (folder / "bins.csv").write_text(f"{BINS[dialect]},{dialect},host\n", encoding="ascii")
        (folder / "switch.toml").write_text(extra + _configuration(host_port, dialect, hsm_port), encoding="ascii")
        runner = ["-m", "cProfile", "-o", profile] if profile else []
        super().__init__([*runner, "-m", "switch", "run", "-c", str(folder / "switch.toml")], folder / "switch.log")


def _configuration(host_port: int, dialect: str, hsm_port: int) -> str:
    keys = under_lmk()
    zpk = keys["zpk.mastercard" if dialect == "mastercard" else "zpk.visa"]
    hsm = f'host = "127.0.0.1"\nport = {hsm_port}' if hsm_port else 'host = "in-process"'
    return f"""bins = "bins.csv"
[hsm]
{hsm}
[terminal]
tpk = "{keys["tpk.lab"]}"
[[listeners]]
name = "terminals"
port = 0
limits = {{ max_connections = 20000 }}
[hosts.host]
dialect = "{dialect}"
zpk = "{zpk}"
link = {{ host = "127.0.0.1", port = {host_port} }}
"""
