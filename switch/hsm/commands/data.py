"""M0 and M2: data under a data key, or under the data key of a DUKPT transaction, the one for both ways.

Forms are 0 binary, 1 hexadecimal, 2 text; lengths count characters on the wire."""

from switch.crypto import once, tdes
from switch.hsm.dukptfields import DESCRIPTOR, Ksn, WhenBase, data_key
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key, TypeCode
from switch.hsm.layout import HEX, Choice, Counted, Hex, Layout, When
from switch.hsm.table import command
from switch.hsm.vault import Vault

_FORMS = ("0", "1", "2")
_KINDS = ("ZEK", "DEK", "TEK", "BDK")
_IV = When("mode", ("01",), Hex("iv", 16))


def _request(use: str) -> Layout:
    return (
        Choice("mode", ("00", "01")),
        Choice("form_in", _FORMS),
        Choice("form_out", _FORMS),
        TypeCode("key_type", _KINDS),
        Key("key", typed_by="key_type", kinds=_KINDS, use=use),
        WhenBase("key", "key_type", DESCRIPTOR, Ksn("ksn")),
        _IV,
        Counted("data"),
    )


_REPLY = (When("mode", ("01",), Hex("next_iv", 16)), Counted("data"))


@command("M0", "Encrypt data", request=_request("E"), reply=_REPLY, errors=("80",), evidence="B F")
def encrypt(
    vault: Vault,  # noqa: ARG001
    mode: str,
    form_in: str,
    form_out: str,
    key_type: str,  # noqa: ARG001
    key: bytes,
    descriptor: str | None,  # noqa: ARG001
    ksn: bytes | None,
    iv: str | None,
    data: str,
) -> str:
    """Whole blocks of 8 bytes, at least one; mode 00 is ECB, 01 CBC, which returns the IV to go on with."""
    clear = _blocks(data, form_in)
    cipher, key = (once, data_key(key, ksn)) if ksn else (tdes, key)
    if mode == "00" or iv is None:
        return _counted(cipher.encrypt(key, clear), form_out)
    result = cipher.encrypt_cbc(key, bytes.fromhex(iv), clear)
    return _hex(result[-8:]) + _counted(result, form_out)


@command("M2", "Decrypt data", request=_request("D"), reply=_REPLY, errors=("80",), evidence="B F")
def decrypt(
    vault: Vault,  # noqa: ARG001
    mode: str,
    form_in: str,
    form_out: str,
    key_type: str,  # noqa: ARG001
    key: bytes,
    descriptor: str | None,  # noqa: ARG001
    ksn: bytes | None,
    iv: str | None,
    data: str,
) -> str:
    """As M0, the other way."""
    secret = _blocks(data, form_in)
    cipher, key = (once, data_key(key, ksn)) if ksn else (tdes, key)
    if mode == "00" or iv is None:
        return _counted(cipher.decrypt(key, secret), form_out)
    return _hex(secret[-8:]) + _counted(cipher.decrypt_cbc(key, bytes.fromhex(iv), secret), form_out)


def data_in(text: str, form: str) -> bytes:
    """The bytes of data in a form; raises CommandFault 15."""
    if form != "1":
        return text.encode("latin-1")
    if len(text) % 2 or text.strip(HEX):
        raise CommandFault("15", "expected hexadecimal digits")
    return bytes.fromhex(text)


def _blocks(text: str, form: str) -> bytes:
    data = data_in(text, form)
    if not data or len(data) % 8:
        raise CommandFault("80", "data length")
    return data


def _counted(data: bytes, form: str) -> str:
    out = _hex(data) if form == "1" else data.decode("latin-1")
    if len(out) > 0xFFFF:
        raise CommandFault("80", "data length")
    return f"{len(out):04X}{out}"


def _hex(data: bytes) -> str:
    return data.hex().upper()
