"""Bytes that were written as text: hexadecimal in its many spellings, hexdumps, escapes, base64. Knows no message."""

import binascii
import re
from base64 import b64decode

_PREFIX = re.compile(r"0[xX]|\\[xX]|\b[bB](?=['\"])")
_BETWEEN = re.compile(r"[\s:,;|{}\[\]()\"'-]")
_DIGITS = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\([nrt0\\'\"])")
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"\\": b"\\", b"'": b"'", b'"': b'"'}
_LITERAL = re.compile(r"\s*([bB]?)(['\"])(.*)\2\s*", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_DUMP_LINE = re.compile(r"\s*(?:0x)?([0-9A-Fa-f]{4,8}):?(?:(\s+)(.*))?")
_PAIRS = re.compile(r"( *)((?:[0-9A-Fa-f]{2}){1,8})(?![^\s|])")
_WIDTH = 16


def from_hex(text: str) -> bytes | None:
    """The bytes of hexadecimal digits, with or without spaces, colons, commas, 0x or backslash-x; None for others."""
    digits = _BETWEEN.sub("", _PREFIX.sub("", text))
    return bytes.fromhex(digits) if _DIGITS.fullmatch(digits) else None


def from_escapes(text: str) -> bytes | None:
    r"""The bytes of text with \x00 escapes between characters, quoted as Python does or not; None for others.

    Python's b'...' needs no escape in it: so it prints a message that is all ASCII.
    """
    literal = _LITERAL.fullmatch(text)
    body = literal[3] if literal else text.strip()
    if "\\x" not in body and not (literal and literal[1]):
        return None
    try:
        raw = body.encode("latin-1")
    except UnicodeEncodeError:
        return None
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else _PLAIN[found[2]], raw)


def from_base64(text: str) -> bytes | None:
    """The bytes of base64, also with line breaks, the URL alphabet or without padding; None for others."""
    letters = "".join(text.split()).replace("-", "+").replace("_", "/")
    if not _BASE64.fullmatch(letters):
        return None
    bare = letters.rstrip("=")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return None


def from_dump(text: str) -> list[bytes] | None:
    """The dumps in `text` (xxd, hexdump -C, od -A x, Wireshark): offset, bytes, perhaps characters; None for others.

    A dump begins at offset 0; "*" stands for lines like the one before.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    dumps: list[bytearray] = []
    for index, line in enumerate(lines):
        if line.strip() == "*" and dumps:
            continue
        found = _DUMP_LINE.fullmatch(line)
        if found is None:
            return None
        offset = int(found[1], 16)
        if offset == 0 and found[3]:
            dumps.append(bytearray())
        if not dumps or not _fill(dumps[-1], offset, repeated=lines[index - 1].strip() == "*"):
            return None
        if found[3]:
            dumps[-1] += _pairs(found[3], _room(lines[index + 1 : index + 2], offset))
    return [bytes(dump) for dump in dumps] if dumps and all(dumps) else None


def _fill(dump: bytearray, offset: int, *, repeated: bool) -> bool:
    """Whether the dump reaches `offset`, once the lines that "*" left out are there."""
    if repeated and len(dump) < offset <= len(dump) + (1 << 24):
        last = bytes(dump[-_WIDTH:])
        dump += (last * ((offset - len(dump)) // _WIDTH + 1))[: offset - len(dump)]
    return len(dump) == offset


def _room(following: list[str], offset: int) -> int:
    """How many bytes a line has, told by the offset of the next one."""
    found = _DUMP_LINE.fullmatch(following[0]) if following else None
    room = int(found[1], 16) - offset if found else _WIDTH
    return room if 0 < room <= 4 * _WIDTH else _WIDTH


def _pairs(text: str, room: int) -> bytes:
    """The bytes at the start of a dump's line; the column of characters may look like digits too."""
    data = bytearray()
    position = 0
    while len(data) < room:
        found = _PAIRS.match(text, position)
        # Some leave a wider gap after eight bytes; a gap anywhere else is where the characters begin.
        if found is None or (data and len(found[1]) > (2 if len(data) == _WIDTH // 2 else 1)):
            break
        data += bytes.fromhex(found[2])
        position = found.end()
    return bytes(data[:room])
