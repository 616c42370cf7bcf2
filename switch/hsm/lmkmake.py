"""Local master keys from the components of three custodians, and what an LMK file keeps of them: one secret.

The secret is the XOR of the components. Of the key-block kinds it is the LMK: 24 bytes of 3DES with odd parity (block
version 0), 32 bytes of AES (version 1). Of the variant kind it is 32 bytes, and the pairs come from it: pair `PP-QQ` is
the first 16 bytes of HMAC-SHA-256 (key: the secret; data: "variant LMK ", `PP-QQ`, a counter byte), with odd parity.
The counter starts at 0 and goes on while the pair is weak. Real HSMs keep their own method to themselves."""

import hmac
import secrets
from collections.abc import Sequence
from itertools import count

from switch.crypto import tdes
from switch.hsm import keycheck
from switch.hsm.blocklmk import BlockLmk
from switch.hsm.clearkey import check_digits
from switch.hsm.faults import KeyFault
from switch.hsm.lmk import TEST_LMK, Lmk

COMPONENTS = 3
VARIANT, BLOCK_3DES, BLOCK_AES = "variant", "keyblock-3des", "keyblock-aes"
# Bytes of the secret, and of each component.
SECRET_BYTES = {VARIANT: 32, BLOCK_3DES: 24, BLOCK_AES: 32}
_VERSIONS = {BLOCK_3DES: "0", BLOCK_AES: "1"}
_ALGORITHMS = {VARIANT: "A", BLOCK_3DES: "T", BLOCK_AES: "A"}


def new_component(kind: str) -> bytes:
    """A random component, for 3DES with odd parity."""
    component = secrets.token_bytes(SECRET_BYTES[kind])
    return tdes.odd_parity(component) if kind == BLOCK_3DES else component


def component_check(kind: str, component: bytes) -> str:
    """6 digits: the check value of a component as a key of 3DES (24 bytes) or AES (32 bytes)."""
    return check_digits(component, _ALGORITHMS[kind])


def combine(kind: str, components: Sequence[bytes]) -> bytes:
    """The secret of three components; raises KeyFault: 27 for lengths, 75 for a weak secret or components alike."""
    if len(components) != COMPONENTS:
        raise KeyFault("27", f"expected {COMPONENTS} components")
    if any(len(component) != SECRET_BYTES[kind] for component in components):
        raise KeyFault("27", f"expected components of {2 * SECRET_BYTES[kind]} digits")
    if len(set(components)) < COMPONENTS:
        raise KeyFault("75", "two components are alike")
    secret = tdes.xor(tdes.xor(components[0], components[1]), components[2])
    if kind == BLOCK_3DES:
        secret = tdes.odd_parity(secret)
        keycheck.check_strength(secret)
    if not any(secret):
        raise KeyFault("75", "the components cancel out")
    return secret


def lmk_of(kind: str, number: str, secret: bytes) -> Lmk | BlockLmk:
    """The LMK of a secret. ValueError for another length."""
    if len(secret) != SECRET_BYTES[kind]:
        raise ValueError(f"expected a secret of {SECRET_BYTES[kind]} bytes")
    name = f"LMK {number}, {kind}"
    if kind == VARIANT:
        return Lmk(name, {pair: _pair(secret, pair) for pair in TEST_LMK.pairs}, test=False)
    return BlockLmk(name, secret, _VERSIONS[kind], number, test=False)


def _pair(secret: bytes, pair: str) -> bytes:
    for turn in count():
        key = tdes.odd_parity(hmac.digest(secret, b"variant LMK " + pair.encode() + bytes((turn,)), "sha256")[:16])
        try:
            keycheck.check_strength(key)
        except KeyFault:
            continue
        return key
    raise AssertionError("unreachable")
