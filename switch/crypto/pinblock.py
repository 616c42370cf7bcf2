"""PIN blocks of 8 bytes before encryption: ISO 9564-1 formats 0 to 3, Diebold and PLUS, by their payShield codes.

Clear PINs stay inside the HSM floor. Format 4 has 16 bytes and enciphers on the way: `pinblock4`.
Source: ISO 9564-1:2017 clause 9; the IBM CCA documentation for PLUS (VISA format 4) and Diebold (3621 and 3624)."""

ISO_0, DIEBOLD, PLUS, ISO_1, ISO_2, ISO_3, ISO_4 = "01", "03", "04", "05", "34", "47", "48"
MIN_PIN, MAX_PIN = 4, 12
FILL_DIGITS = 12


class PinBlockError(ValueError):
    """A block that does not decode; `length` tells a sound block with a forbidden PIN length apart."""

    def __init__(self, reason: str, *, length: bool = False) -> None:
        super().__init__(reason)
        self.length = length


# Control nibble, allowed fillers, bound to an account; the hex digits are lower-case as `bytes.hex` gives them.
_FORMS = {
    ISO_0: ("0", "f", True),
    PLUS: ("0", "f", True),
    ISO_1: ("1", "0123456789abcdef", False),
    ISO_2: ("2", "f", False),
    ISO_3: ("3", "abcdef", True),
}
_DIGITS = "0123456789abcdef"
# Where the PIN ends in the hex digits of a block, by its length nibble.
END_OF_PIN = {digit: 2 + size for size, digit in enumerate(_DIGITS)}
# The filler behind a PIN of so many digits, where it is F.
_FILL = ["f" * (14 - size) for size in range(MAX_PIN + 1)]
# Every nibble as one of A to F: random hex digits to the filler of format 3.
_TO_LETTERS = bytes(10 + (byte >> 4) % 6 << 4 | 10 + (byte & 15) % 6 for byte in range(256))


def account_of(pan: str) -> str:
    """The 12 rightmost digits of a PAN without its check digit, zeros on the left of a short one."""
    return pan[:-1][-12:].rjust(12, "0")


def plus_account_of(pan: str) -> str:
    """The 12 leftmost digits of a PAN without its check digit, for PLUS; ValueError when it has fewer."""
    if len(pan) < 13:
        raise ValueError("expected a PAN of at least 13 digits")
    return pan[:12]


def encode(code: str, pin: str, account: str, fill: str) -> bytes:
    """The 8-byte block of `pin` (4 to 12 digits) in format `code`.

    `account` is 12 digits: of `account_of` for formats 01 and 47, of `plus_account_of` for 04, and not looked at by the
    others. `fill` is at least 12 random hex digits, used by formats 05 and 47. Raises PinBlockError for the
    PIN, ValueError for what the caller should know better.
    """
    check_pin(pin)
    form = _FORMS.get(code)
    if form is None:
        _only_diebold(code)
        return bytes.fromhex(pin.ljust(16, "f"))
    control, fillers, bound = form
    size = len(pin)
    text = f"{control}{_DIGITS[size]}{pin}"
    text += _FILL[size] if fillers == "f" else _filler(code, fill)[: 14 - size]
    return (int(text, 16) ^ _number(account)).to_bytes(8) if bound else bytes.fromhex(text)


def decode(code: str, block: bytes, account: str) -> str:
    """The PIN in an 8-byte block of format `code`; raises PinBlockError when any nibble is not as it must be."""
    if len(block) != 8:
        raise PinBlockError("expected a block of 8 bytes")
    form = _FORMS.get(code)
    if form is None:
        _only_diebold(code)
        return checked_pin(block.hex().rstrip("f"))
    control, fillers, bound = form
    clear = (int.from_bytes(block) ^ _number(account)).to_bytes(8).hex() if bound else block.hex()
    if clear[0] != control:
        raise PinBlockError("control nibble")
    end = END_OF_PIN[clear[1]]
    if clear[end:].strip(fillers):
        raise PinBlockError("filler")
    pin = clear[2:end]
    return pin if MIN_PIN <= len(pin) <= MAX_PIN and pin.isdigit() else checked_pin(pin)


def check_pin(pin: str) -> None:
    """Raises PinBlockError unless `pin` is 4 to 12 digits."""
    if not (MIN_PIN <= len(pin) <= MAX_PIN and pin.isascii() and pin.isdigit()):
        raise PinBlockError(f"expected a PIN of {MIN_PIN} to {MAX_PIN} digits", length=True)


def checked_pin(pin: str) -> str:
    """`pin` as found in a block, in hex digits, when it is a PIN; else PinBlockError with its fault."""
    if not MIN_PIN <= len(pin) <= MAX_PIN:
        raise PinBlockError("PIN length", length=not pin or pin.isdigit())
    if not pin.isdigit():
        raise PinBlockError("PIN digits")
    return pin


def _only_diebold(code: str) -> None:
    if code != DIEBOLD:
        raise ValueError("expected the code of an 8-byte PIN block format")


def _number(account: str) -> int:
    if len(account) != 12 or not (account.isascii() and account.isdigit()):
        raise ValueError("expected an account of 12 digits")
    return int(account, 16)


def _filler(code: str, fill: str) -> str:
    if len(fill) < FILL_DIGITS:
        raise ValueError(f"expected at least {FILL_DIGITS} hex digits of fill")
    raw = bytes.fromhex(fill[:FILL_DIGITS])
    return (raw.translate(_TO_LETTERS) if code == ISO_3 else raw).hex()
