"""What in a line of a log could be a message: hex, escapes, base64, or the message's own characters. Ranks nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any

from switch.explain.hexforms import from_base64, from_escapes, from_hex

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
# Shorter runs in a log line are counters, identifiers and times.
_LEAST = 10
# An ASCII message: perhaps a length or literal, its type, a bitmap in hexadecimal. It may hold spaces and signs.
_MESSAGE = re.compile(r"(?<![0-9A-Za-z])(?:ISO[0-9]{9})?[0-9]{4}[0-9A-Fa-f]{16}")
_WRITTEN = re.compile(
    r"(?:[0-9A-Fa-f]{2}[ :]){9,}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{20,}"
    r"""|\b[bB]'[^']{10,}'|\b[bB]"[^"]{10,}"|[A-Za-z0-9+/_-]{20,}={0,2}"""
)
_EITHER = re.compile(f"{_MESSAGE.pattern}|{_WRITTEN.pattern}")
# Where such a message may end: at what closes a quotation, at a space, at the end of the line.
_ENDS = (re.compile(r"$"), re.compile(r"[\"'`\])}>]"), re.compile(r"[\s\"'`\])}>,;|]"))
_MOST_NESTED = 32
# The text of one value in a log, and all the ways of reading it: at least one.
Found = tuple[str, tuple[bytes, ...]]


def in_line(line: str) -> Iterator[Found]:
    """The key and the bytes of everything in a line that may be a message; the key is "" outside of JSON."""
    start = line.find("{")
    if start >= 0:
        try:
            document = json.JSONDecoder().raw_decode(line, start)[0]
        except (ValueError, RecursionError):
            pass
        else:
            yield from _in_json("", document, 0)
            return
    yield from (("", ways) for ways in _runs(line))


def _in_json(key: str, value: Any, depth: int) -> Iterator[Found]:
    if isinstance(value, str):
        yield from ((key, ways) for ways in _in_string(value))
    elif depth < _MOST_NESTED and isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else ((str(index), each) for index, each in enumerate(value))
        for name, each in pairs:
            # Only words: a key could be anything, a card number too.
            word = name if re.fullmatch(r"[A-Za-z_][A-Za-z_.-]{0,31}", name) else ""
            yield from _in_json(f"{key}.{word}".strip("."), each, depth + 1)


def _in_string(value: str) -> Iterator[tuple[bytes, ...]]:
    """A value may be a message, written in some way or as its own characters, or a sentence with one in it."""
    own = _MESSAGE.match(value) or CONTROL.search(value)
    # The words of a sentence would be base64 too, without the spaces between them.
    ways = _distinct([*_written(value, base64=" " not in value.strip()), *(_characters(value) if own else ())])
    if ways:
        yield ways
    else:
        yield from _runs(value)


def _runs(text: str) -> Iterator[tuple[bytes, ...]]:
    position = 0
    while (run := _EITHER.search(text, position)) is not None:
        begin = run.start()
        written = _WRITTEN.match(text, begin)
        pieces = [text[begin : end.start()] for end in _ends(text, begin)] if _MESSAGE.match(text, begin) else []
        ways = _distinct(
            [*(_written(written[0]) if written else ()), *(way for each in pieces for way in _characters(each))]
        )
        if ways:
            yield ways
        position = max(written.end() if written else 0, begin + min(map(len, pieces), default=0), run.end())


def _ends(text: str, begin: int) -> list[re.Match[str]]:
    return [found for end in _ENDS if (found := end.search(text, begin)) is not None]


def _written(text: str, *, base64: bool = True) -> list[bytes]:
    """The bytes of hexadecimal, escapes or base64: the first that it can be; of b'...' both, for it may quote hex."""
    found = [data for data in (from_hex(text), from_escapes(text)) if data]
    if base64 and not found:
        found = [from_base64(text) or b""]
    return [data for data in found if len(data) >= _LEAST]


def _characters(text: str) -> list[bytes]:
    """The text itself as bytes, as a host's log writes an ASCII message."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        return []
    return [data] if len(data) >= _LEAST else []


def _distinct(ways: list[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(ways))
