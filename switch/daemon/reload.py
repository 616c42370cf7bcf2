"""Routing read again while the switch runs: all of it is good and takes the place of the old, or nothing changes."""

import functools
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog
import trio

from switch.configfile import ConfigError
from switch.daemon.admin import AdminError
from switch.daemon.config import Loaded, check_router, load
from switch.engine.bins import RoutingError
from switch.engine.engine import Engine
from switch.engine.router import Router

log = structlog.get_logger()

# Seconds that the reading thread keeps the interpreter while payments wait: shorter than the usual 5 ms.
_SHORT_TURNS = 0.0005
# The parts of the file that are read again; what else differs is told, and wants a restart.
_ROUTING = ("bins", "routing")


class ReloadError(AdminError):
    """The new routing is not good; the message says why, and the old one is in force."""


class Reloader:
    """Reads the file of `loaded` again. One reload at a time; requests in flight keep their choice."""

    def __init__(self, loaded: Loaded) -> None:
        self._running = loaded
        self._one = trio.Lock()
        self.engine: Engine | None = None  # none yet while the HSM is waited for

    async def reload(self) -> dict[str, Any]:
        """What is in force now, as counts; raises ReloadError."""
        async with self._one:
            begun = time.monotonic()
            try:
                router, ignored = await trio.to_thread.run_sync(functools.partial(_in_short_turns, self._read))
            except (ConfigError, RoutingError) as error:
                raise ReloadError(str(error)) from None
            if self.engine is None:
                raise ReloadError("the switch does not serve yet")
            self.engine.reroute(router)
        counts = {**counts_of(router), "seconds": round(time.monotonic() - begun, 3), "needs_restart": ignored}
        log.info("routing reloaded", **counts)
        return counts

    async def on_hangup(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Reloads on every SIGHUP, whose sender gets no answer but the log; runs until cancelled."""
        with trio.open_signal_receiver(signal.SIGHUP) as received:
            task_status.started()
            async for _ in received:
                try:
                    await self.reload()
                except ReloadError as error:
                    log.warning("routing stays as it is", reason=str(error))

    def _read(self) -> tuple[Router, list[str]]:
        """The new routing over the hosts and terminals that run, and the changed keys that are not taken."""
        running = self._running
        loaded = load(running.file)
        router = Router(loaded.bins, replace(running.settings.engine, routing=loaded.config.routing))
        check_router(router)
        names = [name for name in loaded.config.__struct_fields__ if name not in _ROUTING]
        return router, [name for name in names if getattr(loaded.config, name) != getattr(running.config, name)]


def counts_of(router: Router) -> dict[str, Any]:
    """How much a routing holds."""
    return {"ranges": len(router.bins), "rules": len(router.rules), "routes": router.route_count}


def _in_short_turns(work: Callable[[], tuple[Router, list[str]]]) -> tuple[Router, list[str]]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SHORT_TURNS)
    try:
        return work()
    finally:
        sys.setswitchinterval(before)
