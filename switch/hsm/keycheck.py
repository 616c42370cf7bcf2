"""Which DES keys an HSM refuses: weak, semi-weak, all-zero, bad parity, a short key in a long one's clothes.

Source: NIST SP 800-67r2 3.3.2 (weak and semi-weak keys)."""

from itertools import pairwise

from switch.crypto.tdes import has_odd_parity, odd_parity
from switch.hsm.faults import KeyFault

_WEAK = frozenset(
    bytes.fromhex(text)
    for text in (
        "0101010101010101", "FEFEFEFEFEFEFEFE", "E0E0E0E0F1F1F1F1", "1F1F1F1F0E0E0E0E",
        "011F011F010E010E", "1F011F010E010E01", "01E001E001F101F1", "E001E001F101F101",
        "01FE01FE01FE01FE", "FE01FE01FE01FE01", "1FE01FE00EF10EF1", "E01FE01FF10EF10E",
        "1FFE1FFE0EFE0EFE", "FE1FFE1FFE0EFE0E", "E0FEE0FEF1FEF1FE", "FEE0FEE0FEF1FEF1",
    )
)  # fmt: skip

# Effective strength, weakest first: algorithm and length in bytes (NIST SP 800-57 part 1, table 2).
_STRENGTHS = (("T", 8), ("T", 16), ("T", 24), ("A", 16), ("A", 24), ("A", 32))


def check_wrapping(over: tuple[str, int], under: tuple[str, int], code: str) -> None:
    """Raises KeyFault `code` when the key `over` another is weaker than that; both are algorithm and length."""
    if over in _STRENGTHS and under in _STRENGTHS and _STRENGTHS.index(over) < _STRENGTHS.index(under):
        raise KeyFault(code, "a key protects no stronger one")


def check(key: bytes, parity_code: str, *, repeated: bool = False) -> None:
    """Raises KeyFault: `parity_code` (10 source, 11 destination) for bad parity, 75 for a weak part, and for a
    repeated one unless `repeated`."""
    if not has_odd_parity(key):
        raise KeyFault(parity_code, "key parity")
    check_strength(key, repeated=repeated)


def check_strength(key: bytes, *, repeated: bool = False) -> None:
    """Raises KeyFault 75 for a weak part, or two neighbouring parts that are one unless `repeated`."""
    parts = [odd_parity(key[i : i + 8]) for i in range(0, len(key), 8)]
    if any(part in _WEAK for part in parts):
        raise KeyFault("75", "weak key")
    if not repeated and any(left == right for left, right in pairwise(parts)):
        raise KeyFault("75", "single-length key in a longer one")
