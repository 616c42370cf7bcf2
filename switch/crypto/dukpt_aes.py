"""DUKPT with AES (ANSI X9.24-3:2017): one key for every transaction, usage and algorithm of a terminal.

The key serial number (KSN, 12 bytes) is the terminal's initial key id (8 bytes) and a counter (4 bytes). A base
derivation key (BDK) has 16, 24 or 32 bytes, and the keys on the way have its length. Everything here raises ValueError,
with lengths and never with key data."""

from enum import Enum, IntEnum
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

INITIAL_KEY_ID_BYTES = 8
KSN_BYTES = 12
# A terminal skips counters with more one bits; the last it can use is FFFF0000.
MAX_ONES = 16
LAST_COUNTER = 0xFFFF0000
# The counter of the key under which a terminal gets its next initial key.
UPDATE_COUNTER = 0xFFFFFFFF

# Bounds of what is kept: initial keys of terminals, and keys on the way to a transaction key.
CACHED_TERMINALS = 4096
CACHED_STEPS = 4096

_DERIVE, _DERIVE_INITIAL = 0x8000, 0x8001


class KeyUsage(IntEnum):
    """What a working key is for (6.3.2, table 2)."""

    KEY_ENCRYPTION = 0x0002
    PIN_ENCRYPTION = 0x1000
    MAC_GENERATION = 0x2000
    MAC_VERIFICATION = 0x2001
    MAC_BOTH = 0x2002
    DATA_ENCRYPT = 0x3000
    DATA_DECRYPT = 0x3001
    DATA_BOTH = 0x3002


class KeyType(Enum):
    """The algorithm of a working key: its indicator in derivation data and its length in bits (6.3.2, tables 2, 3)."""

    TDEA2 = (0, 128)
    TDEA3 = (1, 192)
    AES128 = (2, 128)
    AES192 = (3, 192)
    AES256 = (4, 256)
    HMAC128 = (5, 128)
    HMAC192 = (5, 192)
    HMAC256 = (5, 256)

    @property
    def algorithm(self) -> int:
        return self.value[0]

    @property
    def bits(self) -> int:
        return self.value[1]


_AES = {16: KeyType.AES128, 24: KeyType.AES192, 32: KeyType.AES256}
_TDEA = (KeyType.TDEA2, KeyType.TDEA3)
_HMAC = (KeyType.HMAC128, KeyType.HMAC192, KeyType.HMAC256)
_MAC_USAGES = (KeyUsage.MAC_GENERATION, KeyUsage.MAC_VERIFICATION, KeyUsage.MAC_BOTH)


def next_ksn(ksn: bytes) -> bytes:
    """The KSN of the terminal's next transaction; ValueError when its counters are used up (the key must change)."""
    key_id, counter = _parts(ksn)
    counter += 1
    while counter.bit_count() > MAX_ONES:
        counter += counter & -counter
    if counter > LAST_COUNTER:
        raise ValueError("no transaction counter is left")
    return key_id + counter.to_bytes(4, "big")


def initial_key(bdk: bytes, initial_key_id: bytes) -> bytes:
    """The key that a terminal is loaded with, as long as the BDK (6.3.1); `initial_key_id` has 8 bytes."""
    _check_id(initial_key_id)
    return _initial_key(bdk, initial_key_id)


@lru_cache(maxsize=CACHED_TERMINALS)
def _initial_key(bdk: bytes, initial_key_id: bytes) -> bytes:
    return _derive(bdk, _DERIVE_INITIAL, _own_type(bdk), initial_key_id)


def transaction_key(initial: bytes, ksn: bytes) -> bytes:
    """The derivation key of one transaction, as long as the initial key (6.3.3): working keys come from it.

    ValueError for counter zero and for a counter that no terminal uses: more than 16 one bits."""
    key_id, counter = _parts(ksn)
    if not counter or counter.bit_count() > MAX_ONES:
        raise ValueError(f"expected a transaction counter of 1 to {MAX_ONES} one bits")
    return _step(_way(initial, key_id, counter & counter - 1), key_id, counter)


def working_key(initial: bytes, ksn: bytes, usage: KeyUsage, key_type: KeyType) -> bytes:
    """The key of one transaction for one usage, as long as `key_type` says (6.3.3); no DES parity is set.

    ValueError as in `transaction_key`, when the key would be stronger than the initial key (6.1.3), and when an HMAC
    key is asked for another usage than MACs."""
    _check_type(initial, usage, key_type)
    return _derive(transaction_key(initial, ksn), usage, key_type, ksn[4:])


def update_key(initial: bytes, initial_key_id: bytes, key_type: KeyType) -> bytes:
    """The key encryption key that brings a terminal its next initial key: the "DUKPT update key"."""
    _check_id(initial_key_id)
    _check_type(initial, KeyUsage.KEY_ENCRYPTION, key_type)
    key = _way(initial, initial_key_id, UPDATE_COUNTER)
    return _derive(key, KeyUsage.KEY_ENCRYPTION, key_type, initial_key_id[4:] + UPDATE_COUNTER.to_bytes(4, "big"))


@lru_cache(maxsize=CACHED_STEPS)
def _way(initial: bytes, key_id: bytes, counter: int) -> bytes:
    """The key that neighbouring counters share: each of its one bits, from the left, is one derivation."""
    if not counter:
        return initial
    return _step(_way(initial, key_id, counter & counter - 1), key_id, counter)


def _step(key: bytes, key_id: bytes, counter: int) -> bytes:
    return _derive(key, _DERIVE, _own_type(key), key_id[4:] + counter.to_bytes(4, "big"))


def _derive(key: bytes, usage: int, key_type: KeyType, tail: bytes) -> bytes:
    """Derivation data of 16 bytes, numbered and encrypted for each 16 bytes of the new key (6.2.1, 6.3.2)."""
    data = usage.to_bytes(2, "big") + key_type.algorithm.to_bytes(2, "big") + key_type.bits.to_bytes(2, "big") + tail
    length = key_type.bits // 8
    blocks = b"".join(b"\x01" + bytes([number]) + data for number in range(1, (length + 15) // 16 + 1))
    # No cached context: these keys come once and would push out those that come often.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(blocks)[:length]  # noqa: S305 - the standard's


def _own_type(key: bytes) -> KeyType:
    if len(key) not in _AES:
        raise ValueError(f"expected a key of 16, 24 or 32 bytes, got {len(key)}")
    return _AES[len(key)]


def _check_type(initial: bytes, usage: KeyUsage, key_type: KeyType) -> None:
    # Three-key triple DES is longer than AES-128 and weaker.
    if key_type not in _TDEA and key_type.bits > _own_type(initial).bits:
        raise ValueError(f"a {key_type.name} key would be stronger than its initial key of {len(initial)} bytes")
    if key_type in _HMAC and usage not in _MAC_USAGES:
        raise ValueError("an HMAC key only makes and checks MACs")


def _check_id(initial_key_id: bytes) -> None:
    if len(initial_key_id) != INITIAL_KEY_ID_BYTES:
        raise ValueError(f"expected an initial key id of {INITIAL_KEY_ID_BYTES} bytes, got {len(initial_key_id)}")


def _parts(ksn: bytes) -> tuple[bytes, int]:
    if len(ksn) != KSN_BYTES:
        raise ValueError(f"expected a KSN of {KSN_BYTES} bytes, got {len(ksn)}")
    return ksn[:8], int.from_bytes(ksn[8:], "big")
