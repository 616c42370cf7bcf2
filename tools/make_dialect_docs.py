"""Writes docs/dialects from the spec files, one page each: python -m switch.tools.make_dialect_docs [FOLDER]

It knows no interface: what a page says stands in its JSON."""

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from switch import resources
from switch.explain import spec_words as words
from switch.explain.spec_rows import COLUMNS, element_rows, row
from switch.message import load_spec, shipped_specs

_TABLE = ".table.json"
_HEADS = ("h", "t", "p", "1")
_NOTE = ".. Written by ``python -m switch.tools.make_dialect_docs`` from ``{source}``: change that.\n\n"
_ELEMENTS = ("element", *COLUMNS[1:])
_WIDTH = 118
_INDEX = (
    "Each page is made from the spec file of that name in ``specs/``. Networks' interfaces are simulations built from "
    "public descriptions; none is certified.",
    "The columns of the pages: *form* is ISO 8583's class and length (``n ..19`` is up to 19 digits, ``b 8`` is 8 "
    "bytes), *wire* how the value is written (nothing: as what is around it), *length* what tells where it ends "
    "(nothing: its form), *shown* what ``switch explain`` shows of it. Paths of elements are those of ``view.get``; "
    "N is 1, 2 ... where positions come again.",
    "A character that the encoding of a field does not have is refused, on the way in and out: UTF-8 outside ASCII, "
    "for one. A host that uses another character set gets a spec of its own with another ``data_enc``: a file with "
    "``extends`` and the fields that differ.",
)


def pages() -> dict[str, str]:
    """The text of every page by the name of its file."""
    made = {f"{name}.rst": spec_page(name) for name in shipped_specs()}
    made |= {f"{name}.rst": table_page(name) for name in tables()}
    return made | {"index.rst": index_page()}


def tables() -> list[str]:
    """The names of the tables of elements that specs share."""
    names = sorted(file.name for file in resources.folder("specs").iterdir())
    return [name.removesuffix(_TABLE) for name in names if name.endswith(_TABLE)]


def spec_page(name: str) -> str:
    """The page of one interface."""
    spec = load_spec(name)
    written = _document(f"{name}.json")
    fields = {key: entry for key, entry in written.items() if key in spec.fields}
    made = _NOTE.format(source=f"specs/{name}.json") + _title(name, "=")
    made += _paragraph(f"{spec.about['title']}. {spec.about['text']}") + _frame(spec.fields, spec.about)
    made += _title("Fields", "-") + _grid(COLUMNS, [row(key, fields[key]) for key in fields if key not in _HEADS])
    inside = [_inside(key, entry) for key, entry in fields.items() if "sub" in entry]
    made += (_title("Inside fields", "-") if inside else "") + "".join(inside)
    return made + _title("Sources", "-") + "".join(f"* {source}\n" for source in spec.about["sources"])


def table_page(name: str) -> str:
    """The page of a table of elements."""
    files = [f"{spec}.json" for spec in shipped_specs()] + [table + _TABLE for table in tables()]
    users = [file for file in files if f'"table": "{name}"' in resources.read_text("specs", file)]
    lead = _paragraph("Used by " + ", ".join(f"``specs/{user}``" for user in users) + ".")
    rows = list(element_rows(_document(name + _TABLE), "", {}))
    return _NOTE.format(source=f"specs/{name}{_TABLE}") + _title(name, "=") + lead + _grid(_ELEMENTS, rows)


def index_page() -> str:
    """The list of interfaces."""
    rows = []
    for name in shipped_specs():
        spec = load_spec(name)
        form = words.message_type(spec.fields["t"]), words.bitmaps(spec.fields)
        rows.append((f"`{name} <{name}.rst>`_", spec.about["title"], *form, spec.about["framing"]))
    made = _NOTE.format(source="specs/*.json") + _title("Interfaces", "=") + "".join(map(_paragraph, _INDEX))
    made += _grid(("spec", "interface", "message type", "bitmaps", "framing"), rows)
    return made + _title("Tables of elements", "-") + "".join(f"* `{name} <{name}.rst>`_\n" for name in tables())


def _document(file: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(resources.read_text("specs", file))
    return document


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n\n"


def _frame(fields: Mapping[str, words.Entry], about: words.Entry) -> str:
    header = fields["h"]["max_len"]
    rows = [
        ("framing", str(about["framing"])),
        ("header", f"{header} bytes, field h" if header else "none in the spec"),
        ("message type", words.message_type(fields["t"])),
        ("bitmaps", words.bitmaps(fields)),
    ]
    return _grid(("part", "form"), rows)


def _inside(path: str, entry: words.Entry) -> str:
    sub = entry["sub"]
    said = words.structure(sub)
    made = _title(f"{path}: {entry['desc']}", "~") + _paragraph(said[0].upper() + said[1:] + ".")
    if "table" in sub:
        made += f"Elements: `{sub['table']} <{sub['table']}.rst>`_.\n\n"
    rows = list(element_rows(sub.get("parts", {}), path, sub, entry.get("mask", "")))
    return made + (_grid(_ELEMENTS, rows) if rows else "")


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A simple table, without the columns that say nothing."""
    used = [index for index, _ in enumerate(head) if index < 2 or any(row[index] for row in rows)]
    lines = [[line[index] for index in used] for line in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(used))]
    rule = "  ".join("=" * width for width in widths)
    made = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([rule, made[0], rule, *made[1:], rule]) + "\n\n"


def main() -> None:
    """Writes the pages to the folder named as the only argument, `docs/dialects` by default."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/dialects")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
