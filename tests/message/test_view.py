"""A view gives values by path, checks classes, and changes a message by splicing bytes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.message import Codec, MessageError, View

Messages = Callable[[Codec], st.SearchStrategy[dict[str, str]]]


@pytest.fixture
def view(codecs: dict[str, Codec], purchase: dict[str, str]) -> View:
    return codecs["pos-1987-ascii"].view(codecs["pos-1987-ascii"].encode(purchase))


def test_values_are_found_by_field_and_by_sub_element(view: View) -> None:
    assert view.mti == "0100"
    assert (view["2"], view["48.92"], view.get("38"), view.get("38", "none")) == (
        "4111111111111111",
        "123",
        None,
        "none",
    )
    assert ("48.92" in view, "48.42" in view, "48" in view, "38" in view) == (True, False, True, False)
    with pytest.raises(KeyError):
        view["38"]


def test_an_empty_sub_element_is_present(codecs: dict[str, Codec]) -> None:
    codec = codecs["pos-1987-ascii"]
    view = codec.view(codec.encode({"t": "0100", "48": codec.build_sub("48", {"92": "", "42": "05"})}))
    assert (view.get("48.92"), "48.92" in view) == ("", True)


@pytest.mark.parametrize("opaque", ["hello", "92", "9299123", "92-1"])
def test_additional_data_of_another_structure_is_opaque_and_no_fault(codecs: dict[str, Codec], opaque: str) -> None:
    codec = codecs["pos-1987-ascii"]
    view = codec.view(codec.encode({"t": "0100", "48": opaque}))
    view.check()
    assert (view["48"], view.get("48.92"), view.sub("48")) == (opaque, None, {})


def test_the_representation_of_a_view_shows_no_value(view: View) -> None:
    assert "4111" not in repr(view)
    assert repr(view).startswith("<View pos-1987-ascii 0100 2 3 4")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("4", "00000000123A", "digits"),
        ("4", "00000000123٣", "characters of its encoding"),
        ("35", "4111111111111111", "track 2 data"),
        ("52", "0123456789ABCDEG", "hexadecimal digits"),
        ("41", "TERM\n001", "printable characters"),
        ("37", "12345678901-", "letters and digits"),
        ("28", "000001234", "C or D and digits"),
    ],
)
def test_a_value_of_another_class_is_refused_with_its_offset(
    codecs: dict[str, Codec], field: str, value: str, expected: str
) -> None:
    codec = codecs["pos-1987-ascii"]
    op = codec.ops[field]
    raw = codec.encode({"t": "0100", "3": "000000", field: "0" * (len(value) if op.prefix else op.count)})
    offset = codec.view(raw).offset(field) + op.prefix
    damaged = raw[:offset] + value.encode("latin-1", "replace").replace(b"?", b"\xb2") + raw[offset + len(value) :]
    view = codec.view(damaged)
    with pytest.raises(MessageError) as caught:
        view.check()
    assert (caught.value.path, caught.value.offset, caught.value.reason) == (field, offset, f"expected {expected}")
    view.check(["3", "99"])


def test_an_odd_number_of_packed_digits_needs_its_pad(codecs: dict[str, Codec]) -> None:
    codec = codecs["visa"]
    raw = codec.encode({"t": "0100", "49": "978"})
    assert raw[-2:] == bytes.fromhex("0978")
    with pytest.raises(MessageError, match="field 49 at byte 10") as caught:
        codec.decode(raw[:-2] + bytes.fromhex("1978"))
    assert caught.value.path == "49"


@given(data=st.data())
def test_a_splice_of_nothing_is_the_message(codec: Codec, messages: Messages, data: st.DataObject) -> None:
    raw = codec.encode(data.draw(messages(codec)))
    assert codec.view(raw).splice({}) == raw


@given(data=st.data())
def test_a_splice_is_the_message_of_the_changed_fields(codec: Codec, messages: Messages, data: st.DataObject) -> None:
    fields, others = data.draw(messages(codec)), data.draw(messages(codec))
    removed = data.draw(st.sets(st.sampled_from(sorted(codec.ops))))
    changes: dict[str, str | None] = {**others, **dict.fromkeys(removed - others.keys())}
    header = data.draw(st.binary(max_size=22))
    spliced = codec.view(header + codec.encode(fields), len(header)).splice(changes)
    wanted = {key: value for key, value in {**fields, **changes}.items() if value is not None}
    assert spliced == header + codec.encode(wanted)


@given(data=st.data())
def test_untouched_fields_keep_their_very_bytes(
    codecs: dict[str, Codec], messages: Messages, data: st.DataObject
) -> None:
    codec = codecs["visa"]
    fields = data.draw(messages(codec))
    before = codec.view(codec.encode({**fields, "7": "0611191024"}))
    after = codec.view(before.splice({"39": "00", "7": None}))
    assert {field: before.raw(field) for field in before.fields if field not in ("7", "39")} == {
        field: after.raw(field) for field in after.fields if field != "39"
    }


def test_a_splice_refuses_what_the_interface_cannot_say(view: View) -> None:
    with pytest.raises(MessageError, match="expected exactly 2 characters, got 3"):
        view.splice({"39": "000"})
    with pytest.raises(MessageError, match=r"field 60\.92: field is not part"):
        view.splice({"60.92": "123"})
    with pytest.raises(MessageError, match=r"field 48\.100: structure: expected a tag of 2 digits"):
        view.splice({"48.100": "1"})
    with pytest.raises(MessageError, match="field t: expected 4 digits"):
        view.splice({"t": "110"})


def test_a_splice_of_a_partial_view_is_a_whole_message(codecs: dict[str, Codec], purchase: dict[str, str]) -> None:
    codec = codecs["pos-1987-ascii"]
    with pytest.raises(MessageError) as caught:
        codec.view(codec.encode(purchase)[:-1])
    assert caught.value.partial is not None
    answer = codec.view(caught.value.partial.splice({"t": "0110", "39": "30", "35": None}))
    assert (answer.mti, answer["39"], answer["11"], "60" in answer) == ("0110", "30", "000001", False)
