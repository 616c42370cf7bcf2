"""The operator's socket: private, bounded, one answer per request, never in the way of the daemon."""

import socket
import stat

import pytest
import trio

from switch.daemon import admin
from switch.daemon.config import AdminConfig


@pytest.fixture
async def path(tmp_path, nursery):
    """A served socket behind a path longer than a Unix address holds."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    async def status():
        return {"in_flight": 3}

    async def broken():
        raise RuntimeError("the journal is full")

    sock = admin.bind(folder / "switch.sock")
    with sock:
        config = AdminConfig(timeout=5.0, max_request=100)
        nursery.start_soon(admin.serve, sock, config, {"status": status, "broken": broken})
        yield folder / "switch.sock"
        nursery.cancel_scope.cancel()


async def test_a_verb_is_answered(path):
    assert await admin.ask(path, "status") == {"in_flight": 3}


async def test_only_its_owner_can_use_it(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_unknown_verb_is_told_what_there_is(path):
    with pytest.raises(admin.AdminError, match="expected a verb among broken, status"):
        await admin.ask(path, "reboot")


async def test_a_verb_that_fails_says_why_and_the_next_one_works(path):
    with pytest.raises(admin.AdminError, match="the journal is full"):
        await admin.ask(path, "broken")
    assert await admin.ask(path, "status") == {"in_flight": 3}


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{}\n", b'{"verb": 1}\n', b"\xff\xfe\n", b"x" * 5000])
async def test_garbage_gets_an_error(path, line):
    with admin._short(path) as name:
        stream = await trio.open_unix_socket(name)
    async with stream:
        await stream.send_all(line)
        assert b'{"error":"expected a JSON object with a verb' in await stream.receive_some()


async def test_whoever_hangs_up_hurts_nobody(path):
    with admin._short(path) as name:
        stream = await trio.open_unix_socket(name)
    await stream.aclose()
    assert await admin.ask(path, "status") == {"in_flight": 3}


async def test_where_nobody_listens_it_says_so(tmp_path):
    with pytest.raises(admin.AdminError, match=r"switch\.sock: no daemon answers here"):
        await admin.ask(tmp_path / "switch.sock", "status")


async def test_a_daemon_that_hangs_is_given_up(tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        with admin._short(tmp_path / "s") as name:
            sock.bind(name)
        sock.listen()
        with pytest.raises(admin.AdminError, match=r"did not answer within 0\.05 s"):
            await admin.ask(tmp_path / "s", "status", 0.05)


def test_what_a_killed_daemon_left_behind_is_replaced(tmp_path):
    admin.bind(tmp_path / "s").close()
    assert (tmp_path / "s").exists()
    admin.bind(tmp_path / "s").close()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(admin.AdminError, match="s: No such file"):
        admin.bind(tmp_path / "nowhere" / "s")
