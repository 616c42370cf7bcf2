"""NC and B2: is the HSM there."""

from switch.hsm.layout import Counted, Hex, Rest, Text
from switch.hsm.table import command
from switch.hsm.vault import Vault

FIRMWARE = "0001-E000"


@command("NC", "Diagnostics", reply=(Hex("lmk_check", 16), Text("firmware", 9)), evidence="C M")
def diagnostics(vault: Vault) -> str:
    """The check value of the LMK and the firmware."""
    return vault.lmk.check_value + FIRMWARE


@command("B2", "Echo", request=(Counted("data"),), reply=(Rest("data", least=0, in_reply=True),), evidence="A B V")
def echo(vault: Vault, data: str) -> str:  # noqa: ARG001
    """The data, of any bytes."""
    return data
