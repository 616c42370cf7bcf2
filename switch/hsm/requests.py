"""Host commands as a client writes them and replies as it reads them: pure, no key or PIN is ever clear here."""

from dataclasses import dataclass

_HEX = frozenset("0123456789ABCDEF")


class HsmError(ValueError):
    """A reply that is not the one expected; carries the code and the error, no data."""


@dataclass(frozen=True, slots=True, repr=False)
class HsmReply:
    """`code` such as "CB", `error` "00" when all is well, `body` what follows."""

    code: str
    error: str
    body: str

    def __repr__(self) -> str:
        return f"HsmReply({self.code!r}, {self.error!r}, {len(self.body)} characters)"

    @property
    def ok(self) -> bool:
        return self.error == "00"

    def require(self) -> "HsmReply":
        """This reply; raises HsmError unless its error is 00."""
        if not self.ok:
            raise HsmError(f"HSM answered {self.code} with error {self.error}")
        return self


def parse_reply(data: bytes) -> HsmReply:
    """A reply without its header; raises HsmError when it is too short."""
    text = data.decode("latin-1")
    if len(text) < 4:
        raise HsmError("HSM reply is short")
    return HsmReply(text[:2], text[2:4], text[4:])


def diagnostics() -> bytes:
    """NC: is the HSM there, and under which LMK."""
    return b"NC"


def echo(data: str) -> bytes:
    """B2."""
    return f"B2{len(data):04X}{data}".encode("latin-1")


def generate_key(key_type: str, scheme: str = "U") -> bytes:
    """A0: a random key of `key_type` under the LMK."""
    return f"A00{key_type}{scheme}".encode()


def generated_key(reply: HsmReply) -> tuple[str, str]:
    """The key under the LMK and its check value, 6 hex digits."""
    body = reply.require().body
    return body[:-6], body[-6:]


def check_value(key: str, key_type: str) -> bytes:
    """BU: the 6-digit check value of a key under the LMK."""
    flag = {16: "0", 32: "1", 48: "2"}[len(key.lstrip("UTXY"))]
    return f"BUFF{flag}{key};{key_type};001".encode()


def translate_tpk_to_zpk(tpk: str, zpk: str, block: str, source: str, destination: str, account: str) -> bytes:
    """CA: a terminal's PIN block to a zone. Formats are two digits ("01" = ISO 0), `account` 12 digits."""
    return f"CA{tpk}{zpk}12{block}{source}{destination}{account}".encode()


def translate_zpk_to_zpk(from_zpk: str, to_zpk: str, block: str, source: str, destination: str, account: str) -> bytes:
    """CC: a PIN block from zone to zone."""
    return f"CC{from_zpk}{to_zpk}12{block}{source}{destination}{account}".encode()


def translated_block(reply: HsmReply) -> str:
    """The 16 hex digits of the block in a CB or CD; raises HsmError on an error or a body of another shape."""
    block = reply.require().body[2:18]
    if len(block) != 16 or not _HEX.issuperset(block):
        raise HsmError(f"HSM answered {reply.code} without a PIN block")
    return block


def generate_cvv(cvk: str, pan: str, expiry: str, service_code: str) -> bytes:
    """CW."""
    return f"CW{cvk}{pan};{expiry}{service_code}".encode()


def verify_cvv(cvk: str, cvv: str, pan: str, expiry: str, service_code: str) -> bytes:
    """CY; error 01 says that the value is wrong."""
    return f"CY{cvk}{cvv}{pan};{expiry}{service_code}".encode()


def verify_pvv_tpk(tpk: str, pvk: str, block: str, code: str, account: str, key_index: str, pvv: str) -> bytes:
    """DC: the PIN in a terminal's block against a PVV; error 01 says that it is wrong."""
    return f"DC{tpk}{pvk}{block}{code}{account}{key_index}{pvv}".encode()


def verify_pvv_zpk(zpk: str, pvk: str, block: str, code: str, account: str, key_index: str, pvv: str) -> bytes:
    """EC: the PIN in a zone's block against a PVV."""
    return f"EC{zpk}{pvk}{block}{code}{account}{key_index}{pvv}".encode()


def encrypt_data(key: str, key_type: str, iv: str, data: str) -> bytes:
    """M0 in CBC mode, hexadecimal in and out."""
    return f"M00111{key_type}{key}{iv}{len(data):04X}{data}".encode()


def decrypt_data(key: str, key_type: str, iv: str, data: str) -> bytes:
    """M2 in CBC mode, hexadecimal in and out."""
    return f"M20111{key_type}{key}{iv}{len(data):04X}{data}".encode()


def data_of(reply: HsmReply) -> str:
    """The hexadecimal data of an M1 or M3 in CBC mode; raises HsmError on an error or a body of another shape."""
    body = reply.require().body
    length, data = body[16:20], body[20:]
    if not _HEX.issuperset(body) or length != f"{len(data):04X}":
        raise HsmError(f"HSM answered {reply.code} with data of another length than said")
    return data
