"""Keys that everybody knows: of this project's lab, of published examples, of the test LMKs. Not for production."""

from functools import lru_cache

import msgspec

from switch.crypto.tdes import odd_parity
from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK
from switch.hsm.lmk import TEST_LMK
from switch.resources import read_text

# Keys of published examples: X9.24 base keys, X9.143 and HSM vendors' samples, the digits in a row.
_PUBLISHED = (
    "0123456789ABCDEF", "FEDCBA9876543210", "0123456789ABCDEFFEDCBA9876543210", "FEDCBA98765432100123456789ABCDEF",
    "0123456789ABCDEFFEDCBA98765432100123456789ABCDEF", "FEDCBA9876543210F1F1F1F1F1F1F1F1",
    "0123456789ABCDEF0123456789ABCDEF", "1111111111111111", "22222222222222221111111111111111",
    "11111111111111112222222222222222", "111111111111111122222222222222223333333333333333",
    "12345678123456788765432187654321", "99999999999999998888888888888888", "000102030405060708090A0B0C0D0E0F",
    "00112233445566778899AABBCCDDEEFF", "2B7E151628AED2A6ABF7158809CF4F3C",
    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
)  # fmt: skip


def is_known(clear: bytes) -> bool:
    """Whether a clear key, with any parity bits, is one that everybody knows."""
    return odd_parity(clear) in _known()


@lru_cache(maxsize=1)
def _known() -> frozenset[bytes]:
    lab = msgspec.json.decode(read_text("fixtures", "clear_keys.json"))["keys"].values()
    found = [bytes.fromhex(text) for text in (*_PUBLISHED, *lab)]
    found += [*TEST_LMK.pairs.values(), TEST_BLOCK_LMK.secret, TEST_AES_LMK.secret]
    return frozenset(map(odd_parity, found))
