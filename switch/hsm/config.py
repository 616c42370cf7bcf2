"""What the HSM process is configured with, and the command table that comes of it."""

from dataclasses import fields
from typing import Annotated, Any, Literal

import msgspec

from switch.hsm.blocklmk import TEST_BLOCK_LMK, BlockLmk
from switch.hsm.commands import HostCommands, KeyTypes, Policy
from switch.hsm.lmk import TEST_LMK, Lmk

_LMKS: dict[str, Lmk | BlockLmk] = {"test-variant": TEST_LMK, "test-keyblock": TEST_BLOCK_LMK}
LMKS = tuple(_LMKS)
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
SecondsOrNone = Annotated[float, msgspec.Meta(ge=0)]
Path = Annotated[str, msgspec.Meta(min_length=1)]


class HsmConfigError(ValueError):
    """A configuration the HSM does not start with."""


class ServerTls(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """PEM files: our certificate chain and its key, and who must have signed the client's certificate."""

    certificate: Path
    key: Path
    client_ca: Path


class HsmConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Sizes in bytes, counts and seconds; `production` refuses public test LMKs, the only ones there are.

    `message_timeout` bounds the time an unfinished message may take, a TLS handshake, and how long a peer may leave
    replies unread. `idle_timeout` bounds the silence between messages, 0 for no bound. The kernel asks a silent peer
    for a sign of life after `keepalive_idle` seconds, every `keepalive_interval`, and closes after `keepalive_count`
    questions; `keepalive_idle` 0 asks nothing. `status_socket` is where `switch hsm status` asks, "" for nowhere.
    `policy` has the settings of `switch.hsm.policy.Policy`.
    """

    host: str = "127.0.0.1"
    port: Port = 1500
    header_length: Annotated[int, msgspec.Meta(ge=0, le=255)] = 4
    lmk: Literal["test-variant", "test-keyblock"] = "test-variant"
    max_message: Annotated[int, msgspec.Meta(ge=16, le=65535)] = 8192
    max_connections: Count = 2048
    message_timeout: Seconds = 10.0
    idle_timeout: SecondsOrNone = 0.0
    nodelay: bool = True
    keepalive_idle: Annotated[int, msgspec.Meta(ge=0, le=32767)] = 60
    keepalive_interval: Annotated[int, msgspec.Meta(ge=1, le=32767)] = 10
    keepalive_count: Annotated[int, msgspec.Meta(ge=1, le=127)] = 3
    tls: ServerTls | None = None
    status_socket: str = ""
    pci_key_types: bool = False
    policy: dict[str, Any] = {}
    production: bool = False


def open_commands(config: HsmConfig) -> HostCommands:
    """The command table under the LMK that `lmk` names: the one place where a name becomes keys.

    That LMK is 00, the default; 01 and 02 are the test LMKs for key blocks. Raises HsmConfigError.
    """
    lmk = _LMKS[config.lmk]
    if config.production and lmk.test:
        raise HsmConfigError("production is set, and this emulator only holds public test LMKs")
    types = KeyTypes.pci() if config.pci_key_types else KeyTypes()
    return HostCommands(lmk, types, _policy(config.policy))


def _policy(settings: dict[str, Any]) -> Policy:
    known = {field.name for field in fields(Policy)}
    for name in settings.keys() - known:
        raise HsmConfigError(f"policy.{name}: expected one of {', '.join(sorted(known))}")
    try:
        return msgspec.convert(settings, Policy)
    except msgspec.ValidationError as error:
        raise HsmConfigError(f"policy: {error}") from None
