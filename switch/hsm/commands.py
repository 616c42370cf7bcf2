"""Host commands in the style of a payShield: bytes in, bytes out, no I/O. Clear keys and PINs exist only below here.

Source: docs/hsm.rst. Every bad input is an error reply, never an exception."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from switch.crypto import card, mac, pinblock, tdes
from switch.crypto.pinblock import PinBlockError
from switch.hsm import keycheck
from switch.hsm.body import Body, CommandFault
from switch.hsm.lmk import TEST_LMK, KeyFault, Lmk, check_value, unwrap, wrap

FIRMWARE = "0001-E000"
_BYTES_OF_SCHEME = {"Z": 8, "U": 16, "X": 16, "T": 24, "Y": 24}
# Blocks that bind the PIN to the account, and where each format may be translated to (PCI PIN, ISO 9564-1 clause 8).
_BOUND = (pinblock.ISO_0, pinblock.ISO_3)
_TRANSLATIONS = {
    pinblock.ISO_0: _BOUND,
    pinblock.ISO_3: _BOUND,
    pinblock.ISO_1: (*_BOUND, pinblock.ISO_1),
    pinblock.DIEBOLD: (*_BOUND, pinblock.DIEBOLD),
}
_KNOWN_FORMATS = ("01", "02", "03", "04", "05", "35", "41", "42", "46", "47", "48")


@dataclass(frozen=True, slots=True)
class KeyTypes:
    """Key type codes by use; with PCI key separation a TPK is 70D instead of 002."""

    zmk: str = "000"
    zpk: str = "001"
    tpk: str = "002"
    pvk: str = "002"
    cvk: str = "402"


@dataclass(frozen=True, slots=True)
class Policy:
    """`diebold_destination` lets Diebold blocks stay Diebold in CA and CC; out of Diebold is always allowed."""

    diebold_destination: bool = False


class HostCommands:
    """The command table of one HSM. One owner: its cipher contexts are not thread-safe."""

    def __init__(self, lmk: Lmk = TEST_LMK, types: KeyTypes | None = None, policy: Policy | None = None) -> None:
        self._lmk = lmk
        self._types = types or KeyTypes()
        self._policy = policy or Policy()
        self._clear = lru_cache(maxsize=4096)(self._open_key)
        self._table: dict[str, Callable[[Body], str]] = {
            "NC": self._diagnostics,
            "B2": self._echo,
            "A0": self._generate_key,
            "A6": self._import_key,
            "A8": self._export_key,
            "BU": self._check_value,
            "CA": self._translate_from_terminal,
            "CC": self._translate_between_zones,
            "CW": self._generate_cvv,
            "CY": self._verify_cvv,
            "DC": self._verify_pvv_terminal,
            "EC": self._verify_pvv_zone,
            "DG": self._generate_pvv,
            "JC": self._terminal_pin_to_lmk,
            "JE": self._zone_pin_to_lmk,
            "JG": self._lmk_pin_to_zone,
            "M0": self._encrypt_data,
            "M2": self._decrypt_data,
            "M6": self._generate_mac,
            "M8": self._verify_mac,
        }

    def handle(self, message: bytes) -> bytes:
        """The reply to a command without its header: code with the second letter + 1, error, body, trailer."""
        text = message.decode("latin-1")
        code = text[:2]
        reply_code = code[:1] + chr(ord(code[1]) + 1 & 0xFF) if len(code) == 2 else "ZZ"
        command = self._table.get(code)
        if command is None:
            return f"{reply_code}68".encode("latin-1")
        body = Body(text[2:])
        try:
            result = command(body)
        except (CommandFault, KeyFault) as fault:
            return f"{reply_code}{fault.code}".encode("latin-1")
        return (reply_code + result).encode("latin-1")

    # -- keys

    def _open_key(self, field: str, key_type: str, parity: str) -> bytes:
        clear = unwrap(self._lmk.key(key_type), field)
        keycheck.check(clear, parity)
        return clear

    def _source(self, body: Body, key_type: str, plain: int = 16) -> bytes:
        return self._clear(body.key(plain), key_type, "10")

    def _destination(self, body: Body, key_type: str) -> bytes:
        return self._clear(body.key(), key_type, "11")

    # -- diagnostics

    def _diagnostics(self, body: Body) -> str:
        return f"00{check_value(self._lmk)}{FIRMWARE}{body.end()}"

    def _echo(self, body: Body) -> str:
        length = int(body.hexadecimal(4), 16)
        data = body.take(length, "80")
        return f"00{data}{body.end()}"

    def _generate_key(self, body: Body) -> str:
        mode, key_type, scheme = body.take(1), body.hexadecimal(3, "04"), body.take(1)
        if mode not in "01":
            raise CommandFault("15", "mode")
        wrapping = self._lmk.key(key_type)
        size = _BYTES_OF_SCHEME.get(scheme)
        if size is None:
            raise CommandFault("26", "key scheme")
        clear = _fresh_key(size)
        result = f"00{wrap(wrapping, clear, scheme)}"
        if mode == "1":
            if body.skip(";"):
                body.digits(1)
            zmk = self._source(body, self._types.zmk)
            result += wrap(zmk, clear, body.take(1))
        return f"{result}{tdes.key_check_value(clear)[:6]}{body.end()}"

    def _import_key(self, body: Body) -> str:
        key_type = body.hexadecimal(3, "04")
        wrapping = self._lmk.key(key_type)
        zmk = self._source(body, self._types.zmk)
        clear = unwrap(zmk, body.key())
        scheme, trailer = body.take(1), body.end()
        fixed = tdes.odd_parity(clear)
        keycheck.check_strength(fixed)
        advice = "00" if fixed == clear else "01"
        return f"{advice}{wrap(wrapping, fixed, scheme)}{tdes.key_check_value(fixed)[:6]}{trailer}"

    def _export_key(self, body: Body) -> str:
        key_type = body.hexadecimal(3, "04")
        zmk = self._source(body, self._types.zmk)
        clear = self._destination(body, key_type)
        exported = wrap(zmk, clear, body.take(1))
        return f"00{exported}{tdes.key_check_value(clear)[:6]}{body.end()}"

    def _check_value(self, body: Body) -> str:
        code, flag = body.take(2), body.digits(1, "05")
        plain = {"0": 16, "1": 32, "2": 48}.get(flag)
        if plain is None:
            raise CommandFault("05", "key length flag")
        field = body.key(plain)
        if code == "FF":
            if not body.skip(";"):
                raise CommandFault("04", "key type code")
            key_type = body.hexadecimal(3, "04")
        else:
            key_type = f"{code[0]}0{code[1]}"
        short = body.skip(";") and body.digits(3)[2] == "1"
        trailer = body.end()
        if len(field.lstrip("UTXYZ")) != plain:
            raise CommandFault("05", "key length flag")
        value = tdes.key_check_value(self._clear(field, key_type, "10"))
        return f"00{value[:6] if short else value}{trailer}"

    # -- PIN translation

    def _translate_from_terminal(self, body: Body) -> str:
        return self._translate(body, self._types.tpk)

    def _translate_between_zones(self, body: Body) -> str:
        return self._translate(body, self._types.zpk)

    def _translate(self, body: Body, source_type: str) -> str:
        source = self._source(body, source_type)
        if body.peek() in ("*", "~"):
            raise CommandFault("67", "DUKPT destinations are not licensed")
        destination = self._destination(body, self._types.zpk)
        most = int(body.digits(2, "24"))
        block = bytes.fromhex(body.hexadecimal(16))
        source_format, destination_format = body.digits(2, "23"), body.digits(2, "23")
        account = body.digits(12, "22")
        trailer = body.end()
        self._check_translation(source_format, destination_format)
        pin = _open_block(source, block, source_format, account)
        if len(pin) > most:
            raise CommandFault("24", "PIN length")
        encoded = pinblock.encode(destination_format, pin, account, secrets.token_hex(8).upper())
        result = tdes.encrypt(destination, encoded).hex().upper()
        return f"00{len(pin):02d}{result}{destination_format}{trailer}"

    def _check_translation(self, source: str, destination: str) -> None:
        for code in (source, destination):
            if code not in _KNOWN_FORMATS:
                raise CommandFault("23", "PIN block format")
            if code not in _TRANSLATIONS:
                raise CommandFault("69", "PIN block format disabled")
        if destination == pinblock.DIEBOLD and not self._policy.diebold_destination:
            raise CommandFault("69", "PIN block format disabled")
        if destination not in _TRANSLATIONS[source]:
            raise CommandFault("23", "translation would unbind the PIN from the account")

    # -- PIN verification and PIN under LMK

    def _verify_pvv_terminal(self, body: Body) -> str:
        return self._verify_pvv(body, self._types.tpk)

    def _verify_pvv_zone(self, body: Body) -> str:
        return self._verify_pvv(body, self._types.zpk)

    def _verify_pvv(self, body: Body, key_type: str) -> str:
        key = self._source(body, key_type)
        pvk = self._verification_key(body, self._types.pvk)
        block = bytes.fromhex(body.hexadecimal(16))
        code, account = body.digits(2, "23"), body.digits(12, "22")
        key_index, expected = body.digits(1), body.digits(4)
        trailer = body.end()
        pin = _open_block(key, block, code, account)
        found = card.pvv(pvk, account, key_index, pin)
        return _verdict(hmac.compare_digest(found, expected), trailer)

    def _generate_pvv(self, body: Body) -> str:
        pvk = self._verification_key(body, self._types.pvk)
        pin = _pin_under_lmk(body, body.digits_ahead - 13)
        account, key_index = body.digits(12, "22"), body.digits(1)
        return f"00{card.pvv(pvk, account, key_index, pin)}{body.end()}"

    def _verification_key(self, body: Body, key_type: str) -> bytes:
        key = self._source(body, key_type, plain=32)
        if len(key) != 16:
            raise CommandFault("27", "key length")
        return key

    def _terminal_pin_to_lmk(self, body: Body) -> str:
        return self._pin_to_lmk(body, self._types.tpk)

    def _zone_pin_to_lmk(self, body: Body) -> str:
        return self._pin_to_lmk(body, self._types.zpk)

    def _pin_to_lmk(self, body: Body, key_type: str) -> str:
        key = self._source(body, key_type)
        block = bytes.fromhex(body.hexadecimal(16))
        code, account = body.digits(2, "23"), body.digits(12, "22")
        trailer = body.end()
        return f"000{_open_block(key, block, code, account)}{trailer}"

    def _lmk_pin_to_zone(self, body: Body) -> str:
        key = self._source(body, self._types.zpk)
        code, account = body.digits(2, "23"), body.digits(12, "22")
        if code not in (*_BOUND, pinblock.ISO_1):
            raise CommandFault("69" if code in _KNOWN_FORMATS else "23", "PIN block format")
        pin, trailer = _pin_under_lmk(body, body.digits_ahead), body.end()
        encoded = pinblock.encode(code, pin, account, secrets.token_hex(8).upper())
        return f"00{tdes.encrypt(key, encoded).hex().upper()}{trailer}"

    # -- card verification values

    def _card_value(self, body: Body, cvk: bytes) -> tuple[str, str]:
        pan = body.until(";", 19)
        expiry, service_code = body.digits(4), body.digits(3)
        if not (pan.isascii() and pan.isdigit()):
            raise CommandFault("15", "account number")
        return card.cvv(cvk, pan, expiry, service_code), body.end()

    def _generate_cvv(self, body: Body) -> str:
        found, trailer = self._card_value(body, self._verification_key(body, self._types.cvk))
        return f"00{found}{trailer}"

    def _verify_cvv(self, body: Body) -> str:
        cvk = self._verification_key(body, self._types.cvk)
        expected = body.digits(3)
        found, trailer = self._card_value(body, cvk)
        return _verdict(hmac.compare_digest(found, expected), trailer)

    # -- data and MAC

    def _encrypt_data(self, body: Body) -> str:
        return self._crypt(body, tdes.encrypt, tdes.encrypt_cbc, encrypting=True)

    def _decrypt_data(self, body: Body) -> str:
        return self._crypt(body, tdes.decrypt, tdes.decrypt_cbc, encrypting=False)

    def _crypt(
        self,
        body: Body,
        ecb: Callable[[bytes, bytes], bytes],
        cbc: Callable[[bytes, bytes, bytes], bytes],
        *,
        encrypting: bool,
    ) -> str:
        mode, source, target = body.digits(2), body.digits(1), body.digits(1)
        if mode not in ("00", "01") or source not in "012" or target not in "012":
            raise CommandFault("15", "mode or format")
        key_type = body.hexadecimal(3, "04")
        if key_type not in ("00A", "00B", "30B"):
            raise CommandFault("04", "key type code")
        key = self._source(body, key_type)
        iv = bytes.fromhex(body.hexadecimal(16)) if mode == "01" else b""
        data = _data_in(body.take(int(body.hexadecimal(4), 16), "80"), source)
        trailer = body.end()
        if not data or len(data) % 8:
            raise CommandFault("80", "data length")
        result = cbc(key, iv, data) if iv else ecb(key, data)
        out = _data_out(result, target)
        chained = (result if encrypting else data)[-8:].hex().upper() if iv else ""
        return f"00{chained}{len(out):04X}{out}{trailer}"

    def _generate_mac(self, body: Body) -> str:
        found = self._mac(body)
        return f"00{found}{body.end()}"

    def _verify_mac(self, body: Body) -> str:
        found = self._mac(body)
        return _verdict(hmac.compare_digest(found, body.hexadecimal(len(found))), body.end())

    def _mac(self, body: Body) -> str:
        mode, source, size, algorithm, padding = (body.digits(1) for _ in range(5))
        if mode != "0" or source not in "012" or size not in "01" or algorithm not in "13" or padding not in "012":
            raise CommandFault("15", "mode, format or algorithm")
        key_type = body.hexadecimal(3, "04")
        if key_type not in ("003", "008"):
            raise CommandFault("04", "key type code")
        key = self._source(body, key_type)
        data = _data_in(body.take(int(body.hexadecimal(4), 16), "80"), source)
        if padding == "0" and len(data) % 8:
            raise CommandFault("80", "data length")
        if algorithm == "3" and len(key) != 16:
            raise CommandFault("27", "key length")
        function = mac.mac_algorithm_3 if algorithm == "3" else mac.mac_algorithm_1
        found = function(key, data, int(padding) or 1).hex().upper()
        return found if size == "1" else found[:8]


def _fresh_key(size: int) -> bytes:
    while True:
        clear = tdes.odd_parity(secrets.token_bytes(size))
        try:
            keycheck.check_strength(clear)
        except KeyFault:
            continue
        return clear


def _open_block(key: bytes, block: bytes, code: str, account: str) -> str:
    """The clear PIN of an encrypted block, its every nibble checked."""
    if code not in (*_BOUND, pinblock.ISO_1, pinblock.DIEBOLD):
        raise CommandFault("69" if code in _KNOWN_FORMATS else "23", "PIN block format")
    try:
        return pinblock.decode(code, tdes.decrypt(key, block), account)
    except PinBlockError as error:
        raise CommandFault("24" if error.length else "20", str(error)) from None


def _pin_under_lmk(body: Body, length: int) -> str:
    """The emulator's form of a PIN under the LMK: a zero and the PIN. A real HSM enciphers it."""
    if not pinblock.MIN_PIN < length <= pinblock.MAX_PIN + 1:
        raise CommandFault("24" if length > 0 else "15", "PIN length")
    if body.take(1) != "0":
        raise CommandFault("14", "PIN under LMK")
    return body.digits(length - 1)


def _verdict(same: bool, trailer: str) -> str:
    return f"{'00' if same else '01'}{trailer}"


def _data_in(text: str, form: str) -> bytes:
    if form != "1":
        return text.encode("latin-1")
    if len(text) % 2:
        raise CommandFault("15", "expected hexadecimal digits")
    return bytes.fromhex(Body(text).hexadecimal(len(text)))


def _data_out(data: bytes, form: str) -> str:
    return data.hex().upper() if form == "1" else data.decode("latin-1")
