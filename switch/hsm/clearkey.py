"""A clear key inside the HSM, with what its key block says of it."""

from typing import Any

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from switch.crypto import tdes


class ClearKey(bytes):
    """The bytes of a key. `algorithm` is T, A or H; `scheme` is the letter of its field, if any;
    the rest is what its block says. `once` is a key of one transaction, whose cipher contexts are not kept."""

    algorithm: str = "T"
    usage: str = ""
    mode: str = "N"
    version: str = "00"
    exportability: str = "E"
    scheme: str = ""
    once: bool = False

    def __new__(cls, clear: bytes, **about: Any) -> "ClearKey":
        key = super().__new__(cls, clear)
        key.__dict__.update(about)
        return key

    def __repr__(self) -> str:
        return f"ClearKey({len(self)} bytes)"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return format(repr(self), form)


def check_digits(clear: bytes, algorithm: str = "T", digits: int = 6) -> str:
    """A check value of 6 digits, 16 at most: zeros encrypted for 3DES, their CMAC for AES (ANSI X9.24-1 annex A)."""
    if algorithm == "T":
        return tdes.key_check_value(clear)[:digits]
    context = CMAC(AES(clear))
    context.update(bytes(16))
    return context.finalize().hex().upper()[:digits]
