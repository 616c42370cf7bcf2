"""An LMK at rest: a file of mode 0600 that opens with the passphrases of two officers together, and with nothing less.

Each passphrase becomes 32 bytes by scrypt (RFC 7914) with a salt of its own. HMAC-SHA-256 of both under a fixed label
is the key of AES-256-GCM over the LMK's secret; all other fields of the file are its associated data. So a wrong
passphrase and a changed file look alike, and neither tells which officer was wrong."""

import hmac
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from switch.durable import write_new
from switch.hsm.blocklmk import BlockLmk
from switch.hsm.lmk import Lmk
from switch.hsm.lmkmake import lmk_of

OFFICERS = 2
LEAST_CHARACTERS = 12
# scrypt's N of new files: 128 MiB and about half a second for each passphrase. A file may name no less and no more.
COST = 2**17
_COSTS = (2**14, 2**15, 2**16, 2**17, 2**18)
_MOST_BYTES = 8192

Passphrases = tuple[str, str]
_Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2})+$")]


class LmkFileError(ValueError):
    """An LMK file that cannot be made or opened. The message names the file, nothing in it."""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is NN of `%NN`. `check` is what NC answers. Hexadecimal: `salts` 16 bytes, `nonce` 12, `sealed`."""

    format: Literal["switch-lmk-1"] = "switch-lmk-1"
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$")]
    kind: Literal["variant", "keyblock-3des", "keyblock-aes"]
    check: _Hex
    cost: int
    salts: tuple[_Hex, _Hex]
    nonce: _Hex
    sealed: str = ""

    def bound(self) -> bytes:
        """What the seal covers besides the secret."""
        return msgspec.json.encode(msgspec.structs.replace(self, sealed=""))


def check_passphrases(passphrases: Passphrases) -> None:
    """Raises LmkFileError for passphrases that are short or alike."""
    first, second = map(_normal, passphrases)
    if min(len(first), len(second)) < LEAST_CHARACTERS:
        raise LmkFileError(f"a passphrase has {LEAST_CHARACTERS} characters at least")
    if first == second:
        raise LmkFileError("two officers have two passphrases, these are alike")


def create(path: Path, kind: str, number: str, secret: bytes, passphrases: Passphrases) -> Lmk | BlockLmk:
    """A new file, mode 0600, which must not exist, proven to open; returns its LMK. Raises LmkFileError."""
    check_passphrases(passphrases)
    check = lmk_of(kind, number, secret).check_value
    salts = (secrets.token_hex(16).upper(), secrets.token_hex(16).upper())
    nonce = secrets.token_bytes(12)
    try:
        blank = msgspec.convert(
            {"number": number, "kind": kind, "check": check, "cost": COST, "salts": salts,
             "nonce": nonce.hex().upper()}, _File,
        )  # fmt: skip
    except msgspec.ValidationError as error:
        raise LmkFileError(f"{path}: {error}") from None
    sealed = AESGCM(_key(passphrases, salts, COST)).encrypt(nonce, secret, blank.bound())
    write_secret_file(path, msgspec.json.format(msgspec.json.encode(_sealed(blank, sealed))) + b"\n")
    try:
        return open_file(path, passphrases)[1]
    except LmkFileError:
        path.unlink()
        raise


def number_of(path: Path) -> str:
    """The number NN that the file says its LMK has, not yet proven; raises LmkFileError."""
    return _read(path).number


def open_file(path: Path, passphrases: Passphrases) -> tuple[str, Lmk | BlockLmk]:
    """Number and LMK; raises LmkFileError for a wrong passphrase, a changed file, one that others can read."""
    file = _read(path)
    try:
        secret = AESGCM(_key(passphrases, file.salts, file.cost)).decrypt(
            bytes.fromhex(file.nonce), bytes.fromhex(file.sealed), file.bound()
        )
        lmk = lmk_of(file.kind, file.number, secret)
    except (InvalidTag, ValueError):
        raise LmkFileError(f"{path}: does not open: a wrong passphrase, or a changed file") from None
    return file.number, lmk


def _sealed(file: _File, sealed: bytes) -> _File:
    return msgspec.structs.replace(file, sealed=sealed.hex().upper())


def _read(path: Path) -> _File:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if os.fstat(descriptor).st_mode & 0o077:
                raise LmkFileError(f"{path}: others may read or write it: expected mode 0600")
            file = msgspec.json.decode(stream.read(_MOST_BYTES), type=_File)
    except OSError as error:
        raise LmkFileError(f"{path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise LmkFileError(f"{path}: expected an LMK file: {error}") from None
    if file.cost not in _COSTS:  # before scrypt takes the memory that the file asks for
        raise LmkFileError(f"{path}: expected an LMK file: cost")
    return file


def write_secret_file(path: Path, content: bytes) -> None:
    """A new file of mode 0600, durable; raises LmkFileError when there is one already."""
    try:
        write_new(path, content)
    except OSError as error:
        raise LmkFileError(f"{path}: {error.strerror}") from None


def _normal(passphrase: str) -> str:
    """One form for what looks the same on another keyboard."""
    return unicodedata.normalize("NFKC", passphrase)


def _key(passphrases: Passphrases, salts: tuple[str, str], cost: int) -> bytes:
    halves = [
        Scrypt(salt=bytes.fromhex(salt), length=32, n=cost, r=8, p=1).derive(_normal(passphrase).encode())
        for passphrase, salt in zip(passphrases, salts, strict=True)
    ]
    return hmac.digest(b"switch-lmk-1 both officers", b"".join(halves), "sha256")
