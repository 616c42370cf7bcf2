"""IBM 3624: DA, EA, DE, EE, BK, DU beside psec; lengths, tables, validation data, and the warning 02."""

from typing import Any

import psec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import pinblock
from switch.hsm.blocklmk import TEST_AES_LMK, About
from switch.hsm.commands import HostCommands, Policy

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

TABLE, VALIDATION = "8765432109876543", "1111111111N0"
PINS = st.text("0123456789", min_size=4, max_size=12)
ACCOUNTS = st.text("0123456789", min_size=12, max_size=12)
TABLES = st.permutations("01234567890123456"[:16]).map("".join)


def rest(account: str, pin: str, table: str = TABLE, validation: str = VALIDATION) -> str:
    return f"{len(pin):02d}{account}{table}{validation}"


@given(pin=PINS, account=ACCOUNTS, table=TABLES)
def test_offset_pin_and_verification_agree_with_psec(pin: str, account: str, table: str, bench: Any) -> None:
    clear, pvk = bench.clear("002"), bench.key("002")
    tail = rest(account, pin, table)
    data = VALIDATION.replace("N", account[-5:])
    expected = psec.pin.generate_ibm3624_offset(clear, table, pin, data, 0, 16, "F")
    offset = bench.ask(f"DE{pvk}0{pin}{tail}")
    assert offset == "DF00" + expected.ljust(12, "F")
    sealed = bench.ask(f"EE{pvk}{offset[4:]}{tail}")
    block = bench.block("001", "05", pin, account)
    assert bench.error(f"EA{bench.key('001')}{pvk}12{block}05{tail}{offset[4:]}") == "00"
    assert bench.ask(f"DG{pvk}{sealed[4:]}{account}1") == bench.ask(f"DG{pvk}0{pin}{account}1")


@given(pin=PINS, other=PINS)
@pytest.mark.parametrize(("code", "kind"), [("DA", "002"), ("EA", "001")])
def test_another_pin_is_01(code: str, kind: str, pin: str, other: str, bench: Any) -> None:
    tail = rest(bench.account, pin)
    offset = bench.ask(f"DE{bench.key('002')}0{pin}{tail}")[4:]
    block = bench.block(kind, "01", other)
    found = bench.error(f"{code}{bench.key(kind)}{bench.key('002')}12{block}01{tail}{offset}")
    if len(other) < len(pin):
        assert found == "24"
    else:
        assert found == ("00" if other.startswith(pin) else "01")


@pytest.mark.parametrize("code", ["DA", "EA", "DE", "EE", "BK", "DU"])
def test_a_table_with_few_values_is_25_in_every_command(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    for table in ("0000011111222223", "0123456701234567"[:7] + "0" * 9, "A765432109876543"):
        assert bench.error(good.replace(TABLE, table)) == "25"


@pytest.mark.parametrize("code", ["DA", "EA", "DE", "EE", "BK", "DU"])
def test_a_check_length_out_of_4_to_12_is_24_and_one_that_is_no_number_15(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    mark = f"04{bench.account}{TABLE}"
    assert good.count(mark) == 1
    for length, expected in (("03", "24"), ("13", "24"), ("00", "24"), ("0A", "15"), ("06", "24")):
        assert bench.error(good.replace(mark, f"{length}{bench.account}{TABLE}")) == expected


@pytest.mark.parametrize("code", ["DA", "EA", "DE", "EE", "BK", "DU"])
def test_validation_data_has_one_n_among_hex_digits(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    for data in ("111111111110", "11111111N1N0", "1111111111n0", "111111G111N0"):
        assert bench.error(good.replace(VALIDATION, data)) == "15"


@pytest.mark.parametrize("code", ["DA", "EA", "EE", "DU"])
def test_an_offset_is_digits_with_f_behind_as_many_as_are_checked(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    offset = bench.ask(bench.commands()["DE"])[4:]
    for wrong, expected in (("F" * 12, "15"), ("123FFFFFFFFF", "15"), ("12345FFFFFFF", "24"), ("1F34FFFFFFFF", "15")):
        assert bench.error(good.replace(offset, wrong)) == expected


def test_a_long_key_is_a_warning_where_the_policy_says_so(bench: Any) -> None:
    hsm = HostCommands(policy=Policy(warn_long_pvk=True), raise_bugs=True)
    for code in ("DA", "EA", "DE", "EE", "BK", "DU"):
        good = bench.commands()[code]
        asked, warned = bench.ask(good), hsm.handle(good.encode()).decode()
        assert warned[2:4] == "02"
        assert len(warned) == len(asked)
    pin, single = bench.pin, bench.key("002", "Z")
    command = f"DE{single}0{pin}{rest(bench.account, pin)}"
    assert hsm.handle(command.encode())[2:4] == b"00"


def test_a_wrong_pin_is_never_a_warning(bench: Any) -> None:
    hsm = HostCommands(policy=Policy(warn_long_pvk=True))
    good = bench.commands()["EA"]
    wrong = good.replace(bench.block("001"), bench.block("001", pin="9999"))
    assert hsm.handle(wrong.encode()) == b"EB01"


@pytest.mark.parametrize("scheme", ["Z", "U", "T", "X", "Y"])
def test_verification_keys_of_every_length_are_used(scheme: str, bench: Any) -> None:
    pvk, pin = bench.key("002", scheme), bench.pin
    size = {"Z": 8, "T": 24, "Y": 24}.get(scheme, 16)
    found = bench.ask(f"DE{pvk}0{pin}{rest(bench.account, pin)}")
    data = VALIDATION.replace("N", bench.account[-5:])
    key = bench.clear("002", size)
    expected = psec.pin.generate_ibm3624_offset(key * 2 if size == 8 else key, TABLE, pin, data, 0, 16, "F")
    assert found == "DF00" + expected.ljust(12, "F")


def test_a_table_under_another_lmk_than_the_triple_des_one_is_25(bench: Any) -> None:
    pvk = TEST_AES_LMK.keep(bench.clear("002"), About("V1"))
    pin = bench.pin
    good = f"DE{pvk}0{pin}{rest(bench.account, pin)}%02"
    assert bench.error(good) == "00"
    assert bench.error(good.replace(TABLE, "709F26B22464E96A")) == "25"


def test_enciphered_tables_only_when_the_policy_says_so(bench: Any) -> None:
    hsm = HostCommands(policy=Policy(enciphered_tables=True))
    assert hsm.handle(bench.commands()["DE"].encode()) == b"DF25"


@pytest.mark.parametrize(("usage", "codes"), [("V1", ("DC", "EC", "DG")), ("V2", ("DA", "EA", "DE", "EE"))])
def test_a_key_block_for_one_method_is_not_used_for_the_other(usage: str, codes: tuple[str, ...], bench: Any) -> None:
    wrong = TEST_AES_LMK.keep(bench.clear("002"), About(usage))
    for code in codes:
        good = bench.commands()[code]
        changed = good
        for kind, usages in (("002", "P0"), ("001", "P0")):
            if good[2:].startswith(bench.key(kind)) and code not in ("DG", "DE", "EE"):
                changed = code + TEST_AES_LMK.keep(bench.clear(kind), About(usages)) + good[35:]
        at = changed.rindex(bench.key("002"))
        changed = changed[:at] + wrong + changed[at + 33 :]
        assert bench.error(changed + "%02") == "A6"


def test_change_needs_the_old_pin_and_gives_the_offset_of_the_new(bench: Any) -> None:
    good = bench.commands()["DU"]
    new = bench.ask(good)[4:]
    assert new == bench.ask(f"DE{bench.key('002')}04321{rest(bench.account, '4321')}")[4:]
    old = pinblock.encode("01", "1111", bench.account, "")
    assert bench.ask(good.replace(bench.block("001"), bench.encrypt("001", old), 1)) == "DV01"
