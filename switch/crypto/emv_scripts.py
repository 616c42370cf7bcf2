"""Issuer scripts: the MAC of a command, and the encryption of what it carries, such as a new PIN.

Source: EMV 4.3 Book 2, clauses 9.2 and 9.3 (format 2), annexes A1.1 and A1.2; Visa's and Mastercard's ways as openly
licensed implementations have them. Session keys are 16 bytes: `visa_session_key` of the ATC for Visa CVN 10 and 18,
`common_session_key` of the ARQC for CVN 22, M/Chip and EMV. Clear PINs stay inside the HSM floor."""

from switch.crypto.emv_keys import KEY_BYTES, exactly
from switch.crypto.mac import mac_algorithm_3, pad
from switch.crypto.pinblock import MAX_PIN, MIN_PIN, PinBlockError
from switch.crypto.tdes import encrypt, encrypt_cbc, xor

VISA, MASTERCARD, EMV = "visa", "mastercard", "emv"
_LONGEST = 255


def script_mac(session_key: bytes, header: bytes, atc: bytes, arqc: bytes, data: bytes = b"", length: int = 8) -> bytes:
    """The MAC of a command, its leftmost `length` (4 to 8) bytes (9.2.3).

    It covers the 5-byte `header` (CLA INS P1 P2 Lc, Lc with the MAC counted), then ATC (2) and ARQC (8), which are not
    sent, then the data as sent. Interac's cards leave ATC and ARQC out: give `b""` for both.
    """
    exactly(session_key, KEY_BYTES, "session key")
    exactly(header, 5, "command header")
    if atc or arqc:
        exactly(atc, 2, "ATC")
        exactly(arqc, 8, "ARQC")
    if not 4 <= length <= 8:
        raise ValueError("expected a MAC length of 4 to 8 bytes")
    return mac_algorithm_3(session_key, header + atc + arqc + data, 2)[:length]


def script_command(session_key: bytes, instruction: bytes, atc: bytes, arqc: bytes, data: bytes = b"") -> bytes:
    """A whole command as a card takes it: CLA INS P1 P2 (4 bytes), Lc, the data as given, an 8-byte MAC.

    PIN CHANGE/UNBLOCK is 84 24 00 with P2 00 (unblock), 01 (a new PIN made with the current one) or 02 (a new PIN); its
    data is what `encrypt_script_data` makes of a PIN block.
    """
    exactly(instruction, 4, "CLA, INS, P1 and P2")
    if len(data) > _LONGEST - 8:
        raise ValueError(f"expected 0 to {_LONGEST - 8} bytes of command data, got {len(data)}")
    header = instruction + bytes((len(data) + 8,))
    return header + data + script_mac(session_key, header, atc, arqc, data)


def encrypt_script_data(session_key: bytes, data: bytes, way: str) -> bytes:
    """`data` (1 to 255 bytes) encrypted, in whole blocks of 8 bytes (9.3).

    VISA: a length byte in front, padding method 2, ECB. MASTERCARD: padding method 2 only where blocks are not whole,
    CBC. EMV: padding method 2 always, CBC. The initial value is zero.
    """
    exactly(session_key, KEY_BYTES, "session key")
    if not 1 <= len(data) <= _LONGEST:
        raise ValueError(f"expected 1 to {_LONGEST} bytes of command data, got {len(data)}")
    if way == VISA:
        return encrypt(session_key, pad(bytes((len(data),)) + data, 2))
    if way == MASTERCARD:
        return encrypt_cbc(session_key, bytes(8), pad(data, 2) if len(data) % 8 else data)
    if way == EMV:
        return encrypt_cbc(session_key, bytes(8), pad(data, 2))
    raise ValueError(f"expected one of {VISA}, {MASTERCARD}, {EMV}")


def iso_2_pin_block(pin: str) -> bytes:
    """ISO 9564-1 format 2, eight bytes: control nibble 2, length, PIN of 4 to 12 digits, filled with F."""
    _pin(pin)
    return bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))


def visa_pin_block(icc_mk_ac: bytes, pin: str, current_pin: str = "") -> bytes:
    """Visa's block of a new PIN, eight bytes: XORed with 4 bytes of the card's AC master key, and its current PIN.

    Those are the four rightmost bytes of the key's left half. Without `current_pin` the command's P2 is 02, with it 01.
    """
    exactly(icc_mk_ac, KEY_BYTES, "ICC master key")
    _pin(pin)
    block = xor(bytes.fromhex(f"0{len(pin):X}{pin}".ljust(16, "F")), bytes(4) + icc_mk_ac[4:8])
    if not current_pin:
        return block
    _pin(current_pin)
    return xor(block, bytes.fromhex(current_pin.ljust(16, "0")))


def _pin(pin: str) -> None:
    if not (pin.isascii() and pin.isdigit() and MIN_PIN <= len(pin) <= MAX_PIN):
        raise PinBlockError("expected a PIN of 4 to 12 digits", length=True)
