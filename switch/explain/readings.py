"""What an input could be: every way of reading it as bytes, the likeliest first. Which one is right, `choose` finds."""

from collections.abc import Iterator
from dataclasses import dataclass

from switch.explain.hexforms import from_base64, from_dump, from_escapes, from_hex
from switch.explain.loglines import CONTROL, in_line

_FORMS = (("hex", from_hex), ("escaped bytes", from_escapes), ("base64", from_base64))


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes that may hold messages, and where in the input they stood ("" for all of it).

    `others` are other ways of reading the same text; the one most like a message is right.
    """

    data: bytes
    place: str = ""
    others: tuple[bytes, ...] = ()


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
    return "" if CONTROL.search(text) else text.removeprefix("\ufeff")


def _whole(text: str) -> Iterator[Reading]:
    dumps = from_dump(text)
    if dumps is not None:
        yield Reading("hexdump", _numbered("dump", dumps))
    for form, read in _FORMS:
        data = read(text)
        if data:
            yield Reading(form, (Payload(data),))


def _by_line(lines: list[str]) -> Iterator[Reading]:
    if len(lines) > 1:
        for form, read in _FORMS:
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
        for key, (data, *others) in in_line(line):
            payloads.append(Payload(data, " ".join((place, key)).strip(), tuple(others)))
    if payloads:
        yield Reading("log line", tuple(payloads), loose=True)
