"""EMV application cryptograms (ARQC, TC, AAC) and the issuer's answer to them (ARPC).

Source: EMV 4.3 Book 2, clauses 8.1 and 8.2, annex A1.2. Session keys are 16 bytes. Where a scheme derives none (Visa
CVN 10 and 17, the ARPC of M/Chip with Mastercard's SKD) the ICC master key stands in its place."""

import hmac

from switch.crypto import once
from switch.crypto.emv_keys import KEY_BYTES, exactly
from switch.crypto.mac import pad
from switch.crypto.tdes import xor


class CardTransaction:
    """What is done under one transaction's key of 16 bytes: its cipher context serves the ARQC and the ARPC.

    Of the key's two contexts the other, for the first blocks of the data, is made anew for each cryptogram.
    """

    __slots__ = ("_encrypt", "_left")

    def __init__(self, session_key: bytes) -> None:
        exactly(session_key, KEY_BYTES, "session key")
        self._left = session_key[:8]
        self._encrypt = once.encryptor(session_key)

    def cryptogram(self, data: bytes, padding: int = 2) -> bytes:
        """As `application_cryptogram`."""
        if padding not in (1, 2):
            raise ValueError("expected padding method 1 or 2")
        blocks = pad(data, padding)
        if len(blocks) == 8:
            return self._encrypt(blocks)
        chained = int.from_bytes(once.chain(self._left, blocks[:-8])) ^ int.from_bytes(blocks[-8:])
        return self._encrypt(chained.to_bytes(8))

    def arpc_method_1(self, arqc: bytes, response_code: bytes) -> bytes:
        """As the function of this name."""
        exactly(arqc, 8, "ARQC")
        exactly(response_code, 2, "response code")
        return self._encrypt(xor(arqc, response_code + bytes(6)))

    def arpc_method_2(self, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
        """As the function of this name."""
        exactly(arqc, 8, "ARQC")
        exactly(csu, 4, "card status update")
        if len(proprietary) > 8:
            raise ValueError(f"expected 0 to 8 bytes of proprietary authentication data, got {len(proprietary)}")
        return self.cryptogram(arqc + csu + proprietary)[:4]


def application_cryptogram(session_key: bytes, data: bytes, padding: int = 2) -> bytes:
    """Eight bytes: ISO 9797-1 algorithm 3 over the data elements of `emv_data`.

    `padding` is ISO 9797-1's: 1 for Visa CVN 10 and 17, 2 for EMV, Visa CVN 18 and 22, and M/Chip.
    """
    return CardTransaction(session_key).cryptogram(data, padding)


def cryptogram_is(expected: bytes, cryptogram: bytes) -> bool:
    """Compares two cryptograms in a time that says nothing of where they differ."""
    return hmac.compare_digest(expected, cryptogram)


def arpc_method_1(session_key: bytes, arqc: bytes, response_code: bytes) -> bytes:
    """Eight bytes: the 8-byte ARQC with the ARC (2 bytes, tag 8A) in front of it XORed, encrypted (8.2.1).

    Tag 91 is these eight bytes and the two of the ARC.
    """
    return CardTransaction(session_key).arpc_method_1(arqc, response_code)


def arpc_method_2(session_key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
    """Four bytes: the MAC over ARQC (8), card status update (4) and 0 to 8 proprietary bytes (8.2.2).

    Tag 91 is these four bytes, the CSU and the proprietary bytes.
    """
    return CardTransaction(session_key).arpc_method_2(arqc, csu, proprietary)
