"""Closes the batch and compares the books: clearing files, issuers, terminals and queue against the journal."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from switch.clearing import FileTotals, file_totals
from switch.daemon import batches
from switch.daemon.config import load
from switch.journal import reader
from switch.lab.batch import Result
from switch.lab.plan import ISSUERS
from switch.lab.report import Tie, money
from switch.simulator.issuer import holdings


def last_transaction(journal: Path) -> int:
    """The number of the latest transaction, 0 when there is none or no journal yet."""
    if not journal.exists():
        return 0
    with closing(reader.open_reader(journal)) as connection:
        rows = reader.list_transactions(connection, 1)
    number: int = rows[0]["txn_id"] if rows else 0
    return number


async def close(folder: Path, since: int, results: Iterable[Result]) -> tuple[list[Path], list[Tie]]:
    """Closes the batch, has its files written, reads them back; the files and every figure that must agree."""
    loaded = load(folder / "switch.toml")
    batch = await batches.close(loaded)
    written = await batches.write(loaded, batch)
    paths = [file.path for file in written]
    with closing(reader.open_reader(loaded.journal)) as connection:
        ties = [
            *_clearing_ties(connection, batch, [file_totals(path) for path in paths]),
            _issuer_tie(connection, [folder / f"{issuer}.db" for issuer in ISSUERS]),
            _terminal_tie(connection, since, results),
            _queue_tie(connection),
        ]
    return paths, ties


def _clearing_ties(connection: sqlite3.Connection, batch: int, files: list[FileTotals]) -> list[Tie]:
    """Count and amount of each file against what the journal says the batch presents."""
    journal = reader.captured_totals(connection, batch)
    ties = []
    for file in files:
        known = journal.get(file.network, {})
        for currency in sorted(file.currencies.keys() | known.keys()):
            here, there = file.currencies.get(currency, (0, 0)), known.get(currency, (0, 0))
            what = f"{file.network} clearing file ({file.kind})"
            ties.append(Tie(what, _total(here, currency), _total(there, currency), here == there))
    return ties


def _total(total: tuple[int, int], currency: str) -> str:
    return f"{total[0]} x {money({currency: total[1]})}"


def _issuer_tie(connection: sqlite3.Connection, databases: Iterable[Path]) -> Tie:
    """Funds the issuers hold against what the journal approved and did not take back, since the lab exists."""
    held: dict[str, int] = {}
    for path in databases:
        for currency, amount in holdings(path).items():
            held[currency] = held.get(currency, 0) + amount
    approved = reader.net_approved(connection)
    return Tie(
        "held by issuers", money(_nonzero(held)), money(_nonzero(approved)), _nonzero(held) == _nonzero(approved)
    )


def _terminal_tie(connection: sqlite3.Connection, since: int, results: Iterable[Result]) -> Tie:
    """Approvals that terminals hold against those the journal has of this run."""
    seen = sum(result.outcome == "approved" for result in results)
    rows = reader.list_transactions(connection, limit=1_000_000, since=since, state="approved")
    known = sum(row["kind"] != "reversal" for row in rows)
    return Tie("approvals at terminals", str(seen), str(known), seen == known)


def _queue_tie(connection: sqlite3.Connection) -> Tie:
    """Nothing may be owed to a host any more, and nothing be given up."""
    left = {state: count for state, count in reader.queued(connection).items() if state != "acknowledged"}
    text = ", ".join(f"{count} {state}" for state, count in sorted(left.items()))
    return Tie("reversals and advices owed", text or "none", "none", not left)


def _nonzero(amounts: dict[str, int]) -> dict[str, int]:
    return {currency: amount for currency, amount in amounts.items() if amount}
