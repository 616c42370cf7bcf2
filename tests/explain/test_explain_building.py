"""Messages are made from fields by path, alone or on a model; what differs between two is told field by field."""

import pytest

from switch.explain import BuildError, build, differences, from_arguments, from_object, rebuild
from switch.message import MessageError, build_visa_header, make_framer, parse_framing, parse_visa_header


def test_arguments_and_objects_say_the_same():
    given = from_arguments(["t=0200", "2=4111111111111111", "48.92=123", "43=A=B"])
    assert given == {"t": "0200", "2": "4111111111111111", "48.92": "123", "43": "A=B"}
    assert from_object({"t": "0200", "2": "4111111111111111", "48": {"92": "123"}, "43": "A=B"}) == given


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("4111111111111111", "argument 1: expected field=value"),
        ("=4111111111111111", "argument 1: expected field=value"),
        ("4111 1111=1", "argument 1: expected field=value"),
    ],
)
def test_a_wrong_argument_is_told_by_its_place(argument, reason):
    with pytest.raises(BuildError, match=reason) as caught:
        from_arguments([argument])
    assert "4111" not in str(caught.value)


def test_wrong_objects_are_told_by_their_field():
    with pytest.raises(BuildError, match="field 4: expected a string"):
        from_object({"4": 1234})
    with pytest.raises(BuildError, match=r"field 48\.92: expected a string"):
        from_object({"48": {"92": ["4111111111111111"]}})
    with pytest.raises(BuildError, match="JSON: expected an object"):
        from_object([])
    with pytest.raises(BuildError, match="field 2: given twice"):
        from_arguments(["2=1", "2=2"])


def test_a_message_is_made_with_its_length_and_sub_elements(codec):
    pos = codec("pos-1987-ascii")
    made = build(pos, {"t": "0200", "3": "000000", "48.92": "123", "48.42": "05"}, "len2", None)
    assert made[:2] == (len(made) - 2).to_bytes(2, "big")
    view = pos.view(made, 2)
    assert (view.mti, view["48.92"], view["48.42"]) == ("0200", "123", "05")


def test_a_header_is_put_where_the_framing_has_one(codec):
    pos = codec("pos-1987-ascii")
    made = build(pos, {"t": "0800", "11": "000001"}, "len2+tpdu", None)
    assert made[2:7] == bytes.fromhex("6000000000")
    made = build(pos, {"t": "0800", "11": "000001"}, "len2+tpdu", bytes.fromhex("6000010002"))
    assert made[2:7] == bytes.fromhex("6000010002")
    made = build(codec("visa"), {"t": "0800", "11": "000001"}, "visa4+header22", None)
    assert parse_visa_header(made[4:]).total_length == len(made) - 4
    with pytest.raises(BuildError, match="the 8 bytes of its header"):
        build(pos, {"t": "0800"}, "len2+header8", None)
    long = {str(key): "9" * 999 for key in (46, 47, 48, *range(56, 64), *range(105, 120))}
    with pytest.raises(BuildError, match="framing bcd2: frame of"):
        build(pos, {"t": "0800", **long}, "bcd2", None)


def test_errors_name_the_field_and_not_its_value(codec):
    for fields, path in (
        ({"t": "0200", "4": "999999999999991234"}, "4"),
        ({"t": "0200", "48.192": "991234"}, "48"),
        ({"t": "0200", "7.1": "991234"}, "7.1"),
        ({"t": "0200", "3.1": "991234"}, "3"),
        ({"t": "0200", "200": "991234"}, "200"),
    ):
        with pytest.raises(MessageError) as caught:
            build(codec("pos-1987-ascii"), fields, None, None)
        assert f"field {path}" in str(caught.value)
        assert "1234" not in str(caught.value)


def test_a_model_keeps_every_byte_that_is_not_changed(purchase, codec, read):
    (model,) = read(purchase)
    assert rebuild(model, {}, None, None) == purchase
    made = rebuild(model, {"4": "000000009999", "48.92": "321", "48.42": "05"}, None, None)
    view = codec("pos-1987-ascii").view(made, 2)
    assert (view["4"], view["48.92"], view["48.42"], view["37"]) == ("000000009999", "321", "05", "123456789012")
    assert made[:2] == (len(made) - 2).to_bytes(2, "big")
    assert rebuild(model, {}, "ascii4", None) == b"%04d" % (len(purchase) - 2) + purchase[2:]
    assert rebuild(model, {}, "none", None) == purchase[2:]


def test_the_header_of_a_model_says_the_new_length(codec, read):
    message = codec("visa").encode({"t": "0800", "7": "0611191024", "11": "000001", "70": "071"})
    header = build_visa_header(len(message), source="123456", destination="654321", round_trip=7)
    framed = make_framer(parse_framing("visa4")).wrap(header + message)
    (model,) = read(framed)
    made = rebuild(model, {"41": "TERM0001"}, None, None)
    parsed = parse_visa_header(made[4:])
    assert (parsed.total_length, parsed.source, parsed.round_trip) == (len(made) - 4, "123456", 7)


def test_a_broken_model_is_refused(purchase, read):
    (model,) = read(purchase[:-3])
    with pytest.raises(BuildError, match="cannot be read"):
        rebuild(model, {}, None, None)


def _differences(read, left: bytes, right: bytes, **options) -> list[tuple[str, str | None, str | None]]:
    one, other = read(left)[0], read(right)[0]
    return [(each.path, each.left, each.right) for each in differences(one, other, **options)]


def test_the_same_message_does_not_differ_however_it_is_written(purchase, fields, codec, read):
    assert _differences(read, purchase, purchase) == []
    assert _differences(read, purchase, codec("pos-1987-ascii").encode(fields)) == []
    plain = {key: fields[key] for key in ("t", "3", "4", "7", "11", "12", "13", "37", "41")}
    assert _differences(read, codec("visa").encode(plain), codec("mastercard").encode(plain)) == []


def test_fields_and_sub_elements_that_differ_are_told_in_order(fields, codec, read):
    pos = codec("pos-1987-ascii")
    left = pos.encode({**fields, "48": "420205"})
    right = pos.encode(
        {**{key: value for key, value in fields.items() if key != "32"}, "t": "0210", "39": "51", "48": "42020661011"}
    )
    assert _differences(read, left, right) == [
        ("t", "0200", "0210"),
        ("32", "123456", None),
        ("39", None, "51"),
        ("48.42", "05", "06"),
        ("48.61", None, "1"),
    ]


def test_tags_that_differ_are_told(fields, codec, read):
    pos = codec("pos-1987-ascii")
    other = {**fields, "55": fields["55"].replace("95050000008000", "95050000000000")}
    assert _differences(read, pos.encode(fields), pos.encode(other)) == [("55.95", "0000008000", "0000000000")]


def test_secrets_are_shown_only_when_asked_for(fields, codec, read):
    pos = codec("pos-1987-ascii")
    other = {**fields, "52": "0000000000000000"}
    assert _differences(read, pos.encode(fields), pos.encode(other)) == [("52", "[removed]", "[removed]")]
    assert _differences(read, pos.encode(fields), pos.encode(other), masked=False) == [
        ("52", fields["52"], "0000000000000000")
    ]
