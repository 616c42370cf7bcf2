"""The audit log of the console: one JSON line for each thing done under an LMK file, in a file beside it.

A line says what, when, under which LMK and by which officers. It has check values, never a key, a component or a
passphrase; `switch.logs` removes what looks like one."""

import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from switch import logs
from switch.hsm.lmkfile import OFFICERS

_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    logs.render,
]


def audit_path(lmk_file: Path) -> Path:
    """The log of an LMK file."""
    return lmk_file.with_name(f"{lmk_file.name}.audit")


def audit(lmk_file: Path | None, event: str, what: Mapping[str, object] | None = None, *, opened: bool = True) -> None:
    """Appends a line, durably; a test LMK has no file and no log. OSError when it cannot be written."""
    if lmk_file is None:
        return
    officers = list(range(1, OFFICERS + 1)) if opened else []
    descriptor = os.open(audit_path(lmk_file), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        logger = structlog.wrap_logger(structlog.WriteLogger(file), processors=_PROCESSORS)
        (logger.info if opened else logger.warning)(event, officers=officers, **(what or {}))
        file.flush()
        os.fsync(descriptor)
