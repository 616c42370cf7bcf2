"""Bytes that other people's writers made, read through the shipped specs; and ours read by their readers."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import iso8583
import pytest
from cardutil.iso8583 import dumps, loads
from cardutil.mciipm import IpmReader, IpmWriter

from switch.message import Codec

Shipped = Callable[[str], Codec]
IPM = [("ipm", "cp500"), ("ipm-ascii", "ascii")]
RECORD = {
    "MTI": "1240",
    "DE2": "5555555555554444",
    "DE3": "000000",
    "DE4": 1234,
    "DE12": datetime(2026, 6, 11, 21, 10, 24),
    "DE22": "510101514001",
    "DE24": "200",
    "DE26": 5411,
    "DE31": "75555556162000000000012",
    "DE33": "500001",
    "DE38": "A12345",
    "DE41": "TERM0001",
    "DE42": "MERCHANT0000001",
    "DE43": "CORNER SHOP\\1 HIGH ST\\BERLIN\\10115     BE DEU",
    "DE49": "978",
    "DE55": bytes.fromhex("9F0206000000001234DF810401AB82023900"),
    "DE63": "1ABC123456789   ",
    "DE71": 2,
    "DE94": "00000500001",
    "PDS0023": "POI",
    "PDS0148": "9782",
    "PDS0165": "M                 ",
}


@pytest.mark.parametrize(("spec", "encoding"), IPM)
def test_a_record_that_cardutil_wrote_is_read_to_its_elements(spec: str, encoding: str, shipped: Shipped) -> None:
    view = shipped(spec).view(dumps(dict(RECORD), encoding=encoding))
    view.check()
    assert (view.mti, view["2"], view["4"], view["12"], view["71"]) == (
        "1240",
        "5555555555554444",
        "000000001234",
        "260611211024",
        "00000002",
    )
    assert {path: view.get(path) for path in ("43.name", "43.city", "43.postcode", "43.country")} == {
        "43.name": "CORNER SHOP",
        "43.city": "BERLIN",
        "43.postcode": "10115     ",
        "43.country": "DEU",
    }
    assert (view["48.23"], view["48.148"], view["48.148.1.currency"], view["48.148.1.exponent"]) == (
        "POI",
        "9782",
        "978",
        "2",
    )
    assert (view["55.9F02"], view["55.DF8104"], view["55.82"]) == ("000000001234", "AB", "3900")
    assert (view["31.bin"], view["63.indicator"], view["63.trace"]) == ("555555", "1", "ABC123456789   ")


@pytest.mark.parametrize(("spec", "encoding"), IPM)
def test_a_record_that_cardutil_wrote_is_written_the_same(spec: str, encoding: str, shipped: Shipped) -> None:
    raw = dumps(dict(RECORD), encoding=encoding)
    codec = shipped(spec)
    assert codec.encode(codec.decode(raw)) == raw


@pytest.mark.parametrize(("spec", "encoding"), IPM)
def test_cardutil_reads_the_record_that_we_wrote(spec: str, encoding: str, shipped: Shipped) -> None:
    codec = shipped(spec)
    fields = {
        "t": "1240",
        "2": "2223000048400011",
        "3": "000000",
        "4": "000000009999",
        "12": "260611211024",
        "24": "200",
        "49": "978",
        "43": codec.build_sub(
            "43",
            {
                "name": "A SHOP",
                "address": "",
                "city": "PARIS",
                "postcode": "75001     ",
                "state": "   ",
                "country": "FRA",
            },
        ),
        "48": codec.build_sub("48", {"23": "CT6", "165": "M"}),
        "71": "00000001",
        "94": "500001",
    }
    theirs = loads(codec.encode(fields), encoding=encoding)
    assert (theirs["DE2"], theirs["DE4"], theirs["PDS0023"], theirs["PDS0165"]) == (
        "2223000048400011",
        9999,
        "CT6",
        "M",
    )
    assert (theirs["DE12"], theirs["DE94"], theirs["DE71"]) == (datetime(2026, 6, 11, 21, 10, 24), "500001", 1)


@pytest.mark.parametrize(("spec", "encoding"), IPM)
def test_a_file_that_cardutil_wrote_is_read_record_by_record(spec: str, encoding: str, shipped: Shipped) -> None:
    file = io.BytesIO()
    with IpmWriter(file, encoding=encoding) as writer:
        for number in range(1, 4):
            writer.write({**RECORD, "DE71": number})
    data, position, numbers = file.getvalue(), 0, []
    while size := int.from_bytes(data[position : position + 4], "big"):
        numbers.append(shipped(spec).view(data[position + 4 : position + 4 + size])["71"])
        position += 4 + size
    assert numbers == ["00000001", "00000002", "00000003"]
    file.seek(0)
    assert len(list(IpmReader(file, encoding=encoding))) == 3


PURCHASE = {
    "t": "0200",
    "2": "6304000000000000000",
    "3": "000000",
    "4": "000000001234",
    "7": "0611191024",
    "11": "000001",
}
BY_PYISO8583: list[tuple[str, dict[str, str], dict[str, str]]] = [
    (
        "iso-1987-bcd",
        {**PURCHASE, "28": "4400000100", "90": "0200" + "000009" + "0611191023" + "0" * 22},
        {"28.sign": "D", "28.amount": "00000100", "90.stan": "000009"},
    ),
    (
        "pos-1987-bcd",
        {**PURCHASE, "h": "6000030001", "48": "9203123", "63": "0006303041424344"},
        {"48.92": "123", "63.3030": "41424344"},
    ),
    (
        "visa",
        {**PURCHASE, "44": "5" + " " * 9 + "M", "62": "6000000000000000" + "0123456789012345" + "C1C2C3C4"},
        {"44.1": "5", "44.10": "M", "62.2": "123456789012345", "62.3": "ABCD"},
    ),
    (
        "mastercard",
        {**PURCHASE, "48": "R420701032109203123", "54": "0002978C000000001234"},
        {"48.0": "R", "48.42.1": "210", "48.92": "123", "54.1.amount": "000000001234"},
    ),
    (
        "iso-2003-bcd",
        {**PURCHASE, "t": "2200", "4": "9782000000001234", "11": "000000000001"},
        {"4.currency": "978", "4.amount": "000000001234"},
    ),
]


@pytest.mark.parametrize(("spec", "fields", "elements"), BY_PYISO8583, ids=[case[0] for case in BY_PYISO8583])
def test_what_pyiso8583_wrote_is_read_to_its_elements(
    spec: str, fields: dict[str, Any], elements: dict[str, str], shipped: Shipped
) -> None:
    codec = shipped(spec)
    raw, _ = iso8583.encode(dict(fields), codec.spec.fields)
    view = codec.view(bytes(raw))
    assert {path: view.get(path) for path in elements} == elements
    assert codec.encode(fields) == bytes(raw)
