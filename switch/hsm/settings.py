"""The `[hsm]` of whoever asks an HSM."""

from pathlib import Path
from typing import Annotated, Self

import msgspec

from switch.hsm.address import addresses_of
from switch.hsm.tls import ClientTls


class HsmClientSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hosts` are further HSMs under the same LMK, as "host:port" or "in-process"; `timeout`, `check_interval` seconds.

    With `spread` the HSM with the fewest commands in flight is asked, else the first that is up.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 1500
    hosts: list[str] = []
    header_length: Annotated[int, msgspec.Meta(ge=1, le=255)] = 4
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    connections: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    check_interval: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    spread: bool = False
    tls: ClientTls | None = None

    def __post_init__(self) -> None:
        """Raises ValueError, which a configuration file's reader tells with the key."""
        addresses_of(self.host, self.port, self.hosts)

    def beside(self, folder: Path) -> Self:
        """The same with the files of `tls` relative to `folder`."""
        if self.tls is None:
            return self
        files = {name: str(folder / getattr(self.tls, name)) for name in ("certificate", "key", "ca")}
        return msgspec.structs.replace(self, tls=msgspec.structs.replace(self.tls, **files))
