"""The host commands, one module per idea. Importing this package fills the table."""

from switch.hsm.commands import (
    cards,
    checkvalues,
    components,
    data,
    diagnostics,
    keys,
    macs,
    pins,
    pins_under_lmk,
    zone_keys,
)
from switch.hsm.host import HostCommands
from switch.hsm.policy import KeyTypes, Policy

__all__ = [
    "HostCommands",
    "KeyTypes",
    "Policy",
    "cards",
    "checkvalues",
    "components",
    "data",
    "diagnostics",
    "keys",
    "macs",
    "pins",
    "pins_under_lmk",
    "zone_keys",
]
