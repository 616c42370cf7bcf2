"""`switch explain`, `build` and `diff`: read their input, call `switch.explain`, print. They decide nothing."""

import base64
import errno
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from switch import explain as messages
from switch.explain import Explained, Line, Settings
from switch.message import Codec, MessageError, SpecError, compile_spec, load_spec

_STYLES = {"title": "bold", "note": "dim", "range": "dim", "name": "cyan", "value": "bold", "meaning": "green",
           "fault": "bold red", "changed": "yellow"}  # fmt: skip
_UNMASKED = "warning: --unmask shows card numbers, tracks, PIN blocks and keys in clear; keep this out of logs"
_BIG = 1 << 20  # bytes of a capture that are worth a progress bar
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _one_clear_line(command: _Command) -> _Command:
    """What a user can mend ends as one line on standard error and status 2."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (SpecError, MessageError, ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader has gone, as `head` does: click ends quietly
            click.echo(f"error: {error}", err=True)
            sys.exit(2)

    return run  # type: ignore[return-value] # same signature


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options that commands share, as one decorator."""

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_spec_option = click.option("--spec", "specs", multiple=True, help="An interface in specs/, or a file; repeatable.")
_framing_option = click.option("--framing", help="none, len2, visa4, ascii4 ...; guessed when absent.")
_unmask_option = click.option("--unmask", is_flag=True, help="Show card numbers and secrets in clear.")
_most_option = click.option(
    "--max-input", type=click.IntRange(1), default=256 << 20, show_default=True, help="Bytes of input, at most."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One object per line.")


def register(main: click.Group) -> None:
    """Adds the commands to `main`."""
    for command in (explain_command, build_command, diff_command):
        main.add_command(command)


# -- explain


@click.command("explain")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option("-f", "--file", "files", type=click.Path(path_type=Path), multiple=True, help="Read a file; repeatable.")
@_options(_spec_option, _framing_option, _json_option, _unmask_option, _most_option)
@click.option("--rest", type=click.IntRange(0), default=512, show_default=True, help="Bytes shown behind a fault.")
@_one_clear_line
def explain_command(
    *, inputs: tuple[str, ...], files: tuple[Path, ...], specs: tuple[str, ...], framing: str | None, as_json: bool,
    unmask: bool, max_input: int, rest: int,
) -> None:  # fmt: skip
    """Decode messages: hex, hexdump, base64, bytes, a log line or a capture file, from INPUT, files or standard input.

    Exits 0 when all was decoded, 1 when not, 2 when asked wrongly.
    """
    settings = _settings(specs, framing, unmask=unmask, rest=rest)
    write = _json_writer() if as_json else _line_writer()
    decoded = count = 0
    for data in _inputs(inputs, files, max_input):
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


def _settings(specs: Sequence[str], framing: str | None, *, unmask: bool, rest: int = 0) -> Settings:
    if unmask:
        click.echo(_UNMASKED, err=True)
    codecs = tuple(_codec(spec) for spec in specs) or messages.shipped()
    return Settings(codecs, framing, masked=not unmask, most_rest=rest)


def _codec(spec: str) -> Codec:
    return compile_spec(load_spec(spec))


def _inputs(inputs: Sequence[str], files: Sequence[Path], most: int) -> Iterator[bytes]:
    """The inputs one by one: all arguments are one, for a shell splits hex at its spaces."""
    words = [word for word in inputs if word != "-"]
    if words:
        yield _bounded("\n".join(words).encode(errors="surrogateescape"), most, "argument")
    for path in files:
        with path.open("rb") as file:
            yield _bounded(file.read(most + 1), most, str(path))
    if "-" in inputs or not (inputs or files):
        yield _standard_input(most)


def _standard_input(most: int) -> bytes:
    stream = sys.stdin.buffer
    if stream.isatty():
        raise click.UsageError("expected INPUT, -f FILE or something on standard input")
    return _bounded(stream.read(most + 1), most, "standard input")


def _bounded(data: bytes, most: int, what: str) -> bytes:
    if len(data) > most:
        raise click.UsageError(f"{what}: more than {most} bytes; --max-input allows more")
    return data


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
    print_line = _printer()

    def write(each: Explained, number: int) -> None:
        if number > 1:
            print_line(())
        for line in messages.message_lines(each, number):
            print_line(line)

    return write


def _printer() -> Callable[[Line], None]:
    """Prints lines in colour on a terminal, plain and whole elsewhere."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        return lambda line: click.echo(messages.plain(line))
    return lambda line: console.print(Text.assemble(*((text, _STYLES[style]) for text, style in line)))


def _json_writer() -> Callable[[Explained, int], None]:
    return lambda each, number: click.echo(msgspec.json.encode(messages.message_object(each, number)))


# -- build


@click.command("build")
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("-f", "--file", "source", type=click.Path(path_type=Path), help="A JSON object of fields.")
@_options(_spec_option, _framing_option, _most_option)
@click.option("--mti", help="The message type, as t=0200 is.")
@click.option("--like", help="A message to start from: what is not given keeps its bytes.")
@click.option("--header", help="Hex of what stands between the length and the message.")
@click.option("--raw", "form", flag_value="raw", help="Write bytes.")
@click.option("--base64", "form", flag_value="base64", help="Write base64.")
@_one_clear_line
def build_command(
    *, fields: tuple[str, ...], source: Path | None, specs: tuple[str, ...], framing: str | None, max_input: int,
    mti: str | None, like: str | None, header: str | None, form: str | None,
) -> None:  # fmt: skip
    """Make a message from FIELD=VALUE arguments, or from a JSON object in a file or on standard input; prints hex."""
    wanted = messages.from_arguments(fields)
    if source is not None:
        with source.open("rb") as file:
            wanted = {**_from_json(_bounded(file.read(max_input + 1), max_input, str(source))), **wanted}
    elif not fields and not like:
        wanted = _from_json(_standard_input(max_input))
    if mti is not None:
        wanted["t"] = mti
    before = None if header is None else _hex(header)
    if like is not None:
        model = _one(like, _settings(specs, None, unmask=False))
        made = messages.rebuild(model, wanted, framing, before)
    elif len(specs) != 1:
        raise click.UsageError("expected one --spec NAME")
    else:
        made = messages.build(_codec(specs[0]), wanted, framing, before)
    if form == "raw":
        sys.stdout.buffer.write(made)
    else:
        click.echo(base64.b64encode(made) if form == "base64" else made.hex())


def _from_json(data: bytes) -> dict[str, str]:
    try:
        return messages.from_object(msgspec.json.decode(data))
    except msgspec.DecodeError:
        raise click.UsageError("expected a JSON object of fields") from None


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise click.UsageError("--header: expected hexadecimal digits") from None


def _one(text: str, settings: Settings) -> Explained:
    """The first message in an argument."""
    found = next((each for each in messages.explain(text.encode(), settings) if isinstance(each, Explained)), None)
    if found is None:
        raise click.UsageError("expected a message")
    return found


# -- diff


@click.command("diff")
@click.argument("left")
@click.argument("right")
@_options(_spec_option, _framing_option, _json_option, _unmask_option)
@_one_clear_line
def diff_command(
    *, left: str, right: str, specs: tuple[str, ...], framing: str | None, as_json: bool, unmask: bool
) -> None:
    """Compare two messages field by field. Exits 0 when they say the same, 1 when not."""
    settings = _settings(specs, framing, unmask=unmask)
    sides = [_one(text, settings) for text in (left, right)]
    for name, side in zip(("first", "second"), sides, strict=True):
        if side.error is not None:
            raise click.UsageError(f"the {name} message cannot be decoded: {side.error}")
    found = list(messages.differences(sides[0], sides[1], masked=not unmask))
    print_line = _printer()
    for each in found:
        if as_json:
            click.echo(msgspec.json.encode(each))
        else:
            print_line(messages.difference_line(each))
    sys.exit(1 if found else 0)
