"""What `bench_hsm` measures: a request of each command for a card, and the same work done by psec and pyemv.

A library is given its keys clear and PIN blocks ready made; it has no part in framing, parsing and checking. Where its
answer is one that a reply must hold, it is returned, and compared before anything is measured. Test keys only."""

from collections.abc import Callable
from dataclasses import dataclass

import psec.cvv
import psec.des
import psec.mac
import psec.pin
import psec.pinblock
import pyemv.ac
import pyemv.kd
import pyemv.mac

from switch.crypto import ibm3624

from . import bench_hsm_cards as made
from .bench_hsm_cards import EXPIRY, NEW_PIN, PIN, PVKI, SERVICE, Bank, Card

_TAGS = bytes.fromhex("000000001234000000000000097800000080000978261125001122334458000001A40000")
_SCRIPT, _ARC = bytes(range(100, 115)), b"00"
_IBM_TAIL = f"04{{account}}{made.TABLE}{made.VALIDATION}"
Answer = str | bytes | None


@dataclass(frozen=True, slots=True)
class Command:
    """`request` for a card; `library` does the same, None where neither library can.

    With `fresh_keys` each request brings a key of its own, as key management does, or comes from a terminal of its own:
    more than any cache holds.
    """

    request: Callable[[Bank, Card], str | bytes]
    library: Callable[[Bank, Card], Answer] | None = None
    fresh_keys: bool = False


# -- PINs


def _pin_of(key: bytes, card: Card, pin: str = PIN) -> str:
    clear = psec.des.decrypt_tdes_ecb(key, _block(key, card, pin))
    return psec.pinblock.decode_pinblock_iso_0(clear, card.pan)


_BLOCKS: dict[tuple[bytes, str, str], bytes] = {}


def _block(key: bytes, card: Card, pin: str = PIN) -> bytes:
    """A block ready made: the HSM gets it in its request, a library here."""
    found = _BLOCKS.get((key, card.pan, pin))
    if found is None:
        found = _BLOCKS[key, card.pan, pin] = made.block(key, card.pan, pin)
    return found


def _sent(bank: Bank, kind: str, card: Card, pin: str = PIN) -> str:
    return _block(bank.clear[kind], card, pin).hex().upper()


def _translate(code: str, kind: str) -> Command:
    def request(bank: Bank, card: Card) -> str:
        return f"{code}{bank.field[kind]}{bank.field['zpk']}12{_sent(bank, kind, card)}0101{card.account}"

    def library(bank: Bank, card: Card) -> str:
        pin = _pin_of(bank.clear[kind], card)
        clear = psec.pinblock.encode_pinblock_iso_0(pin, card.pan)
        return psec.des.encrypt_tdes_ecb(bank.clear["zpk"], clear).hex().upper()

    return Command(request, library)


def _pvv(bank: Bank, card: Card, pin: str = PIN) -> str:
    return psec.pin.generate_visa_pvv(bank.clear["pvk"], PVKI, pin, card.pan)


def _verify_pvv(code: str, kind: str) -> Command:
    def request(bank: Bank, card: Card) -> str:
        keys = f"{bank.field[kind]}{bank.field['pvk']}"
        return f"{code}{keys}{_sent(bank, kind, card)}01{card.account}{PVKI}{_pvv(bank, card)}"

    def library(bank: Bank, card: Card) -> None:
        _pvv(bank, card, _pin_of(bank.clear[kind], card))

    return Command(request, library)


def _zpk_and_pvk(bank: Bank) -> str:
    return f"001{bank.field['zpk']}{bank.field['pvk']}"


def _change_request(bank: Bank, card: Card) -> str:
    old, new = _sent(bank, "zpk", card), _sent(bank, "zpk", card, NEW_PIN)
    return f"CU{_zpk_and_pvk(bank)}{old}01{card.account}{PVKI}{_pvv(bank, card)}{new}"


def _change(bank: Bank, card: Card) -> str:
    _pvv(bank, card, _pin_of(bank.clear["zpk"], card))
    return _pvv(bank, card, _pin_of(bank.clear["zpk"], card, NEW_PIN))


# -- IBM 3624: what is deciphered and compared is the same work, over validation data that each forms its own way


def _offset(bank: Bank, card: Card, pin: str = PIN) -> None:
    psec.pin.generate_ibm3624_offset(bank.clear["pvk"], made.TABLE, pin, card.pan, 0, 12, "F")


def _ours(bank: Bank, card: Card) -> str:
    """The offset as the HSM makes it."""
    validation = ibm3624.payshield_validation_data(made.VALIDATION, card.account)
    return ibm3624.offset_from_pin(bank.clear["pvk"], made.TABLE, validation, PIN).ljust(12, "F")


def _tail(card: Card) -> str:
    return _IBM_TAIL.format(account=card.account)


def _verify_offset(code: str, kind: str) -> Command:
    def request(bank: Bank, card: Card) -> str:
        keys = f"{bank.field[kind]}{bank.field['pvk']}12"
        return f"{code}{keys}{_sent(bank, kind, card)}01{_tail(card)}{_ours(bank, card)}"

    return Command(request, lambda bank, card: _offset(bank, card, _pin_of(bank.clear[kind], card)))


def _new_pin(bank: Bank, card: Card) -> None:
    psec.pin.generate_ibm3624_pin(bank.clear["pvk"], made.TABLE, "0000", card.pan, 0, 12, "F")


def _change_offset_request(bank: Bank, card: Card) -> str:
    old, new = _sent(bank, "zpk", card), _sent(bank, "zpk", card, NEW_PIN)
    return f"DU{_zpk_and_pvk(bank)}{old}01{_tail(card)}{_ours(bank, card)}{new}"


def _change_offset(bank: Bank, card: Card) -> None:
    for pin in (PIN, NEW_PIN):
        _offset(bank, card, _pin_of(bank.clear["zpk"], card, pin))


# -- DUKPT, which neither library has


def _dukpt(code: str, other: str, tail: Callable[[Bank, Card], str]) -> Command:
    def request(bank: Bank, card: Card) -> str:
        keys = f"{bank.field['bdk']}{bank.field[other]}"
        return f"{code}{keys}{made.DESCRIPTOR}{card.ksn}{made.dukpt_block(bank, card)}{tail(bank, card)}"

    return Command(request, fresh_keys=True)


# -- card values, MACs, data


def _cvv(bank: Bank, card: Card) -> str:
    return psec.cvv.generate_cvv(bank.clear["cvk"], card.pan, EXPIRY, SERVICE)


def _message(card: Card) -> bytes:
    return (card.pan * 8).encode()


def _retail(kind: str, digits: int) -> Callable[[Bank, Card], str]:
    def library(bank: Bank, card: Card) -> str:
        key = bank.clear[kind]
        return psec.mac.generate_retail_mac(key[:8], key[8:], _message(card), 1).hex().upper()[:digits]

    return library


def _cbc_mac(bank: Bank, card: Card) -> str:
    return psec.mac.generate_cbc_mac(bank.clear["tak"], _message(card), 1).hex().upper()[:8]


def _mac_request(code: str, algorithm: str, mac: Callable[[Bank, Card], str]) -> Callable[[Bank, Card], bytes]:
    def request(bank: Bank, card: Card) -> bytes:
        head = f"{code}020{algorithm}1003{bank.field['tak']}0080".encode()
        return head + _message(card) + mac(bank, card).encode()

    return request


def _nothing(_bank: Bank, _card: Card) -> str:
    return ""


def _data(code: str, work: Callable[[bytes, bytes, bytes], bytes]) -> Command:
    def request(bank: Bank, card: Card) -> bytes:
        return f"{code}010000B{bank.field['dek']}{'0' * 16}0080".encode() + _message(card)

    return Command(request, lambda bank, card: work(bank.clear["dek"], bytes(8), _message(card)))


# -- EMV


def _icc(bank: Bank, card: Card, kind: str = "mk_ac") -> bytes:
    return pyemv.kd.derive_icc_mk_a(bank.clear[kind], card.pan, "00")


def _answer(session: bytes) -> bytes:
    arqc = pyemv.ac.generate_ac(session, _TAGS, pyemv.ac.PaddingType.EMV)
    return pyemv.ac.generate_arpc_1(session, arqc, _ARC)


def _session(bank: Bank, card: Card) -> bytes:
    return pyemv.kd.derive_common_sk(_icc(bank, card), card.atc + bytes(6))


def _cryptogram(head: str, un: bytes, session: Callable[[Bank, Card], bytes]) -> Command:
    data = (_TAGS + b"\x80").ljust(-(-(len(_TAGS) + 1) // 8) * 8, b"\0")

    def request(bank: Bank, card: Card) -> bytes:
        arqc = pyemv.ac.generate_ac(session(bank, card), _TAGS, pyemv.ac.PaddingType.EMV)
        begin = f"{head}{bank.field['mk_ac']}".encode() + card.packed + card.atc + un
        return begin + f"{len(data):02X}".encode() + data + b";" + arqc + _ARC

    return Command(request, lambda bank, card: _answer(session(bank, card)))


def _script_request(bank: Bank, card: Card) -> bytes:
    head = f"KU00{bank.field['mk_smi']}".encode() + card.packed + bytes(6) + card.atc
    return head + f"{len(_SCRIPT):04X}".encode() + _SCRIPT + b";"


def _script(bank: Bank, card: Card) -> bytes:
    session = pyemv.kd.derive_visa_sm_sk(_icc(bank, card, "mk_smi"), card.atc)
    return pyemv.mac.mac_iso9797_3(session[:8], session[8:], _SCRIPT, 2)


COMMANDS: dict[str, Command] = {
    "NC": Command(lambda _bank, _card: "NC"),
    "B2": Command(lambda _bank, card: f"B20080{card.pan * 8}"),
    "CA": _translate("CA", "tpk"),
    "CC": _translate("CC", "zpk"),
    "DC": _verify_pvv("DC", "tpk"),
    "EC": _verify_pvv("EC", "zpk"),
    "DG": Command(lambda bank, card: f"DG{bank.field['pvk']}0{PIN}{card.account}{PVKI}", _pvv),
    "FW": Command(
        lambda bank, card: f"FW{_zpk_and_pvk(bank)}{_sent(bank, 'zpk', card)}01{card.account}{PVKI}",
        lambda bank, card: _pvv(bank, card, _pin_of(bank.clear["zpk"], card)),
    ),
    "CU": Command(_change_request, _change),
    "JC": Command(lambda bank, card: f"JC{bank.field['tpk']}{_sent(bank, 'tpk', card)}01{card.account}"),
    "JE": Command(lambda bank, card: f"JE{bank.field['zpk']}{_sent(bank, 'zpk', card)}01{card.account}"),
    "JG": Command(
        lambda bank, card: f"JG{bank.field['zpk']}01{card.account}0{PIN}",
        lambda bank, card: made.block(bank.clear["zpk"], card.pan).hex().upper(),
    ),
    "BA": Command(lambda _bank, card: f"BA{PIN}FF{card.account}"),
    "DA": _verify_offset("DA", "tpk"),
    "EA": _verify_offset("EA", "zpk"),
    "DE": Command(lambda bank, card: f"DE{bank.field['pvk']}0{PIN}{_tail(card)}", _offset),
    "EE": Command(lambda bank, card: f"EE{bank.field['pvk']}{_ours(bank, card)}{_tail(card)}", _new_pin),
    "BK": Command(
        lambda bank, card: f"BK{_zpk_and_pvk(bank)}{_sent(bank, 'zpk', card)}01{_tail(card)}",
        lambda bank, card: _offset(bank, card, _pin_of(bank.clear["zpk"], card)),
    ),
    "DU": Command(_change_offset_request, _change_offset),
    "G0": _dukpt("G0", "zpk", lambda _bank, card: f"0101{card.account}"),
    "CI": _dukpt("CI", "zpk", lambda _bank, card: f"01{card.account}"),
    "CK": _dukpt("CK", "pvk", lambda bank, card: f"{_tail(card)}{_ours(bank, card)}"),
    "GO": _dukpt("GO0", "pvk", lambda bank, card: f"01{_tail(card)}{_ours(bank, card)}"),
    "GQ": _dukpt("GQ0", "pvk", lambda bank, card: f"01{card.account}{PVKI}{_pvv(bank, card)}"),
    "CW": Command(lambda bank, card: f"CW{bank.field['cvk']}{card.pan};{EXPIRY}{SERVICE}", _cvv),
    "CY": Command(lambda bank, card: f"CY{bank.field['cvk']}{_cvv(bank, card)}{card.pan};{EXPIRY}{SERVICE}", _cvv),
    "M6": Command(_mac_request("M6", "3", _nothing), _retail("tak", 8)),
    "M6 algorithm 1": Command(_mac_request("M6", "1", _nothing), _cbc_mac),
    "M8": Command(_mac_request("M8", "3", _retail("tak", 8)), _retail("tak", 8)),
    "MA": Command(lambda bank, card: f"MA{bank.field['tak']}{card.pan * 8}", _retail("tak", 8)),
    "MC": Command(
        lambda bank, card: f"MC{bank.field['tak']}{_retail('tak', 8)(bank, card)}{card.pan * 8}", _retail("tak", 8)
    ),
    "MS": Command(lambda bank, card: f"MS0110{bank.field['zak']}0080{card.pan * 8}", _retail("zak", 16)),
    "M0": _data("M0", psec.des.encrypt_tdes_cbc),
    "M2": _data("M2", psec.des.decrypt_tdes_cbc),
    "KQ": _cryptogram("KQ10", bytes(4), _icc),
    "KW": _cryptogram("KW12", b"", _session),
    "KU": Command(_script_request, _script),
}
# A payment: translate at both ends, PVV, CVV, ARQC with ARPC, a MAC that came and one that goes.
PAYMENT = ("CA", "CC", "EC", "CY", "KW", "M8", "M6")
