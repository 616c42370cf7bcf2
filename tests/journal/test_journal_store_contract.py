"""What the engine relies on, told of both backends."""

import select

import pytest

from switch.journal.records import (
    CloseBatch,
    Delivered,
    Intent,
    Lookup,
    PinTries,
    Reversed,
    SafAttempt,
    SafDone,
    SafPut,
    Tombstone,
)

WITHHELD = {"39": "91"}


def _state(write, store, txn_id):
    (ack,) = write(store, [Lookup(txn_id=txn_id)])
    return ack.found


def test_an_intent_is_found_pending_with_every_field_it_had(store, write, make_txn):
    txn = make_txn(7, pan="5555555555554444", captured=False, eci="05", original=3)
    (ack,) = write(store, [Intent(txn)])
    assert ack.ok and ack.duplicate is None
    found = _state(write, store, 7)
    assert (found.txn, found.state, found.response_code, found.reply) == (txn, "pending", "", {})


def test_an_outcome_ends_a_pending_transaction_and_keeps_the_stored_answer(store, write, make_txn, make_outcome):
    txn = make_txn(1)
    write(store, [Intent(txn)], [make_outcome(txn)])
    found = _state(write, store, 1)
    assert (found.state, found.response_code, found.auth_code) == ("approved", "00", "A1B2C3")
    assert found.reply == {"39": "00", "37": txn.rrn}
    assert found.references == {"transaction_id": "123456789012345"}


def test_a_second_outcome_changes_nothing(store, write, make_txn, make_outcome):
    txn = make_txn(1)
    write(store, [Intent(txn), make_outcome(txn, "declined")], [make_outcome(txn, "approved")])
    assert _state(write, store, 1).state == "declined"


def test_a_repeat_learns_the_stored_answer_and_its_whole_unit_writes_nothing(store, write, make_txn, make_outcome):
    first = make_txn(1)
    repeat = make_txn(2, dedupe=first.dedupe)
    put = SafPut(saf_id=1, txn_id=2, kind="advice", host="visa", payload={"4": "1"})
    write(store, [Intent(first), make_outcome(first)])
    ack, attempt = write(
        store, [Intent(repeat), make_outcome(repeat, "declined"), put, PinTries("t", 2)], [Lookup(txn_id=2)]
    )
    assert ack.ok and ack.duplicate.txn == first
    assert (ack.duplicate.state, ack.duplicate.reply) == ("approved", {"39": "00", "37": first.rrn})
    assert attempt.found is None
    assert _state(write, store, 1).state == "approved"


def test_two_equal_requests_in_one_batch_are_still_one_request(store, write, make_txn):
    acks = write(store, [Intent(make_txn(1))], [Intent(make_txn(2, dedupe=make_txn(1).dedupe))])
    assert acks[0].duplicate is None
    assert acks[1].duplicate.txn.txn_id == 1 and acks[1].duplicate.state == "pending"


def test_a_reversal_that_came_first_buries_its_late_original(store, write, make_txn):
    txn = make_txn(1)
    write(store, [Tombstone(txn.dedupe, 5)])
    (ack,) = write(store, [Intent(txn)])
    assert ack.duplicate.state == "tombstone" and ack.duplicate.txn is None
    assert _state(write, store, 1) is None


def test_taking_an_approval_back_changes_the_stored_answer_in_the_same_write(store, write, make_txn, make_outcome):
    txn = make_txn(1)
    put = SafPut(saf_id=1, txn_id=1, kind="reversal", host="visa", payload={"4": "1234"})
    write(store, [Intent(txn), make_outcome(txn)], [Reversed(txn_id=1, reason="timeout", reply=WITHHELD), put])
    (repeat,) = write(store, [Intent(make_txn(2, dedupe=txn.dedupe))])
    assert (repeat.duplicate.state, repeat.duplicate.reply) == ("reversed", WITHHELD)


def test_a_decline_cannot_be_taken_back(store, write, make_txn, make_outcome):
    txn = make_txn(1)
    write(store, [Intent(txn), make_outcome(txn, "declined")], [Reversed(txn_id=1, reason="cancelled", reply=WITHHELD)])
    assert _state(write, store, 1).reply == {"39": "51", "37": txn.rrn}


def test_an_approval_that_arrives_after_the_reversal_stays_reversed(store, write, make_txn, make_outcome):
    txn = make_txn(1)
    write(store, [Intent(txn)], [Reversed(txn_id=1, reason="timeout", reply=WITHHELD)], [make_outcome(txn)])
    assert _state(write, store, 1).state == "reversed"


def test_the_same_unit_handed_over_again_succeeds_and_adds_nothing(store, write, make_txn, make_outcome):
    txn = make_txn(1)
    unit = [
        Reversed(txn_id=1, reason="timeout", reply=WITHHELD),
        SafPut(saf_id=9, txn_id=1, kind="reversal", host="visa", payload={}),
    ]
    acks = write(store, [Intent(txn), make_outcome(txn)], unit, unit)
    assert all(ack.ok for ack in acks)


def test_a_unit_with_a_record_that_cannot_be_written_is_refused_whole(store, write, make_txn, make_outcome):
    one, other = make_txn(1), make_txn(1, dedupe="another key, the same number")
    bad, good = write(store, [Tombstone("t", 1), Intent(one), Intent(other)], [Intent(make_txn(2))])
    assert not bad.ok and good.ok
    assert _state(write, store, 1) is None
    (ack,) = write(store, [Intent(make_txn(3, dedupe="t"))])
    assert ack.duplicate is None, "the tombstone of the refused unit must not linger"


def test_closing_a_batch_names_it_and_opens_the_next(store, write):
    acks = write(store, [CloseBatch(1)], [CloseBatch(2)])
    assert [ack.closed_batch for ack in acks] == [1, 2]


def test_records_about_unknown_transactions_are_harmless(store, write, make_txn, make_outcome):
    acks = write(
        store,
        [make_outcome(make_txn(99)), Reversed(txn_id=98, reason="timeout", reply=WITHHELD)],
        [SafAttempt(97, 1), SafDone(saf_id=96, state="dead", response_code="30"), Delivered([95])],
        [Lookup(txn_id=99)],
    )
    assert all(ack.ok for ack in acks) and acks[-1].found is None


@pytest.mark.parametrize("query", [{"rrn": "000000000002"}, {"stan": "000002"}])
def test_a_terminal_finds_its_latest_request_by_trace_or_reference_number(store, write, make_txn, query):
    write(
        store,
        [Intent(make_txn(1, stan="000002", rrn="000000000002"))],
        [Intent(make_txn(2))],
        [Intent(make_txn(3, stan="000002", rrn="000000000002", kind="reversal"))],
        [Intent(make_txn(4, stan="000002", rrn="000000000002", terminal_id="TERM0002"))],
        [Intent(make_txn(5, stan="000002", rrn="000000000002", interface="atm"))],
    )
    (ack,) = write(store, [Lookup(interface="pos", terminal_id="TERM0001", **query)])
    assert ack.found.txn.txn_id == 2


def test_nothing_happens_before_flush_and_the_descriptor_is_readable_only_while_acknowledgements_wait(
    store, write, collect, make_txn
):
    poll = select.poll()
    poll.register(store.fileno(), select.POLLIN)
    store.submit([Intent(make_txn(1))], "token")
    assert store.take() == [] and not poll.poll(0) and store.backlog == 1
    store.flush()
    ((token, ack),) = collect(store, 1)
    assert token == "token" and ack.ok
    assert store.backlog == 0 and not poll.poll(0)
    store.flush()
    assert not poll.poll(0) and store.take() == []


def test_acknowledgements_come_in_the_order_of_submission(store, collect, make_txn):
    for number in range(1, 301):
        store.submit([Intent(make_txn(number))], number)
        if number % 7 == 0:
            store.flush()
    store.flush()
    assert [token for token, _ in collect(store, 300)] == list(range(1, 301))


def test_no_repr_of_a_record_shows_a_card_number(store, write, make_txn, make_outcome):
    txn = make_txn(1, pan="4929123412345678")
    put = SafPut(saf_id=1, txn_id=1, kind="reversal", host="visa", payload={"2": txn.pan})
    (ack,) = write(store, [Intent(txn), make_outcome(txn), put, Lookup(txn_id=1)])
    shown = repr([txn, Intent(txn), make_outcome(txn), put, ack])
    assert "4929123412345678" not in shown and "492912******5678" in shown
