"""Key-block LMKs: keys made, moved and used as blocks, and every kind of block in every slot."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import pinblock4
from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK, About
from switch.hsm.commands import HostCommands
from switch.hsm.faults import KeyFault
from switch.hsm.kinds import KINDS
from switch.hsm.table import TABLE

LMKS = {"01": TEST_BLOCK_LMK, "02": TEST_AES_LMK}
# Commands whose keys are of a kind, which blocks can replace as they stand.
CODES = [code for code, row in sorted(TABLE.items()) if row.keys and not any(key.typed_by for key in row.keys)]
CODES = [code for code in CODES if code not in ("A0", "A6", "MS")]
# Where a base key as destination is another command of its own.
DUKPT = ("CA", "G0")
PAN = "4111111111111111"


def block(bench: Any, kind: str, number: str, mode: str = "N") -> str:
    clear = bench.clear(KINDS[kind].code)
    return LMKS[number].keep(clear, About(KINDS[kind].usages[0], mode=mode))


def with_blocks(bench: Any, code: str, number: str, kinds: list[str]) -> str:
    row, command = TABLE[code], bench.commands()[code]
    fields = row.parse(command)[0]
    at = 2
    for key, kind in zip(row.keys, kinds, strict=True):
        if fields[key.name] is None:
            continue
        at = command.index(fields[key.name], at)
        new = block(bench, kind, number)
        command = command[:at] + new + command[at + len(fields[key.name]) :]
        at += len(new)
    return f"{command}%{number}"


@pytest.mark.parametrize("number", sorted(LMKS))
@pytest.mark.parametrize("code", CODES)
def test_blocks_of_the_right_kinds_are_used_as_variant_keys_are(code: str, number: str, bench: Any) -> None:
    kinds = [key.kind for key in TABLE[code].keys]
    assert bench.error(with_blocks(bench, code, number, kinds)) == "00"


@pytest.mark.parametrize("wrong", sorted(KINDS))
@pytest.mark.parametrize("code", CODES)
def test_a_block_of_another_kind_is_a6_in_every_slot(code: str, wrong: str, bench: Any) -> None:
    row = TABLE[code]
    fields = row.parse(bench.commands()[code])[0]
    for place, key in enumerate(row.keys):
        if KINDS[wrong].usages[0] in KINDS[key.kind].usages or (code in DUKPT and wrong == "BDK" and place):
            continue
        if fields[key.name] is None:
            continue
        kinds = [other.kind for other in row.keys]
        kinds[place] = wrong
        assert bench.error(with_blocks(bench, code, "01", kinds)) == "A6"


def test_the_mode_of_use_of_a_block_decides_what_is_done_with_it(bench: Any) -> None:
    tail = f"{PAN};3012201%01"
    generating, verifying = (block(bench, "CVK", "01", mode) for mode in "GV")
    cvv = bench.ask(f"CW{generating}{tail}")[4:]
    assert bench.error(f"CW{verifying}{tail}") == "A8"
    assert bench.error(f"CY{verifying}{cvv}{tail}") == "00"
    assert bench.error(f"CY{generating}{cvv}{tail}") == "A8"


@given(place=st.integers(17, 71), data=st.data())
def test_a_changed_block_is_never_used(place: int, data: Any, bench: Any) -> None:
    good = block(bench, "CVK", "01")
    changed = data.draw(st.sampled_from([c for c in "0123456789ABCDEF" if c != good[place]]))
    reply = bench.error(f"CW{good[:place]}{changed}{good[place + 1 :]}{PAN};3012201%01")
    assert reply == "A4"


@pytest.mark.parametrize(
    ("number", "algorithm", "size"),
    [("01", "T2", 16), ("01", "T3", 24), ("02", "T2", 16), ("02", "T3", 24), ("02", "A1", 16), ("02", "A3", 32)],
)
def test_a_generated_block_says_what_was_asked_and_holds_such_a_key(
    number: str, algorithm: str, size: int, bench: Any
) -> None:
    reply = bench.ask(f"A00FFFS%{number}#D0{algorithm}B00E00")
    clear = LMKS[number].open(reply[4:-6])
    assert (reply[:4], len(clear), clear.usage, clear.mode) == ("A100", size, "D0", "B")
    assert bench.ask(f"BUFFF{reply[4:-6]}%{number}") == f"BV00{reply[-6:]}"


@pytest.mark.parametrize("scheme", ["S", "R", "X"])
def test_a_key_exported_as_a_block_comes_back(scheme: str, bench: Any) -> None:
    zmk, zpk = block(bench, "ZMK", "01"), TEST_BLOCK_LMK.keep(bench.clear("001"), About("72", exportability="S"))
    exported = bench.ask(f"A8FFF{zmk}{zpk}{scheme}%01")
    assert (exported[:4], exported[4]) == ("A900", scheme)
    header = "#72T2N00E00" if scheme == "X" else ""
    imported = bench.ask(f"A6FFF{zmk}{exported[4:-6]}S%01{header}")
    assert (imported[:4], imported[-6:]) == ("A700", exported[-6:])
    assert TEST_BLOCK_LMK.open(imported[4:-6]) == bench.clear("001")


def test_a_key_that_may_not_leave_does_not(bench: Any) -> None:
    zpk = TEST_BLOCK_LMK.keep(bench.clear("001"), About("72", exportability="N"))
    for scheme in "SRX":
        assert bench.error(f"A8FFF{block(bench, 'ZMK', '01')}{zpk}{scheme}%01") == "AA"


def test_a_variant_key_is_26_under_a_key_block_lmk_and_a_block_under_a_variant_one(bench: Any) -> None:
    tail = f"{PAN};3012201"
    assert bench.error(f"CW{bench.key('402')}{tail}%01") == "26"
    assert bench.error(f"CW{block(bench, 'CVK', '01')}{tail}") == "26"
    assert bench.error(f"CW{block(bench, 'CVK', '01')}{tail}%02") in ("A4", "27")


def test_a_pin_goes_from_3des_to_aes_and_back_with_the_whole_pan(bench: Any) -> None:
    clear = bytes(range(1, 33))
    aes = TEST_AES_LMK.keep(clear, About("72", algorithm="A"))
    des, account = block(bench, "ZPK", "02"), PAN[3:15]
    reply = bench.ask(f"CC{des}{aes}12{bench.block('001', account=account)}0148{PAN};%02")
    assert (reply[:6], reply[-2:], len(reply)) == ("CD0004", "48", 40)
    assert pinblock4.decipher(clear, bytes.fromhex(reply[6:38]), PAN) == bench.pin
    back = bench.ask(f"CC{aes}{des}12{reply[6:38]}4801{PAN};%02")
    assert back == f"CD0004{bench.block('001', account=account)}01"
    assert bench.error(f"CC{aes}{des}12{reply[6:38]}4801{PAN[:15]}2;%02") == "20"
    assert bench.error(f"CC{aes}{des}12{reply[6:38]}4805{PAN};%02") == "23"
    assert bench.error(f"CC{des}{des}12{bench.block('001', account=account)}0148{PAN};%02") == "69"


def test_a_test_lmk_is_refused_in_production() -> None:
    with pytest.raises(ValueError, match="test LMK"):
        HostCommands(production=True)


def test_a_field_that_is_no_block_is_a_fault() -> None:
    with pytest.raises(KeyFault):
        TEST_BLOCK_LMK.open("U" + "0" * 32)
