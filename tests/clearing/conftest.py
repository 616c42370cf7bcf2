"""What the clearing tests share: a real SQLite journal that is filled, closed in batches and read while it is open."""

import json
import select
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from switch import resources
from switch.clearing import ClearingSettings, WrittenFile, write_batch
from switch.crypto.datakeys import DataKeys
from switch.journal.reader import open_reader
from switch.journal.records import CloseBatch, Intent, Outcome, Record, Reversed, Transaction
from switch.journal.sqlite import SqliteStore

_PATIENCE_MS = 30_000
_CARDS = json.loads(resources.read_text("fixtures", "cards.json"))["cards"]
# 2030-11-24 12:00:00 UTC.
_NOON = 1_921_752_000_000
_REFERENCES = {
    "visa": {"transaction_id": "301234567890123", "validation_code": "A1B2", "aci": "A"},
    "mastercard": {"banknet": "MCCABC123DEF", "settlement_date": "1124"},
}


def _pan(network: str) -> str:
    """A fixture card of the network; for one without cards any card will do."""
    return next((card["pan"] for card in _CARDS if card["network"] == network), _CARDS[0]["pan"])


class Book:
    """A journal to write into: `sale` and its like approve, `take_back` reverses, `close_batch` returns its number."""

    def __init__(self, path: Path, keys: DataKeys) -> None:
        self.path = path
        self.keys = keys
        self._store = SqliteStore(path, keys)
        self._last = 0

    def write(self, unit: Sequence[Record]) -> Any:
        self._store.submit(unit, None)
        self._store.flush()
        poll = select.poll()
        poll.register(self._store.fileno(), select.POLLIN)
        assert poll.poll(_PATIENCE_MS), "the journal acknowledged nothing"
        [(_, ack)] = self._store.take()
        assert ack.ok and ack.duplicate is None
        return ack

    def transaction(self, network: str = "visa", **changes: Any) -> Transaction:
        self._last += 1
        number = self._last
        values: dict[str, Any] = {
            "txn_id": number,
            "dedupe": f"pos|TERM0001|{number}",
            "received": _NOON + number,
            "business_date": "2030-11-24",
            "interface": "pos",
            "mti": "0200",
            "kind": "sale",
            "processing_code": "000000",
            "amount": 1234,
            "currency": "978",
            "pan": _pan(network),
            "stan": f"{number:06}",
            "transmission": "1124120000",
            "local_time": "130501",
            "local_date": "1123",
            "year": "30",
            "rrn": f"{number:012}",
            "terminal_id": "TERM0001",
            "merchant_id": "MERCHANT0000001",
            "name_location": f"{'CORNER SHOP':25}{'HAMBURG':13}DE",
            "country": "276",
            "mcc": "5411",
            "entry_mode": "051",
            "condition": "00",
            "acquirer": "400001",
            "eci": "",
            "network": network,
            "host": network,
            "out_stan": f"{number:06}",
            "out_transmission": "1124120000",
            "captured": True,
        }
        return Transaction(**values | changes)

    def end(self, txn: Transaction, state: str = "approved", **changes: Any) -> Transaction:
        approved = state == "approved"
        values: dict[str, Any] = {
            "txn": txn,
            "state": state,
            "response_code": "00" if approved else "51",
            "auth_code": "A1B2C3" if approved else "",
            "reply": {"39": "00" if approved else "51"},
            "references": _REFERENCES.get(txn.network, {}) if approved else {},
            "answered": _NOON + 500,
            "latency_us": 4321,
        }
        self.write([Intent(txn), Outcome(**values | changes)])
        return txn

    def sale(self, network: str = "visa", **changes: Any) -> Transaction:
        return self.end(self.transaction(network, **changes))

    def cash(self, network: str = "visa", **changes: Any) -> Transaction:
        return self.sale(network, **{"kind": "cash", "processing_code": "010000"} | changes)

    def refund(self, network: str = "visa", **changes: Any) -> Transaction:
        return self.sale(network, **{"kind": "refund", "processing_code": "200000"} | changes)

    def take_back(self, txn: Transaction) -> None:
        self.write([Reversed(txn_id=txn.txn_id, reason="cancelled", reply={"39": "91"})])

    def close_batch(self) -> int:
        closed: int = self.write([CloseBatch(_NOON + 43_200_000)]).closed_batch
        return closed

    def close(self) -> None:
        self._store.close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "journal.db", DataKeys(bytes(range(32)), bytes(range(32, 64))))
    yield made
    made.close()


@pytest.fixture
def journal(book: Book) -> Iterator[sqlite3.Connection]:
    """The same journal, read-only."""
    connection = open_reader(book.path)
    yield connection
    connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clearing"


@pytest.fixture
def settings() -> ClearingSettings:
    return ClearingSettings()


@pytest.fixture
def clear(
    book: Book, journal: sqlite3.Connection, folder: Path, settings: ClearingSettings
) -> Callable[..., dict[str, WrittenFile]]:
    """clear(batch=None, settings=..., folder=...): closes the batch unless one is given; its files by network."""

    def run(
        batch: int | None = None, settings: ClearingSettings = settings, folder: Path = folder
    ) -> dict[str, WrittenFile]:
        number = book.close_batch() if batch is None else batch
        written = write_batch(journal, book.keys, number, folder, settings)
        return {file.network: file for file in written}

    return run


@pytest.fixture(scope="session")
def book_type() -> type[Book]:
    return Book
