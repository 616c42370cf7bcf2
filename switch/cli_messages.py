"""`switch explain`, `build` and `diff`: read their input, call `switch.explain`, print. They decide nothing."""

import base64
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from switch import explain as messages
from switch.cli_input import (
    all_inputs,
    bounded,
    codec_of,
    fields_of_json,
    first_message,
    framing_option,
    json_option,
    line_printer,
    most_option,
    one_clear_line,
    settings_of,
    shared_options,
    spec_option,
    standard_input,
    unmask_option,
)  # fmt: skip
from switch.explain import Explained, Settings

_BIG = 1 << 20  # bytes of a capture that are worth a progress bar


# -- explain


@click.command("explain")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option("-f", "--file", "files", type=click.Path(path_type=Path), multiple=True, help="Read a file; repeatable.")
@shared_options(spec_option, framing_option, json_option, unmask_option, most_option)
@click.option("--rest", type=click.IntRange(0), default=512, show_default=True, help="Bytes shown behind a fault.")
@one_clear_line
def explain_command(
    *, inputs: tuple[str, ...], files: tuple[Path, ...], specs: tuple[str, ...], framing: str | None, as_json: bool,
    unmask: bool, max_input: int, rest: int,
) -> None:  # fmt: skip
    """Decode messages: hex, hexdump, base64, bytes, a log line or a capture file, from INPUT, files or standard input.

    Exits 0 when all was decoded, 1 when not, 2 when asked wrongly.
    """
    settings = settings_of(specs, framing, unmask=unmask, rest=rest)
    write = _json_writer() if as_json else _line_writer()
    decoded = count = 0
    for data in all_inputs(inputs, files, max_input):
        for each in _with_progress(data, settings):
            if isinstance(each, str):
                click.echo(f"note: {each}", err=True)
                continue
            count += 1
            decoded += each.error is None
            write(each, count)
    if count != 1 and not as_json:
        click.echo(f"{count} messages, {decoded} decoded")
    sys.exit(0 if count and decoded == count else 1)


def _with_progress(data: bytes, settings: Settings) -> Iterator[Explained | str]:
    if len(data) < _BIG or not messages.is_capture(data) or not sys.stderr.isatty():
        yield from messages.explain(data, settings)
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading packets", total=len(data))
        found = messages.explain(data, settings, lambda done, _total: progress.update(task, completed=done))
        first = next(found, None)
    if first is not None:
        yield first
        yield from found


def _line_writer() -> Callable[[Explained, int], None]:
    print_line = line_printer()

    def write(each: Explained, number: int) -> None:
        if number > 1:
            print_line(())
        for line in messages.message_lines(each, number):
            print_line(line)

    return write


def _json_writer() -> Callable[[Explained, int], None]:
    return lambda each, number: click.echo(msgspec.json.encode(messages.message_object(each, number)))


# -- build


@click.command("build")
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("-f", "--file", "source", type=click.Path(path_type=Path), help="A JSON object of fields.")
@shared_options(spec_option, framing_option, most_option)
@click.option("--mti", help="The message type, as t=0200 is.")
@click.option("--like", help="A message to start from: what is not given keeps its bytes.")
@click.option("--header", help="Hex of what stands between the length and the message.")
@click.option("--force", is_flag=True, help="Also build what no host takes: values of other classes, unknown types.")
@click.option("--raw", "form", flag_value="raw", help="Write bytes.")
@click.option("--base64", "form", flag_value="base64", help="Write base64.")
@one_clear_line
def build_command(
    *, fields: tuple[str, ...], source: Path | None, specs: tuple[str, ...], framing: str | None, max_input: int,
    mti: str | None, like: str | None, header: str | None, force: bool, form: str | None,
) -> None:  # fmt: skip
    """Make a message from FIELD=VALUE arguments, or from a JSON object in a file or on standard input; prints hex."""
    wanted = messages.from_arguments(fields)
    if source is not None:
        with source.open("rb") as file:
            wanted = {**fields_of_json(bounded(file.read(max_input + 1), max_input, str(source))), **wanted}
    elif not fields and not like:
        wanted = fields_of_json(standard_input(max_input))
    if mti is not None:
        wanted["t"] = mti
    before = None if header is None else _hex(header)
    if like is not None:
        model = first_message(like, settings_of(specs, None, unmask=False))
        if model.candidates:
            _refuse(messages.doubts(model.candidates[0].codec, wanted), force=force)
        made = messages.rebuild(model, wanted, framing, before)
    elif len(specs) != 1:
        raise click.UsageError("expected one --spec NAME")
    else:
        codec = codec_of(specs[0])
        whole = messages.with_header(codec, wanted)
        if "h" not in wanted and "h" in whole:
            click.echo(f"note: {codec.name} begins with a TPDU: {whole['h']}; h=... says otherwise", err=True)
        _refuse(messages.doubts(codec, whole), force=force)
        made = messages.build(codec, whole, framing, before)
    if form == "raw":
        sys.stdout.buffer.write(made)
    else:
        click.echo(base64.b64encode(made) if form == "base64" else made.hex())


def _refuse(doubts: Sequence[str], *, force: bool) -> None:
    """Says what no host takes; unless it is asked for, as by who tests a host, that is the end."""
    if doubts and not force:
        raise messages.BuildError(f"{'; '.join(doubts)} (--force builds it all the same)")
    for doubt in doubts:
        click.echo(f"note: {doubt}", err=True)


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise click.UsageError("--header: expected hexadecimal digits") from None


# -- diff


@click.command("diff")
@click.argument("left")
@click.argument("right")
@shared_options(spec_option, framing_option, json_option, unmask_option)
@one_clear_line
def diff_command(
    *, left: str, right: str, specs: tuple[str, ...], framing: str | None, as_json: bool, unmask: bool
) -> None:
    """Compare two messages field by field. Exits 0 when they say the same, 1 when not."""
    settings = settings_of(specs, framing, unmask=unmask)
    sides = [first_message(text, settings) for text in (left, right)]
    for name, side in zip(("first", "second"), sides, strict=True):
        if side.error is not None:
            raise click.UsageError(f"the {name} message cannot be decoded: {side.error}")
    found = list(messages.differences(sides[0], sides[1], masked=not unmask))
    print_line = line_printer()
    for each in found:
        if as_json:
            click.echo(msgspec.json.encode(each))
        else:
            print_line(messages.difference_line(each))
    sys.exit(1 if found else 0)
