"""Structured JSON log lines for every process, masked at the encoder. Knows nothing of payments but card numbers."""

import sys
from typing import Any, TextIO

import msgspec
import structlog

from switch.cardnumbers import mask_text

_NEVER = frozenset({"pan", "track1", "track2", "pin", "pin_block", "cvv", "cvv2", "key"})


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
