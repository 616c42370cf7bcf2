"""Host commands in the style of a payShield: bytes in, bytes out, no I/O. Clear keys and PINs exist only below here.

Source: docs/hsm.rst. Every bad input is an error reply, never an exception."""

from collections.abc import Iterable, Mapping

import structlog

from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK, BlockLmk
from switch.hsm.faults import CommandFault
from switch.hsm.lmk import TEST_LMK, Lmk
from switch.hsm.policy import KeyTypes, Policy
from switch.hsm.table import TABLE, Answer, Command
from switch.hsm.vault import Vault

log = structlog.get_logger()
TEST_LMKS: Mapping[str, Lmk | BlockLmk] = {"01": TEST_BLOCK_LMK, "02": TEST_AES_LMK}


class HostCommands:
    """The command table of one HSM with its LMKs by number; `lmk` is 00, `lmks` the others. One owner: see Vault.

    Without `lmks` the others are the test LMKs for key blocks: 01 for 3DES, 02 for AES. In `production` a test LMK is a
    ValueError and a key that everybody knows is weak (75).

    `raise_bugs` lets an error of the program itself out, for tests; else it is answered 41 and logged by name.
    """

    def __init__(
        self,
        lmk: Lmk | BlockLmk = TEST_LMK,
        types: KeyTypes | None = None,
        policy: Policy | None = None,
        *,
        lmks: Mapping[str, Lmk | BlockLmk] | None = None,
        production: bool = False,
        raise_bugs: bool = False,
    ) -> None:
        self._policy = policy or Policy()
        every: dict[str, Lmk | BlockLmk] = {"00": lmk, **(TEST_LMKS if lmks is None else lmks)}
        if production and any(one.test for one in every.values()):
            raise ValueError("a test LMK is not for production")
        self._vaults = {
            number: Vault(one, types or KeyTypes(), self._policy, refuse_known_keys=production)
            for number, one in every.items()
        }
        self._first = self._vaults["00"]
        self._table = {code: row for code, row in TABLE.items() if code not in self._policy.disabled_commands}
        self._guarded = self._policy.guarded | {code for code, row in TABLE.items() if row.authorised}
        self._raise_bugs = raise_bugs
        self._authorised: set[str] = set()

    def authorise(self, on: bool, lmks: Iterable[str] = (), **why: object) -> None:
        """Enters or leaves the authorised state, which some commands ask for, of some LMKs, by default of all.

        It is logged with `why`, such as the officers.
        """
        numbers = sorted(set(lmks) & self._vaults.keys()) if lmks else sorted(self._vaults)
        if on:
            self._authorised.update(numbers)
        else:
            self._authorised.difference_update(numbers)
        log.info("authorised state", on=on, lmks=numbers, **why)

    def vault(self, number: str) -> Vault | None:
        """What commands under an LMK work with, for the console; None for a number that is not loaded."""
        return self._vaults.get(number)

    def handle(self, message: bytes) -> bytes:
        """The reply to a command without its header: code with the second letter + 1, error, body, trailer."""
        text = message.decode("latin-1")
        code = text[:2]
        row = self._table.get(code)
        if row is None:
            reply_code = code[:1] + chr(ord(code[1]) + 1 & 0xFF) if len(code) == 2 else "ZZ"
            return f"{reply_code}68".encode("latin-1")
        try:
            found = None if code in self._guarded else row.quick(self._first, text)
            result = f"00{found}" if found.__class__ is str else self._answer(row, text, found)
        except CommandFault as fault:
            result = fault.code
        except Exception as bug:
            if self._raise_bugs:
                raise
            log.error("bug", command=code, error=type(bug).__name__)
            result = "41"
        return (row.reply_code + result).encode("latin-1")

    def _answer(self, row: Command, text: str, found: Answer | None) -> str:
        if found is not None:
            return found.error + found.body
        values, number, trailer = row.parse(text)
        vault = self._vaults.get(number)
        if vault is None:
            raise CommandFault("13", "number of the LMK")
        if row.code in self._guarded:
            self._check_authority(row.code, number)
        result = row.answer(vault, values)
        if isinstance(result, str):
            return f"00{result}{trailer}"
        return result.error + result.body + trailer

    def _check_authority(self, code: str, number: str) -> None:
        """Raises CommandFault 17 outside of the authorised state; what is done in it is logged."""
        allowed = number in self._authorised or code in self._policy.authorised
        log.info("authorised command", command=code, lmk=number, allowed=allowed)
        if not allowed:
            raise CommandFault("17", "not authorised")
