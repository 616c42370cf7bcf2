"""M6, M8, MA, MC, MS: MACs over messages whole or in parts."""

import hmac

from switch.crypto import mac, tdes
from switch.hsm.commands.data import data_in
from switch.hsm.faults import CommandFault
from switch.hsm.keyfield import Key, TypeCode
from switch.hsm.layout import Choice, Counted, Hex, Layout, Rest, When
from switch.hsm.table import Answer, command, verdict
from switch.hsm.vault import Vault

# Modes: the whole message, its first, a middle or its last part.
_WHOLE, _FIRST, _MIDDLE, _LAST = "0123"
_RETAIL = "3"
_SIZES = {"0": 8, "1": 16}


def _request(use: str, modes: tuple[str, ...]) -> Layout:
    return (
        Choice("mode", modes),
        Choice("form", ("0", "1", "2")),
        Choice("size", ("0", "1")),
        Choice("algorithm", ("1", "3")),
        Choice("padding", ("0", "1", "2")),
        TypeCode("key_type", ("TAK", "ZAK")),
        Key("key", typed_by="key_type", kinds=("TAK", "ZAK"), use=use),
        When("mode", (_MIDDLE, _LAST), Hex("iv", 16)),
        Counted("data"),
    )


@command(
    "M6",
    "Generate a MAC",
    request=_request("G", (_WHOLE, _FIRST, _MIDDLE, _LAST)),
    reply=(
        When("mode", (_FIRST, _MIDDLE), Hex("next_iv", 16)),
        When("mode", (_WHOLE, _LAST), When("size", ("0",), Hex("mac", 8)), When("size", ("1",), Hex("mac", 16))),
    ),
    errors=("80",),
    evidence="A B F M",
)
def generate_mac(
    vault: Vault,  # noqa: ARG001
    mode: str,
    form: str,
    size: str,
    algorithm: str,
    padding: str,
    key_type: str,  # noqa: ARG001
    key: bytes,
    iv: str | None,
    data: str,
) -> str:
    """The MAC, or after a part that is not the last the IV of the next."""
    message, start = data_in(data, form), bytes.fromhex(iv or "0" * 16)
    _check_length(key, algorithm)
    if mode in (_FIRST, _MIDDLE):
        return _chain(key, algorithm, start, message)
    return _mac(key, algorithm, padding, start, message)[: _SIZES[size]]


@command(
    "M8",
    "Verify a MAC",
    request=(
        *_request("V", (_WHOLE, _LAST)),
        When("size", ("0",), Hex("mac", 8)),
        When("size", ("1",), Hex("mac", 16)),
    ),
    errors=("01", "80"),
    evidence="A B F M V",
)
def verify_mac(
    vault: Vault,  # noqa: ARG001
    mode: str,  # noqa: ARG001
    form: str,
    size: str,
    algorithm: str,
    padding: str,
    key_type: str,  # noqa: ARG001
    key: bytes,
    iv: str | None,
    data: str,
    mac: str,
) -> str | Answer:
    """01 when it is another."""
    message, start = data_in(data, form), bytes.fromhex(iv or "0" * 16)
    _check_length(key, algorithm)
    return verdict(hmac.compare_digest(_mac(key, algorithm, padding, start, message)[: _SIZES[size]], mac))


@command(
    "MA",
    "Generate a MAC under a TAK",
    request=(Key("key", "TAK", use="G", sizes=(8, 16)), Rest("data")),
    reply=(Hex("mac", 8),),
    evidence="A M",
)
def generate_tak_mac(vault: Vault, key: bytes, data: str) -> str:  # noqa: ARG001
    """ANSI X9.9 under a single-length key, X9.19 under a double-length one; zeros fill the last block."""
    return _tak_mac(key, data)


@command(
    "MC",
    "Verify a MAC under a TAK",
    request=(Key("key", "TAK", use="V", sizes=(8, 16)), Hex("mac", 8), Rest("data")),
    errors=("01",),
    evidence="A M",
)
def verify_tak_mac(vault: Vault, key: bytes, mac: str, data: str) -> str | Answer:  # noqa: ARG001
    """01 when it is another."""
    return verdict(hmac.compare_digest(_tak_mac(key, data), mac))


@command(
    "MS",
    "Generate a MAC (MAB) of a large message, ANSI X9.19",
    request=(
        Choice("mode", (_WHOLE, _FIRST, _MIDDLE, _LAST)),
        Choice("key_kind", ("0", "1")),
        Choice("key_length", ("0", "1")),
        Choice("form", ("0", "1")),
        When("key_kind", ("0",), Key("tak", "TAK", use="G", sizes=(8, 16))),
        When("key_kind", ("1",), Key("zak", "ZAK", use="G", sizes=(8, 16))),
        When("mode", (_MIDDLE, _LAST), Hex("iv", 16)),
        Counted("data", doubled_by="form"),
    ),
    reply=(Hex("mab", 16),),
    errors=("05", "80"),
    evidence="V",
)
def generate_mab(
    vault: Vault,  # noqa: ARG001
    mode: str,
    key_kind: str,  # noqa: ARG001
    key_length: str,
    form: str,
    tak: bytes | None,
    zak: bytes | None,
    iv: str | None,
    data: str,
) -> str:
    """Sixteen digits: the MAC, or after a part that is not the last the IV of the next. The length counts bytes."""
    key = tak or zak or b""
    if len(key) != (16 if key_length == "1" else 8):
        raise CommandFault("05", "key length flag")
    message, start = data_in(data, form), bytes.fromhex(iv or "0" * 16)
    algorithm = _RETAIL if len(key) == 16 else "1"
    if mode in (_FIRST, _MIDDLE):
        return _chain(key, algorithm, start, message)
    return _mac(key, algorithm, "1", start, message)


def _check_length(key: bytes, algorithm: str) -> None:
    if algorithm == _RETAIL and len(key) != 16:
        raise CommandFault("27", "key length")


def _mac(key: bytes, algorithm: str, padding: str, iv: bytes, message: bytes) -> str:
    if padding == "0" and len(message) % 8:
        raise CommandFault("80", "data length")
    function = mac.mac_algorithm_3 if algorithm == _RETAIL else mac.mac_algorithm_1
    return function(key, message, int(padding) or 1, iv).hex().upper()


def _chain(key: bytes, algorithm: str, iv: bytes, message: bytes) -> str:
    """The last block of CBC: under the left half for algorithm 3, whose other steps come at the very end."""
    if not message or len(message) % 8:
        raise CommandFault("80", "data length")
    return tdes.encrypt_cbc(key[:8] if algorithm == _RETAIL else key, iv, message)[-8:].hex().upper()


def _tak_mac(key: bytes, data: str) -> str:
    return _mac(key, _RETAIL if len(key) == 16 else "1", "1", bytes(8), data.encode("latin-1"))[:8]
