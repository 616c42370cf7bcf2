"""Which commit a tool runs from, for what it reports."""

import subprocess
from pathlib import Path


def commit() -> str:
    """The short hash, "unknown" outside a repository."""
    words = ["git", "-C", str(Path(__file__).resolve().parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
