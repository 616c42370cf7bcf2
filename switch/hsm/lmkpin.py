"""PINs under the LMK: PIN(L) is L decimal digits that only the HSM can read, the same for the same PIN and account.

Real HSMs keep their method to themselves. This one numbers all PINs of 4 to L - 1 digits, shorter ones first, and
permutes the numbers 0 to 9 * 10^(L-1) - 1 with a Feistel network of ten rounds of HMAC-SHA-256 (the construction of
NIST SP 800-38G, not its FF1), keyed by the LMK and bound to L and the 12 account digits. 10^(L-1) is added, so that the
first digit is never 0: a zero and a clear PIN, as public simulators write it, is never taken for one."""

import hmac

from switch.hsm.faults import CommandFault

_ROUNDS = 10
_SHORTEST = 4


def seal(key: bytes, pin: str, account: str, length: int) -> str:
    """`length` digits, 5 to 13, for a PIN of 4 to `length` - 1 digits."""
    number = int(pin) + _shorter(len(pin))
    left, right = _halves(length)
    a, b = divmod(number, right)
    for turn in range(_ROUNDS):
        if turn % 2:
            b = (b + _round(key, account, length, turn, a)) % right
        else:
            a = (a + _round(key, account, length, turn, b)) % left
    return str(a * right + b + 10 ** (length - 1))


def unseal(key: bytes, sealed: str, account: str) -> str:
    """The PIN; CommandFault 14 when `sealed` is none of this account."""
    length = len(sealed)
    left, right = _halves(length)
    a, b = divmod(int(sealed) - 10 ** (length - 1), right)
    for turn in reversed(range(_ROUNDS)):
        if turn % 2:
            b = (b - _round(key, account, length, turn, a)) % right
        else:
            a = (a - _round(key, account, length, turn, b)) % left
    number = a * right + b
    for size in range(_SHORTEST, length):
        if number < 10**size:
            return f"{number:0{size}d}"
        number -= 10**size
    raise CommandFault("14", "PIN under LMK")


def _shorter(size: int) -> int:
    """How many PINs are shorter than `size` digits."""
    return int(sum(10**digits for digits in range(_SHORTEST, size)))


def _halves(length: int) -> tuple[int, int]:
    """Two numbers whose product is 9 * 10^(length-1), of about one size."""
    right: int = 10 ** (length // 2)
    return 9 * 10 ** (length - 1) // right, right


def _round(key: bytes, account: str, length: int, turn: int, half: int) -> int:
    message = bytes((length, turn)) + account.encode() + half.to_bytes(8, "big")
    return int.from_bytes(hmac.digest(key, message, "sha256")[:16], "big")
