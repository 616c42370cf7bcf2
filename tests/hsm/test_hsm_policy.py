"""What the security officer sets: commands and formats switched off, PIN lengths, the authorised state, its log."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from switch.hsm import lmkpin
from switch.hsm.commands import HostCommands, Policy
from switch.hsm.faults import CommandFault
from switch.hsm.table import TABLE, Command

KEY = bytes(range(16))


def error(hsm: HostCommands, command: str) -> str:
    return hsm.handle(command.encode("latin-1"))[2:4].decode()


@pytest.mark.parametrize("code", sorted(TABLE))
def test_a_disabled_command_is_68_and_no_other_is(code: str, bench: Any) -> None:
    hsm = HostCommands(policy=Policy(disabled_commands=frozenset({code}), authorised=frozenset({"BA"})))
    for other, command in bench.commands().items():
        assert error(hsm, command) == ("68" if other == code else "00")


@pytest.mark.parametrize("code", ["CA", "CC", "DC", "EC", "JC", "JE", "JG", "CU"])
def test_a_disabled_format_is_69(code: str, bench: Any) -> None:
    hsm = HostCommands(policy=Policy(disabled_formats=frozenset({"01"})))
    assert error(hsm, bench.commands()[code]) == "69"


@pytest.mark.parametrize("code", ["CA", "CC", "DC", "EC", "JC", "JE", "CU"])
def test_a_pin_shorter_than_the_policy_allows_is_24(code: str, bench: Any) -> None:
    assert error(HostCommands(policy=Policy(min_pin=5)), bench.commands()[code]) == "24"


def test_a_clear_pin_is_enciphered_in_the_authorised_state_only_and_logged_without_it(bench: Any) -> None:
    hsm, command = HostCommands(), f"BA9753F{bench.account}"
    with capture_logs() as lines:
        assert error(hsm, command) == "17"
        hsm.authorise(True)
        sealed = hsm.handle(command.encode()).decode()
        hsm.authorise(False)
        assert error(hsm, command) == "17"
    assert sealed[:4] == "BB00"
    assert [line["event"] for line in lines].count("authorised command") == 3
    assert "9753" not in repr(lines)
    assert bench.account not in repr(lines)
    assert error(hsm, f"JG{bench.key('001')}01{bench.account}{sealed[4:]}") == "00"


def test_the_clear_form_of_a_pin_is_refused_where_the_policy_says_so(bench: Any) -> None:
    hsm = HostCommands(policy=Policy(clear_pins=False))
    assert error(hsm, f"JG{bench.key('001')}01{bench.account}01234") == "14"


def test_with_a_fixed_length_every_pin_under_the_lmk_has_it(bench: Any) -> None:
    hsm = HostCommands(policy=Policy(pin_field=9))
    for pin in ("1234", "12345678"):
        reply = hsm.handle(f"JE{bench.key('001')}{bench.block('001', pin=pin)}01{bench.account}".encode())
        assert len(reply) == 4 + 9
        assert error(hsm, f"JG{bench.key('001')}01{bench.account}{reply[4:].decode()}") == "00"
    assert error(hsm, f"JE{bench.key('001')}{bench.block('001', pin='123456789')}01{bench.account}") == "24"


@given(
    pin=st.text("0123456789", min_size=4, max_size=12),
    account=st.text("0123456789", min_size=12, max_size=12),
    more=st.integers(1, 9),
)
def test_a_pin_under_the_lmk_opens_to_itself_for_its_account(pin: str, account: str, more: int) -> None:
    length = min(13, len(pin) + more)
    sealed = lmkpin.seal(KEY, pin, account, length)
    assert (len(sealed), sealed[0] == "0") == (length, False)
    assert lmkpin.unseal(KEY, sealed, account) == pin


def test_another_account_or_key_opens_a_pin_under_the_lmk_to_something_else() -> None:
    sealed = lmkpin.seal(KEY, "123456789012", "1" * 12, 13)
    for key, account in ((KEY, "1" * 11 + "2"), (bytes(16), "1" * 12)):
        try:
            assert lmkpin.unseal(key, sealed, account) != "123456789012"
        except CommandFault as fault:
            assert fault.code == "14"


def test_all_pins_of_one_length_have_seals_of_their_own() -> None:
    seals = {lmkpin.seal(KEY, f"{number:04d}", "1" * 12, 5) for number in range(10_000)}
    assert len(seals) == 10_000


def test_a_bug_is_answered_41_and_logged_without_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(vault: Any, data: str) -> str:
        raise RuntimeError(data)

    monkeypatch.setitem(TABLE, "B2", Command("B2", "Echo", TABLE["B2"].request, (), broken))
    with capture_logs() as lines:
        assert error(HostCommands(), "B20006SECRET") == "41"
    assert [line["error"] for line in lines] == ["RuntimeError"]
    assert "SECRET" not in repr(lines)
    with pytest.raises(RuntimeError):
        HostCommands(raise_bugs=True).handle(b"B20006SECRET")


@pytest.mark.parametrize("scheme", ["X", "Z"])
def test_keys_in_plain_schemes_neither_come_nor_go_when_the_policy_says_so(scheme: str, bench: Any) -> None:
    """Half of a key in X is a single-length key."""
    strict, zmk = HostCommands(policy=Policy(plain_schemes=False)), bench.key("000")
    double = scheme == "X"
    zpk = bench.key("001", "U" if double else "Z")
    gone = bench.ask(f"A8001{zmk}{zpk}{scheme}")
    assert gone[2:4] == "00"
    for command in (
        f"A8001{zmk}{zpk}{scheme}",
        f"A600A{zmk}{gone[4:-6]}{'U' if double else 'Z'}",
        f"A01001{'U' if double else 'Z'}{zmk}{scheme}",
    ):
        assert error(strict, command) == "26", command
    assert error(strict, f"A8001{zmk}{bench.key('001')}U") == "00"


def test_nor_are_they_used_or_made_under_the_lmk(bench: Any) -> None:
    """Half of a key in X would be one in Z, of the same kind."""
    strict = HostCommands(policy=Policy(plain_schemes=False))
    whole = bench.key("003", "X")
    for key in (whole, whole[1:17], bench.key("003", "Y")):
        assert error(bench.hsm, f"MA{key}message") == ("00" if key[0] != "Y" else "27")
        assert error(strict, f"MA{key}message") == "26"
    for scheme in "XYZ":
        assert error(strict, f"A00001{scheme}") == "26"
    for command in (f"CW{bench.key('402', 'X')[1:]}4111111111111111;3012201", f"IA{bench.key('000')}"):
        assert (error(bench.hsm, command), error(strict, command)) == ("00", "26")
    for scheme in "UT":
        assert error(strict, f"A00001{scheme}") == "00"
