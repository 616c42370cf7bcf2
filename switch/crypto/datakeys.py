"""Two data keys: card numbers at rest are encrypted with one and searched by the other."""

import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE = 12


class DataKeys:
    """AES-256-GCM with random nonces, HMAC-SHA-256 for lookup. Both keys arrive wrapped and are opened by the HSM."""

    def __init__(self, encryption: bytes, lookup: bytes) -> None:
        if len(encryption) != KEY_BYTES or len(lookup) != KEY_BYTES:
            raise ValueError(f"expected two data keys of {KEY_BYTES} bytes")
        self._cipher = AESGCM(encryption)
        self._lookup = lookup

    def __repr__(self) -> str:
        return "DataKeys(...)"

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Nonce and ciphertext; it opens only together with `bound_to`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """The plain bytes; raises cryptography's InvalidTag when anything was changed."""
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)

    def pan_token(self, pan: str) -> str:
        """64 hex digits that stand for a card number in searches and counts."""
        return hmac.digest(self._lookup, pan.encode(), "sha256").hex()

    def check_value(self) -> str:
        """Tells keys apart without telling anything about them."""
        return hmac.digest(self._lookup, b"check" + self._cipher.encrypt(bytes(12), b"", b"check"), "sha256").hex()[:16]
