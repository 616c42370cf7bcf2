"""A node's file and its table of ranges: what is read, and what an error says."""

from pathlib import Path
from typing import Any

import pytest
import trio

from switch.simulator.network import NodeConfigError, load_config, serve
from switch.simulator.network.ranges import load_ranges, parse_ranges

ZPK = "UC43AC716CDBDE6C568FF9CD082B9C001"
MINIMAL = f"""
scheme = "visa"
zpk = "{ZPK}"
[listen]
port = 0
[issuers.issuer-a]
host = "127.0.0.1"
port = 9101
zpk = "{ZPK}"
"""


def _write(folder: Path, text: str) -> Path:
    file = folder / "node.toml"
    file.write_text(text)
    return file


def test_a_small_file_is_enough_and_the_rest_has_defaults(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, MINIMAL))
    assert (config.scheme, config.listen.host, config.hsm.port, config.bins) == ("visa", "127.0.0.1", 1500, "")
    assert config.issuers["issuer-a"].answer_timeout == 1.2


def test_the_table_of_ranges_is_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "bins.csv").write_text("prefix,issuer\n42,issuer-a\n")
    config = load_config(_write(tmp_path, 'bins = "bins.csv"\n' + MINIMAL))
    assert load_ranges(config.bins, config.scheme, config.issuers).issuer("4200000000000000") == "issuer-a"


@pytest.mark.parametrize(("old", "new", "where", "expected"), [
    ('scheme = "visa"', 'scheme = "amex"', "scheme", "Invalid enum value"),
    ('scheme = "visa"', "", "", "missing required field `scheme`"),
    ("port = 0", "port = 70000", "listen.port", "<= 65535"),
    ("port = 0", 'port = "0"', "listen.port", "Expected `int`"),
    ("port = 0", "port = 0\nbacklog = 5", "listen", "unknown field `backlog`"),
    ("port = 9101", "port = 9101\necho_interval = 0", "issuers[...].echo_interval", "> 0"),
    (f'port = 9101\nzpk = "{ZPK}"', 'port = 9101\nzpk = "U12"', "issuers[...].zpk", "regex"),
    ("[listen]", "[hsm]\nslot = 1\n[listen]", "hsm", "unknown field `slot`"),
])  # fmt: skip
def test_an_error_names_file_key_and_what_was_expected(
    tmp_path: Path, old: str, new: str, where: str, expected: str
) -> None:
    file = _write(tmp_path, MINIMAL.replace(old, new))
    with pytest.raises(NodeConfigError) as caught:
        load_config(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: {where}")
    assert expected in message
    assert "U12" not in message
    assert ZPK not in message


def test_a_node_without_issuers_is_refused(tmp_path: Path) -> None:
    text = MINIMAL[: MINIMAL.index("[issuers")] + "[issuers]\n"
    with pytest.raises(NodeConfigError, match="issuers: Expected `object` of length >= 1"):
        load_config(_write(tmp_path, text))


def test_what_is_no_toml_and_what_is_no_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NodeConfigError, match="expected TOML"):
        load_config(_write(tmp_path, "scheme = "))
    with pytest.raises(NodeConfigError, match=r"absent\.toml: No such file"):
        load_config(tmp_path / "absent.toml")


# -- ranges


@pytest.mark.parametrize(("pan", "issuer"), [
    ("4111111111111111", "issuer-a"), ("4242424242424242", "issuer-b"), ("0012340000000014", "issuer-a"),
    ("4999999912345678", "issuer-a"), ("1234000000000014", None), ("", None),
])  # fmt: skip
def test_the_longest_prefix_of_the_shipped_visa_table_wins(pan: str, issuer: str | None) -> None:
    assert load_ranges("", "visa", ("issuer-a", "issuer-b")).issuer(pan) == issuer


@pytest.mark.parametrize(("pan", "issuer"), [
    ("5555555555554444", "issuer-a"), ("5105105105105100", "issuer-b"), ("2223003122003222", "issuer-b"),
    ("4999999900000000", "issuer-b"), ("4111111111111111", None),
])  # fmt: skip
def test_the_longest_prefix_of_the_shipped_mastercard_table_wins(pan: str, issuer: str | None) -> None:
    assert load_ranges("", "mastercard", ("issuer-a", "issuer-b")).issuer(pan) == issuer


def test_a_long_prefix_lies_inside_a_short_one_and_zeros_count() -> None:
    table = parse_ranges("prefix,issuer\n4,a\n41234567891,b\n0,a\n00,b\n", "t.csv", ("a", "b"))
    assert [table.issuer(pan) for pan in ("4123456789199", "4123456789299", "41", "0100", "0010")] == [
        "b", "a", "a", "a", "b",
    ]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), [
    ("4x,a", "a prefix of 1 to 11 digits"), ("411111111111,a", "a prefix of 1 to 11 digits"),
    (",a", "a prefix of 1 to 11 digits"), ("4", "two columns"), ("4,a,b", "two columns"),
    ("4,nobody", "an issuer that the configuration has"), ("5,a", "each prefix once"),
    ("\u0664,a", "a prefix of 1 to 11 digits"),
])  # fmt: skip
def test_a_bad_range_is_named_by_file_and_line(line: str, expected: str) -> None:
    with pytest.raises(NodeConfigError, match=rf"^t\.csv line 4: expected {expected}"):
        parse_ranges(f"# ranges\nprefix,issuer\n5,a\n{line}\n", "t.csv", ("a",))


@pytest.mark.parametrize(("text", "expected"), [
    ("", r"t\.csv: expected at least one range"), ("prefix,issuer\n", r"t\.csv: expected at least one range"),
    ("4,a\n", r"t\.csv line 1: expected the heading"),
])  # fmt: skip
def test_an_empty_table_or_one_without_heading_is_refused(text: str, expected: str) -> None:
    with pytest.raises(NodeConfigError, match=expected):
        parse_ranges(text, "t.csv", ("a",))


async def test_a_table_that_names_an_unknown_issuer_stops_the_start(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, MINIMAL))
    with pytest.raises(NodeConfigError, match=r"fixtures/visa_bins\.csv line 3: expected an issuer"):
        await serve(config)


async def test_a_taken_port_stops_the_start(quiet: Any) -> None:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        with pytest.raises(OSError, match="already in use"):
            await serve(quiet.config(listen={"port": port}))
