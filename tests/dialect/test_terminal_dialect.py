"""The terminals' side: what is read from a request, what an answer echoes and what it never does."""

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.dialect.pos1987 import TerminalDialect
from switch.message import MessageError, load_spec

SPECS = ("pos-1987-ascii", "pos-1987-ascii-binary")
REQUEST = {
    "h": "", "t": "0200", "2": "4111111111111111", "3": "000000", "4": "000000001234", "7": "0611191024",
    "11": "000017", "12": "211024", "13": "0611", "14": "3012", "18": "5411", "22": "051", "25": "00",
    "35": "4111111111111111D301220113765214", "37": "616219000017", "41": "TERM0001", "42": "MERCHANT0000001",
    "48": "420205" + "9203798", "49": "978", "52": "0123456789ABCDEF", "53": "2001010100000000",
}  # fmt: skip
EVERYTHING_SENSITIVE = {
    "35": "4111111111111111D301220113765214", "36": "TRACK THREE", "45": "B4111111111111111^A/B^3012", "48": "9203798",
    "52": "0123456789ABCDEF", "55": "9F2608AABBCCDDEEFF0011", "64": "0123456789ABCDEF", "96": "0123456789ABCDEF",
    "125": "KEYS", "128": "0123456789ABCDEF",
}  # fmt: skip


@pytest.fixture(scope="session", params=SPECS)
def dialect(request):
    return TerminalDialect(request.param)


@pytest.fixture(scope="session")
def asked(dialect):
    """The view of a request with changes; None removes a field."""

    def view(**changes):
        fields = {key: value for key, value in (REQUEST | changes).items() if value is not None}
        raw, _ = iso8583.encode(fields, load_spec(dialect.name).fields)
        return dialect.view(bytes(raw))

    return view


def _read(dialect, frame):
    decoded, _ = iso8583.decode(frame, load_spec(dialect.name).fields)
    return {key: value for key, value in decoded.items() if key not in ("h", "p", "1")}


def test_a_request_is_understood_field_by_field(dialect, asked):
    payment = dialect.payment(asked(**{"90": "0100" + "000016" + "0611191000" + "0" * 22}))
    assert (payment.mti, payment.pan, payment.processing_code, payment.amount) == (
        "0200",
        "4" + "1" * 15,
        "000000",
        1234,
    )
    assert (payment.currency, payment.transmission, payment.stan) == ("978", "0611191024", "000017")
    assert (payment.local_time, payment.local_date, payment.expiry) == ("211024", "0611", "3012")
    assert (payment.mcc, payment.entry_mode, payment.condition) == ("5411", "051", "00")
    assert (payment.rrn, payment.terminal, payment.merchant) == ("616219000017", "TERM0001", "MERCHANT0000001")
    assert payment.track2 == "4111111111111111=301220113765214"
    assert (payment.pin_block, payment.cvv2, payment.eci) == ("0123456789ABCDEF", "798", "05")
    assert (payment.original_mti, payment.original_stan) == ("0100", "000016")
    assert payment.original_transmission == "0611191000"


def test_what_the_track_says_stands_in_for_missing_fields(dialect, asked):
    payment = dialect.payment(asked(**{"2": None, "14": None, "35": "4242424242424242=2905201"}))
    assert (payment.pan, payment.expiry) == ("4242424242424242", "2905")


def test_a_message_with_nothing_in_it_is_an_empty_payment(dialect):
    view = dialect.view(dialect.codec.encode({"t": "0100"}))
    payment = dialect.payment(view)
    assert (payment.pan, payment.amount, payment.stan, payment.condition) == ("", 0, "", "00")


def test_field_48_of_another_structure_is_no_card_data(dialect, asked):
    payment = dialect.payment(asked(**{"48": "FREE TEXT OF A TERMINAL"}))
    assert (payment.cvv2, payment.eci, payment.cavv) == ("", "", "")


def test_an_answer_echoes_the_request_and_adds_the_decision(dialect, asked):
    reply = {"38": "A12345", "54": "0002978C000000010000", "37": "616219000099"}
    answer = _read(dialect, dialect.answer(asked(), "00", reply))
    echoed = {
        key: REQUEST[key] for key in ("2", "3", "4", "7", "11", "12", "13", "14", "18", "22", "25", "41", "42", "49")
    }
    assert answer == {"t": "0210", "39": "00", **echoed, **reply}


def test_an_answer_never_carries_what_is_sensitive(dialect, asked):
    view = asked(**EVERYTHING_SENSITIVE)
    for frame in (dialect.answer(view, "00", {}), dialect.refusal(view, "30")):
        assert not EVERYTHING_SENSITIVE.keys() & _read(dialect, frame).keys()
        for value in ("301220113765214", "0123456789ABCDEF", "9203798", "AABBCCDDEEFF"):
            assert value.encode() not in frame


def test_the_requester_s_own_decision_fields_do_not_come_back_as_ours(dialect, asked):
    view = asked(**{"38": "FORGED", "39": "00", "44": "X", "54": "0002978C000099990000"})
    answer = _read(dialect, dialect.answer(view, "05", {}))
    assert answer["39"] == "05" and not {"38", "44", "54"} & answer.keys()


def test_the_answer_to_a_reversal_keeps_the_authorisation_code_of_the_original(dialect, asked):
    view = asked(t="0401", **{"38": "A12345", "90": "0200" + "000017" + "0611191024" + "0" * 22})
    answer = _read(dialect, dialect.answer(view, "00", {}))
    assert (answer["t"], answer["38"], answer["90"][:10]) == ("0410", "A12345", "0200000017")


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ({"37": "ABC", "38": "A1"}, {"37": "ABC         ", "38": "A1    "}),
        ({"54": "é"}, {}),
        ({"54": "x" * 121}, {}),
        ({"999": "no such field"}, {}),
    ],
)
def test_what_this_interface_cannot_carry_does_not_stop_the_answer(dialect, asked, reply, kept):
    answer = _read(dialect, dialect.answer(asked(), "00", reply))
    assert answer["39"] == "00" and {key: answer[key] for key in kept} == kept
    assert "54" not in answer


@pytest.mark.parametrize(
    ("mti", "reply"),
    [("0100", "0110"), ("0101", "0110"), ("0200", "0210"), ("0400", "0410"), ("0421", "0430"), ("0800", "0810")],
)
def test_the_message_type_of_an_answer(dialect, asked, mti, reply):
    assert _read(dialect, dialect.answer(asked(t=mti), "00", {}))["t"] == reply


@pytest.mark.parametrize("mti", ["0100", "0201", "0420", "0800", "9929"])
def test_requests_and_advices_expect_an_answer(dialect, asked, mti):
    assert dialect.expects_answer(asked(t=mti).data)


@pytest.mark.parametrize("mti", ["0110", "0230", "0840", "0850", "0199"])
def test_answers_and_notifications_expect_none(dialect, asked, mti):
    assert not dialect.expects_answer(asked(t=mti).data)
    assert not dialect.expects_answer(b"") and not dialect.expects_answer(b"\x00\x01\x02")


def test_a_message_cut_short_is_refused_with_its_key_fields(dialect, asked):
    frame = asked().data
    with pytest.raises(MessageError) as caught:
        dialect.view(frame[:-4])
    refusal = _read(dialect, dialect.refusal(caught.value.partial, "30"))
    assert refusal == {
        "t": "0210", "39": "30",
        **{key: REQUEST[key] for key in ("3", "4", "7", "11", "12", "13", "37", "41", "42", "49")},
    }  # fmt: skip


def test_a_message_whose_trace_number_was_not_read_cannot_be_refused(dialect, asked):
    assert dialect.refusal(None, "30") is None
    with pytest.raises(MessageError) as caught:
        dialect.view(asked().data[:60])
    assert dialect.refusal(caught.value.partial, "30") is None


def test_an_answer_of_a_terminal_is_not_refused(dialect, asked):
    assert dialect.refusal(asked(t="0210"), "30") is None


@given(frame=st.binary(max_size=120))
def test_whatever_arrives_is_a_message_or_a_message_error_that_a_refusal_can_be_made_of(dialect, frame):
    _survives(dialect, frame)


@given(data=st.data())
def test_a_damaged_request_is_a_request_or_can_be_refused(dialect, asked, data):
    frame = bytearray(asked().data)
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    _survives(dialect, bytes(frame[: data.draw(st.integers(0, len(frame)))]))


def _survives(dialect, frame):
    try:
        view = dialect.view(frame)
        view.check()
    except MessageError as error:
        refusal = dialect.refusal(error.partial, "30")
        if refusal is not None:
            dialect.view(refusal).check()
            assert "52" not in dialect.view(refusal)
        return
    dialect.payment(view)
    if dialect.expects_answer(frame):
        dialect.view(dialect.answer(view, "00", {"37": "616219000017"}))


@pytest.mark.parametrize("mti", ["0100", "0200", "0400", "0421"])
def test_a_payment_can_be_refused_unseen(dialect, asked, mti):
    refusal = _read(dialect, dialect.refuse_payment(asked(t=mti).data, "96"))
    assert (refusal["39"], refusal["11"]) == ("96", "000017") and "52" not in refusal


@pytest.mark.parametrize("mti", ["0800", "0210", "0600"])
def test_anything_else_is_not_refused_unseen(dialect, asked, mti):
    assert dialect.refuse_payment(asked(t=mti).data, "96") is None
    assert dialect.refuse_payment(b"garbage", "96") is None


def test_a_spec_whose_message_type_is_packed_is_no_terminal_s():
    with pytest.raises(ValueError, match="visa: field t: expected"):
        TerminalDialect("visa")


def test_a_payment_shows_no_card_data_when_printed(dialect, asked):
    shown = repr(dialect.payment(asked()))
    assert "411111******1111" in shown and "4111111111111111" not in shown and "798" not in shown
    kept = dialect.payment(asked()).without_sensitive()
    assert (kept.track2, kept.pin_block, kept.cvv2, kept.cavv) == ("", "", "", "")
