"""Where an HSM is: host and port as written in configuration files, or in this process."""

from collections.abc import Sequence
from dataclasses import dataclass

IN_PROCESS = "in-process"


@dataclass(frozen=True, slots=True)
class HsmAddress:
    """`host` "in-process" is an HSM without a socket; its port means nothing."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        if self.in_process:
            return IN_PROCESS
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def in_process(self) -> bool:
        return self.host == IN_PROCESS


def parse_address(text: str) -> HsmAddress:
    """`127.0.0.1:1500`, `hsm.example:1500`, `[::1]:1500` or `in-process`; raises ValueError."""
    if text == IN_PROCESS:
        return HsmAddress(IN_PROCESS)
    host, colon, port = text.rpartition(":")
    bare = host.startswith("[") and host.endswith("]")
    if not (colon and host.strip("[]") and port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise ValueError(f"{text}: expected HOST:PORT or {IN_PROCESS}")
    if ":" in host and not bare:
        raise ValueError(f"{text}: expected an IPv6 address in brackets")
    return HsmAddress(host[1:-1] if bare else host, int(port))


def addresses_of(host: str, port: int, more: Sequence[str] = ()) -> tuple[HsmAddress, ...]:
    """The HSM of `host` and `port` first unless `host` is "", then `more`, each once; raises ValueError."""
    first = [HsmAddress(host, 0 if host == IN_PROCESS else port)] if host else []
    found = tuple(dict.fromkeys((*first, *map(parse_address, more))))
    if not found:
        raise ValueError("expected the address of an HSM")
    return found
