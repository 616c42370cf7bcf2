"""Every key type against every key of every command: only the type that belongs there does anything."""

from typing import Any

import pytest

from switch.hsm.commands import HostCommands, KeyTypes
from switch.hsm.lmk import encrypt_key

TYPES = ["000", "001", "002", "003", "402", "70D", "80D", "008", "009", "109", "209", "309", "709", "00A", "00B"]
# Commands by the types of the keys in them, in order.
KEYS = {
    "CA": ["002", "001"],
    "CC": ["001", "001"],
    "CW": ["402"],
    "CY": ["402"],
    "DC": ["002", "002"],
    "EC": ["001", "002"],
    "DG": ["002"],
    "JC": ["002"],
    "JE": ["001"],
    "JG": ["001"],
    "M0": ["00B"],
    "M2": ["00B"],
    "M6": ["003"],
    "M8": ["003"],
    "A6": ["000"],
    "A8": ["000", "001"],
    "BU": ["001"],
    "DA": ["002", "002"],
    "EA": ["001", "002"],
    "DE": ["002"],
    "EE": ["002"],
    "BK": ["001", "002"],
    "DU": ["001", "002"],
    "FW": ["001", "002"],
    "CU": ["001", "002"],
    "G0": ["009", "001"],
    "CI": ["009", "001"],
    "CK": ["009", "002"],
    "GO": ["009", "002"],
    "GQ": ["009", "002"],
    "KQ": ["109"],
    "KW": ["109"],
    "KU": ["209"],
}
# The places of second keys, whose parity has an error of its own.
SECOND = {(code, 1) for code in KEYS}
CASES = [
    (code, place, right, wrong)
    for code, keys in KEYS.items()
    for place, right in enumerate(keys)
    for wrong in TYPES
    if wrong != right
]


def nth(command: str, part: str, place: int) -> int:
    """Where `part` stands in `command` for the n-th time among equal keys, else its only place."""
    first = command.index(part)
    again = command.find(part, first + 1)
    return again if place and again > 0 else first


@pytest.mark.parametrize(("code", "place", "right", "wrong"), CASES)
def test_a_key_of_another_type_is_a_parity_error(code: str, place: int, right: str, wrong: str, bench: Any) -> None:
    command, key = bench.commands()[code], bench.key(right)
    at = nth(command, key, place)
    changed = command[:at] + bench.key(wrong) + command[at + len(key) :]
    assert bench.error(changed) == ("11" if (code, place) in SECOND else "10")


@pytest.mark.parametrize("code", sorted(KEYS))
def test_with_its_own_keys_each_of_these_commands_succeeds(code: str, bench: Any) -> None:
    assert bench.error(bench.commands()[code]) == "00"


@pytest.mark.parametrize("key_type", [t for t in TYPES if t not in ("00A", "00B", "009")])
@pytest.mark.parametrize("code", ["M0", "M2"])
def test_data_commands_name_no_other_key_type_than_a_data_key(code: str, key_type: str, bench: Any) -> None:
    command = f"{code}0111{key_type}{bench.key(key_type)}{'0' * 16}0010{'0' * 16}"
    assert bench.error(command) == "04"


@pytest.mark.parametrize("key_type", [t for t in TYPES if t not in ("003", "008")])
@pytest.mark.parametrize("code", ["M6", "M8"])
def test_mac_commands_name_no_other_key_type_than_a_mac_key(code: str, key_type: str, bench: Any) -> None:
    assert bench.error(f"{code}01031{key_type}{bench.key(key_type)}001011223344556677889911AABB") == "04"


def test_with_pci_types_a_terminal_key_is_70d_and_a_verification_key_still_002(bench: Any) -> None:
    hsm = HostCommands(types=KeyTypes(tpk="70D"))
    zpk, pvk, tail = bench.key("001"), bench.key("002"), f"01{bench.account}"

    def error(command: str) -> bytes:
        return hsm.handle(command.encode())[2:4]

    assert error(f"CA{bench.key('70D')}{zpk}12{bench.block('70D')}0101{bench.account}") == b"00"
    assert error(f"CA{bench.key('002')}{zpk}12{bench.block('002')}0101{bench.account}") == b"10"
    assert error(f"DC{bench.key('70D')}{pvk}{bench.block('70D')}{tail}1{bench.pvv()}") == b"00"
    assert error(f"DC{bench.key('70D')}{bench.key('70D')}{bench.block('70D')}{tail}1{bench.pvv()}") == b"11"


@pytest.mark.parametrize(("code", "place"), [("CW", 0), ("CY", 0), ("DC", 1), ("EC", 1), ("DG", 0)])
@pytest.mark.parametrize("scheme", ["T", "Y"])
def test_a_verification_key_is_of_double_length(scheme: str, code: str, place: int, bench: Any) -> None:
    key = bench.key(KEYS[code][place])
    command = bench.commands()[code]
    at = nth(command, key, place)
    longer = bench.key(KEYS[code][place], scheme)
    assert bench.error(command[:at] + longer + command[at + len(key) :]) == "27"


@pytest.mark.parametrize("code", ["CA", "CC", "DC", "EC", "CW", "CY", "DG", "JC", "JE", "JG", "M0", "M6", "BU"])
def test_a_weak_key_is_75_in_every_command(code: str, bench: Any) -> None:
    right = KEYS[code][0]
    half = bench.clear(right)[:8]
    for clear in (bytes.fromhex("01" * 8) + half, half + half):
        weak = encrypt_key(clear, right)
        command = bench.commands()[code]
        assert bench.error(command.replace(bench.key(right), weak, 1)) == "75"
