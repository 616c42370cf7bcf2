"""The TPDU between a length and a message of NAC-style terminals: 60 DDDD SSSS. Knows neither lengths nor fields."""

from dataclasses import dataclass

from switch.message.errors import MessageError

TPDU_BYTES = 5
TPDU_ID = 0x60


def parse_tpdu(data: bytes) -> "Tpdu":
    """The TPDU at the start of `data`; raises MessageError when it is short or does not begin with 60."""
    if len(data) < TPDU_BYTES:
        raise MessageError("tpdu", "h", "TPDU is short", 0, TPDU_BYTES, len(data))
    if data[0] != TPDU_ID:
        raise MessageError("tpdu", "h", f"TPDU does not begin with {TPDU_ID:02x}", 0)
    return Tpdu(data[1:3].hex().upper(), data[3:5].hex().upper())


@dataclass(frozen=True, slots=True)
class Tpdu:
    """Addresses are 4 hexadecimal digits, upper case: concentrators put line numbers into them that are no decimals.

    Raises MessageError for an address of another form.
    """

    destination: str
    source: str

    def __post_init__(self) -> None:
        for address in (self.destination, self.source):
            if len(address) != 4 or not set(address) <= set("0123456789ABCDEF"):
                raise MessageError("tpdu", "h", "expected 4 hexadecimal digits, upper case, for each address")

    def __bytes__(self) -> bytes:
        return bytes((TPDU_ID,)) + bytes.fromhex(self.destination + self.source)

    def reply(self) -> "Tpdu":
        """The TPDU of the answer: back to where it came from."""
        return Tpdu(destination=self.source, source=self.destination)
