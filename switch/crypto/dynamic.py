"""Card values that change with every contactless transaction: Mastercard's CVC3 and Visa's dCVV.

Both take the card's own key of 16 bytes, derived from the issuer's by EMV option A or B, not the issuer's key.
Source: no open specification. CVC3 is checked against pyemv and jPOS, dCVV against the published answers of jPOS and
of CryptoCarver, which agree; what they leave open is refused here."""

from switch.crypto.card import cvv
from switch.crypto.mac import mac_algorithm_3
from switch.crypto.tdes import encrypt

CVC3_DIGITS = 5
_ATC_DIGITS = 4


def ivcvc3(card_key: bytes, track: bytes) -> bytes:
    """Two bytes of the issuer's static track data: the end of its retail MAC with padding method 2.

    `track` is track 1 in ASCII or track 2 packed with D and a final F, with zeros where the reader puts the
    unpredictable number, the ATC and the CVC3.
    """
    return mac_algorithm_3(card_key, track, 2)[-2:]


def cvc3(card_key: bytes, initial: bytes, unpredictable_number: bytes, atc: bytes) -> str:
    """Five digits over IVCVC3 (2 bytes), unpredictable number (4) and ATC (2); a track has the last of them only."""
    if (len(initial), len(unpredictable_number), len(atc)) != (2, 4, 2):
        raise ValueError("expected IVCVC3 of 2 bytes, unpredictable number of 4 and ATC of 2")
    _double(card_key)
    block = encrypt(card_key, initial + unpredictable_number + atc)
    return f"{int.from_bytes(block[-2:]):0{CVC3_DIGITS}d}"


def dcvv(card_key: bytes, pan: str, expiry: str, service_code: str, atc: str) -> str:
    """Three digits: the CVV of the PAN with its first 4 digits replaced by the ATC, under the card's key.

    `atc` is the 4 decimal digits of the track; how a counter above 9999 is written is not public. The card's key is the
    one of PAN sequence number 00. `expiry` is YYMM, `pan` 12 to 19 digits.
    """
    if len(atc) != _ATC_DIGITS or len(pan) < 12:
        raise ValueError("expected an ATC of 4 digits and a PAN of 12 to 19")
    return cvv(card_key, atc + pan[_ATC_DIGITS:], expiry, service_code)


def _double(key: bytes) -> None:
    if len(key) != 16:
        raise ValueError(f"expected a key of 16 bytes, got {len(key)}")
