"""The console's verbs under each kind of LMK, held against host commands and independent arithmetic."""

import pytest

from switch.crypto import aes, keyblock, tdes
from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK, BlockLmk
from switch.hsm.commands import HostCommands
from switch.hsm.console import KeyConsole, Wanted
from switch.hsm.faults import CommandFault
from switch.hsm.kinds import KINDS
from switch.hsm.lmk import TEST_LMK, Lmk, decrypt_key, encrypt_key, wrap
from switch.hsm.lmkmake import lmk_of
from switch.hsm.policy import KeyTypes, Policy
from switch.hsm.vault import Vault

ZMK = tdes.odd_parity(bytes(range(60, 76)))
ZPK = tdes.odd_parity(bytes(range(100, 116)))
HSM = HostCommands(raise_bugs=True)


def console(lmk: Lmk | BlockLmk = TEST_LMK, types: KeyTypes | None = None) -> KeyConsole:
    return KeyConsole(Vault(lmk, types or KeyTypes(), Policy()))


def code_of(fault: pytest.ExceptionInfo[CommandFault]) -> str:
    return fault.value.code


@pytest.mark.parametrize("kind", KINDS)
def test_host_commands_take_every_kind_that_is_generated(kind: str) -> None:
    made = console().generate(Wanted(kind))
    assert HSM.handle(f"BUFF1{made.key};{KINDS[kind].code};001".encode()) == f"BV00{made.check}".encode()
    block = console(TEST_BLOCK_LMK).generate(Wanted(kind))
    assert HSM.handle(f"BUFFF{block.key};FFF;001%01".encode()) == f"BV00{block.check}".encode()
    assert block.key[6:8] == KINDS[kind].usages[0]


@pytest.mark.parametrize(("scheme", "size"), [("Z", 8), ("U", 16), ("X", 16), ("T", 24), ("Y", 24)])
def test_a_key_has_the_scheme_and_length_that_are_asked_for(scheme: str, size: int) -> None:
    made = console().generate(Wanted("ZPK", scheme))
    clear = decrypt_key(made.key, "001")
    assert (len(clear), tdes.has_odd_parity(clear)) == (size, True)
    assert made.check == tdes.key_check_value(clear)[:6]
    assert made.key[0] == scheme or scheme == "Z"


@pytest.mark.parametrize(("algorithm", "size"), [("A1", 16), ("A2", 24), ("A3", 32)])
def test_aes_keys_are_blocks(algorithm: str, size: int) -> None:
    made = console(TEST_AES_LMK).generate(Wanted("ZPK", algorithm=algorithm, mode="E", exportability="N"))
    found = keyblock.unwrap(TEST_AES_LMK.secret, made.key)
    header = found.header
    assert (header.version, header.usage, header.algorithm, header.mode, header.exportability, header.context) == (
        "1", "P0", "A", "E", "N", "02",
    )  # fmt: skip
    assert len(found.key) == size
    assert made.check == aes.cmac(found.key, bytes(16)).hex().upper()[:6]


def test_the_xor_of_the_components_is_the_key() -> None:
    parts = [bytes(range(at, at + 16)) for at in (1, 70, 200)]
    clear = bytes(a ^ b ^ c for a, b, c in zip(*parts, strict=True))
    made = console().form(Wanted("CVK"), parts)
    assert decrypt_key(made.key, "402") == tdes.odd_parity(clear)
    assert made.check == tdes.key_check_value(clear)[:6]
    assert console().component_check(Wanted("CVK"), parts[0]) == tdes.key_check_value(parts[0])[:6]
    wanted = Wanted("ZPK", algorithm="A1")
    block = console(TEST_AES_LMK).form(wanted, parts[:2])
    assert keyblock.unwrap(TEST_AES_LMK.secret, block.key).key == bytes(a ^ b for a, b in zip(*parts[:2], strict=True))


@pytest.mark.parametrize("lmk", [TEST_LMK, TEST_BLOCK_LMK, TEST_AES_LMK], ids=repr)
def test_new_components_form_a_sound_key(lmk: Lmk | BlockLmk) -> None:
    wanted = Wanted("ZMK")
    parts = [console(lmk).new_component(wanted) for _ in range(3)]
    assert len(set(parts)) == 3
    assert all(tdes.has_odd_parity(part) for part in parts)
    made = console(lmk).form(wanted, parts)
    assert console(lmk).check(made.key, "ZMK")["check"] == made.check


def test_components_that_protect_nothing_or_do_not_fit_are_refused() -> None:
    part = bytes(range(16))
    cases: list[tuple[list[bytes], str]] = [
        ([part], "15"),
        ([part] * 2, "75"),
        ([part, bytes(16), bytes(1) * 16], "75"),
        ([part, bytes(a ^ 1 for a in part)], "75"),  # cancels out to a weak key
        ([part, part[:8]], "27"),
        ([part[:8], part], "27"),
        ([part, bytes(range(16, 32)), bytes(range(32, 48)), bytes(range(48, 64))], "15"),
    ]
    for components, code in cases:
        with pytest.raises(CommandFault) as fault:
            console().form(Wanted("ZPK"), components)
        assert code_of(fault) == code, components
    with pytest.raises(CommandFault, match="cancel"):
        console(TEST_AES_LMK).form(
            Wanted("ZPK", algorithm="A1"), [part, bytes(range(9, 25)), tdes.xor(part, bytes(range(9, 25)))]
        )


@pytest.mark.parametrize("scheme", ["U", "X", "S", "R"])
@pytest.mark.parametrize("lmk", [TEST_LMK, TEST_BLOCK_LMK], ids=repr)
def test_a_key_that_is_exported_comes_back(lmk: Lmk | BlockLmk, scheme: str) -> None:
    desk = console(lmk)
    parts = [bytes(16), ZMK]
    zmk, zpk = desk.form(Wanted("ZMK"), parts).key, desk.form(Wanted("ZPK"), [bytes(16), ZPK]).key
    if isinstance(lmk, BlockLmk):  # only a block with S leaves in another scheme
        zpk = desk.form(Wanted("ZPK", exportability="S"), [bytes(16), ZPK]).key
    sent = desk.export_key("ZPK", zmk, zpk, scheme).under_zmk
    if scheme in "UX":
        assert sent == wrap(ZMK, ZPK, scheme)
    else:
        opened = keyblock.unwrap(ZMK, sent.removeprefix("R"))
        assert (opened.key, opened.header.usage) == (ZPK, "P0")
        assert opened.header.version == {"S": "0", "R": "B"}[scheme]
    back = desk.import_key(Wanted("ZPK"), zmk, sent)
    assert back.check == tdes.key_check_value(ZPK)[:6]
    assert desk.check(back.key, "ZPK")["check"] == back.check
    made = desk.generate(Wanted("ZPK", exportability="S"), zmk, scheme)
    assert desk.import_key(Wanted("ZPK"), zmk, made.under_zmk).check == made.check


def test_a_key_with_even_parity_comes_in_with_a_word_about_it() -> None:
    desk, even = console(), bytes(byte ^ 1 for byte in ZPK)
    zmk = encrypt_key(ZMK, "000")
    assert desk.import_key(Wanted("ZPK"), zmk, wrap(ZMK, ZPK, "X")).parity_set is False
    made = desk.import_key(Wanted("ZPK"), zmk, wrap(ZMK, even, "X"))
    assert (made.parity_set, decrypt_key(made.key, "001")) == (True, ZPK)


def test_what_may_not_come_in_or_leave_is_refused() -> None:
    desk, blocks, zmk = console(), console(TEST_BLOCK_LMK), encrypt_key(ZMK, "000")
    block_zmk = blocks.form(Wanted("ZMK"), [bytes(16), ZMK]).key
    bound, blocked = (blocks.generate(Wanted("ZPK", exportability=one)).key for one in "NE")
    free = blocks.generate(Wanted("ZEK", exportability="S")).key
    cvk = console().export_key("CVK", zmk, encrypt_key(ZPK, "402"), "R").under_zmk
    for code, attempt in (
        ("A6", lambda: desk.import_key(Wanted("ZPK"), zmk, cvk)),
        ("75", lambda: desk.import_key(Wanted("ZPK"), zmk, wrap(ZMK, bytes.fromhex("01" * 16), "X"))),
        ("AA", lambda: blocks.export_key("ZPK", block_zmk, bound, "R")),
        ("AA", lambda: blocks.export_key("ZPK", block_zmk, blocked, "U")),
        ("AA", lambda: blocks.generate(Wanted("ZPK"), block_zmk, "U")),
        ("AA", lambda: blocks.generate(Wanted("ZPK", exportability="N"), block_zmk, "R")),
        ("29", lambda: blocks.export_key("ZEK", block_zmk, free, "U")),
        ("BB", lambda: blocks.generate(Wanted("ZPK", algorithm="A1"))),
        ("A8", lambda: blocks.generate(Wanted("ZPK", mode="C"))),
        ("27", lambda: desk.generate(Wanted("ZPK", "T"), zmk)),
        ("10", lambda: desk.export_key("ZPK", zmk, encrypt_key(ZPK, "003"), "X")),  # another kind
        ("10", lambda: desk.export_key("ZPK", encrypt_key(ZMK, "001"), encrypt_key(ZPK, "001"), "X")),  # no ZMK
        ("26", lambda: desk.generate(Wanted("ZPK", "S"))),
        ("26", lambda: blocks.generate(Wanted("ZPK", "U"))),
        ("A7", lambda: blocks.generate(Wanted("CVK", algorithm="A3"))),
        ("A7", lambda: blocks.generate(Wanted("ZPK", algorithm="Q9"))),
        ("04", lambda: desk.generate(Wanted("XYZ"))),
        ("04", lambda: desk.check(encrypt_key(ZPK, "001"))),
        ("15", lambda: desk.check("", "ZPK")),
        ("15", lambda: desk.check(encrypt_key(ZPK, "001") + "0", "ZPK")),
        ("15", lambda: desk.check(encrypt_key(ZPK, "001").lower().replace("u", "U"), "ZPK")),
        ("26", lambda: desk.check(bound, "ZPK")),
        ("A6", lambda: blocks.check(bound, "CVK")),
        ("A4", lambda: blocks.check(bound[:-1] + ("0" if bound[-1] != "0" else "1"), "ZPK")),
    ):
        with pytest.raises(CommandFault) as fault:
            attempt()
        assert code_of(fault) == code


def test_keys_move_to_another_lmk() -> None:
    new, field = lmk_of("variant", "00", bytes(range(32))), encrypt_key(ZPK, "001")
    moved = console(new).translate(Wanted("ZPK"), console(), field)
    assert isinstance(new, Lmk)
    assert (decrypt_key(moved.key, "001", new), moved.check) == (ZPK, tdes.key_check_value(ZPK)[:6])
    block = console(TEST_AES_LMK).translate(Wanted("ZPK", mode="E"), console(), field)
    found = keyblock.unwrap(TEST_AES_LMK.secret, block.key)
    assert (found.key, found.header.usage, found.header.mode) == (ZPK, "P0", "E")
    back = console().translate(Wanted("ZPK"), console(TEST_AES_LMK), block.key)
    assert decrypt_key(back.key, "001") == ZPK
    aes_key = console(TEST_AES_LMK).generate(Wanted("ZPK", algorithm="A2"))
    with pytest.raises(CommandFault) as fault:
        console().translate(Wanted("ZPK"), console(TEST_AES_LMK), aes_key.key)
    assert code_of(fault) == "26"


def test_check_tells_both_check_values_and_the_header() -> None:
    found = console().check(encrypt_key(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), "001"), "ZPK")
    assert found == {"check": "08D7B4", "cmac_check": "0A82458664", "bits": "128"}
    block = console(TEST_BLOCK_LMK).generate(Wanted("CVK", "S", "T3", "C", "S"))
    told = console(TEST_BLOCK_LMK).check(block.key)
    assert told["check"] == block.check
    header = {"version": "0", "usage": "C0", "kinds": "CVK", "algorithm": "T", "mode": "C", "exportability": "S"}
    assert {name: told[name] for name in header} == header
    assert (told["bits"], told["context"]) == ("192", "01")


def test_the_policy_of_key_types_is_the_console_s_too() -> None:
    pci = console(types=KeyTypes.pci())
    made = pci.generate(Wanted("TPK"))
    assert tdes.key_check_value(decrypt_key(made.key, "70D"))[:6] == made.check
    with pytest.raises(CommandFault):
        console().check(made.key, "TPK")
