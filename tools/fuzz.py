"""The `switch-fuzz` command: valid and broken messages to a live host. Exits 0 nothing found, 1 found, 2 error."""

import sys
from pathlib import Path
from typing import NoReturn

import click
import trio
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from switch.message import MessageError, SpecError, is_request, make_framer

try:
    from switch.testing.fuzz_case import Case, CaseError, Found, Peer, read_case, write_case
    from switch.testing.fuzz_examples import examples, probe_of, with_stan
    from switch.testing.fuzz_run import Bounds, Fuzzer, Report, replay
    from switch.testing.fuzz_wire import address, is_there
    from switch.testing.message import codec_of
except ModuleNotFoundError as missing:
    if missing.name != "hypothesis":
        raise
    sys.exit("error: switch-fuzz needs hypothesis: pip install 'iso8583-switch[testing]'")

CLEAN, FOUND, ERROR = 0, 1, 2
_PROBE_STAN = 950_000


def _fail(reason: str) -> NoReturn:
    click.echo(f"error: {reason}", err=True)
    sys.exit(ERROR)


@click.command()
@click.version_option(package_name="iso8583-switch")
@click.argument("host")
@click.option("--spec", default="pos-1987-ascii", show_default=True, help="A shipped spec, or a file.")
@click.option("--framing", default="len2", show_default=True, help="len2, visa4, ascii4 ..., see docs/framing.rst.")
@click.option("--header", default="", help="Hexadecimal bytes between length and message: TPDU, header.")
@click.option("--examples", "count", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed sends the same messages.")
@click.option("--mti", default="0100,0200,0800", show_default=True, help="Requests; the first is also the probe.")
@click.option("--timeout", type=click.FloatRange(0.01), default=5.0, show_default=True, help="Seconds for an answer.")
@click.option("--slow", type=click.FloatRange(0.001), help="Seconds from which an answer is slow; half the timeout.")
@click.option("--parallel", type=click.IntRange(1, 1000), default=1, show_default=True, help="Connections at a time.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("fuzz"), show_default=True)
@click.option("--failures", type=click.IntRange(1), default=20, show_default=True, help="Ends after so many.")
@click.option("--replay", "file", type=click.Path(path_type=Path), help="Sends a replay file again, and nothing else.")
def main(
    host: str, spec: str, framing: str, header: str, count: int, seed: int, mti: str, timeout: float,
    slow: float | None, parallel: int, out: Path, failures: int, file: Path | None,
) -> None:  # fmt: skip
    """Fuzzes the host at HOST:PORT with valid and broken messages of made-up test cards.

    Watches for silence, crash, close, wrong and slow answers. Use it on hosts of your own.
    """
    try:
        address(host)
        if file is not None:
            sys.exit(_replay(host, read_case(file)))
        named = str(Path(spec).resolve()) if Path(spec).suffix else spec
        peer = Peer(spec=named, framing=framing, header=header, timeout=timeout, slow=slow or timeout / 2)
        types = _types(mti)
        _check(peer)
        _require(host, timeout)
        report = _run(host, peer, types, count, seed, parallel, Bounds(failures=failures))
        _show(report)
        _write(report, out, host)
    except (CaseError, SpecError, MessageError, ValueError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}")
    sys.exit(FOUND if report.cases else CLEAN)


def _types(mti: str) -> list[str]:
    types = [text.strip() for text in mti.split(",")]
    for text in types:
        if not is_request(text):
            raise ValueError(f"--mti {text}: expected a type that is answered")
    return types


def _check(peer: Peer) -> None:
    """Raises SpecError or ValueError for what cannot be spoken."""
    codec_of(peer.spec)
    framing = make_framer(peer.frames).framing
    if peer.header and len(_header(peer.header)) != framing.before_message:
        raise ValueError(f"--header: expected the {framing.before_message} bytes of {peer.framing}")


def _header(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError("--header: expected hexadecimal digits") from None


def _require(host: str, timeout: float) -> None:
    if not trio.run(is_there, host, min(timeout, 2.0)):
        _fail(f"{host}: nothing listens there")


def _run(host: str, peer: Peer, types: list[str], count: int, seed: int, parallel: int, bounds: Bounds) -> Report:
    codec = codec_of(peer.spec)
    probe = with_stan(probe_of(codec, types[0], seed), _PROBE_STAN)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("fuzzing", total=count)

        def tell(_found: Found) -> None:
            progress.advance(task)

        fuzzer = Fuzzer(host, peer, probe, bounds, tell)
        return trio.run(fuzzer.run, examples(codec, types, count, seed), parallel)


def _show(report: Report) -> None:
    outcomes = sorted({outcome for _, outcome in report.outcomes})
    table = Table("kind", *outcomes)
    for kind in sorted({kind for kind, _ in report.outcomes}):
        table.add_row(kind, *(str(report.outcomes[kind, outcome] or "") for outcome in outcomes))
    Console(width=max(80, 20 + 18 * len(outcomes))).print(table)
    if report.gone:
        click.echo("the host is gone: the run ended early")


def _write(report: Report, out: Path, host: str) -> None:
    for number, case in enumerate(report.cases, 1):
        file, test = write_case(out, number, case, host)
        shot = case.shots[-1]
        click.echo(f"{case.found.outcome}: {case.found.detail}; {shot.kind}: {shot.what}")
        click.echo(f"  {_how_sure(case, gone=report.gone and number == len(report.cases))}{file}, {test}")
    if report.cases:
        click.echo("replay files hold whole messages of test cards; mode 0600, readable by you only")


def _how_sure(case: Case, *, gone: bool) -> str:
    if case.reproduced:
        return ""
    before = len(case.shots) - 1
    return ("not tried again; " if gone else "did not come again; ") + (
        f"with the {before} messages before it; " if before else ""
    )


def _replay(host: str, case: Case) -> int:
    _require(host, case.peer.timeout)
    found = replay(case, host)
    click.echo(f"{found.outcome}: {found.detail}" if found.detail else found.outcome)
    return CLEAN if found.good else FOUND


if __name__ == "__main__":
    main()
