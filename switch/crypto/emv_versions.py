"""What each cryptogram version says: how keys are derived, what is MACed, how it is padded and answered.

One row per version in `VERSIONS`; the data elements are rows of data too. Sources: EMV 4.3 Book 2, clause 8.1.1 (the
minimum set) and the versions of Visa (10, 17, 18, 22) and M/Chip (16, 17, 20, 21) as public descriptions and openly
licensed implementations have them. Visa counts 10, 17 and 18 in decimal (0A, 11, 12 in tag 9F10) and 22 in hex."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from switch.crypto.emv_keys import (
    ac_session_key,
    common_session_key,
    icc_master_key_a,
    icc_master_key_b,
    mchip_session_key,
    visa_session_key,
)
from switch.crypto.emv_scripts import MASTERCARD, VISA

# Bytes of every data element that has one length; 9F10 has up to 32.
LENGTHS = {
    "9F02": 6,
    "9F03": 6,
    "9F1A": 2,
    "95": 5,
    "5F2A": 2,
    "9A": 3,
    "9C": 1,
    "9F37": 4,
    "82": 2,
    "9F36": 2,
}
# EMV's minimum set, in its order, and the few that Visa's contactless CVN 17 takes.
MINIMUM = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")
QVSDC = ("9F02", "9F37", "9F36")

_Card = Callable[[bytes, str, str], bytes]
_Session = Callable[[bytes, bytes, bytes, bytes], bytes]


def _card_key(icc_mk: bytes, _atc: bytes, _un: bytes, _arqc: bytes) -> bytes:
    return icc_mk


def _common(icc_mk: bytes, atc: bytes, _un: bytes, _arqc: bytes) -> bytes:
    return ac_session_key(icc_mk, atc)


def _skd(icc_mk: bytes, atc: bytes, un: bytes, _arqc: bytes) -> bytes:
    return mchip_session_key(icc_mk, atc, un)


def _of_atc(icc_mk: bytes, atc: bytes, _un: bytes, _arqc: bytes) -> bytes:
    return visa_session_key(icc_mk, atc)


def _of_arqc(icc_mk: bytes, _atc: bytes, _un: bytes, arqc: bytes) -> bytes:
    return common_session_key(icc_mk, arqc)


@dataclass(frozen=True, slots=True)
class CryptogramVersion:
    """One cryptogram version.

    `master_key(imk, pan, psn)` gives an ICC master key. `ac_key`, `arpc_key` and `script_key` give what cryptograms,
    their answers and scripts are made with, from (ICC master key, ATC, unpredictable number, ARQC), each as its tag has
    it (9F36, 9F37, 9F26). `iad` are the byte ranges of tag 9F10 that follow the `elements`; `iad_lengths` are the
    lengths that tag may have. `arpc_method` is 1 or 2, `script_way` a way of `encrypt_script_data`.
    """

    name: str
    master_key: _Card
    ac_key: _Session
    arpc_key: _Session
    arpc_method: int
    padding: int
    elements: tuple[str, ...]
    iad: tuple[slice, ...]
    iad_lengths: tuple[int, ...]
    script_key: _Session
    script_way: str


_A, _B = icc_master_key_a, icc_master_key_b
_WHOLE = (slice(None),)
_CVR_VISA, _CVR_2 = (slice(3, 7),), (slice(4, 5),)
_CVR, _CVR_COUNTERS = (slice(2, 8),), (slice(2, 8), slice(10, None))
# Visa's formats 0, 1 and 3 have 7 bytes and then the issuer's own, format 2 always 32. M/Chip 4 has 8 bytes of
# counters, M/Chip Advance 8 or 16, each with or without the last online ATC (2).
_IAD_VISA, _IAD_2, _IAD_MCHIP = tuple(range(7, 33)), (32,), (18, 20, 26, 28)
VERSIONS = (
    CryptogramVersion("visa-10", _A, _card_key, _card_key, 1, 1, MINIMUM, _CVR_VISA, _IAD_VISA, _of_atc, VISA),
    CryptogramVersion("visa-17", _A, _card_key, _card_key, 1, 1, QVSDC, _CVR_2, _IAD_VISA, _of_atc, VISA),
    CryptogramVersion("visa-18", _B, _common, _common, 2, 2, MINIMUM, _WHOLE, _IAD_VISA, _of_atc, VISA),
    CryptogramVersion("visa-22", _B, _common, _common, 2, 2, MINIMUM, _WHOLE, _IAD_2, _of_arqc, VISA),
    CryptogramVersion("mchip-16", _A, _skd, _card_key, 1, 2, MINIMUM, _CVR, _IAD_MCHIP, _of_arqc, MASTERCARD),
    CryptogramVersion("mchip-17", _A, _skd, _card_key, 1, 2, MINIMUM, _CVR_COUNTERS, _IAD_MCHIP, _of_arqc, MASTERCARD),
    CryptogramVersion("mchip-20", _A, _common, _common, 1, 2, MINIMUM, _CVR, _IAD_MCHIP, _of_arqc, MASTERCARD),
    CryptogramVersion("mchip-21", _A, _common, _common, 1, 2, MINIMUM, _CVR_COUNTERS, _IAD_MCHIP, _of_arqc, MASTERCARD),
)
_BY_NAME = {version.name: version for version in VERSIONS}
_VISA_CVN = {0x0A: "visa-10", 0x11: "visa-17", 0x12: "visa-18"}
_MCHIP_CVN = {0x10: "mchip-16", 0x11: "mchip-17", 0x14: "mchip-20", 0x15: "mchip-21"}


def named(name: str) -> CryptogramVersion:
    """The version of that name ("visa-10", "mchip-21"); ValueError for another."""
    if name not in _BY_NAME:
        raise ValueError(f"expected one of {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def visa_version(iad: bytes) -> CryptogramVersion:
    """The version that tag 9F10 of a Visa card names: its third byte, or its second behind 1F (format 2)."""
    if iad[:2] == b"\x1f\x22":
        return _BY_NAME["visa-22"]
    return _listed(_VISA_CVN, iad[2:3] if iad[:1] == b"\x06" else b"")


def mchip_version(iad: bytes) -> CryptogramVersion:
    """The version that tag 9F10 of an M/Chip card names: its second byte."""
    return _listed(_MCHIP_CVN, iad[1:2])


def cryptogram_data(version: CryptogramVersion, tags: Mapping[str, bytes]) -> bytes:
    """What a card MACs: the elements of `version` and its part of tag 9F10, not padded.

    `tags` are values by tag as DE55 has them ("9F02" to 6 bytes of BCD). A tag that is missing or of another length is
    a ValueError that names it. Counters in 9F10 are taken as they are: a card that encrypts them is not verified.
    """
    iad = _value(tags, "9F10")
    if len(iad) not in version.iad_lengths:
        raise ValueError(f"tag 9F10: {len(iad)} bytes do not fit {version.name}")
    parts = [_value(tags, tag) for tag in version.elements]
    for tag, part in zip(version.elements, parts, strict=True):
        if len(part) != LENGTHS[tag]:
            raise ValueError(f"tag {tag}: expected {LENGTHS[tag]} bytes, got {len(part)}")
    return b"".join(parts) + b"".join(iad[part] for part in version.iad)


def _value(tags: Mapping[str, bytes], tag: str) -> bytes:
    if tag not in tags:
        raise ValueError(f"tag {tag} is missing")
    return tags[tag]


def _listed(numbers: Mapping[int, str], number: bytes) -> CryptogramVersion:
    if not number or number[0] not in numbers:
        raise ValueError("tag 9F10: not a cryptogram version that is known")
    return _BY_NAME[numbers[number[0]]]
