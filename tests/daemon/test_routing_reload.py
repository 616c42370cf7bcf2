"""New routing for a running switch, as a process: by verb and by SIGHUP; what is bad changes nothing and says why."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import trio
from click.testing import CliRunner

from switch.cli import main
from switch.daemon import admin
from switch.daemon.config import load
from switch.daemon.reload import Reloader, ReloadError
from switch.engine.conditions import Facts
from switch.lab import plan
from switch.message import compile_spec, load_spec

CODEC = compile_spec(load_spec("pos-1987-ascii"))
ONLY_MASTERCARD = "5,mastercard,mastercard\n"
WITH_VISA = ONLY_MASTERCARD + "4,visa,visa\n"
# The hosts are not there: what has a route is 91, what has none 92.
ROUTED, NOT_ROUTED = "91", "92"


def write_config(folder, bins=ONLY_MASTERCARD, extra=""):
    """The lab's configuration on free ports, with an HSM inside and a BIN table of its own."""
    plan.prepare_folder(folder)
    plan.write_files(folder, plan.Ports())
    (folder / "bins.csv").write_text(bins)
    text = (folder / "switch.toml").read_text()
    for old, new in (
        ("port = 8583", "port = 0"),
        ("port = 8584", "port = 0"),
        ("port = 1500", 'port = 1\nhosts = ["in-process"]'),
        ('journal = "journal.db"', 'journal = "journal.db"\nbins = "bins.csv"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "switch.toml").write_text(text + extra)
    return folder / "switch.toml"


class Running:
    """`switch run` on a configuration. `logged` reads its log up to an event."""

    def __init__(self, config):
        self.config = config
        command = [sys.executable, "-m", "switch", "run", "-c", str(config)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = int(self.logged("listening", listener="terminals-hex")["address"].rpartition(":")[2])

    def logged(self, event, **fields):
        for line in self.process.stderr:
            found = json.loads(line)
            if found["event"] == event and fields.items() <= found.items():
                return found
        raise AssertionError(f"it ended without {event}")

    def pays(self, stan):
        """The response code of a Visa sale."""
        utc = time.strftime("%m%d%H%M%S", time.gmtime())
        sale = {
            "t": "0200", "2": "4111111111111111", "3": "000000", "4": "000000001000", "7": utc, "11": stan,
            "12": utc[4:], "13": utc[:4], "14": "3012", "22": "051", "25": "00", "41": "TERM0001",
            "42": "MERCHANT0000001", "49": "978",
        }  # fmt: skip
        message = CODEC.encode(sale)
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as terminal:
            terminal.sendall(len(message).to_bytes(2, "big") + message)
            with terminal.makefile("rb") as answers:
                return CODEC.decode(answers.read(int.from_bytes(answers.read(2), "big")))["39"]

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture
def running(tmp_path):
    found = Running(write_config(tmp_path))
    yield found
    found.end()
    assert found.process.returncode == 0


def ask(config, verb="reload"):
    return CliRunner().invoke(main, [*verb.split(), "-c", str(config), "--json"])


def test_new_routing_holds_from_the_reload_on_and_bad_routing_changes_nothing(running):
    bins = running.config.parent / "bins.csv"
    assert running.pays("000001") == NOT_ROUTED
    bins.write_text(WITH_VISA)
    assert running.pays("000002") == NOT_ROUTED  # nothing is read before it is asked for
    done = ask(running.config)
    assert done.exit_code == 0, done.output
    assert (json.loads(done.stdout)["ranges"], json.loads(done.stdout)["needs_restart"]) == (2, [])
    assert running.logged("routing reloaded")["ranges"] == 2
    assert running.pays("000003") == ROUTED

    bins.write_text(ONLY_MASTERCARD + "4x,visa,visa\n")
    refused = ask(running.config)
    assert refused.exit_code == 2 and "bins.csv:2: column prefix: expected 1 to 11 digits" in refused.stderr
    assert running.pays("000004") == ROUTED

    bins.write_text(ONLY_MASTERCARD)
    os.kill(running.process.pid, signal.SIGHUP)
    assert running.logged("routing reloaded")["ranges"] == 1
    assert running.pays("000005") == NOT_ROUTED

    bins.write_text("4,nowhere,nowhere\n")
    os.kill(running.process.pid, signal.SIGHUP)
    assert "found nowhere" in running.logged("routing stays as it is")["reason"]
    assert running.pays("000006") == NOT_ROUTED

    live = CliRunner().invoke(main, ["route", "5", "-c", str(running.config), "--live"])
    assert live.exit_code == 78  # the file is bad, whatever runs
    bins.write_text(ONLY_MASTERCARD)
    live = CliRunner().invoke(main, ["route", "5", "-c", str(running.config), "--live"])
    assert "mastercard, first choice, network mastercard: down" in live.output


class Engine:
    """What a reload touches of an engine."""

    def __init__(self):
        self.routers = []

    def reroute(self, router):
        self.routers.append(router)


@pytest.fixture
def reloader(tmp_path):
    found = Reloader(load(write_config(tmp_path)))
    found.engine = Engine()
    return found


def _append(tmp_path, text):
    with (tmp_path / "switch.toml").open("a") as file:
        file.write(text)


async def test_rules_and_routes_are_read_again_and_what_wants_a_restart_is_named(reloader, tmp_path):
    _append(
        tmp_path,
        """
[deadlines]
answer = 1.5

[routing.routes.both]
hosts = ["mastercard", "visa"]

[[routing.rules]]
name = "all"
route = "both"
""",
    )
    done = await reloader.reload()
    assert done["needs_restart"] == ["deadlines"]
    assert {name: done[name] for name in ("ranges", "rules", "routes")} == {"ranges": 1, "rules": 1, "routes": 4}
    (router,) = reloader.engine.routers
    choices = router.choices("5" * 16, lambda card: Facts("5" * 16, card))
    assert [choice.host.name for choice in choices] == ["mastercard", "visa"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[[routing.rules]]\nname = "r"\nroute = "amex"\n', "routing.rules: r: route: expected one of issuer-a"),
        ("[routing]\nmax_ranges = 0\n", "bins.csv:1: expected at most 0 ranges"),
        ("[routing]\ncolour = 1\n", "routing: Object contains unknown field `colour`"),
        ("[routing\n", "expected TOML"),
        # A host that the file has and the running switch has not.
        (
            '[hosts.new]\ndialect = "visa"\nlink = { host = "127.0.0.1", port = 1 }\n'
            '[[routing.rules]]\nname = "r"\nroute = "new"\n',
            "routing.rules: r: route: expected one of issuer-a, mastercard, visa",
        ),
    ],
)
async def test_what_is_bad_leaves_the_old_in_force_and_says_why(reloader, tmp_path, text, reason):
    _append(tmp_path, text)
    with pytest.raises(ReloadError) as caught:
        await reloader.reload()
    assert reason in str(caught.value) and reloader.engine.routers == []


async def test_a_table_that_leads_to_a_host_which_does_not_run_is_refused(reloader, tmp_path):
    _append(tmp_path, '[hosts.new]\ndialect = "visa"\nlink = { host = "127.0.0.1", port = 1 }\n')
    (tmp_path / "bins.csv").write_text("4,new,new\n")
    with pytest.raises(ReloadError, match="found new"):
        await reloader.reload()
    assert reloader.engine.routers == []


async def test_a_file_that_is_gone_leaves_the_old_in_force(reloader, tmp_path):
    (tmp_path / "bins.csv").unlink()
    with pytest.raises(ReloadError, match=r"bins: bins\.csv: No such file"):
        await reloader.reload()


async def test_reloads_take_their_turns(reloader):
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(reloader.reload)
    assert len(reloader.engine.routers) == 3


async def test_a_reload_before_the_switch_serves_is_refused(reloader):
    reloader.engine = None
    with pytest.raises(admin.AdminError, match="does not serve yet"):
        await reloader.reload()
