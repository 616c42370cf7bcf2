"""Key management as `bench_hsm` measures it: each request has a key of its own, so nothing of it is in a cache.

psec has no LMK: what it does here is the same encryption with its triple DES, half by half, and key blocks of TR-31."""

import secrets
from collections.abc import Callable

import psec.des
import psec.tr31

from switch.crypto.tdes import encrypt
from switch.hsm.blocklmk import TEST_BLOCK_LMK, About
from switch.hsm.lmk import TEST_LMK, encrypt_key

from .bench_hsm_cards import TYPES, Bank, Card, halves
from .bench_hsm_work import Answer, Command

_HEADER = psec.tr31.Header("B", "P0", "T", "N", "00", "E")
_HALVES = {code: halves(TEST_LMK.key(code)) for code in {*TYPES.values()}}


def _wrap(code: str, key: bytes) -> str:
    return _wrap_under(_HALVES[code], key)


def _wrap_under(halves: tuple[bytes, bytes], key: bytes) -> str:
    pairs = zip(halves, (key[:8], key[8:]), strict=True)
    return "U" + "".join(psec.des.encrypt_tdes_ecb(under, half).hex().upper() for under, half in pairs)


def _unwrap(code: str, field: str) -> bytes:
    pairs = zip(_HALVES[code], (field[1:17], field[17:33]), strict=True)
    return b"".join(psec.des.decrypt_tdes_ecb(under, bytes.fromhex(half)) for under, half in pairs)


def _check(key: bytes) -> str:
    return psec.des.generate_kcv(key, 3).hex().upper()


def _generated(code: str, under: str) -> Callable[[Bank, Card], Answer]:
    """A new key under the LMK and, where there is one, under the bank's key `under`."""

    def library(bank: Bank, card: Card) -> None:  # noqa: ARG001
        key = psec.des.adjust_key_parity(secrets.token_bytes(16))
        _wrap(code, key)
        if under:
            psec.des.encrypt_tdes_ecb(bank.clear[under], key)
        _check(key)

    return library


def _came(code: str) -> Callable[[Bank, Card], Answer]:
    def library(bank: Bank, card: Card) -> str:
        key = psec.des.decrypt_tdes_ecb(bank.clear["zmk"], _SENT[bank.clear["zmk"], card.key])
        key = psec.des.adjust_key_parity(key)
        return _wrap(code, key) + _check(key)

    return library


# Keys as they come under a bank's key, ready made.
_SENT: dict[tuple[bytes, bytes], bytes] = {}


def _under(bank: Bank, card: Card) -> str:
    zmk = bank.clear["zmk"]
    _SENT[zmk, card.key] = encrypt(zmk, card.key)
    return "X" + _SENT[zmk, card.key].hex().upper()


def _leaves(code: str, under: str) -> Callable[[Bank, Card], Answer]:
    def library(bank: Bank, card: Card) -> str:
        key = _unwrap(code, _FIELDS[code, card.key])
        if under == "tmk":
            return _wrap_under(halves(bank.clear[under]), key)
        _check(key)
        return psec.des.encrypt_tdes_ecb(bank.clear[under], key).hex().upper()

    return library


# Key fields under the LMK, ready made.
_FIELDS: dict[tuple[str, bytes], str] = {}


def _second(card: Card) -> bytes:
    """Another component."""
    return card.key[3:] + card.key[:3]


def _field(code: str, key: bytes) -> str:
    _FIELDS[code, key] = encrypt_key(key, code)
    return _FIELDS[code, key]


def _import(command: str, code: str) -> Command:
    def request(bank: Bank, card: Card) -> str:
        return f"{command}{bank.field['zmk']}{_under(bank, card)};0U1"

    return Command(request, _came(code), fresh_keys=True)


def _export(command: str, code: str, under: str = "zmk") -> Command:
    scheme = "" if under == "tmk" else ";X00"

    def request(bank: Bank, card: Card) -> str:
        return f"{command}{bank.field[under]}{_field(code, card.key)}{scheme}"

    return Command(request, _leaves(code, under), fresh_keys=True)


def _components(bank: Bank, card: Card) -> None:  # noqa: ARG001
    left, right = (_unwrap("001", _FIELDS["001", key]) for key in (card.key, _second(card)))
    key = psec.des.adjust_key_parity(bytes(a ^ b for a, b in zip(left, right, strict=True)))
    _wrap("001", key)
    _check(key)


def _block_zmk(bank: Bank) -> str:
    return TEST_BLOCK_LMK.keep(bank.clear["zmk"], About("K0"))


# Blocks as they come under a bank's key, ready made.
_BLOCKS: dict[bytes, str] = {}


def _block_request(bank: Bank, card: Card) -> str:
    _BLOCKS[card.key] = psec.tr31.wrap(bank.clear["zmk"], _HEADER, card.key)
    return f"A6FFF{_block_zmk(bank)}R{_BLOCKS[card.key]}S%01"


COMMANDS: dict[str, Command] = {
    "A0": Command(lambda _bank, _card: "A00001U", _generated("001", ""), fresh_keys=True),
    "A4": Command(
        lambda _bank, card: f"A42001U{_field('001', card.key)}{_field('001', _second(card))}",
        _components,
        fresh_keys=True,
    ),
    "A6": Command(lambda bank, card: f"A6001{bank.field['zmk']}{_under(bank, card)}U", _came("001"), fresh_keys=True),
    "A6 TR-31": Command(
        _block_request,
        lambda bank, card: psec.tr31.unwrap(bank.clear["zmk"], _BLOCKS[card.key]) and None,
        fresh_keys=True,
    ),
    "A8": Command(
        lambda bank, card: f"A8001{bank.field['zmk']}{_field('001', card.key)}X", _leaves("001", "zmk"), fresh_keys=True
    ),
    "A8 TR-31": Command(
        lambda bank, card: f"A8FFF{_block_zmk(bank)}{TEST_BLOCK_LMK.keep(card.key, About('P0'))}R%01",
        lambda bank, card: psec.tr31.wrap(bank.clear["zmk"], _HEADER, card.key) and None,
        fresh_keys=True,
    ),
    "BU": Command(
        lambda _bank, card: f"BUFF1{_field('001', card.key)};001;001",
        lambda _bank, card: _check(_unwrap("001", _FIELDS["001", card.key])),
        fresh_keys=True,
    ),
    "IA": Command(lambda bank, _card: f"IA{bank.field['zmk']}", _generated("001", "zmk"), fresh_keys=True),
    "HC": Command(lambda bank, _card: f"HC{bank.field['tmk']}", _generated("002", "tmk"), fresh_keys=True),
    "HA": Command(lambda bank, _card: f"HA{bank.field['tmk']}", _generated("003", "tmk"), fresh_keys=True),
    "FA": _import("FA", "001"),
    "FC": _import("FC", "002"),
    "MI": _import("MI", "003"),
    "AW": _import("AW", "402"),
    "DW": _import("DW", "009"),
    "GC": _export("GC", "001"),
    "FE": _export("FE", "002"),
    "MG": _export("MG", "003"),
    "AU": _export("AU", "402"),
    "DY": _export("DY", "009"),
    "AE": _export("AE", "002", "tmk"),
    "AG": _export("AG", "003", "tmk"),
}
