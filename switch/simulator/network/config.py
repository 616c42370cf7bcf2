"""A node's settings and the file they come from. Opens no socket; knows no message."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from switch.hsm.settings import HsmClientSettings

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
# A double-length or triple-length key under the LMK, as the HSM writes it.
WrappedKey = Annotated[str, Meta(pattern="^([UX][0-9A-F]{32}|[TY][0-9A-F]{48})$")]


class NodeConfigError(ValueError):
    """A configuration a node does not start with; the message says file, key or line, and what was expected."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bytes, counts and seconds of one side's connections; an `idle_timeout` of 0 means none."""

    max_frame: Annotated[int, Meta(ge=64, le=9999)] = 4096
    max_queued: Count = 4096
    max_connections: Count = 64
    write_timeout: Seconds = 5.0
    idle_timeout: Annotated[float, Meta(ge=0)] = 300.0


class Backoff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds: the pause after a first failure, and the longest one; it doubles in between, less some jitter."""

    first: Seconds = 0.05
    longest: Seconds = 5.0


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where acquirers connect; port 0 lets the system choose."""

    port: Port
    host: str = "127.0.0.1"
    limits: Limits = Limits()


class Hsm(HsmClientSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`timeout` in seconds per command."""

    timeout: Seconds = 0.8


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer host. `answer_timeout` is when its silence is noted, `late_window` how long after that an answer
    still goes back to the acquirer; `max_in_flight` counts requests without an answer, late ones included."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)]
    zpk: WrappedKey
    echo_interval: Seconds = 20.0
    management_timeout: Seconds = 2.0
    connect_timeout: Seconds = 3.0
    answer_timeout: Seconds = 1.2
    late_window: Annotated[float, Meta(ge=0)] = 10.0
    max_in_flight: Count = 10_000
    backoff: Backoff = Backoff()
    limits: Limits = Limits(idle_timeout=0)


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`zpk` is the acquirers' ZPK under the LMK; `bins` "" takes the shipped table of the scheme;
    `drain_timeout` is how many seconds answers are waited for at the end."""

    scheme: Literal["visa", "mastercard"]
    listen: Listen
    zpk: WrappedKey
    issuers: Annotated[Mapping[str, Issuer], Meta(min_length=1)]
    hsm: Hsm = Hsm()
    bins: str = ""
    drain_timeout: Annotated[float, Meta(ge=0)] = 1.5


def load_config(path: str | Path) -> NodeConfig:
    """The configuration in the TOML file `path`, paths resolved against its folder; raises NodeConfigError."""
    file = Path(path)
    try:
        config = msgspec.toml.decode(file.read_bytes(), type=NodeConfig)
    except OSError as error:
        raise NodeConfigError(f"{file}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise NodeConfigError(f"{file}: {_located(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NodeConfigError(f"{file}: expected TOML: {error}") from None
    bins = str(file.parent / config.bins) if config.bins else ""
    return msgspec.structs.replace(config, bins=bins, hsm=config.hsm.beside(file.parent))


def _located(message: str) -> str:
    """msgspec's "what - at `$.key`" as "key: what"."""
    what, found, where = message.rpartition(" - at `")
    key = where.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{key}: {what}" if found else message
