"""The host commands, one module per idea. Importing this package fills the table."""

from switch.hsm.commands import (
    cards,
    checkvalues,
    components,
    data,
    diagnostics,
    dukpt_pins,
    emv,
    ibm_pins,
    keys,
    macs,
    pins,
    pins_under_lmk,
    scripts,
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
    "dukpt_pins",
    "emv",
    "ibm_pins",
    "keys",
    "macs",
    "pins",
    "pins_under_lmk",
    "scripts",
    "zone_keys",
]
