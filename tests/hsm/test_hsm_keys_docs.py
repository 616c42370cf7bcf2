"""The numbers of docs/hsm_keys.rst, computed again from the pairs, variants and schemes as the page tells them."""

import re
from pathlib import Path

import pytest

from switch.crypto import keyblock, tdes
from switch.hsm.blocklmk import TEST_BLOCK_LMK
from switch.hsm.console import KeyConsole, Wanted
from switch.hsm.kinds import KINDS
from switch.hsm.policy import KeyTypes, Policy
from switch.hsm.vault import Vault

PAGES = Path(__file__).parents[2] / "docs"
PAGE = (PAGES / "hsm_keys.rst").read_text(encoding="utf-8")
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
VARIANTS = (0, 0xA6, 0x5A, 0x6A, 0xDE, 0x2B, 0x50, 0x74, 0x9C, 0xFA)
ROW = re.compile(
    r"^(\S+) +([0-9A-F]{3}) +(\d\d-\d\d) +([0-9A-F]{2}) +``(U[0-9A-F]{32})`` +``(S\w{16})``$", re.MULTILINE
)
ROWS = ROW.findall(PAGE)


def pair(numbers: str) -> bytes:
    """A pair of the public test LMK, as docs/hsm.rst has it."""
    found = re.search(rf"^{numbers} +\S+ +(.*)$", (PAGES / "hsm.rst").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    parts = re.findall(r"``([0-9A-F]+)``(?: x (\d+))?", found[1])
    return b"".join(bytes.fromhex(digits) * int(times or 1) for digits, times in parts)


def test_every_kind_has_its_row() -> None:
    assert [row[0] for row in ROWS] == list(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_example_of_a_kind(row: tuple[str, ...]) -> None:
    name, code, numbers, first, field, header = row
    assert code == KINDS[name].code
    key = bytearray(pair(numbers))
    assert len(key) == 16
    key[0] ^= VARIANTS[int(code[0])]
    assert key[0] == int(first, 16)
    halves = []
    for half, variant in ((KEY[:8], 0xA6), (KEY[8:], 0x5A)):
        varied = bytearray(key)
        varied[8] ^= variant
        halves.append(tdes.encrypt(bytes(varied), half).hex().upper())
    assert field == "U" + "".join(halves)
    console = KeyConsole(Vault(TEST_BLOCK_LMK, KeyTypes(), Policy()))
    assert console.generate(Wanted(name)).key[:17] == header


def test_the_steps_of_the_worked_example() -> None:
    left, right = bytes.fromhex("3EE001010101010157F1010101010101"), bytes.fromhex("3EE0010101010101ABF1010101010101")
    shown = (tdes.encrypt(left, KEY[:8]).hex().upper(), tdes.encrypt(right, KEY[8:]).hex().upper())
    for text in (
        *shown,
        "3EE0010101010101 57F1010101010101",
        "3EE0010101010101 ABF1010101010101",
        "U" + "".join(shown),
    ):
        assert f"``{text}``" in PAGE


def test_the_worked_block_opens_to_the_example_key_and_its_parts_are_told() -> None:
    (block,) = re.findall(r"^    (S00072\w+)$", PAGE, re.MULTILINE)
    found = keyblock.unwrap(TEST_BLOCK_LMK.secret, block)
    assert found.key == KEY
    assert len(block) == 1 + int(block[2:6])
    parts = re.findall(r"^``(\w+)(?:\.\.\.)?`` +\S", PAGE.split(block)[1], re.MULTILINE)
    assert parts[:10] == ["S", "0", "0072", "C0", "T", "N", "00", "E", "00", "01"]
    assert "".join(parts[:10]) == block[:17]
    assert block[17:].startswith(parts[10])
    assert block[-8:].startswith(parts[11])
    assert (tdes.key_check_value(KEY)[:6], tdes.cmac_check_value(KEY)[:10]) == ("08D7B4", "0A82458664")
