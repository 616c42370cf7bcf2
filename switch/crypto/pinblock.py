"""PIN blocks before encryption: ISO 9564-1 formats 0, 1 and 3, and Diebold. Clear PINs stay inside the HSM floor."""

ISO_0, DIEBOLD, ISO_1, ISO_3 = "01", "03", "05", "47"
MIN_PIN, MAX_PIN = 4, 12


class PinBlockError(ValueError):
    """A block that does not decode; `length` tells a sound block with a forbidden PIN length apart."""

    def __init__(self, reason: str, *, length: bool = False) -> None:
        super().__init__(reason)
        self.length = length


def account_of(pan: str) -> str:
    """The 12 rightmost digits of a PAN without its check digit, zeros on the left of a short one."""
    return pan[:-1][-12:].rjust(12, "0")


def encode(code: str, pin: str, account: str, fill: str) -> bytes:
    """The 8-byte block of `pin` (4 to 12 digits) in format `code`.

    `account` is 12 digits (formats 01 and 47); `fill` is at least 12 random hex digits, used by formats 05 and 47.
    """
    if not (pin.isascii() and pin.isdigit() and MIN_PIN <= len(pin) <= MAX_PIN):
        raise PinBlockError("expected a PIN of 4 to 12 digits", length=True)
    if code == DIEBOLD:
        return bytes.fromhex(pin.ljust(16, "F"))
    head = f"{_CONTROL[code]}{len(pin):X}{pin}"
    need = 16 - len(head)
    if code == ISO_1:
        return bytes.fromhex(head + fill[:need])
    pad = "F" * need if code == ISO_0 else "".join("ABCDEF"[int(digit, 16) % 6] for digit in fill[:need])
    return _with_account(bytes.fromhex(head + pad), account)


def decode(code: str, block: bytes, account: str) -> str:
    """The PIN in an 8-byte block of format `code`; raises PinBlockError when any nibble is not as it must be."""
    if code == DIEBOLD:
        pin = block.hex().upper().rstrip("F")
        return _checked(pin)
    clear = (block if code == ISO_1 else _with_account(block, account)).hex().upper()
    if clear[0] != _CONTROL[code]:
        raise PinBlockError("control nibble")
    size = int(clear[1], 16)
    fill = clear[2 + size :]
    allowed = {ISO_0: "F", ISO_1: "0123456789ABCDEF", ISO_3: "ABCDEF"}[code]
    if fill.strip(allowed):
        raise PinBlockError("filler")
    return _checked(clear[2 : 2 + size])


_CONTROL = {ISO_0: "0", ISO_1: "1", ISO_3: "3"}


def _checked(pin: str) -> str:
    if not MIN_PIN <= len(pin) <= MAX_PIN:
        raise PinBlockError("PIN length", length=not pin or pin.isdigit())
    if not pin.isdigit():
        raise PinBlockError("PIN digits")
    return pin


def _with_account(block: bytes, account: str) -> bytes:
    return (int.from_bytes(block, "big") ^ int(account, 16)).to_bytes(8, "big")
