"""DE22 of a first presentment, 12 positions, from what the journal keeps of the 1987 entry mode and condition.

From practitioners' memory, so it is one table; what the journal does not know is coded as unknown."""

from switch.clearing.presentment import CASH, Presentment

# Position 7, card data input mode, and position 1, the capability that this use proves, by DE22's first two digits.
_INPUT = {
    "01": ("6", "6"),
    "02": ("2", "2"),
    "05": ("C", "5"),
    "07": ("M", "M"),
    "79": ("6", "6"),
    "80": ("B", "5"),
    "81": ("S", "0"),
    "90": ("B", "2"),
    "91": ("A", "A"),
}
# Position 5, cardholder present, by DE25; anything else is a cardholder who is there.
_ABSENT = {"01": "1", "05": "1", "08": "3", "15": "1", "59": "5"}


def pos_data_code(presentment: Presentment) -> str:
    """Twelve letters and digits."""
    txn = presentment.txn
    mode, capability = _INPUT.get(txn.entry_mode[:2], ("0", "0"))
    online = txn.entry_mode.startswith("81")
    holder = "5" if online else _ABSENT.get(txn.condition, "0")
    pin = txn.entry_mode[2:3]
    with_pin = presentment.flow == CASH and pin == "1"
    return "".join(
        (
            capability,
            {"1": "1", "2": "0"}.get(pin, "9"),
            "9",
            "0" if online else "2" if is_atm(presentment) else "1",
            holder,
            "1" if holder == "0" else "0",
            mode,
            "1" if with_pin else "9",
            "3" if with_pin else "9",
            "0",
            "0",
            "0" if pin == "2" else "1",
        )
    )


def is_atm(presentment: Presentment) -> bool:
    """Whether an automated cash dispenser took part, by its merchant category."""
    return presentment.mcc == "6011"


def terminal_type(presentment: Presentment) -> str:
    """PDS0023."""
    if is_atm(presentment):
        return "ATM"
    return "CT6" if presentment.txn.entry_mode.startswith("81") else "POI"
