"""The lab's own processes, with a proxy on each of their connections."""

import os
import random
import re
import signal
import socket
from dataclasses import fields
from pathlib import Path

import trio
from rich.console import Console

from switch.daemon import admin, batches
from switch.daemon.admin import AdminError
from switch.daemon.config import load
from switch.hsm.client import HsmUnavailable
from switch.lab import plan
from switch.lab.lab import Lab

from .plan import KILL, LINKS, Round
from .proxy import HOST, Proxy

# Below the range from which the kernel gives out ports for connections.
_LOWEST, _HIGHEST = 12_000, 31_000
_ISSUER_FRAMING, _OTHERS = "ascii4", {"visa": "visa4"}
# So that a fault of seconds is not followed by a pause of many.
_BACKOFF = "backoff = { first = 0.05, longest = 0.5 }"
_QUEUE = "\n[queue]\nlongest_retry = 2.0\n"
_POLL = 0.05
_HSM_PATIENCE = 30.0


class _QuietLab(Lab):
    """Notes the ends of processes instead of printing them."""

    def __init__(self, folder: Path, ports: plan.Ports) -> None:
        super().__init__(folder, ports, Console(quiet=True))
        self.endings: list[str] = []

    def _tell(self, text: str) -> None:
        self.endings.append(text)


class World:
    """`start` once, then any number of rounds, then `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = plan.Ports.from_base(_free_base())
        targets = dict(zip(LINKS, _targets(self.ports), strict=True))
        self.proxies = {
            name: Proxy(name, _ISSUER_FRAMING if name.endswith(plan.ISSUERS) else _OTHERS.get(name, "len2"), port)
            for name, port in targets.items()
        }
        self.orderly = True
        self._lab = _QuietLab(folder, self.ports)

    @property
    def endings(self) -> list[str]:
        """Processes that ended, each with the reason."""
        return self._lab.endings

    @property
    def terminal_ports(self) -> tuple[int, int]:
        return self.proxies["terminals-hex"].port, self.proxies["terminals-binary"].port

    async def start(self, nursery: trio.Nursery) -> None:
        """Returns when the switch is signed on everywhere; raises LabError."""
        for proxy in self.proxies.values():
            await proxy.open(nursery)
        plan.prepare_folder(self.folder)
        plan.write_files(self.folder, self.ports)
        self._route("switch.toml", "visa", "mastercard", "issuer-a", "hsm")
        for scheme in plan.SCHEMES:
            self._route(f"{scheme}.toml", *(f"{scheme}-{issuer}" for issuer in plan.ISSUERS))
        with (self.folder / "switch.toml").open("a", encoding="utf-8") as file:
            file.write(_QUEUE)
        await self._lab.start(nursery)

    async def stop(self) -> None:
        """Ends every process, whatever was cancelled; `orderly` tells whether each ended as it should."""
        with trio.CancelScope(shield=True):
            self.orderly = await self._lab.stop()

    def _route(self, file: str, *links: str) -> None:
        """Has `file` dial the proxies of `links`."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        for link in links:
            proxy = self.proxies[link]
            separator = ", " if "port = " + str(proxy.target) + " }" in text else "\n"
            text, count = re.subn(rf"\bport = {proxy.target}\b", f"port = {proxy.port}{separator}{_BACKOFF}", text)
            if count != 1:
                raise ValueError(f"{path}: expected one port {proxy.target}, found {count}")
        path.write_text(text, encoding="utf-8")

    # -- faults

    async def disturb(self, plan: Round) -> None:
        """Everything that goes wrong in a round; returns when all of it is over."""
        async with trio.open_nursery() as nursery:
            for fault in plan.faults:
                if fault.what == KILL:
                    nursery.start_soon(self._kill, fault.at, fault.where)
                else:
                    nursery.start_soon(self._spoil, fault.at, fault.where, fault.what, fault.direction, fault.seconds)
        for proxy in self.proxies.values():
            await proxy.heal()

    async def _kill(self, at: float, name: str) -> None:
        """kill -9; one that is just being started again is killed as soon as it runs."""
        await trio.sleep(at)
        (child,) = (child for child in self._lab.children if child.name == name)
        while True:
            if child.running:
                os.kill(child.pid, signal.SIGKILL)
                return
            await trio.sleep(_POLL)

    async def _spoil(self, at: float, link: str, kind: str, direction: str, seconds: float) -> None:
        await trio.sleep(at)
        proxy = self.proxies[link]
        with proxy.fault(kind, direction):
            await trio.sleep(seconds)
        await proxy.heal()

    # -- after a round

    async def quiet(self, within: float) -> str:
        """Waits until nothing is in flight and nothing owed; what is left when that takes too long, else ""."""
        status: dict[str, object] = {}
        with trio.move_on_after(within):
            while True:
                status = await self._status()
                if status and _is_quiet(status):
                    return ""
                await trio.sleep(_POLL)
        return f"not quiet after {within:g} s: {status or 'the switch does not answer'}"

    async def _status(self) -> dict[str, object]:
        try:
            return await admin.ask(self.folder / "switch.sock", "status")
        except AdminError:
            return {}

    async def close_batch(self) -> list[Path]:
        """Closes the batch and writes its files, again while the HSM is not back; raises HsmUnavailable."""
        loaded = load(self.folder / "switch.toml")
        batch = await batches.close(loaded)
        deadline = trio.current_time() + _HSM_PATIENCE
        while True:
            try:
                return [file.path for file in await batches.write(loaded, batch)]
            except HsmUnavailable:
                if trio.current_time() > deadline:
                    raise
            await trio.sleep(_POLL)


def _is_quiet(status: dict[str, object]) -> bool:
    hosts, queued = status["hosts"], status["queued"]
    assert isinstance(hosts, dict) and isinstance(queued, dict)
    busy = status["in_flight"] or status["journal_backlog"] or any(queued.values())
    return bool(status["hsm"] and all(hosts.values()) and not busy)


def _targets(ports: plan.Ports) -> tuple[int, ...]:
    """The ports behind the proxies, in the order of LINKS."""
    return (
        ports.terminals_hex,
        ports.terminals_binary,
        ports.visa,
        ports.mastercard,
        ports.issuer_a_switch,
        ports.hsm,
        *(ports.of_issuer(issuer, scheme) for scheme in plan.SCHEMES for issuer in plan.ISSUERS),
    )


def _free_base() -> int:
    """The first of as many consecutive free ports as a lab needs."""
    count = len(fields(plan.Ports))
    for base in random.sample(range(_LOWEST, _HIGHEST, count), 200):
        if all(_is_free(base + index) for index in range(count)):
            return base
    raise OSError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
