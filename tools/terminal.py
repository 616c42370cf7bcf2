"""The `switch-terminal` command: one request to a switch, shown field by field, masked. Exits 0, 1 or 2."""

import secrets
import shlex
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click
import msgspec
import trio

from switch.message import MessageError, View, compile_spec, describe, load_spec
from switch.money import AmountError, minor_units
from switch.resources import read_text
from switch.simulator.terminal import messages
from switch.simulator.terminal.session import NoAnswerError, TerminalSession

APPROVED, DECLINED, ERROR = 0, 1, 2
_APPROVALS = ("00", "10", "11", "85")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _fail(reason: str) -> NoReturn:
    click.echo(f"error: {reason}", err=True)
    sys.exit(ERROR)


def _link_options(command: _Command) -> _Command:
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="Where the switch listens."),
        click.option("--port", type=click.IntRange(1, 65535), default=8583, show_default=True),
        click.option("--bitmap", type=click.Choice(["hex", "binary"]), default="hex", show_default=True),
        click.option("--terminal", default="TERM0001", show_default=True, help="DE41, up to 8 characters."),
        click.option("--merchant", default="MERCHANT0000001", show_default=True, help="DE42, up to 15 characters."),
        click.option("--stan", default="", help="DE11, 6 digits; random by default."),
        click.option("--within", type=click.FloatRange(0.01), default=5.0, show_default=True, help="Seconds to wait."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _money_options(command: _Command) -> _Command:
    command = click.option("--currency", default="978", show_default=True, help="ISO 4217, numeric.")(command)
    return click.option("--amount", required=True, help="In major units, such as 12.34.")(command)


def _card_options(command: _Command) -> _Command:
    options = (
        click.option("--pan", required=True),
        click.option("--expiry", default="", help="YYMM; track 2 has it too."),
        click.option("--pin", default="", help="Encrypted here, under the terminal's PIN key."),
        click.option("--cvv2", default=""),
        click.option("--track2", default="", help="PAN=YYMM and the rest, as on the stripe."),
        click.option("--tpk", default="", help="The terminal's clear PIN key, 32 hex digits; the lab's by default."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"auto_envvar_prefix": "SWITCH_TERMINAL"})
@click.version_option(package_name="iso8583-switch")
def main() -> None:
    """A payment terminal in ISO 8583:1987: exits 0 on approval, 1 on decline, 2 on error.

    Every option can come from the environment, such as SWITCH_TERMINAL_PURCHASE_PIN.
    """


def _payment_command(kind: str, text: str, *, with_amount: bool = True) -> None:
    def run(**options: Any) -> None:
        options.setdefault("amount", "0")
        options.setdefault("currency", "978")
        options.setdefault("auth_only", False)
        _send(options, lambda codec, moment: _payment(kind, options, codec, moment))

    decorated: Callable[..., None] = _link_options(_card_options(run))
    if with_amount:
        decorated = _money_options(decorated)
        decorated = click.option("--auth-only", is_flag=True, help="Send a 0100, which is not captured.")(decorated)
    main.command(kind, help=text)(decorated)


_payment_command("purchase", "A sale (0200).")
_payment_command("withdrawal", "Cash (0200, processing code 01).")
_payment_command("refund", "Money back to the card (0200, processing code 20).")
_payment_command("balance", "What is on the account (0100, processing code 31).", with_amount=False)


@main.command()
@_link_options
@_money_options
@click.option("--original-stan", required=True, help="DE11 of the request to reverse.")
@click.option("--original-time", required=True, help="Its DE7, MMDDhhmmss.")
@click.option("--original-mti", default="0200", show_default=True)
@click.option("--repeat", is_flag=True, help="Send a 0401.")
def reversal(**options: Any) -> None:
    """Take a request back (0400 with DE90). Terminal and merchant must be the original's."""

    def fields(_codec: Any, moment: messages.Moment) -> dict[str, str]:
        profile = _profile(options)
        original = {
            "t": options["original_mti"],
            "4": f"{_amount(options):012d}",
            "7": options["original_time"],
            "11": options["original_stan"],
            "41": profile.terminal.ljust(8),
            "42": profile.merchant.ljust(15),
            "49": options["currency"],
        }
        return messages.reversal(original, _stan(options), moment, repeat=options["repeat"])

    _send(options, fields)


@main.command()
@_link_options
def echo(**options: Any) -> None:
    """Is the switch there (0800)?"""
    _send(options, lambda _codec, moment: messages.echo(_stan(options), moment))


def _payment(kind: str, options: dict[str, Any], codec: Any, moment: messages.Moment) -> dict[str, str]:
    sale = messages.Sale(
        kind=kind,
        pan=options["pan"],
        amount=_amount(options),
        currency=options["currency"],
        pin=options["pin"],
        cvv2=options["cvv2"],
        track2=options["track2"].replace("D", "="),
        expiry=options["expiry"],
        authorisation_only=options["auth_only"],
    )
    return messages.request(codec, _profile(options), sale, _stan(options), moment)


def _amount(options: dict[str, Any]) -> int:
    return minor_units(options["amount"], options["currency"])


def _stan(options: dict[str, Any]) -> str:
    return options["stan"].zfill(6) if options["stan"] else f"{secrets.randbelow(999_999) + 1:06d}"


def _profile(options: dict[str, Any]) -> messages.Profile:
    text = options.get("tpk") or _lab_tpk()
    try:
        tpk = bytes.fromhex(text)
    except ValueError:
        tpk = b""
    if len(tpk) != 16:
        raise messages.TerminalError("tpk: expected 32 hexadecimal digits")
    return messages.Profile(options["terminal"], options["merchant"], tpk)


def _lab_tpk() -> str:
    keys: dict[str, str] = msgspec.json.decode(read_text("fixtures", "clear_keys.json"))["keys"]
    return keys["tpk.lab"]


def _send(options: dict[str, Any], make: Callable[[Any, messages.Moment], dict[str, str]]) -> None:
    """Asks once, shows both messages and exits with what came of it."""
    codec = compile_spec(load_spec("pos-1987-ascii" if options["bitmap"] == "hex" else "pos-1987-ascii-binary"))
    try:
        fields = make(codec, messages.now())
        codec.view(codec.encode(fields)).check()
        request, reply = trio.run(_exchange, options, codec, fields)
    except (AmountError, messages.TerminalError, MessageError, NoAnswerError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{options['host']}:{options['port']}: {error.strerror or error}")
    _show("request", codec.view(request))
    _show("reply", reply)
    code = reply.get("39", "")
    approved = code in _APPROVALS
    click.echo(f"{'approved' if approved else 'declined'} ({code})")
    if approved and fields["t"] == "0200":
        _show_reversal(options, fields)
    sys.exit(APPROVED if approved else DECLINED)


async def _exchange(options: dict[str, Any], codec: Any, fields: dict[str, str]) -> tuple[bytes, View]:
    async with TerminalSession(options["host"], options["port"], codec, options["within"]) as session:
        return await session.ask(fields)


def _show(title: str, view: View) -> None:
    click.echo(title)
    for line in describe(view):
        click.echo(f"  {line.path:>6}  {line.name:<45.45}  {line.value}".rstrip())


def _show_reversal(options: dict[str, Any], fields: dict[str, str]) -> None:
    words = ["switch-terminal", "reversal", "--port", str(options["port"]), "--bitmap", options["bitmap"]]
    words += ["--terminal", options["terminal"], "--merchant", options["merchant"]]
    words += ["--amount", options["amount"], "--currency", options["currency"]]
    words += ["--original-stan", fields["11"], "--original-time", fields["7"]]
    click.echo(f"to take it back: {shlex.join(words)}")


if __name__ == "__main__":
    main()
