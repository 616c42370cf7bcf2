"""What holds for every spec in specs/: complete, named, masked, a plain pyiso8583 spec, and like its relatives."""

import json
from typing import Any

import iso8583
import pytest

from switch import resources
from switch.message import load_spec, shipped_specs

NAMES = (
    "amex-1993-ebcdic", "ipm", "ipm-ascii", "iso-1987-ascii", "iso-1987-bcd", "iso-1993-ascii", "iso-1993-bcd",
    "iso-2003-bcd", "mastercard", "pos-1987-ascii", "pos-1987-ascii-binary", "pos-1987-bcd", "postilion", "visa",
)  # fmt: skip
# Networks and clearing have the fields that they have; all others those of the standard.
WHOLE = [name for name in NAMES if name not in ("ipm", "ipm-ascii", "visa")]
# Card numbers, tracks, PIN blocks, MACs and chip data, wherever an interface has them.
SECRET = {
    "2": ("pan",), "35": ("track",), "36": ("remove",), "45": ("track",), "52": ("remove",), "55": ("remove",),
    "64": ("remove",), "102": ("pan",), "103": ("pan",), "128": ("remove",), "136": ("remove",), "152": ("remove",),
}  # fmt: skip
KEYS = ("data_enc", "len_enc", "len_type", "max_len", "len_count", "left_pad", "right_pad", "len_unit")
ENCODING = ("p", "1", "t", "h")


def raw(name: str) -> dict[str, Any]:
    """The file as it stands."""
    document: dict[str, Any] = json.loads(resources.read_text("specs", f"{name}.json"))
    return document


def elements(entry: dict[str, Any], path: str) -> list[tuple[str, dict[str, Any]]]:
    """All that is described inside a field, by path."""
    found = []
    for name, part in entry.get("sub", {}).get("parts", {}).items():
        found += [(f"{path}.{name}", part), *elements(part, f"{path}.{name}")]
    return found


def masked(name: str, path: str) -> str:
    """The mask of a field or element, or that of what is around it."""
    first, *names = path.split(".")
    entry = load_spec(name).fields[first]
    mask = entry.get("mask", "")
    for each in names:
        parts = entry["sub"]["parts"]
        entry = parts.get(each) or parts["*"]
        mask = entry.get("mask", mask)
    return str(mask)


def test_these_are_all_that_ship() -> None:
    assert sorted(shipped_specs()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_itself_is_a_spec_of_pyiso8583(name: str) -> None:
    spec = raw(name)
    fields = {"t": "0800", "11": "000001".zfill(spec["11"]["max_len"])} if "11" in spec else {"t": "1644"}
    if "h" in spec and spec["h"]["max_len"]:
        fields["h"] = "60" * spec["h"]["max_len"]
    if "71" in spec and "11" not in spec:
        fields["71"] = "00000001"
    data, _ = iso8583.encode(dict(fields), spec)
    assert fields.items() <= iso8583.decode(data, spec)[0].items()


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_of_the_standard_is_there(name: str) -> None:
    numbers = [int(key) for key in raw(name) if key.isdecimal()]
    assert numbers == [1, *(number for number in range(2, 129) if number != 65)]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_and_element_has_a_name_and_every_field_a_class(name: str) -> None:
    fields = load_spec(name).fields
    assert [key for key, entry in fields.items() if not entry.get("desc")] == []
    assert [key for key, entry in fields.items() if key.isdecimal() and key != "1" and "class" not in entry] == []
    found = [pair for key, entry in fields.items() for pair in elements(dict(entry), key)]
    assert [path for path, entry in found if not entry.get("desc")] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_secret_by_the_standard_is_masked(name: str) -> None:
    fields = load_spec(name).fields
    found = {key: fields[key].get("mask") for key in SECRET if key in fields}
    assert {key: mask for key, mask in found.items() if mask not in SECRET[key]} == {}


HIDDEN = {
    "pos-1987-ascii": "48.92 48.43 55.9F26",
    "pos-1987-bcd": "48.92 55.9F10",
    "iso-1987-ascii": "48 55.9F26",
    "iso-1987-bcd": "48",
    "iso-1993-ascii": "48.92 96",
    "iso-1993-bcd": "48.92 55.5F20",
    "iso-2003-bcd": "48 49.71.2 34.01",
    "visa": "48 55.01.9F26 105 126.8 126.9 126.9.4 126.10 126.10.3 126.16 127 139.arpc",
    "mastercard": "48.10 48.11 48.33.3 48.43 48.92 55.DF8104 96 125",
    "ipm": "48.7777 55.91",
    "postilion": "53 127.10 127.22 127.25.12 127.25.18 127.28 127.29 127.32",
    "amex-1993-ebcdic": "53.cid 55.1 55.22 61.aevv 63.postal",
}
MASKED = {"visa": ("55.01.5A", "55.01.57"), "mastercard": ("48.33.2", "55.9F6B"), "ipm": ("48.1", "55.57")}


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in HIDDEN.items() for path in paths.split()])
def test_what_is_secret_inside_a_field_is_hidden(name: str, path: str) -> None:
    assert masked(name, path) == "remove"


@pytest.mark.parametrize("name", MASKED)
def test_a_card_number_and_a_track_inside_a_field_are_masked_as_such(name: str) -> None:
    pan, track = MASKED[name]
    assert (masked(name, pan), masked(name, track)) == ("pan", "track")


@pytest.mark.parametrize("path", ["55.95", "55.9F02", "55.9F34", "55.9A"])
def test_what_an_engineer_looks_for_in_chip_data_is_shown(path: str) -> None:
    assert masked("mastercard", path) == "show"


def _without(spec: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: entry for key, entry in spec.items() if key not in (*keys, "about")}


def test_the_terminals_differ_in_nothing_but_their_bitmaps() -> None:
    bitmaps = ("p", "1")
    assert _without(raw("pos-1987-ascii"), bitmaps) == _without(raw("pos-1987-ascii-binary"), bitmaps)
    assert (raw("pos-1987-ascii")["p"]["data_enc"], raw("pos-1987-ascii-binary")["p"]["data_enc"]) == ("ascii", "b")


def test_clearing_records_in_ascii_differ_in_nothing_but_their_encoding() -> None:
    assert json.dumps(_without(raw("ipm"), ())).replace("cp500", "ascii") == json.dumps(_without(raw("ipm-ascii"), ()))


@pytest.mark.parametrize(("text", "packed"), [("iso-1987-ascii", "iso-1987-bcd"), ("iso-1993-ascii", "iso-1993-bcd")])
def test_both_forms_of_a_standard_have_the_same_fields_of_the_same_size(text: str, packed: str) -> None:
    one, other = load_spec(text).fields, load_spec(packed).fields

    def content(entry: Any) -> tuple[str, int, bool]:
        size = entry["max_len"]
        if entry["class"] == "b" and entry["data_enc"] == "ascii":
            size //= 2
        if entry["class"] == "x+n":
            # A sign and digits, or a sign and half as many bytes.
            size = 1 + (size - 1) // 2
        return entry["desc"], size, bool(entry["len_type"])

    for key in one:
        if key not in ENCODING:
            assert content(one[key]) == content(other[key]), key
            assert list(one[key].get("sub", {}).get("parts", {})) == list(other[key].get("sub", {}).get("parts", {})), (
                key
            )
