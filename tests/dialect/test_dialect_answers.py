"""What is read from a host's answers, built here by pyiso8583 from the same specs."""

import iso8583
import pytest

from switch.message import MessageError, build_visa_header, load_spec


@pytest.fixture(scope="session")
def said():
    """The frame of a host that says these fields."""

    def frame(name, fields):
        raw, _ = iso8583.encode({"h": "", **fields}, load_spec(name).fields)
        if name != "visa":
            return bytes(raw)
        return build_visa_header(len(raw), source="400002", destination="400001") + bytes(raw)

    return frame


def test_a_visa_answer(subjects, said):
    fields = {"t": "0110", "7": "0611191024", "11": "000017", "38": "A12345", "39": "00"}
    fields["54"] = "0002978C000000010000"
    fields["62"] = "E000000000000000" + "E8" + "0123456789012345" + "ABCD".encode("cp500").hex().upper()
    answer = subjects["visa"].dialect.read(said("visa", fields))
    assert (answer.mti, answer.key, answer.response_code) == ("0110", ("000017", "0611191024"), "00")
    assert (answer.auth_code, answer.additional_amounts) == ("A12345", "0002978C000000010000")
    assert answer.references == {"transaction_id": "123456789012345", "validation_code": "ABCD", "aci": "Y"}
    assert not answer.management


def test_a_mastercard_answer(subjects, said):
    fields = {"t": "0110", "7": "0611191024", "11": "000017", "15": "0612", "38": "A12345", "39": "00"}
    answer = subjects["mastercard"].dialect.read(said("mastercard", fields | {"63": "MCC123456789"}))
    assert (answer.mti, answer.key, answer.response_code) == ("0110", ("000017", "0611191024"), "00")
    assert answer.references == {"banknet": "MCC123456789", "settlement_date": "0612"}


def test_an_answer_of_1993(subjects, said):
    fields = {"t": "1110", "7": "0611191024", "11": "000017", "38": "A12345", "39": "116"}
    answer = subjects["iso-1993-ascii"].dialect.read(said("iso-1993-ascii", fields))
    assert (answer.response_code, answer.auth_code, answer.references) == ("51", "A12345", {})


@pytest.mark.parametrize(("code", "seen"), [("N7", "82"), ("51", "51"), ("1A", "1A")])
def test_visa_s_own_codes_become_the_common_ones(subjects, said, code, seen):
    frame = said("visa", {"t": "0110", "7": "0611191024", "11": "000017", "39": code})
    assert subjects["visa"].dialect.read(frame).response_code == seen


def test_an_answer_without_a_response_code_decides_nothing(subjects, said):
    for name, mti in (("visa", "0110"), ("mastercard", "0110"), ("iso-1993-ascii", "1110")):
        answer = subjects[name].dialect.read(said(name, {"t": mti, "7": "0611191024", "11": "000017"}))
        assert answer.response_code == ""


@pytest.mark.parametrize(
    ("name", "fields", "path"),
    [
        ("mastercard", {"39": "\x00\x01"}, "39"),
        ("mastercard", {"38": "......"}, "38"),
        ("mastercard", {"11": "A00017"}, "11"),
        ("iso-1993-ascii", {"39": "A00"}, "39"),
        ("visa", {"39": "\x00\x01"}, "39"),
    ],
)
def test_an_answer_with_a_field_of_another_class_is_refused_with_what_could_be_read(subjects, said, name, fields, path):
    mti = "1110" if name == "iso-1993-ascii" else "0110"
    with pytest.raises(MessageError) as caught:
        subjects[name].dialect.read(said(name, {"t": mti, "7": "0611191024", "11": "000017", **fields}))
    assert caught.value.path == path and caught.value.partial is not None


def test_a_message_that_visa_rejects_counts_as_answered_with_a_format_error(subjects, purchase):
    dialect = subjects["visa"].dialect
    rejected = bytes((26,)) + bytes(21) + b"\x80\x00\x00\x06" + dialect.request(purchase())
    answer = dialect.read(rejected)
    assert (answer.mti, answer.key, answer.response_code) == ("0110", ("000017", "0611191024"), "30")


@pytest.mark.parametrize("cut", [1, 26, 40])
def test_a_reject_that_is_cut_off_is_refused(subjects, purchase, cut):
    rejected = bytes((26,)) + bytes(25) + subjects["visa"].dialect.request(purchase())
    with pytest.raises(MessageError):
        subjects["visa"].dialect.read(rejected[:cut])


def test_a_rejected_answer_is_no_answer_to_us(subjects, said):
    reply = said("visa", {"t": "0810", "7": "0611191024", "11": "000017", "39": "00"})
    with pytest.raises(MessageError, match="expected a rejected request"):
        subjects["visa"].dialect.read(bytes((26,)) + bytes(25) + reply)


def test_an_answer_to_a_visa_management_request_swaps_the_stations_and_returns_the_round_trip(subjects, said):
    request = bytearray(said("visa", {"t": "0800", "7": "0611191024", "11": "000001", "70": "301"}))
    request[11] = 0x5A
    reply = subjects["visa"].dialect.answer_management(bytes(request))
    assert reply[5:12].hex() == "400002" + "400001" + "5a"
    assert reply[5:8] == request[8:11] and reply[8:11] == request[5:8]
    assert int.from_bytes(reply[3:5], "big") == len(reply)
    assert subjects["visa"].oracle(reply) == {
        "t": "0810", "7": "0611191024", "11": "000001", "39": "00", "70": "301",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mti", "function", "code"),
    [
        ("visa", "0800", {"70": "301"}, "00"),
        ("visa", "0800", {"70": "161"}, "40"),
        ("mastercard", "0800", {"70": "061"}, "00"),
        ("mastercard", "0800", {"70": "161"}, "40"),
        ("mastercard", "0800", {}, "40"),
        ("iso-1993-ascii", "1804", {"24": "831", "12": "260611191024"}, "800"),
        ("iso-1993-ascii", "1804", {"24": "811", "12": "260611191024"}, "902"),
    ],
)
def test_a_new_key_that_would_not_be_used_is_not_acknowledged(subjects, said, name, mti, function, code):
    request = said(name, {"t": mti, "7": "0611191024", "11": "000001", **function})
    assert subjects[name].oracle(subjects[name].dialect.answer_management(request))["39"] == code


@pytest.mark.parametrize(("name", "mti"), [("visa", "1110"), ("mastercard", "9110"), ("iso-1993-ascii", "0110")])
def test_a_message_of_another_version_is_refused(subjects, said, name, mti):
    with pytest.raises(MessageError, match="field t: expected a message type that begins with") as caught:
        subjects[name].dialect.read(said(name, {"t": mti, "7": "0611191024", "11": "000017"}))
    assert caught.value.partial is not None


@pytest.mark.parametrize("name", ["visa", "mastercard", "iso-1993-ascii"])
def test_what_comes_back_of_a_request_is_read_as_it_was_sent(subjects, said, purchase, name):
    asked = purchase()
    sent = subjects[name].oracle(subjects[name].dialect.request(asked))
    kept = ("2", "3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49")
    fields = {number: sent[number] for number in kept if number in sent}
    reply = said(
        name, {"t": "1110" if name.startswith("iso") else "0110", "39": "000" if len(name) > 10 else "00"} | fields
    )
    answer = subjects[name].dialect.read(reply)
    assert answer.amount == asked.amount
    names = [
        "pan",
        "processing_code",
        "acquirer",
        "rrn",
        "terminal",
        "merchant",
        "currency",
        "local_time",
        "local_date",
    ]
    assert set(answer.echoed) == set(names)
    assert {name: value.lstrip("0") for name, value in answer.echoed.items()} == {
        name: getattr(asked, name).strip().lstrip("0") for name in names
    }


@pytest.mark.parametrize("name", ["visa", "mastercard"])
def test_an_amount_of_another_class_is_no_answer(subjects, said, name):
    with pytest.raises((MessageError, iso8583.EncodeError)):
        subjects[name].dialect.read(said(name, {"t": "0110", "7": "0611191024", "11": "000017", "4": "00000000A234"}))
