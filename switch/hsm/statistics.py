"""What an HSM has done: counts per command and error code, connections, time up. Holds no data of any command."""

import time
from typing import Any

# Codes that no command has are a peer's to choose, so only so many of them are counted by name.
_MOST_UNKNOWN = 64
_UNKNOWN = b"68"


class HsmStatistics:
    """One owner, the server's task. `count` runs once per command."""

    def __init__(self) -> None:
        self.open = 0
        self.opened = 0
        self.refused = 0
        self.handshakes_failed = 0
        self._begun = time.monotonic()
        self._counts: dict[bytes, int] = {}
        self._unknown: dict[bytes, int] = {}

    def count(self, command: bytes, reply: bytes) -> None:
        """Counts a command, header taken off, with its reply."""
        error = reply[2:4]
        if error == _UNKNOWN:
            self._count_unknown(command[:2])
            return
        key = command[:2] + error
        self._counts[key] = self._counts.get(key, 0) + 1

    def _count_unknown(self, code: bytes) -> None:
        named = code.isalnum() and code.isascii() and (code in self._unknown or len(self._unknown) < _MOST_UNKNOWN)
        key = code if named else b"other"
        self._unknown[key] = self._unknown.get(key, 0) + 1

    @property
    def commands(self) -> int:
        """All that were answered, whatever the answer."""
        return sum(self._counts.values()) + sum(self._unknown.values())

    def by_error(self) -> dict[str, int]:
        """Counts by command and error, as in {"CA 00": 12, "CA 20": 1, "ZZ 68": 3}."""
        counts = {f"{key[:2].decode('latin-1')} {key[2:].decode('latin-1')}": n for key, n in self._counts.items()}
        counts |= {f"{key.decode()} 68": n for key, n in self._unknown.items()}
        return dict(sorted(counts.items()))

    def snapshot(self) -> dict[str, Any]:
        """All of it, for `switch hsm status` and for the line at the end."""
        return {
            "uptime_s": round(time.monotonic() - self._begun, 1),
            "connections": {"open": self.open, "opened": self.opened, "refused": self.refused,
                            "handshakes failed": self.handshakes_failed},
            "commands": self.commands,
            "answers": self.by_error(),
        }  # fmt: skip
