"""What the HSM may do by configuration: LMKs, environment, policy, authorised state; over TCP where it matters."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio
import trio.testing
from structlog.testing import capture_logs

from switch import logs
from switch.crypto import tdes
from switch.daemon import admin, hsmd
from switch.daemon.admin import AdminError
from switch.daemon.authority import Authority
from switch.hsm import lmkfile
from switch.hsm.client import HsmClient
from switch.hsm.commands import HostCommands
from switch.hsm.config import HsmConfig, HsmConfigError, open_commands
from switch.hsm.lmk import encrypt_key, wrap
from switch.hsm.lmkmake import lmk_of

FIRST, SECOND = OFFICERS = ("the first officer's words", "words of the second officer")
SECRET = bytes(range(32))


@pytest.fixture
def lmk_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LMK 00 on disk; both officers' passphrases are in the environment, as a service manager would put them."""
    monkeypatch.setattr(lmkfile, "COST", 2**14)
    monkeypatch.setenv("OFFICER_1", FIRST)
    monkeypatch.setenv("OFFICER_2", SECOND)
    path = tmp_path / "lmk-00.json"
    lmkfile.create(path, "variant", "00", SECRET, OFFICERS)
    return path


def written(folder: Path, text: str) -> HsmConfig:
    file = folder / "hsm.toml"
    file.write_text("port = 0\n" + text)
    return hsmd.load(file)


WITH_FILE = '[lmk]\n00 = "lmk-00.json"\n[officers]\n1 = "env:OFFICER_1"\n2 = "env:OFFICER_2"\n'


@asynccontextmanager
async def running(config: HsmConfig) -> AsyncIterator[HsmClient]:
    """The HSM with its status socket, and a client of it."""
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hsmd.run, config)
            with trio.fail_after(10):
                # The authorised state of the configuration is told before.
                while not (listening := [line for line in lines if line["event"] == "listening"]):
                    await trio.lowlevel.checkpoint()
                while not await trio.Path(config.status_socket or "/").exists():
                    await trio.lowlevel.checkpoint()
            address = listening[0]["addresses"][0]
            host, port = address.rsplit(":", 1)
            async with HsmClient(host, int(port), timeout=5.0) as client:
                yield client
            nursery.cancel_scope.cancel()


async def error(client: HsmClient, command: str) -> str:
    return (await client.call(command.encode())).error


async def test_a_file_is_the_lmk_and_no_test_lmk_is_beside_it(tmp_path: Path, lmk_file: Path) -> None:
    async with running(written(tmp_path, WITH_FILE)) as client:
        assert (await client.call(b"NC")).body[:16] == lmk_of("variant", "00", SECRET).check_value
        assert await error(client, "A00001U") == "00"
        assert (
            await error(client, f"BUFF1{encrypt_key(bytes(range(1, 17)), '001')};001;001") == "10"
        )  # another LMK's key
        assert await error(client, "NC%01") == "13"


async def test_lmks_are_chosen_by_number(tmp_path: Path, lmk_file: Path) -> None:
    lmkfile.create(tmp_path / "lmk-03.json", "keyblock-aes", "03", SECRET, OFFICERS)
    text = WITH_FILE.replace("[officers]", '03 = "lmk-03.json"\n01 = "test-keyblock"\n[officers]')
    async with running(written(tmp_path, text)) as client:
        assert (await client.call(b"NC%03")).body[:16] == lmk_of("keyblock-aes", "03", SECRET).check_value
        block = (await client.call(b"A00FFFS%03#P0A2N00E00")).body
        assert (block[:2], block[15:17]) == ("S1", "03")  # version 1, of LMK 03
        assert await error(client, "NC%01") == "00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lmk]\n01 = \"lmk-00.json\"\n", "expected an LMK 00"),
        ("[lmk]\n00 = \"absent.json\"\n", "No such file"),
        (WITH_FILE.replace("00 =", "00 = \"test-variant\"\n05 ="), "is LMK 00, expected 05"),
        (WITH_FILE.replace("env:OFFICER_2", "env:OFFICER_1"), "does not open"),
        (WITH_FILE.replace("env:OFFICER_2", "env:NOBODY"), "NOBODY: no such environment variable"),
        (WITH_FILE.replace("env:OFFICER_2", "words"), "expected terminal, env:NAME, file:PATH or fd:NUMBER"),
        (WITH_FILE[: WITH_FILE.index("[officers]")], "no terminal to ask at"),
        ('environment = "production"\n', "test-variant is a public test LMK"),
        ("production = true\n", "test-variant is a public test LMK"),
        ('environment = "production"\nauthorised = true\n' + WITH_FILE, "authorised: expected false"),
        ('production = true\n' + WITH_FILE.replace("[officers]", '01 = "test-keyblock"\n[officers]'), "lmk.01"),
        ('[policy]\nmin_pin = 3\n', "policy: "),
    ],
)  # fmt: skip
def test_what_the_hsm_does_not_start_with(
    tmp_path: Path, lmk_file: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    config = written(tmp_path, text)
    with pytest.raises(HsmConfigError, match=said.replace(".", r"\.")) as fault:
        open_commands(config)
    assert FIRST not in str(fault.value)


def test_production_refuses_keys_that_everybody_knows(tmp_path: Path, lmk_file: Path) -> None:
    config = written(tmp_path, 'environment = "production"\n' + WITH_FILE + "[policy]\nguarded = []\n")
    lab = written(tmp_path, WITH_FILE)
    vault = lab and open_commands(lab).vault("00")
    assert vault is not None
    known, own = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), tdes.odd_parity(bytes(range(3, 19)))
    fresh_zmk = tdes.odd_parity(bytes(range(40, 56)))
    zmk = vault.keep(fresh_zmk, "000", "U")
    for clear, expected in ((known, "75"), (own, "00")):
        field, under = vault.keep(clear, "001", "U"), wrap(fresh_zmk, clear, "U")
        for command in (f"BUFF1{field};001;001", f"A6001{zmk}{under}U", f"FA{zmk}{under}"):
            assert open_commands(config).handle(command.encode())[2:4].decode() == expected, command
            assert open_commands(lab).handle(command.encode())[2:4] == b"00"


async def test_disabled_commands_and_formats_and_pin_lengths_by_configuration(tmp_path: Path, bench: Any) -> None:
    text = '[policy]\ndisabled_commands = ["EC"]\ndisabled_formats = ["05"]\nmin_pin = 5\n'
    async with running(written(tmp_path, text)) as client:
        commands = bench.commands()
        assert await error(client, commands["EC"]) == "68"
        assert await error(client, commands["DC"]) == "24"
        zpk = bench.key("001")
        assert await error(client, f"CC{zpk}{zpk}12{bench.block('001', '05')}0501{bench.account}") == "69"
        assert await error(client, commands["BU"]) == "00"
    async with running(written(tmp_path, "")) as client:
        assert await error(client, commands["EC"]) == "00"


async def test_the_authorised_state_is_17_without_and_by_configuration(tmp_path: Path, bench: Any) -> None:
    command = f"BA1234F{bench.account}"
    for text, expected in (("", "17"), ("authorised = true\n", "00"), ('[policy]\nauthorised = ["BA"]\n', "00")):
        async with running(written(tmp_path, text)) as client:
            assert await error(client, command) == expected


async def test_both_officers_authorise_the_running_hsm_and_the_log_says_so(
    tmp_path: Path, lmk_file: Path, bench: Any
) -> None:
    config, command = written(tmp_path, 'status_socket = "hsm.sock"\n' + WITH_FILE), f"BA1234F{bench.account}"
    ask = partial(admin.ask, Path(config.status_socket))
    grant = {"lmk": "00", "officer_1": FIRST, "officer_2": SECOND, "minutes": "5"}
    async with running(config) as client:
        with capture_logs() as lines:
            assert await error(client, command) == "17"
            for change, said in (
                ({"officer_2": FIRST}, "does not open"),
                ({"officer_1": SECOND}, "does not open"),
                ({"lmk": "01"}, "no LMK file with officers"),
                ({"minutes": "0"}, "minutes"),
            ):
                with pytest.raises(AdminError, match=said):
                    await ask("authorise", 10.0, grant | change)
            assert await error(client, command) == "17"
            assert (await ask("authorise", 10.0, grant))["authorised"] is True
            assert await error(client, command) == "00"
            assert (await ask("end-authority", 10.0, {"lmk": "00"}))["authorised"] is False
            assert await error(client, command) == "17"
    told = [line for line in lines if line["event"] == "authorised state"]
    assert [(line["on"], line["lmks"], line.get("officers")) for line in told] == [
        (True, ["00"], [1, 2]),
        (False, ["00"], None),
    ]
    assert sum(line["event"] == "authorisation refused" for line in lines) == 2
    asked = [line["allowed"] for line in lines if line["event"] == "authorised command"]
    assert asked == [False, False, True, False]
    assert not any(word in repr(lines) for word in (FIRST, SECOND, "1234F"))


async def pass_seconds(clock: trio.testing.MockClock, seconds: float) -> None:
    """Time that nobody waits for. An autojump clock would also jump while scrypt works in its thread."""
    await trio.testing.wait_all_tasks_blocked()
    clock.jump(seconds)
    await trio.testing.wait_all_tasks_blocked()


async def test_authority_ends_by_itself(
    tmp_path: Path, lmk_file: Path, bench: Any, mock_clock: trio.testing.MockClock
) -> None:
    config = written(tmp_path, WITH_FILE)
    hsm = open_commands(config)
    command = f"BA1234F{bench.account}".encode()
    async with trio.open_nursery() as nursery:
        authority = Authority(config, hsm, nursery)
        await authority.grant("00", FIRST, SECOND, "5")
        await pass_seconds(mock_clock, 200)
        await authority.grant("00", FIRST, SECOND, "5")  # anew: it counts from here
        await pass_seconds(mock_clock, 200)
        assert hsm.handle(command)[2:4] == b"00"
        await pass_seconds(mock_clock, 101)
        assert hsm.handle(command)[2:4] == b"17"


def test_authority_is_of_one_lmk(bench: Any) -> None:
    hsm = HostCommands()
    hsm.authorise(True, ("01",))
    command = f"BA1234F{bench.account}"
    assert [hsm.handle(f"{command}%{number}".encode())[2:4] for number in ("00", "01", "02")] == [b"17", b"00", b"17"]


async def test_no_secret_reaches_the_log_of_a_request_that_fails(tmp_path: Path, lmk_file: Path) -> None:
    config = written(tmp_path, 'status_socket = "hsm.sock"\n' + WITH_FILE)
    stream = io.StringIO()
    async with running(config):
        old = structlog.get_config()
        try:
            logs.configure("hsm", stream)
            for arguments in (
                {"officer_1": FIRST},
                {"lmk": "00", "officer_1": FIRST, "officer_2": SECOND, "minutes": "x", "z": FIRST},
            ):
                with pytest.raises(AdminError) as fault:
                    await admin.ask(Path(config.status_socket), "authorise", 10.0, arguments)
                assert FIRST not in str(fault.value)
        finally:
            structlog.configure(**old)
    assert "operator request failed" in stream.getvalue()
    assert not any(word in stream.getvalue() for word in OFFICERS)
    assert all(json.loads(line) for line in stream.getvalue().splitlines())


def test_in_production_keys_come_and_go_in_the_authorised_state_only(tmp_path: Path, lmk_file: Path) -> None:
    """Else a ZPK could leave, come back as a data key and open PIN blocks."""
    commands = open_commands(written(tmp_path, 'environment = "production"\n' + WITH_FILE))
    vault = commands.vault("00")
    assert vault is not None
    zmk, zpk = (vault.keep(vault.fresh(16), code, "U") for code in ("000", "001"))
    sent = f"A8001{zmk}{zpk}U".encode()
    assert commands.handle(sent) == b"A917"
    commands.authorise(True)
    assert commands.handle(sent)[:4] == b"A900"
    commands.authorise(False)
    assert commands.handle(sent) == b"A917"
    assert commands.handle(b"A00001U")[:4] == b"A100"


def test_in_production_plain_schemes_are_26_unless_the_policy_takes_them(tmp_path: Path, lmk_file: Path) -> None:
    for text, expected in (
        ("", b"00"),
        ("production = true\n", b"26"),
        ("production = true\n" + "{policy}plain_schemes = true\n", b"00"),
    ):
        before, _, policy = text.partition("{policy}")
        settings = WITH_FILE + (f"[policy]\n{policy}" if policy else "")
        commands = open_commands(written(tmp_path, before + settings))
        assert commands.handle(b"A00001X")[2:4] == expected
        assert commands.handle(b"A00001U")[2:4] == b"00"


@pytest.mark.parametrize(
    "setting", ['disabled_commands = ["ba"]', 'disabled_formats = ["1"]', 'authorised = ["XX"]', 'guarded = ["A"]']
)
def test_a_code_that_does_not_exist_is_no_setting(tmp_path: Path, setting: str) -> None:
    with pytest.raises(HsmConfigError, match=f"policy.{setting.split()[0]}: .*: expected one of"):
        open_commands(written(tmp_path, f"[policy]\n{setting}\n"))
