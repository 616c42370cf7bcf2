"""What an input could be: every way of reading it as bytes, the likeliest first. Which one is right, `choose` finds."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from switch.explain.hexforms import from_base64, from_dump, from_escapes, from_hex

# Shorter runs in a log line are counters, identifiers and times.
_LEAST = 10
_RUNS = re.compile(r"(?:[0-9A-Fa-f]{2}[ :]){9,}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{20,}|b'[^']{10,}'|[A-Za-z0-9+/_-]{20,}={0,2}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_MOST_NESTED = 32


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes that may hold messages, and where in the input they stood ("" for all of it)."""

    data: bytes
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way of reading an input. In a `loose` one, what is no message is something else of the log."""

    form: str
    payloads: tuple[Payload, ...]
    loose: bool = False


def readings(data: bytes) -> list[Reading]:
    """The ways in which `data` can be read; the last is always the bytes as they are."""
    found = []
    text = _text(data)
    if text:
        found = list(_whole(text))
        lines = [line for line in text.splitlines() if line.strip()]
        found += [*_by_line(lines), *_log(lines)]
    bare = data.rstrip(b"\r\n")
    if bare and bare != data:
        found.append(Reading("raw bytes", (Payload(bare),)))
    return [*found, Reading("raw bytes", (Payload(data),))]


def _text(data: bytes) -> str:
    """`data` as text, "" when it is none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if _CONTROL.search(text) else text.removeprefix("\ufeff")


def _whole(text: str) -> Iterator[Reading]:
    dumps = from_dump(text)
    if dumps is not None:
        yield Reading("hexdump", _numbered("dump", dumps))
    for form, read in (("hex", from_hex), ("escaped bytes", from_escapes), ("base64", from_base64)):
        data = read(text)
        if data:
            yield Reading(form, (Payload(data),))


def _by_line(lines: list[str]) -> Iterator[Reading]:
    if len(lines) > 1:
        for form, read in (("hex", from_hex), ("escaped bytes", from_escapes), ("base64", from_base64)):
            found = [read(line) for line in lines]
            if all(found):
                yield Reading(form, _numbered("line", [data for data in found if data]))


def _numbered(what: str, found: list[bytes]) -> tuple[Payload, ...]:
    if len(found) == 1:
        return (Payload(found[0]),)
    return tuple(Payload(data, f"{what} {number}") for number, data in enumerate(found, 1))


def _log(lines: list[str]) -> Iterator[Reading]:
    payloads = []
    for number, line in enumerate(lines, 1):
        place = f"line {number}" if len(lines) > 1 else ""
        payloads += [Payload(data, " ".join((place, key)).strip()) for key, data in _in_line(line)]
    if payloads:
        yield Reading("log line", tuple(payloads), loose=True)


def _in_line(line: str) -> Iterator[tuple[str, bytes]]:
    start = line.find("{")
    if start >= 0:
        try:
            document = json.JSONDecoder().raw_decode(line, start)[0]
        except (ValueError, RecursionError):
            pass
        else:
            yield from _in_json("", document, 0)
            return
    for run in _RUNS.finditer(line):
        data = _bytes_of(run[0])
        if data:
            yield "", data


def _in_json(key: str, value: Any, depth: int) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, str):
        data = _bytes_of(value)
        # A value may be a sentence with the message in it.
        runs = [data] if data else [_bytes_of(run[0]) for run in _RUNS.finditer(value)]
        yield from ((key, run) for run in runs if run)
    elif depth < _MOST_NESTED and isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else ((str(index), each) for index, each in enumerate(value))
        for name, each in pairs:
            # Only words: a key could be anything, a card number too.
            word = name if re.fullmatch(r"[A-Za-z_][A-Za-z_.-]{0,31}", name) else ""
            yield from _in_json(f"{key}.{word}".strip("."), each, depth + 1)


def _bytes_of(text: str) -> bytes | None:
    for read in (from_hex, from_escapes, from_base64):
        data = read(text)
        if data:
            return data if len(data) >= _LEAST else None
    return None
