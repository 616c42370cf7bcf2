"""What this HSM may do: settings of its security officer. Frozen: a change is a new HSM."""

from dataclasses import dataclass
from typing import Any

from switch.hsm.kinds import PCI_CODES, codes


@dataclass(frozen=True, slots=True)
class KeyTypes:
    """Key type codes of terminal keys; with PCI key separation a TPK is 70D and a TMK 80D instead of 002."""

    tpk: str = "002"
    tmk: str = "002"

    @classmethod
    def pci(cls) -> "KeyTypes":
        """The codes with key separation."""
        return cls(tpk=PCI_CODES["TPK"], tmk=PCI_CODES["TMK"])

    def codes(self) -> dict[str, str]:
        """The type code of every kind of key."""
        return codes(pci=False) | {"TPK": self.tpk, "TMK": self.tmk}


# What lets keys in and out: with two of these a key can change its type, so that in production officers stand by.
KEY_TRAFFIC = frozenset(("A4", "A6", "A8", "AE", "AG", "AU", "AW", "DW", "DY", "FA", "FC", "FE", "GC", "MG", "MI"))

# What production has unless its settings say otherwise.
STRICT: dict[str, Any] = {"guarded": KEY_TRAFFIC, "plain_schemes": False}


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """`plain_schemes` takes and makes keys in X, Y and Z, whose parts are keys themselves, under any key; else 26.

    `diebold_destination` lets blocks of Diebold and PLUS stay so in CA and CC; out of them is always allowed.

    `disabled_commands` answer 68, `disabled_formats` 69. `min_pin` and `max_pin` are PIN lengths, else 24. `pin_field`
    is L, the length of a PIN under the LMK, 5 to 13; 0 makes it one more than the PIN. `clear_pins` takes a zero and
    the clear PIN for a PIN under a test LMK too, as public simulators write it. `authorised` commands need no
    authorised state, `guarded` ones want it beside those that always do.
    `warn_long_pvk` answers a success with an IBM PVK of more than single length with the warning 02.
    `enciphered_tables` takes decimalisation tables under the LMK only; without it one of digits alone is a clear one.
    `repeated_keys` uses keys under the LMK whose parts are alike, which are refused (75) else: for public test keys.
    """

    diebold_destination: bool = False
    plain_schemes: bool = True
    disabled_commands: frozenset[str] = frozenset()
    disabled_formats: frozenset[str] = frozenset()
    min_pin: int = 4
    max_pin: int = 12
    pin_field: int = 0
    clear_pins: bool = True
    authorised: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()
    warn_long_pvk: bool = False
    enciphered_tables: bool = False
    repeated_keys: bool = False

    def __post_init__(self) -> None:
        if not 4 <= self.min_pin <= self.max_pin <= 12:
            raise ValueError("expected 4 <= min_pin <= max_pin <= 12")
        if self.pin_field and not 5 <= self.pin_field <= 13:
            raise ValueError("expected pin_field 0 or 5 to 13")
