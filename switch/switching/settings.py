"""Settings of the switch's links; the daemon reads them from its file."""

from typing import Literal

import msgspec

from switch.hsm.address import addresses_of
from switch.link.connection import Limits
from switch.link.dialer import Backoff


class HostLinkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds; `limits.idle_timeout` is off because the echo finds a dead peer sooner.

    An echo goes out when nothing arrived for `echo_interval`; after `echo_misses` without an answer the link is down.
    """

    host: str
    port: int
    limits: Limits = Limits(idle_timeout=0)
    backoff: Backoff = Backoff()
    echo_interval: float = 20.0
    echo_misses: int = 1
    management_timeout: float = 2.0

    def __post_init__(self) -> None:
        """Raises ValueError, which a configuration file's reader tells with the key."""
        if self.echo_misses < 1:
            raise ValueError("echo_misses: expected at least 1")


class HsmLinkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`watch_interval` and `watch_timeout` in seconds: how often NC is asked and how long it may take.

    `hosts` are further HSMs under the same LMK, as "host:port" or "in-process". The first that is up is asked; with
    `spread` they take turns.
    """

    host: str = "127.0.0.1"
    port: int = 1500
    hosts: list[str] = []
    spread: bool = False
    header_length: int = 4
    limits: Limits = Limits(idle_timeout=0)
    backoff: Backoff = Backoff()
    watch_interval: float = 5.0
    watch_timeout: float = 2.0

    def __post_init__(self) -> None:
        """Raises ValueError, which a configuration file's reader tells with the key."""
        addresses_of(self.host, self.port, self.hosts)


class ListenerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A port for terminals; `name` is part of every duplicate key, so it must not change while requests repeat.

    `max_outstanding` counts the unanswered requests of one connection past which it is not read.
    """

    name: str
    port: int
    spec: str = "pos-1987-ascii"
    framing: Literal["len2", "ascii4"] = "len2"
    host: str = "127.0.0.1"
    limits: Limits = Limits()
    max_outstanding: int = 1000
