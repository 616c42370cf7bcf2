"""Many at once, kill -9, a full disk: no answered approval is lost, nothing is posted twice or half."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing

import pytest
import trio

from switch.configfile import ConfigError
from switch.crypto.datakeys import DataKeys
from switch.hsm.server import HsmConfig
from switch.hsm.server import serve as serve_hsm
from switch.message import compile_spec, load_spec
from switch.simulator.issuer import IssuerError, holdings, load_config, serve
from switch.simulator.issuer.cards import load_cards
from switch.simulator.issuer.committer import Committer, NotStored
from switch.simulator.issuer.decide import Verdicts
from switch.simulator.issuer.messages import read
from switch.simulator.issuer.model import Answer
from switch.simulator.issuer.posting import Books, Case
from switch.simulator.issuer.rates import load_rates
from switch.simulator.issuer.store import open_database, seed

# The process of an issuer: it prints its addresses; the second argument bounds the size of its files in bytes.
_CHILD = """
import json, resource, signal, sys
from pathlib import Path
import trio
from switch import logs
from switch.simulator.issuer import load_config, serve

if len(sys.argv) > 2:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
logs.configure("issuer-a")

async def main():
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(serve, load_config(Path(sys.argv[1])))
        print(json.dumps(addresses), flush=True)

trio.run(main)
"""


@asynccontextmanager
async def _process(config, *limit, notify=""):
    """An issuer in a process of its own: (process, addresses). It is killed at the end if it still lives."""
    environment = os.environ | ({"NOTIFY_SOCKET": notify} if notify else {})
    with config.with_suffix(".log").open("ab") as log:
        process = await trio.lowlevel.open_process(
            [sys.executable, "-c", _CHILD, str(config), *limit],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
    try:
        with trio.fail_after(30):
            said = b""
            while not said.endswith(b"\n"):
                data = await process.stdout.receive_some()
                assert data, config.with_suffix(".log").read_text()[-500:]
                said += data
        yield process, json.loads(said)
    finally:
        if process.returncode is None:
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
            await process.stdout.aclose()


async def test_200_pipelined_requests_take_a_few_commits(start, make, codec, logs):
    card = make.card("Visa, good")
    async with start() as issuer, issuer.client() as client:
        requests = [make.request(card, 10 + number) for number in range(200)]
        frames = [codec.encode(request) for request in requests]
        await _pipeline(client, frames)
        answers = [await client.receive() for _ in requests]
        total = sum(10 + number for number in range(200))
        assert {view["39"] for view in answers} == {"000"}
        assert {view["11"] for view in answers} == {request["11"] for request in requests}
        assert issuer.available(card) == card["balance"] - total and issuer.holdings() == {"978": total}
    [line] = [line for line in logs if line["event"] == "stopped"]
    assert line["operations"] == 200 and line["commits"] <= 10


async def test_200_pipelined_requests_with_pin_and_card_value_are_all_verified(issuer, visa, make, codec):
    card = make.card("Visa, good")
    block = make.pin_block(card["pan"], card["pin"])
    requests = [make.request(card, 1, f35=card["track2"], f52=block) for _ in range(200)]
    frames = [codec.encode(request) for request in requests]
    await _pipeline(visa, frames)
    assert [(await visa.receive())["39"] for _ in requests] == ["000"] * 200
    assert issuer.holdings() == {"978": 200}


async def test_concurrent_requests_cannot_overdraw_an_account(issuer, make):
    card = make.card("Visa, insufficient funds (51)")  # 5.00 EUR
    answers = []

    async def spend(listener):
        async with issuer.client(listener) as client:
            for _ in range(10):
                await client.send(make.request(card, 150))
            answers.extend([(await client.receive())["39"] for _ in range(10)])

    async with trio.open_nursery() as nursery:
        for listener in ("visa", "visa", "switch"):
            nursery.start_soon(spend, listener)
    assert sorted(answers) == ["000"] * 3 + ["116"] * 27
    assert issuer.available(card) == 50 and issuer.holdings() == {"978": 450}


@pytest.mark.parametrize("after", [1, 25, 120])
async def test_a_killed_issuer_loses_no_answered_approval_and_posts_nothing_twice(
    hsm_port, tmp_path, make, codec, after
):
    card = make.card("Visa, good")
    config = make.config(tmp_path, hsm_port)
    # With a PIN and a track, so that the HSM makes them trickle and the kill falls amid them.
    block = make.pin_block(card["pan"], card["pin"])
    requests = [make.request(card, 100 + number, f35=card["track2"], f52=block) for number in range(300)]
    frames = [codec.encode(request) for request in requests]
    answered = {}
    async with _process(config) as (process, addresses), _client(make, codec, addresses["visa"]) as client:
        await _pipeline(client, frames)
        while (view := await client.receive()) is not None:
            answered[view["11"]] = view.data
            if len(answered) == after:
                process.send_signal(signal.SIGKILL)
    assert after <= len(answered) < 300
    before = dict(make.query(tmp_path / "issuer-a.db", "SELECT stan, amount FROM entry WHERE state = 'approved'"))
    assert answered.keys() <= before.keys(), "what was answered is there"
    [(left,)] = make.query(tmp_path / "issuer-a.db", "SELECT available FROM card WHERE masked = '411111******1111'")
    assert left == card["balance"] - sum(before.values()), "funds and holds fell together or not at all"

    async with _process(config) as (process, addresses), _client(make, codec, addresses["visa"]) as client:
        await _pipeline(client, frames)
        views = [await client.receive() for _ in requests]
        again = {view["11"]: view.data for view in views}
        assert {stan: again[stan] for stan in answered} == answered, "a repeat gets the answer it got before"
        assert holdings(tmp_path / "issuer-a.db") == {"978": sum(100 + number for number in range(300))}
        process.terminate()


async def test_a_full_disk_declines_and_what_was_approved_is_there(hsm_port, tmp_path, make, codec):
    card = make.card("Visa, good")
    config = make.config(tmp_path, hsm_port)
    approved = {}
    async with _process(config, "200000") as (_, addresses), _client(make, codec, addresses["visa"]) as client:
        actions = set()
        for number in range(2000):
            view = await client.ask(make.request(card, 100 + number))
            actions.add(view["39"])
            if view["39"] != "000":
                break
            approved[view["11"]] = 100 + number
    assert actions == {"000", "909"}
    kept = dict(make.query(tmp_path / "issuer-a.db", "SELECT stan, amount FROM entry"))
    assert kept == approved


def test_every_commit_is_flushed_to_the_disk(tmp_path):
    with closing(open_database(tmp_path / "x.db", DataKeys(bytes(32), bytes(32)))) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_readiness_is_told_once_it_listens(hsm_port, tmp_path, make):
    config = make.config(tmp_path, hsm_port)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "n"))
        receiver.settimeout(0)
        async with _process(config, notify=str(tmp_path / "n")):
            assert receiver.recv(100) == b"READY=1"


async def test_a_clean_end_leaves_one_closed_file(start, make, tmp_path):
    async with start() as issuer, issuer.client() as client:
        assert await client.action(make.request(make.card("Visa, good"))) == "000"
        assert (tmp_path / "issuer-a.db-wal").exists()
    assert not (tmp_path / "issuer-a.db-wal").exists()
    assert holdings(tmp_path / "issuer-a.db") == {"978": 1000}
    assert (tmp_path / "issuer-a.db").stat().st_mode & 0o777 == 0o600


async def test_seeding_adds_new_cards_and_never_changes_known_ones(start, make, tmp_path):
    card = make.card("Visa, good")
    async with start() as issuer, issuer.client() as client:
        assert await client.action(make.request(card, 400)) == "000"
    cards = [card | {"balance": 7, "status": "blocked"}, card | {"pan": "4111111111119999", "balance": 8}]
    (tmp_path / "more.json").write_text(json.dumps({"cards": [*cards, card | {"issuer": "issuer-b", "pan": "4" * 16}]}))
    async with start(cards="more.json") as issuer:
        assert issuer.available(card) == card["balance"] - 400
        assert issuer.available(cards[1]) == 8
        assert issuer.query("SELECT count(*) FROM card WHERE masked = '444444******4444'") == [(0,)]


async def test_it_waits_for_the_hsm_and_says_so(tmp_path, make, logs, nursery):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    config = load_config(make.config(tmp_path, port, hsm={"retry": 0.01}))
    started = trio.Event()

    async def run():
        await nursery.start(serve, config)
        started.set()

    nursery.start_soon(run)
    await make.until(lambda: any(line["event"] == "waiting for the HSM" for line in logs))
    with trio.fail_after(10):
        assert not started.is_set() and not (tmp_path / "issuer-a.db").exists()
        await nursery.start(serve_hsm, HsmConfig(port=port))
        await started.wait()


async def test_a_database_of_other_data_keys_is_refused_by_name(start, tmp_path, nursery, logs):
    async with start():
        pass
    (tmp_path / "issuer-a.keys.json").unlink()
    with pytest.raises(IssuerError, match=r"issuer-a\.db: was written with another set of data keys"):
        await _start_alone(start)


async def test_a_taken_port_is_one_clear_error(start, hsm_port, tmp_path, make, logs):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        path = make.config(tmp_path, hsm_port)
        path.write_text(path.read_text().replace("port = 0", f"port = {port}", 1))
        with pytest.raises(IssuerError, match=rf"listener visa: cannot listen on 127\.0\.0\.1:{port}: Address already"):
            await serve(load_config(path))


async def test_an_unusable_database_or_card_file_is_one_clear_error(hsm_port, tmp_path, make, logs):
    (tmp_path / "issuer-a.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(IssuerError, match=r"issuer-a\.db: file is not a database"):
        await serve(load_config(make.config(tmp_path, hsm_port)))
    with pytest.raises(IssuerError, match=r"issuer-a\.db: No such file or directory"):
        await serve(load_config(make.config(tmp_path, hsm_port, database="no/issuer-a.db")))
    (tmp_path / "cards.json").write_text('{"cards": [{"pan": "411111111111111X"}]}')
    with pytest.raises(ConfigError, match=r"cards\.json: expected a card file: .*cards\[0\]\.pan") as caught:
        await serve(load_config(make.config(tmp_path, hsm_port, cards="cards.json")))
    assert "4111" not in str(caught.value)


def test_the_same_request_twice_in_one_transaction_is_posted_once(tmp_path, make):
    """Behind the check outside the transaction there is the one inside, for whatever comes between."""
    keys, card = DataKeys(bytes(32), bytes(32)), make.card("Visa, good")
    codec = compile_spec(load_spec("iso-1993-ascii"))
    message = read(codec, codec.encode(make.request(card, 300)), "visa", keys.pan_token)
    case = Case(message.entry, (), Verdicts(), "123456", "2601", 0)
    books = Books(load_rates(""), 3)
    with closing(open_database(tmp_path / "issuer-a.db", keys)) as connection:
        seed(connection, load_cards("", "issuer-a"), keys)
        connection.execute("BEGIN")
        answers = [books.authorise(connection, case) for _ in range(2)]
        connection.execute("COMMIT")
    assert [repeat for _, repeat in answers] == [False, True]
    assert answers[0][0] == answers[1][0] == Answer("000", "123456")
    assert holdings(tmp_path / "issuer-a.db") == {"978": 300}


async def test_one_bad_operation_hurts_no_other_in_its_commit(tmp_path, nursery, logs):
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("CREATE TABLE t (n INTEGER UNIQUE)")
        committer = Committer(connection)
        results = []

        def insert(number, fault=None):
            def operation(connection):
                connection.execute("INSERT INTO t VALUES (?)", (number,))
                if fault:
                    raise fault
                return number

            return operation

        async def do(operation):
            try:
                results.append(await committer.do(operation))
            except NotStored:
                results.append("not stored")

        async with trio.open_nursery() as work:
            for operation in (insert(1), insert(2, KeyError("4111111111111111")), insert(1), insert(3)):
                work.start_soon(do, operation)
            # All have gathered before the committer begins.
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(committer.run)
        assert sorted(results, key=str) == [1, 3, "not stored", "not stored"]
        assert committer.commits == 1 and committer.operations == 2
        assert len(connection.execute("SELECT n FROM t").fetchall()) == 2
        assert "4111111111111111" not in repr(logs)
        nursery.cancel_scope.cancel()
        await trio.lowlevel.checkpoint_if_cancelled()


async def _start_alone(start):
    try:
        async with start():
            pass
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


@asynccontextmanager
async def _client(make, codec, address):
    """A signed-on connection."""
    async with await trio.open_tcp_stream(*address) as stream:
        client = make.client(stream, codec)
        assert await client.manage("801") == "800"
        yield client


async def _pipeline(client, frames):
    await client.stream.send_all(b"".join(b"%04d" % len(frame) + frame for frame in frames))
