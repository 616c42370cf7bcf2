"""The data keys of a process at rest, wrapped under a DEK that only the HSM can open."""

import secrets
from pathlib import Path

import msgspec

from switch.crypto.datakeys import KEY_BYTES, DataKeys
from switch.durable import write_new
from switch.hsm import requests
from switch.hsm.client import HsmClient
from switch.hsm.requests import HsmError

_DEK = "00B"


class DataKeyError(Exception):
    """A data key file that cannot be used; the message names the file and what was expected."""


class WrappedDataKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dek` is a key field under the LMK; the two data keys are hexadecimal, CBC under it with `iv`."""

    dek: str
    iv: str
    encryption: str
    lookup: str
    check: str


async def create(hsm: HsmClient, path: Path) -> DataKeys:
    """Makes two new data keys and writes them wrapped to `path` (mode 0600), which must not exist."""
    dek, _ = requests.generated_key(await hsm.call(requests.generate_key(_DEK)))
    iv = secrets.token_hex(8).upper()
    clear = [secrets.token_bytes(KEY_BYTES) for _ in range(2)]
    wrapped = [
        requests.data_of(await hsm.call(requests.encrypt_data(dek, _DEK, iv, key.hex().upper()))) for key in clear
    ]
    keys = DataKeys(*clear)
    content = WrappedDataKeys(dek=dek, iv=iv, encryption=wrapped[0], lookup=wrapped[1], check=keys.check_value())
    try:
        write_new(path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    except OSError as error:
        raise DataKeyError(f"{path}: {error.strerror}") from None
    return keys


async def load(hsm: HsmClient, path: Path) -> DataKeys:
    """Has the HSM open the keys in `path`; raises DataKeyError, and HsmUnavailable when the HSM is not there."""
    wrapped = _read(path)
    try:
        clear = [
            bytes.fromhex(
                requests.data_of(await hsm.call(requests.decrypt_data(wrapped.dek, _DEK, wrapped.iv, hidden)))
            )
            for hidden in (wrapped.encryption, wrapped.lookup)
        ]
        keys = DataKeys(*clear)
    except (HsmError, ValueError):
        raise DataKeyError(f"{path}: this HSM does not open the keys") from None
    if keys.check_value() != wrapped.check:
        raise DataKeyError(f"{path}: the keys opened to another check value: another LMK, or a changed file")
    return keys


def _read(path: Path) -> WrappedDataKeys:
    try:
        return msgspec.json.decode(path.read_bytes(), type=WrappedDataKeys)
    except OSError as error:
        raise DataKeyError(f"{path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise DataKeyError(f"{path}: expected wrapped data keys: {error}") from None
