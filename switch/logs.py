"""Structured JSON log lines for every process, masked at the encoder. Knows nothing of payments but card numbers."""

import re
import sys
from typing import Any, TextIO

import msgspec
import structlog

# Two shapes of card data that could slip into a free text: a PAN, and a PIN block or key (with its scheme) in hex.
_DIGITS = re.compile(r"(?<![0-9A-Fa-f.\-])\d{12,19}(?![0-9A-Fa-f])")
_HEX = re.compile(r"(?<![0-9A-Za-z])[UTXYS]?(?:(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{16,}|[0-9]{32,})(?![0-9A-Za-z])")
_NEVER = frozenset({"pan", "track1", "track2", "pin", "pin_block", "cvv", "cvv2", "key"})


def luhn_valid(digits: str) -> bool:
    """Whether `digits` ends in its own check digit (ISO/IEC 7812-1 annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _mask_digits(match: re.Match[str]) -> str:
    digits = match.group()
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}" if luhn_valid(digits) else digits


def mask_text(text: str) -> str:
    """`text` with card numbers cut to first 6 / last 4 and long hex runs removed."""
    return _HEX.sub("[hex removed]", _DIGITS.sub(_mask_digits, text))


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, dict):
        return {k: "[removed]" if k in _NEVER else _mask(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(v) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask_text(str(value))


def render(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """The last processor of every log line: mask, then one line of JSON."""
    return msgspec.json.encode(_mask(dict(event))).decode()


def configure(process: str, stream: TextIO | None = None) -> None:
    """One line of JSON per event on `stream` (standard error by default), naming the `process`.

    A line is one write, so that lines of several threads do not mix.
    """

    def name_process(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    structlog.configure(
        processors=[
            name_process,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            render,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
