"""The settings of routes and rules as the configuration file has them. docs/routing.rst describes every key."""

from typing import Literal

import msgspec

from switch.engine.binfile import MAX_RANGES


class OnUs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the switch verifies itself: keys under the LMK (key type 002 and 402) and the wrong PINs it allows."""

    pvk: str
    cvk: str
    pin_tries: int = 3


class RouteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way out: `hosts` in order of preference, by default the host of the route's own name.

    `network` is what the journal names, "" for that of the host. With `verify` the switch checks PIN and card values
    on the issuer's behalf; `strip` are fields that do not leave; `stand_in` allows it to decide when no host is there.
    """

    hosts: list[str] = []
    network: str = ""
    verify: OnUs | None = None
    strip: list[Literal["track2", "cvv2", "eci", "cavv"]] = []
    stand_in: bool = False


class AmountBounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minor units, both ends included; without `max` there is no upper one."""

    min: int = 0
    max: int | None = None


class RuleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payments for which all that is given is so take `route`. A list is met by any of its members."""

    name: str
    route: str
    bins: list[str] | None = None
    network: list[str] | None = None
    product: list[str] | None = None
    funding: list[str] | None = None
    card_country: list[str] | None = None
    mcc: list[str] | None = None
    amount: dict[str, AmountBounds] | None = None
    currency: list[str] | None = None
    country: list[str] | None = None
    terminal_group: list[str] | None = None
    kind: list[str] | None = None


class HealthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host that left `failures` requests in a row unanswered is passed over for `pause` seconds."""

    failures: int = 3
    pause: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError, which the reader of the file tells with the key."""
        if self.failures < 1 or self.pause < 0:
            raise ValueError("expected failures of at least 1 and a pause of at least 0 seconds")


class RoutingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`default` is the route of cards that no range has, "" to decline them; `max_ranges` bounds the BIN table."""

    routes: dict[str, RouteSettings] = {}
    rules: list[RuleSettings] = []
    health: HealthSettings = HealthSettings()
    default: str = ""
    max_ranges: int = MAX_RANGES
