"""An HSM under the test LMK, keys of every type and the public known answers; what the HSM tests share."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio
from hypothesis import settings

from switch.crypto import dukpt_tdes, emv_cryptograms, emv_keys, once, pinblock, tdes
from switch.hsm.commands import HostCommands, Policy
from switch.hsm.lmk import encrypt_key
from switch.hsm.server import HsmConfig, serve
from switch.resources import read_text

settings.register_profile("hsm", deadline=None, max_examples=80)
settings.load_profile("hsm")

ACCOUNT = "111111111111"
PIN = "1234"
TABLE, VALIDATION = "8765432109876543", "1111111111N0"
KSN = "FFFF9876543210E00001"
EMV_DATA = bytes(range(1, 38))


@dataclass(frozen=True)
class Bench:
    """One HSM and clear keys beside it, so that a test can say what the HSM should have done."""

    hsm: HostCommands = field(
        default_factory=lambda: HostCommands(policy=Policy(authorised=frozenset({"BA"})), raise_bugs=True)
    )
    account: str = ACCOUNT
    pin: str = PIN

    def clear(self, key_type: str, size: int = 16) -> bytes:
        """A sound key that depends on its type only."""
        start = int(key_type, 16) % 200 + 7
        return tdes.odd_parity(bytes((start + 29 * index) % 251 for index in range(size)))

    def key(self, key_type: str, scheme: str = "U") -> str:
        size = {"Z": 8, "U": 16, "X": 16, "T": 24, "Y": 24}[scheme]
        return encrypt_key(self.clear(key_type, size), key_type, scheme)

    def block(self, key_type: str, code: str = "01", pin: str = PIN, account: str = ACCOUNT) -> str:
        """16 hex digits: a PIN block under this bench's key of the type."""
        return self.encrypt(key_type, pinblock.encode(code, pin, account, "0123456789ABCDEF"))

    def encrypt(self, key_type: str, clear: bytes) -> str:
        return tdes.encrypt(self.clear(key_type), clear).hex().upper()

    def decrypt(self, key_type: str, block: str) -> bytes:
        return tdes.decrypt(self.clear(key_type), bytes.fromhex(block))

    def ask(self, command: str | bytes) -> str:
        """The reply as text; a str is sent as Latin-1."""
        data = command if isinstance(command, bytes) else command.encode("latin-1")
        return self.hsm.handle(data).decode("latin-1")

    def error(self, command: str | bytes) -> str:
        return self.ask(command)[2:4]

    def commands(self) -> dict[str, str]:
        """One command of each kind that the HSM answers without an error."""
        tpk, zpk, pvk, cvk = (self.key(code) for code in ("002", "001", "002", "402"))
        block, mac = "0011223344556677", f"01031003{self.key('003')}00101122334455667788"
        tak = self.key("003")
        return {
            "NC": "NC",
            "B2": "B20004ABCD",
            "A0": "A00001U",
            "A6": f"A6001{self.key('000')}{encrypt_under(self.clear('000'), self.clear('001'))}U",
            "A8": f"A8001{self.key('000')}{zpk}U",
            "BU": f"BUFF1{zpk};001;001",
            "CA": f"CA{tpk}{zpk}12{self.block('002')}0101{self.account}",
            "CC": f"CC{zpk}{zpk}12{self.block('001')}0101{self.account}",
            "CW": f"CW{cvk}4111111111111111;3012201",
            "CY": f"CY{cvk}{self.cvv()}4111111111111111;3012201",
            "DC": f"DC{tpk}{pvk}{self.block('002')}01{self.account}1{self.pvv()}",
            "EC": f"EC{zpk}{pvk}{self.block('001')}01{self.account}1{self.pvv()}",
            "DG": f"DG{pvk}0{self.pin}{self.account}1",
            "JC": f"JC{tpk}{self.block('002')}01{self.account}",
            "JE": f"JE{zpk}{self.block('001')}01{self.account}",
            "JG": f"JG{zpk}01{self.account}0{self.pin}",
            "M0": f"M0011100B{self.key('00B')}{'0' * 16}0010{block}",
            "M2": f"M2011100B{self.key('00B')}{'0' * 16}0010{block}",
            "M6": f"M6{mac}",
            "M8": f"M8{mac}{self.ask(f'M6{mac}')[4:]}",
            **self.key_commands(),
            "A4": f"A42001U{zpk}{encrypt_key(self.clear('003'), '001')}",
            "BA": f"BA{self.pin}FF{self.account}",
            "CU": f"CU001{zpk}{pvk}{self.block('001')}01{self.account}1{self.pvv()}{self.block('001', pin='4321')}",
            "MA": f"MA{tak}message",
            "MC": f"MC{tak}{self.ask(f'MA{tak}message')[4:]}message",
            "MS": f"MS0111{self.key('008')}0008{block}",
            **self.ibm_commands(),
            **self.dukpt_commands(),
            **self.emv_commands(),
        }

    def ibm_commands(self) -> dict[str, str]:
        """IBM 3624, check length 4: table, validation data, offset."""
        tpk, zpk, pvk = (self.key(code) for code in ("002", "001", "002"))
        rest = f"0104{self.account}{TABLE}{VALIDATION}"
        tail = f"04{self.account}{TABLE}{VALIDATION}"
        offset = self.ask(f"DE{pvk}0{self.pin}{tail}")[4:]
        typed = f"001{zpk}{pvk}{self.block('001')}{rest}"
        return {
            "DA": f"DA{tpk}{pvk}12{self.block('002')}{rest}{offset}",
            "EA": f"EA{zpk}{pvk}12{self.block('001')}{rest}{offset}",
            "DE": f"DE{pvk}0{self.pin}{tail}",
            "EE": f"EE{pvk}{offset}{tail}",
            "BK": f"BK{typed}",
            "DU": f"DU{typed}{offset}{self.block('001', pin='4321')}",
            "FW": f"FW001{zpk}{pvk}{self.block('001')}01{self.account}1",
        }

    def dukpt_commands(self) -> dict[str, str]:
        """DUKPT under the base key 009."""
        bdk, zpk, pvk = (self.key(code) for code in ("009", "001", "002"))
        block, account = self.dukpt_block(), self.account
        offset = self.ask(f"DE{pvk}0{self.pin}04{account}{TABLE}{VALIDATION}")[4:]
        ibm = f"04{account}{TABLE}{VALIDATION}{offset}"
        return {
            "G0": f"G0{bdk}{zpk}A05{KSN}{block}0101{account}",
            "CI": f"CI{bdk}{zpk}A05{KSN}{block}01{account}",
            "CK": f"CK{bdk}{pvk}A05{KSN}{block}{ibm}",
            "GO": f"GO0{bdk}{pvk}A05{KSN}{block}01{ibm}",
            "GQ": f"GQ0{bdk}{pvk}A05{KSN}{block}01{account}1{self.pvv()}",
        }

    def dukpt_block(self, code: str = "01", pin: str = PIN, ksn: str = KSN) -> str:
        """A PIN block as a terminal of the base key 009 makes it."""
        number, bdk = dukpt_tdes.ksn_of(ksn), self.clear("009")
        key = dukpt_tdes.transaction_key(dukpt_tdes.initial_key(bdk, number), number)
        clear = pinblock.encode(code, pin, self.account, "0123456789ABCDEF")
        return once.encrypt(dukpt_tdes.pin_key(key), clear).hex().upper()

    def emv_commands(self) -> dict[str, str]:
        """A cryptogram that is right, and a script."""
        ac, smi = self.key("109"), self.key("209")
        card, atc, un = (bytes.fromhex(text) for text in ("1111111111111100", "0001", "11223344"))
        icc = emv_keys.icc_master_key_a(self.clear("109"), "11111111111111", "00")
        static = emv_cryptograms.application_cryptogram(icc, EMV_DATA, 1)
        session = emv_cryptograms.application_cryptogram(emv_keys.ac_session_key(icc, atc), EMV_DATA, 1)

        def text(*parts: bytes) -> str:
            return b"".join(parts).decode("latin-1")

        data = f"{len(EMV_DATA):02X}{text(EMV_DATA)};"
        return {
            "KQ": f"KQ10{ac}{text(card, atc, un)}{data}{text(static)}00",
            "KW": f"KW12{ac}{text(card, atc)}{data}{text(session)}00",
            "KU": f"KU00{smi}{text(card, bytes(6), atc)}000F{text(bytes(range(100, 115)))};",
        }

    def key_commands(self) -> dict[str, str]:
        """The older commands of one kind of key each."""
        zmk, tmk, clear_zmk = self.key("000"), self.key("002"), self.clear("000")
        kinds = {
            "001": ("FA", "GC"),
            "002": ("FC", "FE"),
            "003": ("MI", "MG"),
            "402": ("AW", "AU"),
            "009": ("DW", "DY"),
        }
        made = {code: f"{code}{zmk}" for code in ("IA",)} | {code: f"{code}{tmk}" for code in ("HC", "HA")}
        for key_type, (into, out) in kinds.items():
            made[into] = f"{into}{zmk}{encrypt_under(clear_zmk, self.clear(key_type))}"
            made[out] = f"{out}{zmk}{self.key(key_type)}"
        return made | {"AE": f"AE{tmk}{self.key('002')}", "AG": f"AG{tmk}{self.key('003')}"}

    def cvv(self) -> str:
        return self.ask(f"CW{self.key('402')}4111111111111111;3012201")[4:]

    def pvv(self) -> str:
        return self.ask(f"DG{self.key('002')}0{self.pin}{self.account}1")[4:]


def encrypt_under(wrapping: bytes, clear: bytes) -> str:
    """A double-length key under another in scheme X: plain ECB, written out here on its own."""
    return "X" + tdes.encrypt(wrapping, clear).hex().upper()


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], list[dict[str, Any]]]:
    """The known answers whose operation starts with a word, at least one."""
    every = json.loads(read_text("fixtures", "hsm_vectors.json"))["vectors"]

    def of(operation: str) -> list[dict[str, Any]]:
        found = [vector for vector in every if vector["op"].startswith(operation)]
        assert found, operation
        return found

    return of


@pytest.fixture
async def address(nursery: trio.Nursery) -> AsyncIterator[tuple[str, int]]:
    """Where a served HSM listens."""
    addresses = await nursery.start(serve, HsmConfig(port=0, max_connections=4))
    yield addresses[0]
    nursery.cancel_scope.cancel()
