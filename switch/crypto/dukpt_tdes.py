"""DUKPT with triple DES (ANSI X9.24-1:2009 annex A): a key of its own for every transaction of a terminal.

The key serial number (KSN, 10 bytes) names base key and device and ends in a counter of 21 bits. A terminal starts from
its initial key and forgets each key it has used; a host derives any of them from the base derivation key (BDK).
Everything here raises ValueError, with lengths and never with key data."""

from functools import lru_cache

from switch.crypto import once
from switch.crypto.tdes import encrypt, xor

KEY_BYTES = 16
KSN_BYTES = 10
COUNTER_BITS = 21
# A terminal skips counters with more one bits, so that a host never derives more than ten times (A.2).
MAX_ONES = 10

# Bounds of what is kept: initial keys of terminals, and keys on the way to a transaction key.
CACHED_TERMINALS = 4096
CACHED_STEPS = 4096

_COUNTER = (1 << COUNTER_BITS) - 1
_MASK = bytes.fromhex("C0C0C0C000000000")


def ksn_of(text: str) -> bytes:
    """The 10-byte KSN of 16 to 20 hex digits: what is missing on the left is F (A.2)."""
    digits = text.rjust(2 * KSN_BYTES, "F")
    if not 16 <= len(text) <= 2 * KSN_BYTES or digits.strip("0123456789ABCDEFabcdef"):
        raise ValueError("expected a KSN of 16 to 20 hex digits")
    return bytes.fromhex(digits)


def counter_of(ksn: bytes) -> int:
    """The transaction counter, the 21 rightmost bits of a 10-byte KSN."""
    if len(ksn) != KSN_BYTES:
        raise ValueError(f"expected a KSN of {KSN_BYTES} bytes, got {len(ksn)}")
    return int.from_bytes(ksn, "big") & _COUNTER


def next_ksn(ksn: bytes) -> bytes:
    """The KSN of the terminal's next transaction; ValueError when its counters are used up (the key must change)."""
    counter = counter_of(ksn) + 1
    while counter.bit_count() > MAX_ONES:
        counter += counter & -counter
    if counter > _COUNTER:
        raise ValueError("no transaction counter is left")
    return (int.from_bytes(ksn, "big") & ~_COUNTER | counter).to_bytes(KSN_BYTES, "big")


def initial_key(bdk: bytes, ksn: bytes) -> bytes:
    """The 16-byte key (IPEK) that a terminal is loaded with (A.6); the counter bits of `ksn` do not matter."""
    _check_key(bdk)
    return _initial_key(bdk, _without_counter(ksn).to_bytes(KSN_BYTES, "big"))


@lru_cache(maxsize=CACHED_TERMINALS)
def _initial_key(bdk: bytes, ksn: bytes) -> bytes:
    return encrypt(bdk, ksn[:8]) + encrypt(xor(bdk, _MASK * 2), ksn[:8])


def transaction_key(initial: bytes, ksn: bytes) -> bytes:
    """The 16-byte key of one transaction, before any variant (A.3).

    ValueError for counter zero, which is the initial key's own, and for a counter that no terminal uses: more than ten
    one bits."""
    _check_key(initial)
    counter = counter_of(ksn)
    if not counter or counter.bit_count() > MAX_ONES:
        raise ValueError(f"expected a transaction counter of 1 to {MAX_ONES} one bits")
    device = _without_counter(ksn)
    return _step(_way(initial, device, counter & counter - 1), device | counter)


@lru_cache(maxsize=CACHED_STEPS)
def _way(initial: bytes, device: int, counter: int) -> bytes:
    """The key that neighbouring counters share: each of its one bits, from the left, is one derivation."""
    if not counter:
        return initial
    return _step(_way(initial, device, counter & counter - 1), device | counter)


def _step(key: bytes, register: int) -> bytes:
    """The non-reversible key generation process: the next 16-byte key (A.3)."""
    block = (register & (1 << 64) - 1).to_bytes(8, "big")
    return _half(xor(key, _MASK * 2), block) + _half(key, block)


def _half(key: bytes, block: bytes) -> bytes:
    left, right = key[:8], key[8:]
    return xor(once.encrypt(left * 2, xor(block, right)), right)


def pin_key(key: bytes) -> bytes:
    """The PIN encryption key of a transaction key (A.4.1): 16 bytes."""
    return _variant(key, 7)


def mac_key(key: bytes, *, response: bool = False) -> bytes:
    """The MAC key of a transaction key (A.4.1): 16 bytes, of the request (or both ways) or of the response."""
    return _variant(key, 4 if response else 6)


def data_key(key: bytes, *, response: bool = False) -> bytes:
    """The data encryption key of a transaction key (A.4.1): its variant, each half encrypted under the whole of it."""
    variant = _variant(key, 3 if response else 5)
    return once.encrypt(variant, variant)


def _variant(key: bytes, byte: int) -> bytes:
    _check_key(key)
    mask = bytes(byte) + b"\xff" + bytes(7 - byte)
    return xor(key, mask * 2)


def _without_counter(ksn: bytes) -> int:
    return int.from_bytes(ksn, "big") - counter_of(ksn)


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise ValueError(f"expected a key of {KEY_BYTES} bytes, got {len(key)}")
