"""Reversals inside a transaction of the database: an approval is taken back once, an unknown original is remembered."""

import sqlite3

from switch.simulator.issuer import decide
from switch.simulator.issuer.model import Answer, Entry, Reversal

# Which way a kind moves the available funds.
SIGN = {"sale": -1, "cash": -1, "refund": 1, "balance": 0}


def reverse(connection: sqlite3.Connection, reversal: Reversal, received: int) -> tuple[Answer, bool]:
    """Takes an approval back; True when this very message was answered before.

    One that finds no request is kept, and declines the request when it comes late.
    """
    entry = reversal.entry
    before = connection.execute("SELECT reference, token, action FROM reversal WHERE key = ?", (entry.key,)).fetchone()
    if before is not None:
        same = before[:2] == (entry.reference, entry.token)
        return Answer(before[2] if same else decide.DUPLICATE), True
    action, original = _take_back(connection, reversal)
    connection.execute(
        "INSERT INTO reversal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.key, entry.reference, entry.listener, entry.mti, entry.stan, entry.transmission, entry.token,
         entry.masked, entry.amount, entry.currency, original, action, received),
    )  # fmt: skip
    return Answer(action), False


def _take_back(connection: sqlite3.Connection, reversal: Reversal) -> tuple[str, str]:
    """(action code, key of the original or "")."""
    entry = reversal.entry
    if not reversal.full:
        return decide.INVALID, ""
    rows = connection.execute(
        "SELECT key, token, kind, amount, billed, state FROM entry WHERE reference = ? ORDER BY rowid DESC",
        (entry.reference,),
    ).fetchall()
    for key, token, kind, amount, billed, state in rows:
        if entry.token in ("", token) and entry.amount in (0, amount):
            if state == "approved":
                connection.execute("UPDATE entry SET state = 'reversed' WHERE key = ?", (key,))
                move(connection, token, -SIGN[kind] * billed)
            return decide.REVERSAL_ACCEPTED, key
    return decide.NO_ORIGINAL, ""


def buried(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Whether a reversal of this request came before it."""
    found = connection.execute(
        "SELECT 1 FROM reversal WHERE reference = ? AND action = ? AND token IN ('', ?)",
        (entry.reference, decide.NO_ORIGINAL, entry.token),
    ).fetchone()
    return found is not None


def move(connection: sqlite3.Connection, token: str, change: int) -> None:
    """Raises or lowers the available funds by `change` minor units of the account's currency."""
    if change:
        connection.execute("UPDATE card SET available = available + ? WHERE token = ?", (change, token))
