"""The data keys: what they hide, what they bind, what they do not say."""

import pytest
from cryptography.exceptions import InvalidTag

from switch.crypto.datakeys import DataKeys

PAN = "4111111111111111"
TOKEN = "fba1c1bd2fb45c25a27551394013981853946afbe0225b3df27fcc2ad15d5047"


def test_what_was_sealed_opens_to_the_same_bytes(keys):
    assert keys.open(keys.seal(PAN.encode(), b"txn 1"), b"txn 1") == PAN.encode()


def test_the_same_card_is_sealed_differently_every_time(keys):
    assert len({keys.seal(PAN.encode(), b"txn 1") for _ in range(100)}) == 100


def test_a_sealed_card_opens_only_in_its_own_row_and_unchanged(keys):
    sealed = keys.seal(PAN.encode(), b"txn 1")
    for changed, row in [(sealed, b"txn 2"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"txn 1")]:
        with pytest.raises(InvalidTag):
            keys.open(changed, row)


def test_a_token_is_hmac_sha256_of_the_card_number(keys):
    # hmac.new(bytes(range(32, 64)), b"4111111111111111", "sha256"), computed with OpenSSL's `openssl mac`.
    assert keys.pan_token(PAN) == TOKEN
    assert keys.pan_token(PAN[:-1]) != TOKEN


def test_the_check_value_depends_on_both_keys():
    one, two = bytes(32), bytes([1]) * 32
    assert len({DataKeys(a, b).check_value() for a in (one, two) for b in (one, two)}) == 4
    assert DataKeys(one, two).check_value() == DataKeys(one, two).check_value()


@pytest.mark.parametrize("lengths", [(31, 32), (32, 16), (0, 0)])
def test_keys_of_another_length_are_refused_without_showing_them(lengths):
    with pytest.raises(ValueError, match=r"^expected two data keys of 32 bytes$"):
        DataKeys(b"k" * lengths[0], b"k" * lengths[1])


def test_the_repr_shows_no_key(keys):
    assert repr(keys) == "DataKeys(...)"
