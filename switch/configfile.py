"""TOML files into typed settings. A fault names the file, the key and what was expected, never the value."""

import re
from pathlib import Path
from typing import TypeVar

import msgspec

Settings = TypeVar("Settings")

_WHERE = re.compile(r"^(?P<what>.*) - at `(?:key in )?\$(?P<key>.*)`$", re.DOTALL)


class ConfigError(Exception):
    """A configuration that cannot be used."""


def load(path: Path, kind: type[Settings]) -> Settings:
    """The settings in `path`; raises ConfigError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_explain(str(error))}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{path}: expected TOML: {error}") from None


def _explain(text: str) -> str:
    """msgspec's words with the key in front: `hosts.visa.link.port: Expected int, got str`."""
    found = _WHERE.match(text)
    return f"{found['key'].lstrip('.')}: {found['what']}" if found else text
