"""Every cryptogram version from the tags of DE55 to cryptogram, answer and PIN change, against pyemv's classes."""

from collections.abc import Callable
from typing import Any

import pyemv.cvn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import emv_cryptograms as ac
from switch.crypto import emv_scripts as scripts
from switch.crypto import emv_versions as versions

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

KEYS = st.binary(min_size=16, max_size=16)
PANS = st.integers(12, 19).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))
PSNS = st.text("0123456789", min_size=2, max_size=2)
PINS = st.text("0123456789", min_size=4, max_size=12)
TAGS = st.fixed_dictionaries({tag: st.binary(min_size=n, max_size=n) for tag, n in versions.LENGTHS.items()})
TAIL = st.binary(min_size=32, max_size=32)
THEIRS = {
    "visa-10": pyemv.cvn.VisaCVN10,
    "visa-18": pyemv.cvn.VisaCVN18,
    "visa-22": pyemv.cvn.VisaCVN22,
    "mchip-16": pyemv.cvn.MasterCardCVN16,
    "mchip-17": pyemv.cvn.MasterCardCVN17,
    "mchip-20": pyemv.cvn.MasterCardCVN20,
    "mchip-21": pyemv.cvn.MasterCardCVN21,
}
# The first bytes of tag 9F10 of each version, and how long the tests make it.
HEADS = {
    "visa-10": ("06010A", 7),
    "visa-17": ("060111", 7),
    "visa-18": ("060112", 7),
    "visa-22": ("1F2201", 32),
    "mchip-16": ("0110", 18),
    "mchip-17": ("0111", 18),
    "mchip-20": ("0114", 20),
    "mchip-21": ("0115", 28),
}


def iad_of(name: str, tail: bytes) -> bytes:
    head, size = HEADS[name]
    return (bytes.fromhex(head) + tail)[:size]


def their_parts(name: str, iad: bytes) -> dict[str, bytes]:
    if name in ("visa-18", "visa-22"):
        return {"tag_9f10": iad}
    if name == "visa-10":
        return {"cvr": iad[3:7]}
    parts = {"cvr": iad[2:8]}
    return {**parts, "counters": iad[10:]} if name in ("mchip-17", "mchip-21") else parts


def their_answer(card: Any, name: str, tags: dict[str, bytes], arqc: bytes, extra: bytes) -> bytes:
    atc = tags["9F36"]
    if name in ("visa-18", "visa-22"):
        return bytes(card.generate_arpc(arqc, atc, extra[:4], extra[4:]))
    if name in ("mchip-20", "mchip-21"):
        return bytes(card.generate_arpc(arqc, atc, extra[:2]))
    return bytes(card.generate_arpc(arqc, extra[:2]))


@pytest.mark.parametrize("name", THEIRS)
@given(imk=KEYS, pan=PANS, psn=PSNS, tags=TAGS, tail=TAIL, extra=st.binary(min_size=4, max_size=12))
def test_cryptogram_and_answer_from_the_tags_are_pyemvs(
    name: str, imk: bytes, pan: str, psn: str, tags: dict[str, bytes], tail: bytes, extra: bytes
) -> None:
    iad = iad_of(name, tail)
    version = versions.named(name)
    card = THEIRS[name](imk, imk, imk, pan, psn)
    theirs = {f"tag_{tag.lower()}": value for tag, value in tags.items()}
    expected = card.generate_ac(**theirs, **their_parts(name, iad))

    icc_mk = version.master_key(imk, pan, psn)
    atc, un = tags["9F36"], tags["9F37"]
    data = versions.cryptogram_data(version, {**tags, "9F10": iad})
    arqc = ac.application_cryptogram(version.ac_key(icc_mk, atc, un, b""), data, version.padding)
    assert arqc == expected

    key = version.arpc_key(icc_mk, atc, un, arqc)
    if version.arpc_method == 1:
        answer = ac.arpc_method_1(key, arqc, extra[:2])
    else:
        answer = ac.arpc_method_2(key, arqc, extra[:4], extra[4:])
    assert answer == their_answer(card, name, tags, arqc, extra)


@pytest.mark.parametrize("name", THEIRS)
@given(imks=st.tuples(KEYS, KEYS, KEYS), pan=PANS, psn=PSNS, arqc=st.binary(min_size=8, max_size=8), pin=PINS)
def test_a_pin_change_is_pyemvs(
    name: str, imks: tuple[bytes, bytes, bytes], pan: str, psn: str, arqc: bytes, pin: str
) -> None:
    version, atc = versions.named(name), b"\x12\x34"
    card = THEIRS[name](*imks, pan, psn)
    icc_ac, icc_smi, icc_smc = (version.master_key(imk, pan, psn) for imk in imks)
    old_visa = name in ("visa-10", "visa-18")
    block = scripts.visa_pin_block(icc_ac, pin) if old_visa else scripts.iso_2_pin_block(pin)
    data = scripts.encrypt_script_data(version.script_key(icc_smc, atc, b"", arqc), block, version.script_way)
    key = version.script_key(icc_smi, atc, b"", arqc)
    command = scripts.script_command(key, bytes.fromhex("84240002"), atc, arqc, data)
    assert command == card.generate_pin_change_command(pin, tag_9f26=arqc, tag_9f36=atc)


def test_the_published_tags_give_the_published_data(emv_vectors: Callable[[str], list[Any]]) -> None:
    """The Visa CVN 10 answers of pyemv's and the M/Chip answer of a HSM simulator, from tags."""
    data = {vector["id"]: vector["inputs"]["data"] for vector in emv_vectors("emv_ac")}
    visa = bytes.fromhex(data["v150"])
    found = versions.cryptogram_data(versions.named("visa-10"), {**cut(visa), "9F10": bytes.fromhex("06010A03A06010")})
    assert found == visa
    mchip = bytes.fromhex(data["v152"])
    iad = bytes.fromhex("0110A08003242000") + bytes(10)
    assert versions.cryptogram_data(versions.named("mchip-16"), {**cut(mchip), "9F10": iad}) == mchip


def cut(data: bytes) -> dict[str, bytes]:
    """EMV's minimum set, cut by its lengths."""
    tags, at = {}, 0
    for tag in ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"):
        tags[tag] = data[at : at + versions.LENGTHS[tag]]
        at += versions.LENGTHS[tag]
    return tags


@given(TAGS, TAIL)
def test_contactless_visa_takes_four_elements_and_one_byte(tags: dict[str, bytes], tail: bytes) -> None:
    iad = iad_of("visa-17", tail)
    found = versions.cryptogram_data(versions.named("visa-17"), {**tags, "9F10": iad})
    assert found == tags["9F02"] + tags["9F37"] + tags["9F36"] + iad[4:5]


@pytest.mark.parametrize("name", HEADS)
def test_a_card_names_its_version(name: str) -> None:
    find = versions.visa_version if name.startswith("visa") else versions.mchip_version
    assert find(iad_of(name, bytes(32))).name == name


@pytest.mark.parametrize("iad", ["", "06", "0601", "06010B03", "1F2A01", "1F", "07010A03A00000", "0A"])
def test_another_visa_version_is_refused(iad: str) -> None:
    with pytest.raises(ValueError, match="9F10: not a cryptogram version"):
        versions.visa_version(bytes.fromhex(iad))


@pytest.mark.parametrize("iad", ["", "01", "010A", "0112"])
def test_another_mchip_version_is_refused(iad: str) -> None:
    with pytest.raises(ValueError, match="9F10: not a cryptogram version"):
        versions.mchip_version(bytes.fromhex(iad))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of visa-10, "):
        versions.named("visa-99")


@pytest.mark.parametrize("tag", [*versions.LENGTHS, "9F10"])
def test_a_missing_tag_or_another_length_is_named_without_its_value(tag: str) -> None:
    version = versions.named("mchip-20")
    tags = {name: b"\xa5" * size for name, size in versions.LENGTHS.items()} | {"9F10": b"\xa5" * 18}
    versions.cryptogram_data(version, tags)
    with pytest.raises(ValueError, match=f"tag {tag} is missing"):
        versions.cryptogram_data(version, {name: value for name, value in tags.items() if name != tag})
    for wrong in (tags[tag][:-1], tags[tag] + b"\xa5"):
        with pytest.raises(ValueError, match=f"tag {tag}: ") as caught:
            versions.cryptogram_data(version, {**tags, tag: wrong})
        assert "a5" not in str(caught.value)
