"""Cipher contexts kept between calls: a cache by key, and one CBC context for all messages of a key."""

from collections.abc import Callable
from typing import TypeVar

from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes

# How many keys keep their contexts ready, of each kind.
CACHED_KEYS = 4096

Context = TypeVar("Context")


class ByKey(dict[bytes, Context]):
    """Contexts by key, made when first asked for; the oldest leaves when there are CACHED_KEYS.

    A hit costs a third of one in `lru_cache`, which is what counts next to an encryption of one block. `made` counts
    the contexts made so far.
    """

    def __init__(self, make: Callable[[bytes], Context]) -> None:
        super().__init__()
        self._make = make
        self.made = 0

    def __missing__(self, key: bytes) -> Context:
        made = self._make(key)
        if len(self) >= CACHED_KEYS:
            del self[next(iter(self))]
        self[key] = made
        self.made += 1
        return made


class CbcChain:
    """Encrypts in CBC mode under one key.

    A CBC context cannot be reset, but what it holds is known: the last ciphertext block. XORing that block and the new
    IV into the first block starts a new message in the old context, at a third of the price of a new one. Not
    thread-safe.
    """

    __slots__ = ("_cipher", "_last", "_size", "_update")

    def __init__(self, cipher: BlockCipherAlgorithm) -> None:
        self._cipher = cipher
        self._size = cipher.block_size // 8
        self._last: int | None = 0
        self._update = self._start()

    def encrypt(self, iv: bytes, blocks: bytes) -> bytes:
        """The ciphertext of whole `blocks`, at least one; `iv` is one block. Raises ValueError for another size."""
        size = self._size
        if len(iv) != size or len(blocks) % size or not blocks:
            raise ValueError(f"expected an IV of {size} bytes and whole blocks of {size} bytes")
        # None while a call is inside: one that was interrupted left an unknown block behind.
        last, self._last = self._last, None
        if last is None:
            self._update, last = self._start(), 0
        first = int.from_bytes(blocks[:size]) ^ int.from_bytes(iv) ^ last
        result = self._update(first.to_bytes(size) + blocks[size:])
        self._last = int.from_bytes(result[-size:])
        return result

    def _start(self) -> Callable[[bytes], bytes]:
        return Cipher(self._cipher, modes.CBC(bytes(self._size))).encryptor().update
