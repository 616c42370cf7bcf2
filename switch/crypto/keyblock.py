"""Key blocks: a key encrypted together with what it may be used for, so that neither can be changed alone.

Versions A, B, C and D of ANSI X9.143 (before: ASC X9 TR-31:2018), and scheme S of payShield HSMs: version 0 under a
triple DES key-block LMK, version 1 under an AES one. Every refusal is a KeyBlockError."""

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from switch.crypto import aes, tdes
from switch.crypto.keyblock_header import CIPHER_BLOCK, MAC_BYTES, Header, KeyBlockError, parse
from switch.crypto.mac import mac_algorithm_1

# In front of versions 0 and 1 only.
SCHEME = "S"

# How many protection keys keep their derived keys ready.
CACHED_KEYS = 256

_TDES, _AES = (16, 24), (16, 24, 32)
_PROTECTION_KEYS = {"A": _TDES, "B": _TDES, "C": _TDES, "D": _AES, "0": _TDES, "1": _AES}
# Lengths in bytes of the keys that a block may hold, by the algorithm of its header; other algorithms may have any.
_KEYS = {"D": (8,), "T": (8, *_TDES), "A": _AES}
# Versions that derive their keys by CMAC; the others XOR the protection key with a constant.
_DERIVING = ("B", "D", "1")
# Versions whose MAC covers the clear key and is the IV; the MAC of the others covers the encrypted key.
_MAC_IS_IV = ("B", "D")


@dataclass(frozen=True)
class Unwrapped:
    """An opened key block. The key, in bytes, is not in the repr."""

    header: Header
    key: bytes = field(repr=False)


def wrap(
    protection_key: bytes,
    header: Header,
    key: bytes,
    *,
    masked_bytes: int = 0,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> str:
    """The key block of `key` under `protection_key` (16 or 24 bytes for A, B, C, 0; 16, 24 or 32 for D, 1).

    The key is padded to `masked_bytes` when shorter, which hides its length, and to whole cipher blocks; `random_bytes`
    makes the padding. Versions 0 and 1 come with the scheme tag S.
    KeyBlockError when the protection key does not fit the version, or the key the algorithm of its header."""
    _check_protection_key(protection_key, header.version)
    _check_key(header, len(key))
    size = CIPHER_BLOCK[header.version]
    used = 2 + len(key)
    padded = -(-max(used, 2 + masked_bytes) // size) * size
    text = header.text(2 * (padded + MAC_BYTES[header.version]))
    clear = (8 * len(key)).to_bytes(2, "big") + key + random_bytes(padded - used)
    encrypting, _ = _derived(protection_key, header.version)
    if header.version in _MAC_IS_IV:
        mac = _mac(protection_key, header.version, text.encode() + clear)
        encrypted = _cbc(header.version, encrypting, mac, clear, encrypt=True)
    else:
        encrypted = _cbc(header.version, encrypting, text.encode()[:size], clear, encrypt=True)
        mac = _mac(protection_key, header.version, text.encode() + encrypted)
    return _scheme(header.version) + text + (encrypted + mac).hex().upper()


def unwrap(protection_key: bytes, block: str) -> Unwrapped:
    """Header and key of `block`; raises KeyBlockError for anything that is not exactly as it was wrapped.

    It judges neither usage nor parity nor weak keys: that is the HSM's policy."""
    tagged = block.startswith(SCHEME)
    text = block[len(SCHEME) :] if tagged else block
    header, end = parse(text)
    if tagged != bool(_scheme(header.version)):
        raise KeyBlockError("header", "version and scheme tag do not fit")
    _check_protection_key(protection_key, header.version)
    encrypted, mac = _protected(text[end:], header.version)
    clear = _opened(protection_key, text[:end].encode(), encrypted, mac, header.version)
    bits = int.from_bytes(clear[:2], "big")
    if bits % 8 or bits // 8 > len(clear) - 2:
        raise KeyBlockError("key length", "more than the block holds")
    _check_key(header, bits // 8)
    return Unwrapped(header, clear[2 : 2 + bits // 8])


def _opened(protection_key: bytes, text: bytes, encrypted: bytes, mac: bytes, version: str) -> bytes:
    """The decrypted key field, its MAC checked."""
    encrypting, _ = _derived(protection_key, version)
    iv = mac if version in _MAC_IS_IV else text[: CIPHER_BLOCK[version]]
    clear = _cbc(version, encrypting, iv, encrypted, encrypt=False)
    covered = text + (clear if version in _MAC_IS_IV else encrypted)
    if not hmac.compare_digest(_mac(protection_key, version, covered), mac):
        raise KeyBlockError("MAC", "does not match")
    return clear


def _protected(text: str, version: str) -> tuple[bytes, bytes]:
    """Encrypted key and MAC. Hex in capitals only: else a changed character could mean the same bytes."""
    mac_chars = 2 * MAC_BYTES[version]
    key_chars = len(text) - mac_chars
    if key_chars <= 0 or key_chars % (2 * CIPHER_BLOCK[version]):
        raise KeyBlockError("length", "the encrypted key has no whole cipher blocks")
    for name, characters in (("encrypted key", text[:key_chars]), ("MAC", text[key_chars:])):
        if characters.strip("0123456789ABCDEF"):
            raise KeyBlockError("MAC" if name == "MAC" else "encrypted key", "no hex digits")
    return bytes.fromhex(text[:key_chars]), bytes.fromhex(text[key_chars:])


def _mac(protection_key: bytes, version: str, covered: bytes) -> bytes:
    _, authenticating = _derived(protection_key, version)
    full = (
        _cmac(authenticating, version, covered) if version in _DERIVING else mac_algorithm_1(authenticating, covered, 1)
    )
    return full[: MAC_BYTES[version]]


@lru_cache(maxsize=CACHED_KEYS)
def _derived(protection_key: bytes, version: str) -> tuple[bytes, bytes]:
    """The keys that encrypt and that authenticate, as long as the protection key."""
    if version in _DERIVING:
        return _cmac_derived(protection_key, version, 0), _cmac_derived(protection_key, version, 1)
    return _variant(protection_key, b"\x45"), _variant(protection_key, b"\x4d")


def _variant(protection_key: bytes, constant: bytes) -> bytes:
    return tdes.xor(protection_key, constant * len(protection_key))


def _cmac_derived(protection_key: bytes, version: str, usage: int) -> bytes:
    """Counter mode with CMAC (NIST SP 800-108); the data is counter, usage, zero, algorithm and bits of the new key."""
    length = len(protection_key)
    first = 2 if CIPHER_BLOCK[version] == aes.BLOCK else 0
    algorithm = first + (length - 16) // 8
    data = usage.to_bytes(2, "big") + b"\0" + algorithm.to_bytes(2, "big") + (8 * length).to_bytes(2, "big")
    count = -(-length // CIPHER_BLOCK[version])
    blocks = (_cmac(protection_key, version, bytes([number]) + data) for number in range(1, count + 1))
    return b"".join(blocks)[:length]


def _cmac(key: bytes, version: str, data: bytes) -> bytes:
    return aes.cmac(key, data) if CIPHER_BLOCK[version] == aes.BLOCK else tdes.cmac(key, data)


def _cbc(version: str, key: bytes, iv: bytes, blocks: bytes, *, encrypt: bool) -> bytes:
    if CIPHER_BLOCK[version] == aes.BLOCK:
        return aes.encrypt_cbc(key, iv, blocks) if encrypt else aes.decrypt_cbc(key, iv, blocks)
    return tdes.encrypt_cbc(key, iv, blocks) if encrypt else tdes.decrypt_cbc(key, iv, blocks)


def _scheme(version: str) -> str:
    return SCHEME if version in "01" else ""


def _check_protection_key(key: bytes, version: str) -> None:
    if len(key) not in _PROTECTION_KEYS[version]:
        raise KeyBlockError("protection key", f"{len(key)} bytes under version {version}")


def _check_key(header: Header, length: int) -> None:
    if not length or length not in _KEYS.get(header.algorithm, (length,)):
        raise KeyBlockError("key length", f"{length} bytes for algorithm {header.algorithm}")
