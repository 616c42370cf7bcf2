"""Codecs of the shipped specs and strategies for their messages; what the message tests share."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from switch.message import Codec, compile_spec, load_spec

SPECS = ("pos-1987-ascii", "pos-1987-ascii-binary", "visa", "mastercard", "iso-1993-ascii")

settings.register_profile("message", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("message")

_ALPHABETS = {
    "n": "0123456789",
    "a": "ABCXYZabc ",
    "an": "ABCXYZ0189 ",
    "ans": "ABCxyz0189 .,-/=!",
    "z": "0123456789",
    "b": "0123456789ABCDEF",
    "x+n": "0123456789",
}


@pytest.fixture(scope="session")
def codecs() -> dict[str, Codec]:
    return {name: compile_spec(load_spec(name)) for name in SPECS}


@pytest.fixture(scope="session", params=SPECS)
def codec(request: pytest.FixtureRequest, codecs: dict[str, Codec]) -> Codec:
    return codecs[request.param]


def _value(field: dict[str, Any]) -> st.SearchStrategy[str]:
    """Values of a field's class and length, in the unit its spec counts in."""
    most = field["max_len"]
    least = min(most, 1) if field["len_type"] else most
    # Long fields are not more interesting than middling ones.
    most = min(most, 60) if field["len_type"] else most
    kind = field.get("class", "ans")
    if field["data_enc"] == "b" and field.get("len_count") != "nibbles":
        return st.binary(min_size=least, max_size=most).map(lambda raw: raw.hex().upper())
    if kind == "z":
        return st.text("0123456789", min_size=3, max_size=most - 1).map(lambda text: f"{text[:2]}D{text[2:]}")
    if kind == "x+n":
        return st.text("0123456789", min_size=most - 1, max_size=most - 1).map(lambda text: f"D{text}")
    if kind == "b":
        return st.binary(min_size=(least + 1) // 2, max_size=most // 2).map(lambda raw: raw.hex().upper())
    return st.text(_ALPHABETS[kind], min_size=least, max_size=most)


@pytest.fixture(scope="session")
def messages() -> Callable[[Codec], st.SearchStrategy[dict[str, str]]]:
    """The strategy of whole messages of a codec: an MTI and any of the fields of the spec."""

    def build(codec: Codec) -> st.SearchStrategy[dict[str, str]]:
        fields = {key: _value(dict(codec.spec.fields[key])) for key in codec.ops}
        chosen = st.lists(st.sampled_from(sorted(fields)), max_size=24, unique=True)
        values = chosen.flatmap(lambda keys: st.fixed_dictionaries({key: fields[key] for key in keys}))
        mti = st.text("0123456789", min_size=4, max_size=4)
        return st.builds(lambda mti, values: {"t": mti, **values}, mti, values)

    return build


@pytest.fixture(scope="session")
def purchase() -> dict[str, str]:
    """A 0100 of 23 data fields as a terminal sends it."""
    return {
        "t": "0100",
        "2": "4111111111111111",
        "3": "000000",
        "4": "000000001234",
        "7": "0611191024",
        "11": "000001",
        "12": "211024",
        "13": "0611",
        "14": "3012",
        "18": "5411",
        "22": "051",
        "23": "001",
        "25": "00",
        "32": "123456",
        "35": "4111111111111111=30121010000000000",
        "37": "123456789012",
        "41": "TERM0001",
        "42": "MERCHANT0000001",
        "43": f"{'A SHOP':<22} {'BERLIN':<13} DE ",
        "48": "9203123",
        "49": "978",
        "52": "0123456789ABCDEF",
        "53": "2001010100000000",
        "60": "OPAQUE",
    }
