"""Messages and fields of other people's projects: read to the values they list, written back byte for byte."""

import json
from typing import Any

import pytest

from switch import resources
from switch.message import Codec, MessageError, compile_spec, load_spec, parse_visa_header

VECTORS: list[dict[str, Any]] = json.loads(resources.read_text("fixtures", "iso8583_messages.json"))["vectors"]
MESSAGES = [v for v in VECTORS if v["scope"] == "message" and not v.get("must_fail")]
REFUSED = [v for v in VECTORS if v.get("must_fail")]

TEXT = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0}
PDS = {"kind": "tlv", "tag": 4, "len": 3}
NESTED = {"11": {"sub": {"kind": "tlv", "tag": 2, "len": 2}}}
# IPM's name and location: three texts ended by a backslash, then fixed parts.
DE43 = {
    "kind": "positional",
    "parts": {
        "NAME": {"until": "\\"},
        "ADDRESS": {"until": "\\"},
        "SUBURB": {"until": "\\"},
        "POSTCODE": 10,
        "STATE": 3,
        "COUNTRY": 3,
    },
}
# jPOS's custom image: a byte, a bitmap of 32 bits in EBCDIC hexadecimal, parts in binary and EBCDIC.
BINARY, EBCDIC = {"data_enc": "b"}, {"data_enc": "cp500"}
IMAGE = {
    "kind": "bitmap",
    "width": 32,
    "enc": "cp500",
    "head": 1,
    "parts": {
        **{number: {**BINARY, "max_len": size} for number, size in {"1": 8, "2": 3, "3": 1, "4": 4, "5": 2}.items()},
        **{number: {**BINARY, "max_len": size} for number, size in {"6": 5, "8": 4, "14": 8}.items()},
        **{number: {**EBCDIC, "max_len": size} for number, size in {"9": 2, "10": 3, "12": 3, "13": 12}.items()},
        **{number: {**EBCDIC, "max_len": size} for number, size in {"17": 6, "18": 12, "20": 1}.items()},
        "22": {**BINARY, "len_enc": "cp500", "len_type": 2, "max_len": 48},
    },
}
# How the sources' projects name what we name by tag, and where they trim.
RENAMED = {"h": "0", "PDS0001": "1", "PDS9999": "9999"}


def _named(vector: dict[str, Any]) -> str:
    return f"{vector['source_repo']} {vector['path']}"


def _spec(vector: dict[str, Any]) -> dict[str, Any]:
    """The wire as the vector's pyiso8583 spec describes it, unchanged, and with what we can say beyond it."""
    spec = json.loads(json.dumps(vector.get("pyiso8583_spec") or vector.get("pyiso8583_spec_after_bit1") or BASE_I))
    if "pyiso8583_spec" not in vector:
        spec["p"] |= {"bitmap": "fixed", "width": 128}
    if vector.get("reencodes") is False:
        spec["p"] |= {"bitmap": "fixed", "width": 128, "bit1": True}
    for field in vector.get("subfields", {}):
        spec[field]["sub"] = _sub(vector, field)
    return spec


def _sub(vector: dict[str, Any], field: str) -> dict[str, Any]:
    if field == "48":
        return PDS
    if field == "43":
        return DE43
    if field == "3":
        return {"kind": "positional", "parts": {"1": 2, "2": 2, "3": 2}}
    if vector["path"].startswith("message_test.go"):
        # The values of its tags are text on the wire.
        return {"kind": "bertlv", "parts": {"*": {"data_enc": "ascii"}}}
    return IMAGE if "55" in vector["fields"] and vector["fields"]["t"] == "1100" else {"kind": "bertlv"}


# The two samples whose collection has no spec: all their fields as the others of the same source have them.
BASE_I: dict[str, Any] = {}
for _vector in VECTORS:
    if "pyiso8583_spec_after_bit1" in _vector:
        BASE_I |= _vector["pyiso8583_spec_after_bit1"]


@pytest.mark.parametrize("vector", MESSAGES, ids=_named)
def test_a_message_is_read_as_its_source_reads_it(vector: dict[str, Any]) -> None:
    decoded = compile_spec(load_spec(_spec(vector))).decode(bytes.fromhex(vector["hex"]))
    assert {key: value for key, value in decoded.items() if key not in ("p", "1")} == vector["fields"]


@pytest.mark.parametrize("vector", MESSAGES, ids=_named)
def test_a_message_is_written_byte_for_byte(vector: dict[str, Any]) -> None:
    codec = compile_spec(_spec(vector))
    assert codec.encode(vector["fields"]).hex() == vector["hex"]


@pytest.mark.parametrize("vector", [v for v in MESSAGES if "subfields" in v], ids=_named)
def test_the_elements_are_read_and_written_and_spliced(vector: dict[str, Any]) -> None:
    codec, raw = compile_spec(_spec(vector)), bytes.fromhex(vector["hex"])
    view = codec.view(raw)
    for field, elements in vector["subfields"].items():
        wanted = {RENAMED.get(name, name): value for name, value in elements.items()}
        found = view.sub(field)
        assert {name: value.rstrip() for name, value in found.items()} == wanted
        assert codec.build_sub(field, found) == vector["fields"][field]
        for name, value in found.items():
            assert view.splice({f"{field}.{name}": value}) == raw


@pytest.mark.parametrize("vector", REFUSED, ids=_named)
def test_what_its_source_refuses_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        compile_spec(vector["pyiso8583_spec"]).view(bytes.fromhex(vector["hex"]))


def _field(path: str) -> dict[str, Any]:
    """The vector of one field from that place."""
    return next(v for v in VECTORS if v["scope"] == "field" and path in f"{v['source_repo']}/{v['path']}")


FIELDS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "composite_test.go:1315",
        {**TEXT, "len_type": 2, "max_len": 99, "sub": {"kind": "tlv", "tag": 2, "len": 2, "parts": NESTED}},
        {},
    ),
    (
        "composite_test.go:1567",
        {
            **TEXT,
            "len_type": 2,
            "max_len": 99,
            "sub": {
                "kind": "bitmap",
                "width": 64,
                "parts": {
                    **{str(n): {"len_type": 2, "max_len": 99} for n in (1, 2, 3)},
                    "11": {"len_type": 2, "max_len": 99, "sub": {"kind": "tlv", "tag": 2, "len": 2}},
                },
            },
        },
        {},
    ),
    (
        "composite_test.go:1584",
        {
            **TEXT,
            "len_type": 2,
            "max_len": 99,
            "sub": {"kind": "bitmap", "width": 64, "parts": {str(n): {"len_type": 2, "max_len": 99} for n in (1, 3)}},
        },
        {},
    ),
    (
        "composite_test.go:775",
        {**TEXT, "data_enc": "b", "len_type": 3, "max_len": 255, "sub": {"kind": "bertlv"}},
        {},
    ),
    ("emv_test.go", {**TEXT, "data_enc": "b", "max_len": 512, "sub": {"kind": "bertlv"}}, {}),
    ("test_icc_to_dict", {**TEXT, "data_enc": "b", "max_len": 8, "sub": {"kind": "bertlv"}}, {}),
    (
        "issues/322",
        {**TEXT, "data_enc": "cp500", "max_len": 19, "sub": {"kind": "tlv", "tag": 2, "len": 2, "head": 1}},
        {"TCC": "0"},
    ),
    (
        "DatasetPackagerTest",
        {
            **TEXT,
            "data_enc": "b",
            "max_len": 11,
            "sub": {
                "kind": "dataset",
                "parts": {
                    "71": {
                        "sub": {
                            "kind": "bitmap",
                            "width": 16,
                            "first": 0,
                            "chain": True,
                            "tail": True,
                            "parts": {"1": {"max_len": 1}, "2": {"max_len": 2}},
                        }
                    }
                },
            },
        },
        {},
    ),
    ("PipelineTests", {**TEXT, "data_enc": "b", "max_len": 32, "sub": {"kind": "bertlv"}}, {}),
    (
        "pyiso8583/issues/29",
        {"data_enc": "b", "len_enc": "b", "len_type": 1, "max_len": 19, "len_count": "nibbles", "left_pad": "0"},
        {},
    ),
]


def _codec(entry: dict[str, Any]) -> Codec:
    heads = {"h": {"data_enc": "b", "len_type": 0, "max_len": 0}, "t": {"data_enc": "ascii"}, "p": {"data_enc": "b"}}
    return compile_spec({**heads, "2": entry})


def _paths(values: dict[str, Any], names: dict[str, str], base: str = "2") -> dict[str, str]:
    """The listed values by our paths."""
    found = {}
    for name, value in values.items():
        path = f"{base}.{names.get(name, name)}"
        found |= _paths(value, names, path) if isinstance(value, dict) else {path: value}
    return found


@pytest.mark.parametrize(("path", "entry", "names"), FIELDS, ids=[path for path, _, _ in FIELDS])
def test_a_field_is_read_and_written_down_to_its_elements(
    path: str, entry: dict[str, Any], names: dict[str, str]
) -> None:
    vector = _field(path)
    codec, field = _codec(entry), bytes.fromhex(vector["hex"])
    raw = b"0100" + bytes.fromhex("4000000000000000") + field
    view = codec.view(raw)
    wanted = {"2": vector["fields"]["2"]} if "sub" not in entry else _paths(vector["fields"], names)
    assert {path: view.get(path) for path in wanted} == wanted
    assert codec.encode({"t": "0100", "2": view["2"]}) == raw
    if "sub" in entry:
        top = {name: wanted.get(f"2.{name}", None) or view.sub("2")[name] for name in view.names("2")}
        assert codec.build_sub("2", top) == view["2"]
        assert view.names("2") == tuple(names.get(name, name) for name in vector["fields"])
    for path, value in wanted.items():
        assert view.splice({path: value}) == raw
        start, begin, end = view.range(path)
        assert len(raw[begin:end]) in (len(value), len(value) // 2) and 12 <= start <= begin


def test_the_published_visa_header_is_read() -> None:
    vector = _field("BASE1HeaderTest")
    # Its total length is that of a message that was not published.
    size = int(vector["fields"]["H4"], 16)
    header = parse_visa_header(bytes.fromhex(vector["hex"]).ljust(size, b"\x00"))
    assert (header.destination, header.source) == (vector["fields"]["H5_destination"], vector["fields"]["H6_source"])


def test_every_vector_of_the_collection_is_under_test() -> None:
    fields = [vector for vector in VECTORS if vector["scope"] == "field"]
    named = [path for path, _, _ in FIELDS] + ["BASE1HeaderTest"]
    assert len(fields) == len(named) and all(_field(path) in fields for path in named)
    assert len(MESSAGES) + len(REFUSED) + len(fields) == len(VECTORS) == 35
