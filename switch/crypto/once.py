"""Triple DES under keys that come once: a card's and a transaction's. Their contexts are not kept.

`tdes` keeps contexts of the keys it meets; card and session keys there would stay in memory and push out the few keys
of every day. A new context costs what it costs: seven times an encryption of one block. A context has one owner, as in
`tdes`; any thread may make one."""

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

Update = Callable[[bytes], bytes]
_NO_KEY, _NO_IV = bytes(24), bytes(8)
_ECB = modes.ECB()  # noqa: S305 - the standards ask for it


def _fresh(key: bytes, mode: modes.Mode) -> Cipher[Any]:
    _check(key)
    return Cipher(TripleDES(key), mode)


def _check(key: bytes) -> None:
    if len(key) != 24:
        raise ValueError(f"expected a key of 16 bytes, got {len(key) - 8}")


class _Rekeyed:
    """Contexts of one mode under ever new keys of 24 bytes.

    Two of the three objects behind a context, cipher and algorithm, are the same for every key but for the key that
    the algorithm names when the context is made. Making them anew is 40 % of the price. That the name may change is in
    no promise of `cryptography`: so it is tried once, here, and where it does not do all is made anew.

    The two are free, or out with the one context that is being made: another thread's key never comes between.
    """

    def __init__(self, mode: modes.Mode) -> None:
        self._mode = mode
        algorithm = TripleDES(_NO_KEY)
        self._free: list[tuple[TripleDES, Cipher[Any]]] = [(algorithm, Cipher(algorithm, mode))]
        if not self._does():
            self._free.clear()

    def encryptor(self, key: bytes) -> Update:
        """Encrypts whole blocks."""
        _check(key)
        try:
            pair = self._free.pop()
        except IndexError:
            return self._fresh_encryptor(key)
        pair[0].key = key
        try:
            return pair[1].encryptor().update
        finally:
            pair[0].key = _NO_KEY
            self._free.append(pair)

    def _fresh_encryptor(self, key: bytes) -> Update:
        return _fresh(key, self._mode).encryptor().update

    def _does(self) -> bool:
        keys = [bytes(range(first, first + 24)) for first in (1, 101, 1)]
        try:
            return all(self.encryptor(key)(key) == self._fresh_encryptor(key)(key) for key in keys)
        except (AttributeError, TypeError):
            return False


_ECB_CONTEXTS, _CBC_CONTEXTS = _Rekeyed(_ECB), _Rekeyed(modes.CBC(_NO_IV))


def encryptor(key: bytes) -> Update:
    """Encrypts whole 8-byte blocks in ECB mode under a key of 16 bytes, as often as it is called."""
    return _ECB_CONTEXTS.encryptor(key + key[:8])


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB encryption of whole 8-byte blocks under a key of 16 bytes."""
    return _ECB_CONTEXTS.encryptor(key + key[:8])(blocks)


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """ECB decryption of whole 8-byte blocks under a key of 16 bytes."""
    return _fresh(key + key[:8], _ECB).decryptor().update(blocks)


def encrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC encryption of whole 8-byte blocks under a key of 16 bytes; `iv` has 8."""
    return _fresh(key + key[:8], modes.CBC(iv)).encryptor().update(blocks)


def decrypt_cbc(key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC decryption of whole 8-byte blocks under a key of 16 bytes; `iv` has 8."""
    return _fresh(key + key[:8], modes.CBC(iv)).decryptor().update(blocks)


def chain(key: bytes, blocks: bytes) -> bytes:
    """The last block of a single-DES CBC encryption of whole 8-byte blocks, at least one, key of 8 bytes."""
    return _CBC_CONTEXTS.encryptor(key + key + key)(blocks)[-8:]
