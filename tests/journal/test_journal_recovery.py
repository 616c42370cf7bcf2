"""What a restart finds: doubts, owed messages, counters; and what it may claim about answers."""

import pytest

from switch.journal.records import Delivered, Intent, PinTries, Reversed, SafAttempt, SafDone, SafPut, Tombstone
from switch.journal.sqlite import SqliteStore


@pytest.fixture
def life(path, keys, write):
    """life(*units, delivered=..., same_boot=...): opens the journal, writes, closes; gives what the opening found."""

    def run(*units, **options):
        store = SqliteStore(path, keys, **options)
        if units:
            assert all(ack.ok for ack in write(store, *units))
        store.close()
        return store.recovery

    return run


def _ids(found):
    return [stored.txn.txn_id for stored in found]


def test_a_new_journal_begins_at_one_with_nothing_open(life):
    found = life()
    assert (found.next_txn_id, found.next_saf_id) == (1, 1)
    assert not (found.pending or found.undelivered or found.saf or found.pin_tries or found.assumed_delivered)


def test_requests_without_an_outcome_are_in_doubt(life, make_txn, make_outcome):
    done, open_ = make_txn(1), make_txn(2, pan="0012345678901234")
    life([Intent(done), make_outcome(done)], [Intent(open_)])
    found = life()
    assert [stored.txn for stored in found.pending] == [open_]
    assert found.next_txn_id == 3


def test_owed_messages_come_back_in_order_with_their_attempts_and_settled_ones_do_not(life, make_txn):
    puts = [SafPut(saf_id=n, txn_id=n, kind="reversal", host="visa", payload={"2": "41", "n": n}) for n in (1, 2, 3, 4)]
    life(
        [Intent(make_txn(n)) for n in (1,)],
        list(reversed(puts)),
        [SafAttempt(2, 1)],
        [SafAttempt(2, 2), SafDone(saf_id=1, state="acknowledged", response_code="00")],
        [SafDone(saf_id=3, state="dead", response_code="30")],
    )
    found = life()
    assert [(put.saf_id, put.attempts, put.payload["n"]) for put in found.saf] == [(2, 2, 2), (4, 0, 4)]
    assert found.next_saf_id == 5


def test_one_reversal_per_request_whatever_asks_for_it(life, make_txn):
    first = SafPut(saf_id=1, txn_id=1, kind="reversal", host="visa", payload={"why": "timeout"})
    second = SafPut(saf_id=2, txn_id=1, kind="reversal", host="visa", payload={"why": "cancelled"})
    advice = SafPut(saf_id=3, txn_id=1, kind="advice", host="visa", payload={})
    life([Intent(make_txn(1)), first], [second], [advice])
    assert [(put.saf_id, put.kind) for put in life().saf] == [(1, "reversal"), (3, "advice")]


def test_the_latest_count_of_wrong_pins_is_kept(life):
    life([PinTries("a", 1)], [PinTries("b", 1)], [PinTries("a", 2)], [PinTries("b", 0)])
    assert life().pin_tries == {"a": 2}, "no wrong tries is no row"


def test_tombstones_outlive_a_restart(path, keys, life, write, make_txn):
    life([Tombstone(make_txn(1).dedupe, 1)])
    store = SqliteStore(path, keys)
    (ack,) = write(store, [Intent(make_txn(1))])
    store.close()
    assert ack.duplicate.state == "tombstone"


def test_an_approval_without_a_mark_was_not_sent_when_only_the_process_died(life, make_txn, make_outcome):
    units = [[Intent(make_txn(n)), make_outcome(make_txn(n))] for n in (1, 2, 3)]
    declined = make_txn(4)
    cancel = make_txn(5, kind="reversal")
    life(*units, [Delivered([3])], [Intent(declined), make_outcome(declined, "declined")])
    life([Intent(cancel), make_outcome(cancel)], delivered={1}, same_boot=True)
    found = life(delivered=set(), same_boot=True)
    assert _ids(found.undelivered) == [2], "1 was marked in the log, 3 in its row, 4 is no approval, 5 a reversal"
    assert found.undelivered[0].references == {"transaction_id": "123456789012345"}
    assert found.assumed_delivered == 0


def test_marks_folded_at_one_start_are_not_asked_for_at_the_next(life, make_txn, make_outcome):
    life([Intent(make_txn(1)), make_outcome(make_txn(1))])
    life(delivered={1}, same_boot=True)
    assert life(delivered=set(), same_boot=True).undelivered == []


def test_after_a_crash_of_the_machine_no_answer_is_claimed_unsent_then_or_later(life, make_txn, make_outcome):
    life(*[[Intent(make_txn(n)), make_outcome(make_txn(n))] for n in (1, 2, 3)], [Intent(make_txn(4))])
    found = life(delivered={1}, same_boot=False)
    assert found.undelivered == [] and found.assumed_delivered == 2
    assert _ids(found.pending) == [4], "a request in doubt stays in doubt whatever crashed"
    later = life(delivered=set(), same_boot=True)
    assert later.undelivered == [] and later.assumed_delivered == 0


def test_an_approval_taken_back_is_no_longer_owed_to_anyone(life, make_txn, make_outcome):
    taken = Reversed(txn_id=1, reason="timeout", reply={"39": "91"})
    life([Intent(make_txn(1)), make_outcome(make_txn(1))], [taken])
    found = life(delivered=set(), same_boot=True)
    assert found.undelivered == [] and found.pending == []
