"""PIN translation and verification: what comes out, which translations are allowed, which blocks are refused."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import card, pinblock, tdes
from switch.hsm.commands import HostCommands, Policy

ISO_0, DIEBOLD, ISO_1, ISO_3 = "01", "03", "05", "47"
USED = (ISO_0, DIEBOLD, ISO_1, ISO_3)
DISABLED = ("02", "35", "41", "42", "46", "48")
# ISO 9564-1: a bound block stays bound, an unbound one may become bound; nothing becomes Diebold.
ALLOWED = {
    (ISO_0, ISO_0), (ISO_0, ISO_3), (ISO_3, ISO_0), (ISO_3, ISO_3),
    (ISO_1, ISO_0), (ISO_1, ISO_3), (ISO_1, ISO_1), (DIEBOLD, ISO_0), (DIEBOLD, ISO_3),
}  # fmt: skip
PINS = st.text("0123456789", min_size=4, max_size=12)
ACCOUNTS = st.text("0123456789", min_size=12, max_size=12)


def translation(
    bench: Any, code: str, block: str, source: str, destination: str, account: str, most: str = "12"
) -> str:
    key = bench.key({"CA": "002", "CC": "001"}[code])
    return f"{code}{key}{bench.key('001')}{most}{block}{source}{destination}{account}"


@pytest.mark.parametrize("code", ["CA", "CC"])
@pytest.mark.parametrize(("source", "destination"), sorted(ALLOWED))
@given(pin=PINS, account=ACCOUNTS)
def test_an_allowed_translation_carries_the_pin(
    code: str, source: str, destination: str, pin: str, account: str, bench: Any
) -> None:
    block = bench.block({"CA": "002", "CC": "001"}[code], source, pin, account)
    reply = bench.ask(translation(bench, code, block, source, destination, account))
    assert reply[:6] == f"{code[0]}{chr(ord(code[1]) + 1)}00{len(pin):02d}"
    assert reply[-2:] == destination
    assert pinblock.decode(destination, bench.decrypt("001", reply[6:22]), account) == pin


@pytest.mark.parametrize("code", ["CA", "CC"])
@pytest.mark.parametrize(("source", "destination"), sorted(set(product(USED, USED)) - ALLOWED))
def test_a_translation_that_would_unbind_the_pin_is_refused(
    code: str, source: str, destination: str, bench: Any
) -> None:
    block = bench.block({"CA": "002", "CC": "001"}[code], source)
    assert bench.error(translation(bench, code, block, source, destination, bench.account)) in ("23", "69")


def test_diebold_stays_diebold_only_where_the_policy_says_so(bench: Any) -> None:
    hsm = HostCommands(policy=Policy(diebold_destination=True))
    zpk = bench.key("001")
    for source, expected in ((DIEBOLD, b"00"), (ISO_0, b"23"), (ISO_1, b"23"), (ISO_3, b"23")):
        command = f"CC{zpk}{zpk}12{bench.block('001', source)}{source}{DIEBOLD}{bench.account}"
        assert hsm.handle(command.encode())[2:4] == expected


@pytest.mark.parametrize("unknown", ["00", "06", "34", "49", "99"])
def test_an_unknown_format_is_23_and_a_known_one_not_in_use_69(unknown: str, bench: Any) -> None:
    block = bench.block("002")
    for pair in ((unknown, ISO_0), (ISO_0, unknown)):
        assert bench.error(translation(bench, "CA", block, *pair, bench.account)) == "23"
    for disabled in DISABLED:
        for pair in ((disabled, ISO_0), (ISO_0, disabled)):
            assert bench.error(translation(bench, "CA", block, *pair, bench.account)) == "69"


def test_random_filler_makes_two_blocks_of_one_pin_differ(bench: Any) -> None:
    command = translation(bench, "CA", bench.block("002"), ISO_0, ISO_3, bench.account)
    assert len({bench.ask(command) for _ in range(20)}) > 1


# Clear blocks, before the account, that a decoder must refuse.
BAD_BLOCKS = {
    "control": ("141234FFFFFFFFFF", "20"),
    "filler": ("041234FFFFFFFFF0", "20"),
    "filler digits": ("0412341234567890", "20"),
    "letter in the PIN": ("0412A4FFFFFFFFFF", "20"),
    "PIN of 3": ("03123FFFFFFFFFFF", "24"),
    "PIN of 13": ("0D1234567890123F", "24"),
    "no PIN": ("00FFFFFFFFFFFFFF", "24"),
}


@pytest.mark.parametrize("name", sorted(BAD_BLOCKS))
@pytest.mark.parametrize("code", ["CA", "CC", "DC", "EC", "JC", "JE"])
def test_a_block_that_does_not_decode_is_refused_even_from_format_0_to_0(code: str, name: str, bench: Any) -> None:
    clear, error = BAD_BLOCKS[name]
    key_type = "002" if code in ("CA", "DC", "JC") else "001"
    bound = int(clear, 16) ^ int(bench.account, 16)
    bad = bench.encrypt(key_type, bound.to_bytes(8, "big"))
    command = bench.commands()[code].replace(bench.block(key_type), bad)
    assert bench.error(command) == error


@pytest.mark.parametrize("code", ["CA", "CC", "DC", "EC", "JC", "JE"])
def test_a_block_under_another_key_or_for_another_account_is_20(code: str, bench: Any) -> None:
    key_type, other = ("002", "001") if code in ("CA", "DC", "JC") else ("001", "002")
    command = bench.commands()[code]
    assert bench.error(command.replace(bench.block(key_type), bench.block(other))) == "20"
    assert bench.error(command.replace(bench.account, "111111111112")) == "20"


@pytest.mark.parametrize(
    ("pin", "most", "error"), [("123456", "06", "00"), ("123456", "05", "24"), ("1234", "00", "24")]
)
def test_a_pin_longer_than_the_command_allows_is_24(pin: str, most: str, error: str, bench: Any) -> None:
    block = bench.block("002", pin=pin)
    assert bench.error(translation(bench, "CA", block, ISO_0, ISO_0, bench.account, most)) == error


@pytest.mark.parametrize(("code", "key_type"), [("DC", "002"), ("EC", "001")])
@given(pin=PINS, account=ACCOUNTS, key_index=st.sampled_from("0123456"), source=st.sampled_from(USED), data=st.data())
def test_a_pvv_is_right_only_as_computed(
    code: str, key_type: str, pin: str, account: str, key_index: str, source: str, data: Any, bench: Any
) -> None:
    right = card.pvv(bench.clear("002"), account, key_index, pin)
    wrong = data.draw(st.text("0123456789", min_size=4, max_size=4).filter(lambda other: other != right))
    block = bench.block(key_type, source, pin, account)
    head = f"{code}{bench.key(key_type)}{bench.key('002')}{block}{source}{account}{key_index}"
    assert bench.error(head + right) == "00"
    assert bench.error(head + wrong) == "01"


def test_a_wrong_pin_is_01_and_the_right_one_is_00_again_after_it(bench: Any) -> None:
    right, wrong = (
        bench.commands()["EC"],
        bench.commands()["EC"].replace(bench.block("001"), bench.block("001", pin="1235")),
    )
    assert [bench.error(command) for command in (right, wrong, wrong, wrong, right)] == ["00", "01", "01", "01", "00"]


@given(pin=PINS, account=ACCOUNTS, code=st.sampled_from((ISO_0, ISO_3)))
def test_a_pin_under_the_lmk_goes_to_a_zone_and_back(pin: str, account: str, code: str, bench: Any) -> None:
    zpk = bench.key("001")
    block = bench.ask(f"JG{zpk}{code}{account}0{pin}")
    assert block[:4] == "JH00"
    assert pinblock.decode(code, bench.decrypt("001", block[4:]), account) == pin
    sealed = bench.ask(f"JE{zpk}{block[4:]}{code}{account}")[4:]
    assert (len(sealed), sealed[0] != "0", pin in sealed[1:]) == (len(pin) + 1, True, False) or len(pin) < 6
    again = bench.ask(f"JG{zpk}{code}{account}{sealed}")
    assert pinblock.decode(code, bench.decrypt("001", again[4:]), account) == pin


def test_a_pin_under_the_lmk_does_not_lose_its_account(bench: Any) -> None:
    """Else JE and JG together would do what CC refuses."""
    assert bench.error(f"JG{bench.key('001')}{ISO_1}{bench.account}01234") == "69"


@given(pin=PINS, account=ACCOUNTS, key_index=st.sampled_from("0123456"))
def test_dg_generates_what_ec_verifies(pin: str, account: str, key_index: str, bench: Any) -> None:
    pvv = bench.ask(f"DG{bench.key('002')}0{pin}{account}{key_index}")[4:]
    block = bench.block("001", pin=pin, account=account)
    assert bench.error(f"EC{bench.key('001')}{bench.key('002')}{block}01{account}{key_index}{pvv}") == "00"


@pytest.mark.parametrize(
    ("pin", "error"), [("0123", "24"), ("01234567890123", "24"), ("", "15"), ("11234", "14"), ("012a4", "15")]
)
def test_what_is_no_pin_under_the_lmk_is_refused(pin: str, error: str, bench: Any) -> None:
    assert bench.error(f"JG{bench.key('001')}01{bench.account}{pin}") == error


def test_the_reply_to_a_translation_holds_no_clear_pin(bench: Any) -> None:
    reply = bench.ask(translation(bench, "CA", bench.block("002", pin="907856"), ISO_0, ISO_0, bench.account))
    assert "907856" not in reply
    assert bytes.fromhex(reply[6:22]) != tdes.decrypt(bench.clear("001"), bytes.fromhex(reply[6:22]))


def test_twelve_digits_do_not_make_another_card_of_a_plus_block(bench: Any) -> None:
    zpk, account = bench.key("001"), "400000987654"
    for source, destination in (("04", ISO_0), ("04", ISO_3)):
        command = f"CC{zpk}{zpk}12{bench.block('001', source, account=account)}{source}{destination}{account}"
        assert HostCommands(policy=Policy(diebold_destination=True)).handle(command.encode())[2:4] == b"22"
