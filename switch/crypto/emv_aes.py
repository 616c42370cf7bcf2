"""EMV with AES: option C master keys, common session keys, cryptograms by CMAC.

Source: EMV 4.3 Book 2, annexes A1.2.2, A1.3.1 and A1.4.3, clause 8.2.2. Keys are 16, 24 or 32 bytes, and a derived one
is as long as the one it comes from. No public known answers of these were found; the tests check them against AES
and CMAC put together anew. ARPC method 1 with AES is left out, as its text was not at hand."""

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from switch.crypto.emv_keys import check_card, exactly
from switch.crypto.tdes import xor

_SIZES = (16, 24, 32)


def icc_master_key_c(imk: bytes, pan: str, psn: str = "00") -> bytes:
    """Option C (A1.4.3): all digits of PAN and sequence number, zeros on the left of 32; their complement for more."""
    _sized(imk, "issuer master key")
    check_card(pan, psn)
    block = bytes.fromhex((pan + psn).rjust(32, "0"))
    return _encrypt(imk, block + xor(block, b"\xff" * 16))[: len(imk)]


def aes_common_session_key(icc_mk: bytes, diversification: bytes) -> bytes:
    """Common session key (A1.3.1) from 16 bytes: one block for 16-byte keys; for longer keys the F0 and 0F blocks."""
    _sized(icc_mk, "ICC master key")
    exactly(diversification, 16, "diversification value")
    if len(icc_mk) == 16:
        return _encrypt(icc_mk, diversification)
    head, tail = diversification[:2], diversification[3:]
    return _encrypt(icc_mk, head + b"\xf0" + tail + head + b"\x0f" + tail)[: len(icc_mk)]


def aes_ac_session_key(icc_mk: bytes, atc: bytes) -> bytes:
    """The session key of application cryptograms. `atc` is 2 bytes, tag 9F36, with 14 zeros behind it."""
    exactly(atc, 2, "ATC")
    return aes_common_session_key(icc_mk, atc + bytes(14))


def aes_application_cryptogram(session_key: bytes, data: bytes) -> bytes:
    """Eight bytes: the left half of the CMAC (ISO 9797-1 algorithm 5, NIST SP 800-38B) over the data elements."""
    return _cmac(session_key, data)[:8]


def aes_arpc_method_2(session_key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"") -> bytes:
    """Four bytes: the left of the CMAC over ARQC (8), card status update (4) and 0 to 8 proprietary bytes (8.2.2)."""
    exactly(arqc, 8, "ARQC")
    exactly(csu, 4, "card status update")
    if len(proprietary) > 8:
        raise ValueError(f"expected 0 to 8 bytes of proprietary authentication data, got {len(proprietary)}")
    return _cmac(session_key, arqc + csu + proprietary)[:4]


def _cmac(key: bytes, data: bytes) -> bytes:
    _sized(key, "session key")
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def _encrypt(key: bytes, blocks: bytes) -> bytes:
    return Cipher(AES(key), modes.ECB()).encryptor().update(blocks)  # noqa: S305 - whole blocks that the standard makes


def _sized(key: bytes, what: str) -> None:
    if len(key) not in _SIZES:
        raise ValueError(f"expected 16, 24 or 32 bytes of {what}, got {len(key)}")
