"""Reads the outside records: issuers' databases, journal, clearing files, logs. Nothing of a running process."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from switch.clearing import file_totals
from switch.journal import reader
from switch.lab.plan import ISSUERS
from switch.lab.scripts import load_cards

from .records import Evidence, Hold, Journalled, Totals

_HOLDS = """
SELECT listener, amount, kind, currency, state,
 (SELECT count(*) FROM reversal WHERE reversal.reference = entry.reference) FROM entry ORDER BY rowid"""
_ALL = 10_000_000


class Gatherer:
    """Of one lab's folder; remembers how far the logs were read and what the files of earlier batches carry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._files: Totals = {}

    def gather(self, evidence: Evidence, files: Iterable[Path]) -> None:
        """Puts into `evidence` what there is now; `files` are those of the batch that was just closed."""
        evidence.holds = list(self._holds())
        evidence.journal = list(self._journal())
        for path in files:
            totals = file_totals(path)
            for currency, (count, amount) in totals.currencies.items():
                before = self._files.get((totals.network, currency), (0, 0))
                self._files[totals.network, currency] = before[0] + count, before[1] + amount
        evidence.files = dict(self._files)
        evidence.log_lines += self._new_lines()

    def _holds(self) -> Iterator[Hold]:
        for issuer in ISSUERS:
            uri = f"{(self._folder / f'{issuer}.db').absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
                for row in connection.execute(_HOLDS):
                    yield Hold(issuer, *row)

    def _journal(self) -> Iterator[Journalled]:
        with closing(reader.open_reader(self._folder / "journal.db")) as connection:
            queued = defaultdict(list)
            for row in connection.execute("SELECT txn_id, kind, state FROM saf ORDER BY saf_id"):
                queued[row["txn_id"]].append((row["kind"], row["state"]))
            for txn in reader.list_transactions(connection, _ALL):
                yield Journalled(
                    txn_id=txn["txn_id"],
                    amount=txn["amount"],
                    kind=txn["kind"],
                    network=txn["network"],
                    state=txn["state"],
                    queued=tuple(queued[txn["txn_id"]]),
                )

    def _new_lines(self) -> Iterator[tuple[str, str]]:
        for path in sorted((self._folder / "log").iterdir()):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
            whole = data.rpartition(b"\n")[0]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                if line:
                    yield path.stem, line


def event_of(line: str) -> tuple[str, str]:
    """(level, event) of a log line; ("", "") for one that is no JSON object."""
    try:
        found = json.loads(line)
    except ValueError:
        return "", ""
    return str(found.get("level", "")), str(found.get("event", ""))


def leaks(folder: Path) -> list[str]:
    """Card numbers in clear anywhere but in clearing files: in ASCII, EBCDIC and packed."""
    forms = {}
    for card in load_cards():
        digits = card.pan
        packed = bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")
        for form in (digits.encode(), digits.encode("cp500"), packed):
            forms[form] = card.name
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.parent.name != "clearing":
            content = path.read_bytes()
            found += [f"{path.name} holds the number of {name}" for form, name in forms.items() if form in content]
    return found
