"""Every message to a host, for payments of all shapes: our codec and pyiso8583 read it alike, and it says the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import MessageError


def _messages(dialect, payment):
    yield "request", dialect.request(payment)
    for repeat in (False, True):
        yield "reversal", dialect.reversal(payment, repeat=repeat)
        yield "advice", dialect.advice(payment, repeat=repeat)


@given(data=st.data())
def test_what_we_send_is_what_pyiso8583_reads_and_every_value_is_of_its_class(subject, payments, data):
    payment = data.draw(payments)
    for _, frame in _messages(subject.dialect, payment):
        read = subject.oracle(frame)
        view = subject.dialect.codec.view(frame, subject.start)
        view.check()
        assert {"t": view.mti, **{field: view[field] for field in view.fields}} == read


@given(data=st.data())
def test_the_fields_that_identify_a_payment_are_in_every_message_about_it(subject, payments, data):
    payment = data.draw(payments)
    for _, frame in _messages(subject.dialect, payment):
        read = subject.oracle(frame)
        assert (read["2"], read["3"], int(read["4"]), read["49"]) == (
            payment.pan,
            payment.processing_code,
            payment.amount,
            payment.currency,
        )
        assert (read["7"], read["11"], read["32"]) == (payment.transmission, payment.stan, payment.acquirer)
        assert (read["37"], read["41"]) == (payment.rrn.ljust(12), payment.terminal.ljust(8))


@given(data=st.data())
def test_only_a_request_carries_what_must_not_be_kept(subject, payments, data):
    payment = data.draw(payments)
    for kind, frame in _messages(subject.dialect, payment):
        found = _sensitive(subject, frame)
        if kind == "request":
            assert ("35" in found, "52" in found) == (bool(payment.track2), bool(payment.pin_block))
            assert bool({"48.92", "126.10"} & found) == bool(payment.cvv2)
            assert bool({"48.43", "126.9"} & found) == bool(payment.cavv)
        else:
            assert found == set()


def _sensitive(subject, frame):
    view = subject.dialect.codec.view(frame, subject.start)
    paths = ("35", "45", "52", "53", "48.43", "48.92", "126.9", "126.10")
    return {path for path in paths if path in view}


@given(data=st.data())
def test_a_repeat_differs_in_its_message_type_only(subject, payments, data):
    payment = data.draw(payments)
    for method in (subject.dialect.reversal, subject.dialect.advice):
        first = subject.oracle(method(payment, repeat=False))
        again = subject.oracle(method(payment, repeat=True))
        assert again.pop("t") == first.pop("t")[:3] + "1"
        assert first == again


@pytest.mark.parametrize("function", ["sign-on", "sign-off", "echo"])
def test_management_requests_are_read_alike_and_answered_by_the_other_side(subject, function):
    frame = subject.dialect.management(function, "000123", "0611191024", "26")
    read = subject.oracle(frame)
    assert (read["t"][1:], read["7"], read["11"]) == ("804" if read["t"][0] == "1" else "800", "0611191024", "000123")
    answer = subject.dialect.read(subject.dialect.answer_management(frame))
    assert answer.mti == read["t"][:2] + "1" + read["t"][3]
    assert answer.management and answer.response_code == "00"
    assert answer.key == ("000123", "0611191024")


def test_the_codes_of_management_are_each_interface_s_own(subjects):
    def codes(name, field):
        subject = subjects[name]
        return [
            subject.oracle(subject.dialect.management(function, "000001", "0611191024", "26"))[field]
            for function in ("sign-on", "sign-off", "echo")
        ]

    assert codes("visa", "70") == ["071", "072", "301"]
    assert codes("mastercard", "70") == ["061", "062", "270"]
    assert codes("iso-1993-ascii", "24") == ["801", "802", "831"]


@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["pan", "processing_code", "currency", "transmission", "stan", "local_time", "local_date", "year"]
            + ["expiry", "mcc", "entry_mode", "condition", "acquirer", "rrn", "auth_code", "response_code", "terminal"]
            + ["merchant", "name_location", "country", "track2", "pin_block", "cvv2", "eci", "cavv", "pin_result"]
            + ["cvv_result", "reason", "original_mti", "original_stan", "original_transmission", "original_acquirer"]
        ),
        st.text(max_size=45),
        max_size=3,
    ),
    amount=st.one_of(st.integers(-5, 5), st.integers()),
)
def test_what_cannot_be_sent_is_a_message_error_that_names_a_field_and_nothing_else(subject, purchase, changes, amount):
    payment = purchase(**{"amount": amount, "reason": "cancel", **changes})
    for make in (
        subject.dialect.request,
        lambda payment: subject.dialect.reversal(payment, repeat=False),
        lambda payment: subject.dialect.advice(payment, repeat=True),
    ):
        try:
            frame = make(payment)
        except MessageError as error:
            assert error.interface == subject.spec and error.path.split(".")[0].isdigit()
            continue
        subject.dialect.codec.view(frame, subject.start).check()


@given(references=st.dictionaries(st.sampled_from(["transaction_id", "banknet", "settlement_date"]), st.text()))
def test_bad_references_are_a_message_error_too(subject, reversed_purchase, references):
    payment = reversed_purchase(references=references)
    try:
        subject.dialect.reversal(payment, repeat=False)
    except MessageError as error:
        assert error.path.partition(".")[0] in ("62", "63", "15")


@given(frame=st.binary(max_size=200))
def test_garbage_from_a_host_is_a_message_error_and_nothing_else(subject, frame):
    for read in (subject.dialect.read, subject.dialect.answer_management):
        with pytest.raises(MessageError):
            read(frame)


@given(data=st.data())
def test_a_damaged_message_of_a_host_is_read_or_refused(subject, payments, data):
    frame = bytearray(subject.dialect.request(data.draw(payments)))
    position = data.draw(st.integers(0, len(frame) - 1))
    frame[position] ^= data.draw(st.integers(1, 255))
    for read in (subject.dialect.read, subject.dialect.answer_management):
        try:
            read(bytes(frame))
        except MessageError:
            pass


def test_only_requests_of_the_host_are_answered(subject):
    request = subject.dialect.management("echo", "000001", "0611191024", "26")
    reply = subject.dialect.answer_management(request)
    with pytest.raises(MessageError, match="expected a request"):
        subject.dialect.answer_management(reply)
