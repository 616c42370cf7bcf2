"""The issuer's database: schema, opening, seeding, reading. Card numbers are keyed hashes here; docs/issuers.rst."""

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from switch.crypto.datakeys import DataKeys
from switch.message import mask_pan
from switch.simulator.issuer.cards import SeedCard
from switch.simulator.issuer.decide import Card
from switch.simulator.issuer.model import Answer, Entry

_VERSION = "2"
_BUSY_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS card (
 token TEXT PRIMARY KEY, masked TEXT NOT NULL, expiry TEXT NOT NULL, service_code TEXT NOT NULL, status TEXT NOT NULL,
 key_index TEXT NOT NULL, pvv TEXT NOT NULL, pin_tries INTEGER NOT NULL DEFAULT 0, currency TEXT NOT NULL,
 available INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entry (
 key TEXT PRIMARY KEY, reference TEXT NOT NULL, listener TEXT NOT NULL, mti TEXT NOT NULL, stan TEXT NOT NULL,
 transmission TEXT NOT NULL, local TEXT NOT NULL, acquirer TEXT NOT NULL, token TEXT NOT NULL, masked TEXT NOT NULL,
 processing_code TEXT NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
 billed INTEGER NOT NULL, billing_currency TEXT NOT NULL, rate TEXT NOT NULL, state TEXT NOT NULL,
 action TEXT NOT NULL, auth_code TEXT NOT NULL, amounts TEXT NOT NULL, told TEXT NOT NULL,
 received INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS entry_reference ON entry (reference);
CREATE TABLE IF NOT EXISTS reversal (
 key TEXT PRIMARY KEY, reference TEXT NOT NULL, listener TEXT NOT NULL, mti TEXT NOT NULL, stan TEXT NOT NULL,
 transmission TEXT NOT NULL, token TEXT NOT NULL, masked TEXT NOT NULL, amount INTEGER NOT NULL,
 currency TEXT NOT NULL, original TEXT NOT NULL, action TEXT NOT NULL, received INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS reversal_reference ON reversal (reference);
"""


class IssuerError(OSError):
    """A file or address the issuer cannot start with; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A request that was decided: what it asked, in short, and what was answered."""

    token: str
    processing_code: str
    amount: int
    currency: str
    state: str
    answer: Answer

    def same(self, entry: Entry) -> bool:
        """Whether `entry` asks the same, which its key alone does not prove."""
        return (self.token, self.processing_code, self.amount, self.currency) == (
            entry.token,
            entry.processing_code,
            entry.amount,
            entry.currency,
        )


def open_database(path: Path, keys: DataKeys) -> sqlite3.Connection:
    """The database, created (mode 0600) when it is not there, owned by the caller; raises IssuerError."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise IssuerError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        _prepare(connection, path, keys.check_value())
    except sqlite3.Error as error:
        connection.close()
        raise IssuerError(f"{path}: {error}") from None
    except IssuerError:
        connection.close()
        raise
    return connection


def open_second(path: Path) -> sqlite3.Connection:
    """A read-only connection beside the owner's; raises sqlite3.Error."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _connect(path: Path) -> sqlite3.Connection:
    # One thread at a time uses it, but not always the same one.
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, check: str) -> None:
    connection.executescript(_SCHEMA)
    for name, value, what in (("version", _VERSION, "version of its tables"), ("keys", check, "set of data keys")):
        connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
        found = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
        if found != value:
            raise IssuerError(f"{path}: was written with another {what}")


def seed(connection: sqlite3.Connection, cards: Iterable[SeedCard], keys: DataKeys) -> int:
    """Adds the cards that are not there yet and never changes one that is; how many were added."""
    rows = [
        (keys.pan_token(card.pan), mask_pan(card.pan), card.expiry, card.service_code, card.status, card.pvki, card.pvv,
         card.currency, card.balance)
        for card in cards
    ]  # fmt: skip
    connection.execute("BEGIN IMMEDIATE")
    added = connection.executemany(
        "INSERT OR IGNORE INTO card (token, masked, expiry, service_code, status, key_index, pvv, currency, available)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    ).rowcount
    connection.execute("COMMIT")
    return added


def find_card(connection: sqlite3.Connection, token: str) -> Card | None:
    """The card as it is now."""
    row = connection.execute(
        "SELECT token, expiry, service_code, status, key_index, pvv, pin_tries, currency, available FROM card"
        " WHERE token = ?",
        (token,),
    ).fetchone()
    return Card(*row) if row else None


def find_entry(connection: sqlite3.Connection, key: str) -> Stored | None:
    """The request or advice decided under `key`."""
    row = connection.execute(
        "SELECT token, processing_code, amount, currency, state, action, auth_code, amounts FROM entry WHERE key = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    token, processing_code, amount, currency, state, action, auth_code, amounts = row
    return Stored(token, processing_code, amount, currency, state, Answer(action, auth_code, amounts))
