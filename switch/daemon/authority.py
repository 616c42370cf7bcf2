"""The authorised state of the running HSM: both officers of an LMK grant it over the status socket, for a while."""

from pathlib import Path
from typing import Any

import structlog
import trio

from switch.daemon.admin import AdminError
from switch.hsm.commands import HostCommands
from switch.hsm.config import HsmConfig
from switch.hsm.lmkfile import OFFICERS, LmkFileError, open_file
from switch.hsm.openlmks import TEST_LMKS

log = structlog.get_logger()
MOST_MINUTES = 720


class Authority:
    """Who may make the HSM do what needs the authorised state. Every attempt is logged, none with a passphrase."""

    def __init__(self, config: HsmConfig, commands: HostCommands, nursery: trio.Nursery) -> None:
        self._files = {number: name for number, name in config.lmk_names.items() if name not in TEST_LMKS}
        self._commands = commands
        self._nursery = nursery
        self._guard = trio.Lock()  # one attempt at a time: scrypt takes memory, and guessing shall take time
        self._ends: dict[str, trio.CancelScope] = {}

    async def grant(self, lmk: str, officer_1: str, officer_2: str, minutes: str) -> dict[str, Any]:
        """Proves both passphrases on the file of an LMK; raises AdminError."""
        if lmk not in self._files:
            raise AdminError(f"LMK {lmk}: no LMK file with officers: its authorised state is a setting")
        if not minutes.isdecimal() or not 1 <= int(minutes) <= MOST_MINUTES:
            raise AdminError(f"expected 1 to {MOST_MINUTES} minutes")
        async with self._guard:
            try:
                await trio.to_thread.run_sync(open_file, Path(self._files[lmk]), (officer_1, officer_2))
            except LmkFileError as error:
                log.warning("authorisation refused", lmk=lmk)
                raise AdminError(str(error)) from None
            self._cancel(lmk)
            officers = list(range(1, OFFICERS + 1))
            self._commands.authorise(True, (lmk,), officers=officers, minutes=int(minutes))
            self._ends[lmk] = trio.CancelScope()
            self._nursery.start_soon(self._expire, lmk, 60 * int(minutes), self._ends[lmk])
        return {"lmk": lmk, "authorised": True, "minutes": int(minutes)}

    async def end(self, lmk: str) -> dict[str, Any]:
        """Anybody who reaches the socket may end it; raises AdminError."""
        if lmk not in self._files:
            raise AdminError(f"LMK {lmk}: no LMK file with officers: its authorised state is a setting")
        self._cancel(lmk)
        self._commands.authorise(False, (lmk,), why="ended by an operator")
        return {"lmk": lmk, "authorised": False}

    def _cancel(self, lmk: str) -> None:
        if lmk in self._ends:
            self._ends.pop(lmk).cancel()

    async def _expire(self, lmk: str, seconds: float, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(seconds)
            self._commands.authorise(False, (lmk,), why="time is over")
