"""A clear key inside the HSM, with what its key block says of it."""

from typing import Any


class ClearKey(bytes):
    """The bytes of a key. `algorithm` is T, A or H; `scheme` is the letter of its field, if any;
    the rest is what its block says."""

    algorithm: str = "T"
    usage: str = ""
    mode: str = "N"
    exportability: str = "E"
    scheme: str = ""

    def __new__(cls, clear: bytes, **about: Any) -> "ClearKey":
        key = super().__new__(cls, clear)
        key.__dict__.update(about)
        return key

    def __repr__(self) -> str:
        return f"ClearKey({len(self)} bytes)"
