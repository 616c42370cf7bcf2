"""Every PIN block format into every other one: one table says what is done, and how the rest is refused."""

from itertools import product
from typing import Any

import pytest

from switch.crypto import pinblock, pinblock4
from switch.hsm.blocklmk import TEST_AES_LMK, About
from switch.hsm.commands import HostCommands, Policy
from switch.hsm.lmk import encrypt_key

ISO_0, DIEBOLD, PLUS, ISO_1, ISO_2, ISO_3, ISO_4 = "01", "03", "04", "05", "34", "47", "48"
FORMATS = (ISO_0, DIEBOLD, PLUS, ISO_1, ISO_2, ISO_3, ISO_4)
BOUND = {ISO_0, ISO_3, ISO_4}
PAN, PIN = "4123456789012345678", "12345"
AES_KEY = bytes(range(1, 33))
# PCI PIN requirement 3 and ISO 9564-1: what each format may become.
ALLOWED = {
    ISO_0: BOUND,
    ISO_3: BOUND,
    ISO_4: BOUND,
    ISO_1: BOUND | {ISO_1},
    ISO_2: set(),
    DIEBOLD: BOUND,
    PLUS: BOUND,
}


def key(bench: Any, code: str) -> str:
    """A ZPK under the AES LMK: AES for format 48, else triple DES."""
    if code == ISO_4:
        return TEST_AES_LMK.keep(AES_KEY, About("P0", "A"))
    return TEST_AES_LMK.keep(bench.clear("001"), About("P0"))


def account_for(code: str) -> str:
    return pinblock.plus_account_of(PAN) if code == PLUS else pinblock.account_of(PAN)


def block(bench: Any, code: str) -> str:
    if code == ISO_4:
        return pinblock4.encipher(AES_KEY, PIN, PAN, "0123456789ABCDEF").hex().upper()
    return bench.encrypt("001", pinblock.encode(code, PIN, account_for(code), "0123456789ABCDEF"))


def translated(bench: Any, hsm: HostCommands, source: str, destination: str) -> str:
    whole = {source, destination} & {ISO_4, PLUS}
    account = f"{PAN};" if whole else pinblock.account_of(PAN)
    keys = f"{key(bench, source)}{key(bench, destination)}"
    command = f"CC{keys}12{block(bench, source)}{source}{destination}{account}%02"
    return hsm.handle(command.encode()).decode()


def pin_in(bench: Any, code: str, made: str) -> str:
    if code == ISO_4:
        return pinblock4.decipher(AES_KEY, bytes.fromhex(made), PAN)
    return pinblock.decode(code, bench.decrypt("001", made), account_for(code))


@pytest.mark.parametrize(("source", "destination"), list(product(FORMATS, FORMATS)))
def test_each_pair_of_formats_is_translated_or_refused_as_the_table_says(
    source: str, destination: str, bench: Any
) -> None:
    reply = translated(bench, bench.hsm, source, destination)
    if destination in ALLOWED[source]:
        assert reply[:6] == "CD0005"
        assert reply[-2:] == destination
        assert pin_in(bench, destination, reply[6:-2]) == PIN
    else:
        assert reply in ("CD23", "CD69")


@pytest.mark.parametrize(("source", "destination"), list(product(FORMATS, FORMATS)))
def test_the_policy_lets_blocks_of_own_formats_stay_what_they_are_and_nothing_else(
    source: str, destination: str, bench: Any
) -> None:
    hsm = HostCommands(policy=Policy(diebold_destination=True), raise_bugs=True)
    allowed = destination in ALLOWED[source] or source == destination in (DIEBOLD, PLUS)
    assert (translated(bench, hsm, source, destination)[2:4] == "00") == allowed


@pytest.mark.parametrize(("source", "destination"), [(a, b) for a, many in ALLOWED.items() for b in sorted(many)])
def test_a_format_that_the_policy_disables_is_69_on_either_side(source: str, destination: str, bench: Any) -> None:
    for disabled in (source, destination):
        hsm = HostCommands(policy=Policy(disabled_formats=frozenset({disabled})))
        assert translated(bench, hsm, source, destination) == "CD69"


@pytest.mark.parametrize("source", sorted(BOUND | {PLUS}))
def test_a_bound_block_of_another_card_is_not_translated(source: str, bench: Any) -> None:
    other = PAN[:1] + "9" + PAN[2:-2] + "99"
    account = f"{other};" if source in (ISO_4, PLUS) else pinblock.account_of(other)
    command = f"CC{key(bench, source)}{key(bench, ISO_0)}12{block(bench, source)}{source}{ISO_0}{account}%02"
    assert bench.error(command) in ("20", "24")


@pytest.mark.parametrize("code", [ISO_0, PLUS, ISO_1, ISO_3, DIEBOLD])
@pytest.mark.parametrize("command", ["EA", "EC", "JE"])
def test_each_format_is_opened_by_the_commands_that_verify(command: str, code: str, bench: Any) -> None:
    whole = "4111111111111111"  # both accounts of it are those of the bench
    account = "411111111111" if code == PLUS else bench.account
    made = bench.encrypt("001", pinblock.encode(code, bench.pin, account, "0123456789ABCDEF"))
    good = bench.commands()[command]
    assert good.count(f"{bench.block('001')}01") == 1
    changed = good.replace(f"{bench.block('001')}01", f"{made}{code}")
    if code == PLUS:
        changed = changed.replace(bench.account, f"{whole};", 1)
    assert bench.error(changed) == "00"


def test_a_format_2_block_is_opened_by_no_command(bench: Any) -> None:
    made = bench.encrypt("001", pinblock.encode(ISO_2, bench.pin, bench.account, ""))
    for command in ("EA", "EC", "JE", "BK", "DU", "FW", "CU"):
        changed = bench.commands()[command].replace(f"{bench.block('001')}01", f"{made}{ISO_2}")
        assert bench.error(changed) == "69", command


def test_the_key_of_a_block_is_of_the_formats_cipher(bench: Any) -> None:
    zpk = encrypt_key(bench.clear("001"), "001")
    assert bench.error(f"CC{zpk}{zpk}12{bench.block('001')}01484111111111111111;") == "69"
    aes = key(bench, ISO_4)
    assert bench.error(f"CC{aes}{aes}12{block(bench, ISO_4)}0101{pinblock.account_of(PAN)}%02") == "23"
