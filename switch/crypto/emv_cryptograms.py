"""EMV application cryptograms (ARQC, TC, AAC) and the issuer's answer to them (ARPC).

Source: EMV 4.3 Book 2, clauses 8.1 and 8.2, annex A1.2. Session keys are 16 bytes. Where a scheme derives none (Visa
CVN 10 and 17, the ARPC of M/Chip with Mastercard's SKD) the ICC master key stands in its place."""

import hmac

from switch.crypto import once
from switch.crypto.emv_keys import KEY_BYTES, exactly
from switch.crypto.mac import pad
from switch.crypto.tdes import encrypt, xor


def application_cryptogram(session_key: bytes, data: bytes, padding: int = 2) -> bytes:
    """Eight bytes: ISO 9797-1 algorithm 3 over the data elements of `emv_data`.

    `padding` is ISO 9797-1's: 1 for Visa CVN 10 and 17, 2 for EMV, Visa CVN 18 and 22, and M/Chip.
    """
    exactly(session_key, KEY_BYTES, "session key")
    if padding not in (1, 2):
        raise ValueError("expected padding method 1 or 2")
    return _mac(session_key, data, padding)


def cryptogram_is(expected: bytes, cryptogram: bytes) -> bool:
    """Compares two cryptograms in a time that says nothing of where they differ."""
    return hmac.compare_digest(expected, cryptogram)


def arpc_method_1(session_key: bytes, arqc: bytes, response_code: bytes) -> bytes:
    """Eight bytes: the 8-byte ARQC with the ARC (2 bytes, tag 8A) in front of it XORed, encrypted (8.2.1).

    Tag 91 is these eight bytes and the two of the ARC.
    """
    exactly(session_key, KEY_BYTES, "session key")
    exactly(arqc, 8, "ARQC")
    exactly(response_code, 2, "response code")
    return encrypt(session_key, xor(arqc, response_code + bytes(6)))


def arpc_method_2(session_key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
    """Four bytes: the MAC over ARQC (8), card status update (4) and 0 to 8 proprietary bytes (8.2.2).

    Tag 91 is these four bytes, the CSU and the proprietary bytes.
    """
    exactly(session_key, KEY_BYTES, "session key")
    exactly(arqc, 8, "ARQC")
    exactly(csu, 4, "card status update")
    if len(proprietary) > 8:
        raise ValueError(f"expected 0 to 8 bytes of proprietary authentication data, got {len(proprietary)}")
    return _mac(session_key, arqc + csu + proprietary, 2)[:4]


def _mac(key: bytes, data: bytes, padding: int) -> bytes:
    """ISO 9797-1 algorithm 3, as `mac_algorithm_3`; of the two contexts only the one that an ARPC needs too is kept."""
    blocks = pad(data, padding)
    return encrypt(key, xor(once.chain(key[:8], blocks[:-8]), blocks[-8:]))
