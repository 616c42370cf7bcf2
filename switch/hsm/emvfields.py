"""What EMV commands ask for: the card, and bytes behind their own length; the card's keys from both."""

from dataclasses import dataclass

from switch.crypto.emv_keys import icc_master_key, icc_master_key_b
from switch.hsm.faults import CommandFault
from switch.hsm.layout import Text, Values

CARD = Text("card", 8, binary=True)
# The most bytes of a PAN of 16 digits with its sequence number: option B is option A up to here.
_SHORT = 9


@dataclass(frozen=True, eq=False)
class Sized:
    """Bytes behind their number in `digits` decimal digits, `least` to `most` of them, and `mark` behind."""

    name: str
    digits: int
    least: int
    most: int
    mark: str = ""
    code: str = "15"
    pattern: None = None

    @property
    def width(self) -> str:
        return f"length {self.digits}N of {self.least} to {self.most}, bytes{' and ' + self.mark if self.mark else ''}"

    def read(self, text: str, at: int, values: Values) -> int:
        start = at + self.digits
        length = text[at:start]
        if len(length) != self.digits or not length.isdecimal():
            raise CommandFault("15", f"length of {self.name}")
        end = start + int(length)
        if not self.least <= int(length) <= self.most or end > len(text) or not text.startswith(self.mark, end):
            raise CommandFault(self.code, f"{self.name}: expected as many bytes as its length says")
        values[self.name] = text[start:end].encode("latin-1")
        return end + len(self.mark)


LONG_CARD = Sized("long_card", 2, 8, 11, mark=";")


def card_key(imk: bytes, card: bytes | None, long_card: bytes | None = None) -> bytes:
    """The card's master key; CommandFault 15 for a card that is not of digits.

    `card` are the 16 rightmost digits of PAN and sequence number, for option A. `long_card` are all of them, a zero in
    front where they are odd, for option B.
    """
    text = (card or long_card or b"").hex()
    if not text.isdecimal():
        raise CommandFault("15", "card: expected digits")
    if card:
        return icc_master_key(imk, card)
    if len(text) <= 2 * _SHORT:
        return icc_master_key(imk, bytes.fromhex(text[-16:]))
    pan = text[:-2].removeprefix("0") if len(text) == 22 else text[:-2]
    try:
        return icc_master_key_b(imk, pan, text[-2:])
    except ValueError as error:
        raise CommandFault("15", str(error)) from None
