"""Which of Python's encodings a spec may name: one byte a character, or UTF-8. All others give lengths no meaning."""

import codecs
import importlib
from functools import lru_cache

_BUILT_IN = ("ascii", "iso8859-1")


@lru_cache(maxsize=256)
def is_single_byte(encoding: str) -> bool:
    """Whether `encoding` names a Python encoding of one byte a character."""
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        return False
    if name in _BUILT_IN:
        return True
    try:
        module = importlib.import_module(f"encodings.{name.replace('-', '_')}")
    except ImportError:
        return False
    # Python's single-byte encodings are tables of 256 characters, and nothing else has such a table.
    return hasattr(module, "decoding_table")


@lru_cache(maxsize=256)
def is_utf8(encoding: str) -> bool:
    """Whether `encoding` is UTF-8 under any of its names."""
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except (LookupError, ValueError):
        return False
