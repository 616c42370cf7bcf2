"""Both stores against a plain model: random units, failures and restarts; acknowledgements and tables must agree."""

import copy
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from switch.journal import reader
from switch.journal.memory import MemoryStore
from switch.journal.records import (
    CloseBatch,
    Delivered,
    Intent,
    Lookup,
    PinTries,
    Reversed,
    SafAttempt,
    SafDone,
    SafDrop,
    SafPut,
    SafRetry,
    Tombstone,
)
from switch.journal.sqlite import SqliteStore

REQUESTS = [f"request {letter}" for letter in "abcd"]
QUERIES = {
    "txn": "SELECT txn_id, dedupe, state, response_code, batch, reversed_batch, delivered FROM txn ORDER BY txn_id",
    "saf": "SELECT saf_id, txn_id, kind, attempts, state FROM saf ORDER BY saf_id",
    "actions": "SELECT action, saf_id, reason FROM operator_action ORDER BY action_id",
    "tries": "SELECT pan_token, count FROM pin_tries ORDER BY 1",
    "graves": "SELECT dedupe FROM tombstone ORDER BY 1",
    "batches": "SELECT batch, closed FROM batch ORDER BY 1",
}


class Model:
    """What the journal should hold, in dictionaries; written from the documentation, not from the SQL."""

    def __init__(self):
        self.txns, self.saf, self.tries, self.graves, self.batches = {}, {}, {}, set(), {1: 0}
        self.actions = []

    def write(self, unit):
        """(duplicate state, found state, closed batch) of one unit."""
        answer = (None, None, 0)
        for op, *args in unit:
            answer = getattr(self, op)(*args) or answer
            if answer[0]:
                break
        return answer

    def intent(self, number, dedupe):
        if dedupe in self.graves:
            return ("tombstone", None, 0)
        for row in self.txns.values():
            if row["dedupe"] == dedupe:
                return (row["state"], None, 0)
        self.txns[number] = {
            "dedupe": dedupe,
            "state": "pending",
            "code": "",
            "batch": 0,
            "taken_back": 0,
            "delivered": 0,
        }
        return None

    def outcome(self, number, state):
        row = self.txns.get(number)
        if row and row["state"] == "pending":
            row |= {"state": state, "code": "00" if state == "approved" else "51", "batch": max(self.batches)}

    def reversed(self, number):
        row = self.txns.get(number)
        if row and row["state"] in ("pending", "approved"):
            row["taken_back"] = max(self.batches) if row["state"] == "approved" else 0
            row |= {"state": "reversed", "code": "91"}

    def put(self, saf_id, number, kind):
        if not any((row["txn"], row["kind"]) == (number, kind) for row in self.saf.values()):
            self.saf[saf_id] = {"txn": number, "kind": kind, "attempts": 0, "state": "queued"}

    def attempt(self, saf_id, attempts):
        if saf_id in self.saf:
            self.saf[saf_id]["attempts"] = attempts

    def done(self, saf_id, state):
        """The first end of a message stands: an answer that comes after an operator's drop changes nothing."""
        self.moved(saf_id, ("queued",), state)

    def retry(self, saf_id):
        if self.moved(saf_id, ("dead",), "queued"):
            self.saf[saf_id]["attempts"] = 0
            self.actions.append(("retry", saf_id, ""))
        return (None, None, 0)

    def drop(self, saf_id):
        if self.moved(saf_id, ("queued", "dead"), "dropped"):
            self.actions.append(("drop", saf_id, "why"))
        return (None, None, 0)

    def moved(self, saf_id, states, state):
        fits = saf_id in self.saf and self.saf[saf_id]["state"] in states
        if fits:
            self.saf[saf_id]["state"] = state
        return fits

    def pin(self, token, count):
        self.tries[token] = count
        if not count:
            del self.tries[token]

    def bury(self, dedupe):
        self.graves.add(dedupe)

    def delivered(self, numbers):
        for number in numbers:
            if number in self.txns:
                self.txns[number]["delivered"] = 1

    def close(self, at):
        closed = max(self.batches)
        self.batches[closed] = at
        self.batches[closed + 1] = 0
        return (None, None, closed)

    def look(self, number):
        return (None, self.txns[number]["state"] if number in self.txns else None, 0)

    def tables(self):
        return {
            "txn": [(number, *row.values()) for number, row in sorted(self.txns.items())],
            "saf": [(number, *row.values()) for number, row in sorted(self.saf.items())],
            "actions": self.actions,
            "tries": sorted(self.tries.items()),
            "graves": [(grave,) for grave in sorted(self.graves)],
            "batches": sorted(self.batches.items()),
        }


class Machine(RuleBasedStateMachine):
    def __init__(self, tools):
        super().__init__()
        self.make_txn, self.make_outcome, self.write, self.keys = tools
        self.model, self.next, self.next_saf = Model(), 1, 1000
        self.folder = Path(tempfile.mkdtemp(prefix="journal-model-"))
        self.path = self.folder / "journal.db"
        self.memory, self.sqlite = MemoryStore(self.keys), SqliteStore(self.path, self.keys)

    def teardown(self):
        self.memory.close()
        self.sqlite.close()
        shutil.rmtree(self.folder)

    def record(self, op, *args):
        return {
            "intent": lambda number, dedupe: Intent(self.make_txn(number, dedupe=dedupe)),
            "outcome": lambda number, state: self.make_outcome(self.make_txn(number), state),
            "reversed": lambda number: Reversed(txn_id=number, reason="timeout", reply={"39": "91"}),
            "put": lambda saf_id, number, kind: SafPut(
                saf_id=saf_id, txn_id=number, kind=kind, host="visa", payload={"n": saf_id}
            ),
            "attempt": SafAttempt,
            "done": lambda saf_id, state: SafDone(saf_id=saf_id, state=state, response_code="00"),
            "retry": lambda saf_id: SafRetry(saf_id=saf_id, at=1, operator="ada"),
            "drop": lambda saf_id: SafDrop(saf_id=saf_id, at=1, operator="ada", reason="why"),
            "pin": PinTries,
            "bury": lambda dedupe: Tombstone(dedupe, 1),
            "delivered": Delivered,
            "close": CloseBatch,
            "look": lambda number: Lookup(txn_id=number),
        }[op](*args)

    def draw_unit(self, data):
        """An intent, if any, stands first; the rest speaks of transactions that may or may not exist."""
        known, owed = st.integers(1, self.next), st.sampled_from([0, *self.model.saf])
        unit = []
        if data.draw(st.booleans()):
            unit.append(("intent", self.next, data.draw(st.sampled_from(REQUESTS))))
            self.next += 1
        op = st.one_of(
            st.tuples(st.just("outcome"), known, st.sampled_from(["approved", "approved", "declined"])),
            st.tuples(st.just("reversed"), known),
            st.tuples(st.just("put"), known, st.sampled_from(["reversal", "advice"])),
            st.tuples(st.just("attempt"), owed, st.integers(1, 9)),
            st.tuples(st.just("done"), owed, st.sampled_from(["acknowledged", "dead"])),
            st.tuples(st.just("retry"), owed),
            st.tuples(st.just("drop"), owed),
            st.tuples(st.just("pin"), st.sampled_from("xy"), st.integers(0, 3)),
            st.tuples(st.just("bury"), st.sampled_from(REQUESTS)),
            st.tuples(st.just("delivered"), st.lists(known, max_size=3)),
            st.tuples(st.just("close"), st.integers(1, 9)),
            st.tuples(st.just("look"), known),
        )
        return unit + [self.numbered(*one) for one in data.draw(st.lists(op, max_size=3))]

    def numbered(self, op, *args):
        """A queued message gets a number of its own, as the engine gives it."""
        if op != "put":
            return (op, *args)
        self.next_saf += 1
        return (op, self.next_saf, *args)

    @initialize()
    def sell_two(self):
        """So that few random runs are about nothing."""
        for dedupe in REQUESTS[:2]:
            self.run([[("intent", self.next, dedupe), ("outcome", self.next, "approved")]])
            self.next += 1

    def run(self, units):
        expected = [self.model.write(unit) for unit in units]
        records = [[self.record(*op) for op in unit] for unit in units]
        for store in (self.memory, self.sqlite):
            acks = self.write(store, *records)
            assert all(ack.ok for ack in acks)
            assert [
                (ack.duplicate and ack.duplicate.state, ack.found and ack.found.state, ack.closed_batch) for ack in acks
            ] == expected, type(store).__name__

    @rule(data=st.data(), count=st.integers(1, 3))
    def units_in_one_batch(self, data, count):
        self.run([self.draw_unit(data) for _ in range(count)])

    @rule(data=st.data())
    @precondition(lambda self: self.model.txns)
    def a_unit_that_fails_at_its_end(self, data):
        """Its last record claims a number that is taken: nothing of it may stay, and its neighbour is untouched."""
        taken = min(self.model.txns)
        clash = Intent(self.make_txn(taken, dedupe="a request of its own"))
        before = copy.deepcopy(self.model)
        unit = [op for op in self.draw_unit(data) if op[0] != "intent"]
        neighbour = [("pin", "neighbour", 1)]
        for store in (self.memory, self.sqlite):
            bad, good = self.write(
                store, [*[self.record(*op) for op in unit], clash], [self.record(*op) for op in neighbour]
            )
            assert not bad.ok and good.ok
        self.model = before
        self.model.write(neighbour)

    @rule(same_boot=st.booleans(), data=st.data())
    def restart(self, same_boot, data):
        """Only the file survives; the memory store plays no part in this."""
        marks = set(data.draw(st.lists(st.integers(1, self.next), max_size=3)))
        self.sqlite.close()
        self.sqlite = SqliteStore(self.path, self.keys, delivered=marks, same_boot=same_boot)
        found, rows = self.sqlite.recovery, self.model.txns
        unmarked = [n for n, row in sorted(rows.items()) if row["state"] == "approved" and not row["delivered"]]
        unmarked = [number for number in unmarked if number not in marks]
        assert [one.txn.txn_id for one in found.undelivered] == (unmarked if same_boot else [])
        assert found.assumed_delivered == (0 if same_boot else len(unmarked))
        assert [one.txn.txn_id for one in found.pending] == [
            n for n, row in sorted(rows.items()) if row["state"] == "pending"
        ]
        queued = [(n, row["attempts"]) for n, row in sorted(self.model.saf.items()) if row["state"] == "queued"]
        assert [(put.saf_id, put.attempts) for put in found.saf] == queued
        assert all(put.payload == {"n": put.saf_id} for put in found.saf)
        assert found.pin_tries == self.model.tries
        assert (found.next_txn_id, found.next_saf_id) == (max(rows, default=0) + 1, max(self.model.saf, default=0) + 1)
        delivered = [("delivered", [*marks, *([] if same_boot else unmarked)])]
        self.model.write(delivered)
        self.write(self.memory, [self.record(*delivered[0])])

    @invariant()
    def the_tables_agree(self):
        expected = self.model.tables()
        with closing(reader.open_reader(self.path)) as connection:
            for source in (connection, self.memory.connection):
                assert {name: [tuple(row) for row in source.execute(sql)] for name, sql in QUERIES.items()} == expected


@pytest.fixture
def machine(make_txn, make_outcome, write, keys):
    return lambda: Machine((make_txn, make_outcome, write, keys))


def test_both_stores_do_what_the_model_does(machine):
    run_state_machine_as_test(
        machine, settings=settings(max_examples=60, stateful_step_count=20, deadline=None, database=None)
    )
