"""A spec as rows of a table: what `switch spec show` and the dialect pages say of each field and element."""

from collections.abc import Iterator, Mapping
from typing import Any

from switch.explain import spec_words as words
from switch.message import Spec

Row = tuple[str, ...]
COLUMNS = ("field", "name", "form", "wire", "length", "shown")


def spec_rows(spec: Spec) -> Iterator[Row]:
    """Every field and element in the order of the message, COLUMNS wide."""
    for key in sorted((key for key in spec.fields if key.isdecimal() and key != "1"), key=int):
        entry = spec.fields[key]
        yield row(key, entry)
        sub = entry.get("sub", {})
        yield from element_rows(sub.get("parts", {}), key, sub, entry.get("mask", ""))


def row(path: str, entry: words.Entry, mask: str = "") -> Row:
    """`mask` is that of what is around, for an entry that has none."""
    name = str(entry.get("desc", ""))
    shown = words.shown(entry.get("mask", mask))
    return path, name, words.form(entry), words.wire(entry), words.length(entry), shown


def element_rows(parts: Mapping[str, Any], path: str, around: words.Entry, mask: str = "") -> Iterator[Row]:
    """All that is described inside, each element before what is inside it; `path` is empty in a table of elements."""
    before = [path] * bool(path) + ["N"] * ("repeat" in around)
    for name, part in parts.items():
        entry: words.Entry = part if isinstance(part, dict) else {"max_len": part}
        inner = ".".join((*before, name))
        nested: words.Entry = entry.get("sub", {})
        first, called, *rest = row(inner, entry, mask)
        table = f", table {nested['table']}" if "table" in nested else ""
        yield first, called + (f" ({words.structure(nested)}{table})" if nested else ""), *rest
        yield from element_rows(nested.get("parts", {}), inner, nested, entry.get("mask", mask))
