"""What the commands on messages share: their options, where their input comes from, how they print and fail."""

import errno
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.text import Text

from switch import explain as messages
from switch.cardnumbers import mask_text
from switch.explain import Explained, Line, Settings
from switch.message import Codec, MessageError, SpecError, compile_spec, load_spec

_STYLES = {"title": "bold", "note": "dim", "range": "dim", "name": "cyan", "value": "bold", "meaning": "green",
           "fault": "bold red", "changed": "yellow"}  # fmt: skip
_UNMASKED = "warning: --unmask shows card numbers, tracks, PIN blocks and keys in clear; keep this out of logs"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def one_clear_line(command: _Command) -> _Command:
    """What a user can mend ends as one line on standard error and status 2."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (SpecError, MessageError, ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader has gone, as `head` does: click ends quietly
            click.echo(f"error: {mask_text(str(error))}", err=True)
            sys.exit(2)

    return run  # type: ignore[return-value] # same signature


def shared_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options that commands share, as one decorator."""

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


spec_option = click.option("--spec", "specs", multiple=True, help="An interface in specs/, or a file; repeatable.")
framing_option = click.option("--framing", help="none, len2, visa4, ascii4 ...; guessed when absent.")
unmask_option = click.option("--unmask", is_flag=True, help="Show card numbers and secrets in clear.")
most_option = click.option(
    "--max-input", type=click.IntRange(1), default=256 << 20, show_default=True, help="Bytes of input, at most."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One object per line.")


def settings_of(specs: Sequence[str], framing: str | None, *, unmask: bool, rest: int = 0) -> Settings:
    """What the shared options say, and the warning that unmasking asks for; raises SpecError."""
    if unmask:
        click.echo(_UNMASKED, err=True)
    codecs = tuple(codec_of(spec) for spec in specs) or messages.shipped()
    return Settings(codecs, framing, masked=not unmask, most_rest=rest)


def codec_of(spec: str) -> Codec:
    """The codec of a spec's name or file; raises SpecError."""
    return compile_spec(load_spec(spec))


def all_inputs(inputs: Sequence[str], files: Sequence[Path], most: int) -> Iterator[bytes]:
    """The inputs one by one: all arguments are one, for a shell splits hex at its spaces."""
    words = [word for word in inputs if word != "-"]
    if words:
        yield bounded("\n".join(words).encode(errors="surrogateescape"), most, "argument")
    for path in files:
        with path.open("rb") as file:
            yield bounded(file.read(most + 1), most, str(path))
    if "-" in inputs or not (inputs or files):
        yield standard_input(most)


def standard_input(most: int) -> bytes:
    """At most `most` bytes of standard input; raises UsageError for more, and for a terminal."""
    stream = sys.stdin.buffer
    if stream.isatty():
        raise click.UsageError("expected INPUT, -f FILE or something on standard input")
    return bounded(stream.read(most + 1), most, "standard input")


def bounded(data: bytes, most: int, what: str) -> bytes:
    """`data`, when it has at most `most` bytes; raises UsageError."""
    if len(data) > most:
        raise click.UsageError(f"{what}: more than {most} bytes; --max-input allows more")
    return data


def first_message(text: str, settings: Settings) -> Explained:
    """The first message in an argument; raises UsageError when there is none."""
    data = text.encode(errors="surrogateescape")
    found = next((each for each in messages.explain(data, settings) if isinstance(each, Explained)), None)
    if found is None:
        raise click.UsageError("expected a message")
    return found


def fields_of_json(data: bytes) -> dict[str, str]:
    """The fields of a JSON object by path; raises UsageError, and BuildError naming the field."""
    try:
        return messages.from_object(msgspec.json.decode(data))
    except msgspec.DecodeError:
        raise click.UsageError("expected a JSON object of fields") from None


def line_printer() -> Callable[[Line], None]:
    """Prints lines in colour on a terminal, plain and whole elsewhere."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        return lambda line: click.echo(messages.plain(line))
    return lambda line: console.print(Text.assemble(*((text, _STYLES[style]) for text, style in line)))
