"""LMKs by number, as a configuration names them: public test LMKs and LMK files, which two officers open."""

from collections.abc import Mapping
from pathlib import Path

from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK, BlockLmk
from switch.hsm.lmk import TEST_LMK, Lmk
from switch.hsm.lmkfile import OFFICERS, LmkFileError, Passphrases, number_of, open_file
from switch.hsm.secretsource import TERMINAL, read_secret

AnyLmk = Lmk | BlockLmk
TEST_LMKS: Mapping[str, AnyLmk] = {
    "test-variant": TEST_LMK, "test-keyblock": TEST_BLOCK_LMK, "test-aes": TEST_AES_LMK,
}  # fmt: skip


def ask_officers(what: str, officers: Mapping[str, str], *, twice: bool = False) -> Passphrases:
    """The passphrases of both officers from their sources, by default the terminal. Raises SecretError."""
    first, second = (
        read_secret(officers.get(number, TERMINAL), f"{what}: passphrase of officer {number}", twice=twice)
        for number in map(str, range(1, OFFICERS + 1))
    )
    return first, second


def open_lmk(name: str, officers: Mapping[str, str]) -> tuple[str, AnyLmk]:
    """Number and LMK of a test LMK's name or a file; raises LmkFileError and SecretError."""
    if name in TEST_LMKS:
        lmk = TEST_LMKS[name]
        return lmk.number if isinstance(lmk, BlockLmk) else "00", lmk
    path = Path(name)
    return open_file(path, ask_officers(f"LMK {number_of(path)}", officers))


def open_all(names: Mapping[str, str], officers: Mapping[str, str]) -> dict[str, AnyLmk]:
    """Every LMK by its number; a file must be of the number it is named for. Raises LmkFileError and SecretError."""
    found: dict[str, AnyLmk] = {}
    for number, name in sorted(names.items()):
        said = number if name in TEST_LMKS else number_of(Path(name))
        if said != number:
            raise LmkFileError(f"{name}: is LMK {said}, expected {number}")
        found[number] = open_lmk(name, officers)[1]
    return found
