"""LMK files: three components, two officers, nothing opens with less, nothing changed is taken."""

import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from switch.crypto import tdes
from switch.hsm import lmkfile, lmkmake
from switch.hsm.blocklmk import BlockLmk
from switch.hsm.faults import KeyFault
from switch.hsm.lmk import TEST_LMK, Lmk
from switch.hsm.lmkfile import LmkFileError

OFFICERS = ("the first officer's words", "words of the second officer")
PAIR_06_07 = "20169B831FF70426E013B57313CBD373"
KINDS = list(lmkmake.SECRET_BYTES)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that a file may cost, so that tests do not wait for scrypt."""
    monkeypatch.setattr(lmkfile, "COST", 2**14)


def parts(kind: str) -> list[bytes]:
    return [lmkmake.new_component(kind) for _ in range(3)]


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, bytes]:
    path, secret = tmp_path / "lmk.json", lmkmake.combine("keyblock-aes", parts("keyblock-aes"))
    lmkfile.create(path, "keyblock-aes", "07", secret, OFFICERS)
    return path, secret


@pytest.mark.parametrize("kind", KINDS)
def test_both_officers_open_what_three_components_made(tmp_path: Path, kind: str) -> None:
    components = parts(kind)
    path = tmp_path / "lmk.json"
    lmk = lmkfile.create(path, kind, "03", lmkmake.combine(kind, components), OFFICERS)
    number, opened = lmkfile.open_file(path, OFFICERS)
    assert (number, opened.check_value, opened.test) == ("03", lmk.check_value, False)
    assert path.stat().st_mode & 0o777 == 0o600
    # Custodians in another order make the same LMK; with one component changed, another.
    assert lmkmake.lmk_of(kind, "03", lmkmake.combine(kind, components[::-1])).check_value == lmk.check_value
    other = [*components[:2], lmkmake.new_component(kind)]
    assert lmkmake.lmk_of(kind, "03", lmkmake.combine(kind, other)).check_value != lmk.check_value


def test_the_file_holds_neither_the_lmk_nor_a_passphrase(made: tuple[Path, bytes]) -> None:
    path, secret = made
    text = path.read_bytes()
    for hidden in (secret, secret.hex().encode(), secret.hex().upper().encode(), *(word.encode() for word in OFFICERS)):
        assert hidden not in text
    assert repr(lmkfile.open_file(path, OFFICERS)[1]) == "BlockLmk('LMK 07, keyblock-aes')"


def test_one_officer_alone_opens_nothing(made: tuple[Path, bytes]) -> None:
    first, second = OFFICERS
    wrong = "somebody else's words"
    for pair in ((first, wrong), (wrong, second), (second, first), (first, first), (second, second), (first, "")):
        with pytest.raises(LmkFileError, match=r"does not open: a wrong passphrase, or a changed file$"):
            lmkfile.open_file(made[0], pair)


def test_a_passphrase_is_what_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "lmk.json"
    lmkfile.create(path, "variant", "00", bytes(range(32)), ("Schlüssel der Ersten", OFFICERS[1]))
    assert lmkfile.open_file(path, ("Schlu\u0308ssel der Ersten", OFFICERS[1]))[0] == "00"


def changes() -> dict[str, Any]:
    def other(digits: str) -> str:
        return f"{int(digits[0], 16) ^ 1:X}{digits[1:]}"

    return {
        "number": lambda _: "08",
        "kind": lambda _: "variant",
        "check": other,
        "cost": lambda _: 2**15,
        "salts": lambda salts: [salts[0], other(salts[1])],
        "nonce": other,
        "sealed": other,
    }


@pytest.mark.parametrize("name", changes())
def test_a_change_of_any_field_is_refused(made: tuple[Path, bytes], name: str) -> None:
    path = made[0]
    content = json.loads(path.read_text())
    content[name] = changes()[name](content[name])
    path.write_text(json.dumps(content))
    with pytest.raises(LmkFileError, match="does not open"):
        lmkfile.open_file(path, OFFICERS)


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"format": "switch-lmk-2"}', "\x00", pytest.param("cost", id="a cost of a terabyte")],
)
def test_what_is_no_lmk_file_is_refused(made: tuple[Path, bytes], content: str) -> None:
    path = made[0]
    dear = json.dumps(json.loads(path.read_text()) | {"cost": 2**40})
    path.write_text(dear if content == "cost" else content)
    with pytest.raises(LmkFileError, match="expected an LMK file"):
        lmkfile.open_file(path, OFFICERS)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602])
def test_a_file_that_others_reach_is_refused(made: tuple[Path, bytes], mode: int) -> None:
    made[0].chmod(mode)
    with pytest.raises(LmkFileError, match="others may read or write it"):
        lmkfile.open_file(made[0], OFFICERS)


def test_the_mode_is_0600_whatever_the_umask_and_no_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "lmk.json"
    before = os.umask(0)
    try:
        lmkfile.create(path, "variant", "00", bytes(range(32)), OFFICERS)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    with pytest.raises(LmkFileError, match="File exists"):
        lmkfile.create(path, "variant", "00", bytes(32), OFFICERS)
    assert path.read_bytes() == content


@pytest.mark.parametrize("pair", [("short", OFFICERS[1]), (OFFICERS[0], "short"), (OFFICERS[0], OFFICERS[0])])
def test_short_passphrases_and_one_for_both_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    with pytest.raises(LmkFileError):
        lmkfile.create(tmp_path / "lmk.json", "variant", "00", bytes(range(32)), pair)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_components_that_protect_nothing_are_refused(kind: str) -> None:
    first, second, third = parts(kind)
    for components, code in (
        ([first, second], "27"),
        ([first, second, third[:-1]], "27"),
        ([first, second, first], "75"),
        ([first, second, tdes.xor(first, second)], "75"),
    ):
        with pytest.raises(KeyFault) as fault:
            lmkmake.combine(kind, components)
        assert fault.value.code == code


def test_the_pairs_of_a_variant_lmk_are_distinct_strong_and_made_of_the_whole_secret() -> None:
    lmk = lmkmake.lmk_of("variant", "00", bytes(range(32)))
    assert isinstance(lmk, Lmk)
    assert lmk.pairs.keys() == TEST_LMK.pairs.keys()
    assert len(set(lmk.pairs.values())) == 20
    assert all(tdes.has_odd_parity(pair) for pair in lmk.pairs.values())
    # A known answer, made with Python's hmac on the command line: files of today open in every version to come.
    assert lmk.pairs["06-07"].hex().upper() == PAIR_06_07
    for place in range(32):
        changed = bytes(byte ^ (index == place) for index, byte in enumerate(range(32)))
        other = lmkmake.lmk_of("variant", "00", changed)
        assert isinstance(other, Lmk)
        assert not set(other.pairs.values()) & set(lmk.pairs.values())


def test_block_lmks_are_their_secret() -> None:
    for kind, version, size in (("keyblock-3des", "0", 24), ("keyblock-aes", "1", 32)):
        lmk = lmkmake.lmk_of(kind, "05", bytes(range(size)))
        assert isinstance(lmk, BlockLmk)
        assert (lmk.secret, lmk.version, lmk.number) == (bytes(range(size)), version, "05")


def test_component_check_values_tell_components_apart() -> None:
    for kind in KINDS:
        checks = [lmkmake.component_check(kind, component) for component in parts(kind)]
        assert all(re.fullmatch("[0-9A-F]{6}", check) for check in checks)
        assert all(left != right for left, right in itertools.combinations(checks, 2))
    assert lmkmake.component_check("keyblock-3des", bytes.fromhex("0123456789ABCDEF" * 3)) == "D5D44F"
