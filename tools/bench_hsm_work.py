"""The commands that `bench_hsm` measures, each beside the same work in psec and pyemv. Test keys only."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import psec.cvv
import psec.des
import psec.mac
import psec.pin
import psec.pinblock
import pyemv.ac
import pyemv.kd

from switch.crypto.tdes import odd_parity
from switch.hsm.lmk import encrypt_key

_PIN, _PVKI, _EXPIRY = "1234", "1", "3012"
_TAGS = bytes.fromhex("000000001234000000000000097800000080000978261125001122334458000001A40000")
_ARC = b"00"


@dataclass(frozen=True, slots=True)
class Work:
    """One command: requests to send in turn, and the same done by the library."""

    name: str
    requests: list[bytes]
    library: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Keys:
    """Clear keys of this run; `field` gives one under the public test LMK."""

    tpk: bytes
    zpk: bytes
    pvk: bytes
    cvk: bytes
    tak: bytes
    mk_ac: bytes

    def field(self, name: str) -> str:
        """The key field of a host command."""
        types = {"tpk": "002", "zpk": "001", "pvk": "002", "cvk": "402", "tak": "003", "mk_ac": "109"}
        return encrypt_key(getattr(self, name), types[name])


def fresh_keys() -> Keys:
    """Six random double-length keys."""
    return Keys(*(odd_parity(secrets.token_bytes(16)) for _ in range(6)))


def work(keys: Keys, cards: int) -> list[Work]:
    """What is measured, over so many cards in turn: card numbers are many, zone keys are few."""
    pans = [f"4{secrets.randbelow(10**15):015d}" for _ in range(cards + 20)]
    # psec gives a shorter CVV where the cryptogram has fewer than three digits.
    pans = [pan for pan in pans if len(_psec_cvv(keys, pan)) == 3][:cards]
    return [
        Work(
            "CA PIN translate",
            [_translate(keys, pan) for pan in pans],
            _each(pans, lambda pan: _psec_translate(keys, pan)),
        ),
        Work("EC PVV verify", [_verify_pvv(keys, pan) for pan in pans], _each(pans, lambda pan: _psec_pvv(keys, pan))),
        Work("CY CVV verify", [_verify_cvv(keys, pan) for pan in pans], _each(pans, lambda pan: _psec_cvv(keys, pan))),
        Work("M6 MAC, 128 bytes", [_mac(keys, pan) for pan in pans], _each(pans, lambda pan: _psec_mac(keys, pan))),
        Work("KW ARQC + ARPC", [_arqc(keys, pan, number) for number, pan in enumerate(pans)], _numbered(keys, pans)),
    ]


def payment(every: list[Work], cards: int) -> list[bytes]:
    """The commands of whole payments in their order: translate, translate, PVV, CVV, ARQC + ARPC, MAC in and out."""
    translate, pvv, cvv, mac, arqc = (one.requests for one in every)
    rows = zip(translate, translate, pvv, cvv, arqc, mac, mac, strict=True)
    return [request for row in list(rows)[:cards] for request in row]


def _each(pans: list[str], task: Callable[[str], object]) -> Callable[[], object]:
    turn = cycle(pans)
    return lambda: task(next(turn))


def _account(pan: str) -> str:
    return pan[-13:-1]


def _block(key: bytes, pan: str) -> bytes:
    return psec.des.encrypt_tdes_ecb(key, psec.pinblock.encode_pinblock_iso_0(_PIN, pan))


def _translate(keys: Keys, pan: str) -> bytes:
    block = _block(keys.tpk, pan).hex().upper()
    return f"CA{keys.field('tpk')}{keys.field('zpk')}12{block}0101{_account(pan)}".encode()


def _psec_translate(keys: Keys, pan: str) -> bytes:
    clear = psec.des.decrypt_tdes_ecb(keys.tpk, _BLOCKS.setdefault((keys.tpk, pan), _block(keys.tpk, pan)))
    pin = psec.pinblock.decode_pinblock_iso_0(clear, pan)
    return psec.des.encrypt_tdes_ecb(keys.zpk, psec.pinblock.encode_pinblock_iso_0(pin, pan))


# What a library is given ready made, as the HSM is.
_BLOCKS: dict[tuple[bytes, str], bytes] = {}


def _verify_pvv(keys: Keys, pan: str) -> bytes:
    pvv = psec.pin.generate_visa_pvv(keys.pvk, _PVKI, _PIN, pan)
    block = _block(keys.zpk, pan).hex().upper()
    return f"EC{keys.field('zpk')}{keys.field('pvk')}{block}01{_account(pan)}{_PVKI}{pvv}".encode()


def _psec_pvv(keys: Keys, pan: str) -> str:
    clear = psec.des.decrypt_tdes_ecb(keys.zpk, _BLOCKS.setdefault((keys.zpk, pan), _block(keys.zpk, pan)))
    return psec.pin.generate_visa_pvv(keys.pvk, _PVKI, psec.pinblock.decode_pinblock_iso_0(clear, pan), pan)


def _verify_cvv(keys: Keys, pan: str) -> bytes:
    return f"CY{keys.field('cvk')}{_psec_cvv(keys, pan)}{pan};{_EXPIRY}201".encode()


def _psec_cvv(keys: Keys, pan: str) -> str:
    return psec.cvv.generate_cvv(keys.cvk, pan, _EXPIRY, "201")


def _message(pan: str) -> bytes:
    return (pan * 8).encode()


def _mac(keys: Keys, pan: str) -> bytes:
    return b"M602031003" + keys.field("tak").encode() + b"0080" + _message(pan)


def _psec_mac(keys: Keys, pan: str) -> bytes:
    return psec.mac.generate_retail_mac(keys.tak[:8], keys.tak[8:], _message(pan), 1)


def _arqc(keys: Keys, pan: str, number: int) -> bytes:
    card, atc, data = bytes.fromhex(f"{pan[-14:]}00"), _atc(number), _padded(_TAGS)
    arqc = pyemv.ac.generate_ac(_session(keys, pan, number), _TAGS, pyemv.ac.PaddingType.EMV)
    head = b"KW12" + keys.field("mk_ac").encode() + card + atc
    return head + f"{len(data):02X}".encode() + data + b";" + arqc + _ARC


def _atc(number: int) -> bytes:
    return (number % 0xFFFF + 1).to_bytes(2, "big")


def _padded(data: bytes) -> bytes:
    return (data + b"\x80").ljust(-(-(len(data) + 1) // 8) * 8, b"\0")


def _session(keys: Keys, pan: str, number: int) -> bytes:
    card = pyemv.kd.derive_icc_mk_a(keys.mk_ac, pan, "00")
    return pyemv.kd.derive_common_sk(card, _atc(number) + bytes(6))


def _numbered(keys: Keys, pans: list[str]) -> Callable[[], object]:
    turn: Iterator[tuple[int, str]] = cycle(enumerate(pans))

    def verify() -> bytes:
        number, pan = next(turn)
        session = _session(keys, pan, number)
        arqc = pyemv.ac.generate_ac(session, _TAGS, pyemv.ac.PaddingType.EMV)
        return pyemv.ac.generate_arpc_1(session, arqc, _ARC)

    return verify
