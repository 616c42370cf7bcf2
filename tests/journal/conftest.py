"""What the journal tests share: made-up transactions, two stores behind one protocol, waiting for acknowledgements."""

import select
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from switch.crypto.datakeys import DataKeys
from switch.journal.memory import MemoryStore
from switch.journal.records import Ack, Outcome, Record, Transaction
from switch.journal.sqlite import SqliteStore
from switch.journal.store import Store

_PATIENCE_MS = 30_000


def _txn(txn_id: int, **changes: Any) -> Transaction:
    values: dict[str, Any] = {
        "txn_id": txn_id,
        "dedupe": f"pos|TERM0001|{txn_id:06}|1|1124120000",
        "received": 1_700_000_000_000 + txn_id,
        "business_date": "2030-11-24",
        "interface": "pos",
        "mti": "0200",
        "kind": "sale",
        "processing_code": "000000",
        "amount": 1234,
        "currency": "978",
        "pan": "4111111111111111",
        "stan": f"{txn_id % 1_000_000:06}",
        "transmission": "1124120000",
        "local_time": "130000",
        "local_date": "1124",
        "year": "2030",
        "rrn": f"{txn_id:012}",
        "terminal_id": "TERM0001",
        "merchant_id": "MERCHANT0000001",
        "name_location": "CORNER SHOP  HAMBURG DE",
        "country": "276",
        "mcc": "5411",
        "entry_mode": "051",
        "condition": "00",
        "acquirer": "12345678901",
        "eci": "",
        "network": "visa",
        "host": "visa",
        "out_stan": f"{txn_id % 1_000_000:06}",
        "out_transmission": "1124120000",
        "captured": True,
    }
    return Transaction(**values | changes)


def _outcome(txn: Transaction, state: str = "approved", **changes: Any) -> Outcome:
    code = "00" if state == "approved" else "51"
    values: dict[str, Any] = {
        "txn": txn,
        "state": state,
        "response_code": code,
        "auth_code": "A1B2C3" if state == "approved" else "",
        "reply": {"39": code, "37": txn.rrn},
        "references": {"transaction_id": "123456789012345"} if state == "approved" else {},
        "answered": 1_700_000_000_500,
        "latency_us": 4321,
    }
    return Outcome(**values | changes)


def _collect(store: Store, count: int) -> list[tuple[object, Ack]]:
    poll = select.poll()
    poll.register(store.fileno(), select.POLLIN)
    taken: list[tuple[object, Ack]] = []
    while len(taken) < count:
        assert poll.poll(_PATIENCE_MS), f"{len(taken)} of {count} acknowledgements came"
        taken += store.take()
    return taken


def _write(store: Store, *units: Sequence[Record]) -> list[Ack]:
    for token, unit in enumerate(units):
        store.submit(unit, token)
    store.flush()
    taken = _collect(store, len(units))
    assert [token for token, _ in taken] == list(range(len(units)))
    return [ack for _, ack in taken]


@pytest.fixture(scope="session")
def make_txn() -> Callable[..., Transaction]:
    """make_txn(txn_id, **fields): a sale of 12.34 EUR over the Visa link."""
    return _txn


@pytest.fixture(scope="session")
def make_outcome() -> Callable[..., Outcome]:
    """make_outcome(txn, state, **fields)."""
    return _outcome


@pytest.fixture(scope="session")
def write() -> Callable[..., list[Ack]]:
    """write(store, *units): their acknowledgements, in order."""
    return _write


@pytest.fixture(scope="session")
def collect() -> Callable[..., list[tuple[object, Ack]]]:
    """collect(store, count): waits for that many acknowledgements."""
    return _collect


@pytest.fixture(scope="session")
def keys() -> DataKeys:
    return DataKeys(bytes(range(32)), bytes(range(32, 64)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def sqlite_store(path: Path, keys: DataKeys) -> Iterator[SqliteStore]:
    store = SqliteStore(path, keys)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, keys: DataKeys) -> Iterator[Store]:
    """Each backend in turn: what a test says of one must hold for the other."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    memory = MemoryStore(keys)
    yield memory
    memory.close()
