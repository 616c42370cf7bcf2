"""Writes docs/hsm_commands.rst from the table of host commands: python -m switch.tools.make_hsm_docs [FILE]"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import switch.hsm.commands  # noqa: F401 - fills the table
from switch.hsm.keyfield import Key
from switch.hsm.kinds import KINDS, PCI_CODES
from switch.hsm.layout import Field, Layout, Optional, When
from switch.hsm.table import COMMON_ERRORS, TABLE, Command

_HEAD = """\
.. Written by ``python -m switch.tools.make_hsm_docs`` from the command table: change ``switch/hsm/commands``.

Host commands
=============

Every command this HSM answers, field by field. N are decimal digits, H hexadecimal ones in upper case, A characters,
B bytes. K is a key: ``16H``, ``U`` or ``X`` + 32H, ``T`` or ``Y`` + 48H, ``S`` + key block; a field that says more
names the kinds it takes. Behind the body may stand ``%`` and the number of the LMK, then X'19' and a trailer, which
comes back. Evidence names the sources of a layout as docs/hsm.rst does; V is a known answer that was recomputed.

Errors that any command can answer: {common}.
Keys add {keys}.
``docs/hsm.rst`` says what each means.

"""
_SHOWN_APART = ("04", "26", "27", "75", "A4", "A5", "A6", "A7", "A8", "A9", "AA", "AC", "B2", "BB")


def page() -> str:
    """The text of the page."""
    made = _HEAD.format(common=", ".join(sorted(COMMON_ERRORS)), keys=", ".join(_SHOWN_APART))
    made += _title("Kinds of keys", "-") + _grid(
        ("kind", "type", "usages in key blocks", "what it is"),
        [
            (
                kind.name,
                kind.code + (f" ({PCI_CODES[kind.name]} with PCI types)" if kind.name in PCI_CODES else ""),
                " ".join(kind.usages),
                kind.about,
            )
            for kind in KINDS.values()
        ],
    )
    return made.rstrip("\n") + "\n" + "".join(_command(TABLE[code]) for code in sorted(TABLE))


def _command(row: Command) -> str:
    made = "\n" + _title(f"{row.code} {row.title}", "-")
    made += f"Reply {row.reply_code}. Evidence: {row.evidence or 'none'}."
    made += " Only in the authorised state, else 17.\n\n" if row.authorised else "\n\n"
    made += f"{_sentence(row)}\n\n"
    request, reply = list(_rows(row.request)), list(_rows(row.reply))
    request += [(name, width, _and("behind the number of the LMK", when)) for name, width, when in _rows(row.after)]
    columns = ("request", "width", "when")
    made += _grid(columns, request) if request else "The request has no fields.\n\n"
    made += _grid(("reply", "width", "when"), reply) if reply else "The reply has no fields.\n\n"
    errors = sorted(row.all_errors - COMMON_ERRORS - (set(_SHOWN_APART) if row.keys else set()))
    return made + f"Errors of its own: {', '.join(errors) or 'none'}.\n"


def _sentence(row: Command) -> str:
    text = row.function.__doc__ or row.title
    return " ".join(text.split()) or row.title


def _rows(layout: Layout, when: str = "") -> Iterator[tuple[str, str, str]]:
    for field in layout:
        if isinstance(field, Optional | When):
            yield from _rows(field.fields, _and(when, field.width))
        else:
            yield field.name or "-", _width(field), when


def _width(field: Field) -> str:
    if isinstance(field, Key) and field.plain != 16:
        return f"{field.width}; {field.plain}H without a letter"
    return field.width


def _and(when: str, more: str) -> str:
    return f"{when}; {more}" if when and more else when or more


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = [tuple(f"``{cell}``" if "*" in cell or "`" in cell else cell or "\\ " for cell in row) for row in rows]
    widths = [max(len(row[place]) for row in (head, *cells)) for place in range(len(head))]
    line = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    title = "  ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True)).rstrip()
    return "\n".join((line, title, line, *lines, line)) + "\n\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the page, to docs/hsm_commands.rst unless told otherwise."""
    parser = argparse.ArgumentParser(description="Writes docs/hsm_commands.rst from the table of host commands.")
    target = Path(__file__).parent.parent / "docs" / "hsm_commands.rst"
    parser.add_argument("file", nargs="?", type=Path, default=target, help="instead of docs/hsm_commands.rst")
    parser.parse_args(arguments).file.write_text(page())


if __name__ == "__main__":
    main()
