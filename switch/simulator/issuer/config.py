"""The settings of one issuer host, read from TOML; relative paths start at the file's own folder."""

from pathlib import Path
from typing import Annotated

import msgspec

from switch import configfile
from switch.hsm.settings import HsmClientSettings

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+$")]
Key = Annotated[str, msgspec.Meta(pattern=r"^[UX][0-9A-F]{32}$")]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bytes, counts and seconds of one listener; `frame_timeout` bounds one frame, arriving or leaving."""

    max_frame: Annotated[int, msgspec.Meta(ge=64, le=9999)] = 8192
    connections: Count = 16
    frame_timeout: Seconds = 10.0
    in_flight: Count = 256


class HsmSettings(HsmClientSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`timeout` (seconds) is for one command, `retry` the pause while there is no HSM at the start."""

    timeout: Seconds = 0.6
    retry: Seconds = 1.0


class ListenerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`zpk` is a key field under the LMK, or "" for an interface on which no PIN block may come.

    `name` is part of every duplicate key, so it must not change while requests repeat.
    """

    name: Name
    host: str = "127.0.0.1"
    port: Port
    zpk: Annotated[str, msgspec.Meta(pattern=r"^([UX][0-9A-F]{32})?$")] = ""
    limits: Limits = Limits()


class IssuerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`pvk` and `cvk` are key fields under the LMK; `cards` and `rates` are files, "" for the shipped ones."""

    name: Name
    database: Annotated[str, msgspec.Meta(min_length=1)]
    data_keys: Annotated[str, msgspec.Meta(min_length=1)]
    pvk: Key
    cvk: Key
    pin_tries: Count = 3
    cards: str = ""
    rates: str = ""
    hsm: HsmSettings = HsmSettings()
    listeners: Annotated[tuple[ListenerSettings, ...], msgspec.Meta(min_length=1)]


def load_config(path: Path) -> IssuerConfig:
    """The settings in `path`, with absolute paths; raises configfile.ConfigError with file, key and expectation."""
    config = configfile.load(path, IssuerConfig)
    names: set[str] = set()
    for index, listener in enumerate(config.listeners):
        if listener.name in names:
            raise configfile.ConfigError(f"{path}: listeners[{index}].name: expected a name no other listener has")
        names.add(listener.name)
    folder = path.parent.resolve()
    paths = {
        key: str(folder / value)
        for key in ("database", "data_keys", "cards", "rates")
        if (value := getattr(config, key))
    }
    return msgspec.structs.replace(config, hsm=config.hsm.beside(folder), **paths)
