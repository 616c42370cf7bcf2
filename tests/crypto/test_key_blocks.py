"""Key blocks of ANSI X9.143 and of scheme S against public blocks and psec; everything that was changed is refused."""

from collections.abc import Callable
from typing import Any

import psec.tr31
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.crypto import tdes
from switch.crypto.keyblock import Unwrapped, unwrap, wrap
from switch.crypto.keyblock_header import CIPHER_BLOCK, Header, KeyBlockError
from switch.crypto.mac import mac_algorithm_1

# psec imports the cipher from its old place and gives it short keys.
pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES")

VERSIONS = sorted(CIPHER_BLOCK)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KBPK = bytes(range(16))
KEY = b"\xc7" * 16
LENGTHS = {"D": [8], "T": [8, 16, 24], "A": [16, 24, 32], "H": [20, 32, 64]}


def _bytes(sizes: list[int]) -> st.SearchStrategy[bytes]:
    return st.sampled_from(sizes).flatmap(lambda size: st.binary(min_size=size, max_size=size))


def _text(size: int) -> st.SearchStrategy[str]:
    return st.text(ALPHABET, min_size=size, max_size=size)


BLOCKS = st.lists(
    st.tuples(
        _text(2).filter(lambda text: text != "PB"),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300),
    ),
    max_size=4,
    unique_by=lambda block: block[0],
).map(tuple)


def _headers(versions: list[str]) -> st.SearchStrategy[Header]:
    return st.builds(
        Header,
        version=st.sampled_from(versions),
        usage=_text(2),
        algorithm=st.sampled_from(sorted(LENGTHS)),
        mode=st.sampled_from("BCDEGNSTVXY"),
        key_version=st.text(ALPHABET + "c", min_size=2, max_size=2),
        exportability=st.sampled_from("ENS"),
        blocks=BLOCKS,
    )


def _cases(versions: list[str]) -> st.SearchStrategy[tuple[bytes, Header, bytes]]:
    """A protection key, a header, and a key that fits it."""
    return _headers(versions).flatmap(
        lambda header: st.tuples(
            _bytes([16, 24, 32] if CIPHER_BLOCK[header.version] == 16 else [16, 24]),
            st.just(header),
            _bytes(LENGTHS[header.algorithm]),
        )
    )


def _psec_header(header: Header) -> psec.tr31.Header:
    made = psec.tr31.Header(
        header.version, header.usage, header.algorithm, header.mode, header.key_version, header.exportability
    )
    for block_id, data in header.blocks:
        made.blocks[block_id] = data
    return made


def _refused(block: str, key: bytes = KBPK) -> KeyBlockError:
    with pytest.raises(KeyBlockError) as refusal:
        unwrap(key, block)
    return refusal.value


def _example(version: str, **fields: Any) -> str:
    return wrap(KBPK, Header(version, "P0", "T", "E", **fields), KEY)


@pytest.mark.parametrize("operation", ["tr31_unwrap", "thales_keyblock_v0_unwrap", "thales_keyblock_unwrap"])
def test_public_blocks_hold_their_keys(operation: str, dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors(operation):
        given_, expected = vector["inputs"], vector["expected"]
        protection = given_.get("kbpk") or given_.get("protection_key") or given_["lmk"].split()[-1]
        found = unwrap(bytes.fromhex(protection), given_["key_block"]).key.hex().upper()
        assert found == (expected if isinstance(expected, str) else expected["key"]), vector["id"]


@pytest.mark.parametrize("operation", ["tr31_unwrap", "thales_keyblock_unwrap"])
def test_public_blocks_are_made_again_from_their_padding(
    operation: str, dukpt_vectors: Callable[[str], list[Any]]
) -> None:
    known = [vector for vector in dukpt_vectors(operation) if "padding" in vector]
    assert known
    for vector in known:
        given_ = vector["inputs"]
        protection = bytes.fromhex(given_.get("kbpk") or given_["protection_key"])
        opened = unwrap(protection, given_["key_block"])
        padding = bytes.fromhex(vector["padding"])
        made = wrap(protection, opened.header, opened.key, random_bytes=lambda size, padding=padding: padding[:size])
        assert made == given_["key_block"], vector["id"]


def test_the_header_of_a_public_block_reads_as_it_says(dukpt_vectors: Callable[[str], list[Any]]) -> None:
    for vector in dukpt_vectors("tr31_unwrap"):
        if "PB04" in vector["inputs"]["key_block"]:
            header = unwrap(bytes.fromhex(vector["inputs"]["kbpk"]), vector["inputs"]["key_block"]).header
            assert header == Header("A", "P0", "T", "E", "12", "E", "00", (("KS", "00604B120F929280"),))
            return
    pytest.fail("no public block with a padding block")


@given(_cases(["A", "B", "C", "D"]), st.sampled_from([0, 24, 32]))
def test_psec_opens_what_is_wrapped_here(case: tuple[bytes, Header, bytes], masked: int) -> None:
    protection, header, key = case
    found, opened = psec.tr31.unwrap(protection, wrap(protection, header, key, masked_bytes=masked))
    assert opened == key
    assert str(found)[:1] + str(found)[5:12] == (
        header.version + header.usage + header.algorithm + header.mode + header.key_version + header.exportability
    )
    assert tuple(found.blocks.items()) == header.blocks


@given(_cases(["A", "B", "C", "D"]), st.sampled_from([None, 0, 32]))
def test_what_psec_wraps_is_opened_here(case: tuple[bytes, Header, bytes], masked: int | None) -> None:
    protection, header, key = case
    block = psec.tr31.KeyBlock(protection, _psec_header(header)).wrap(key, masked)
    assert unwrap(protection, block) == Unwrapped(header, key)


@given(_cases(VERSIONS), _text(2), st.integers(0, 64))
def test_a_block_opens_to_what_was_wrapped(case: tuple[bytes, Header, bytes], context: str, masked: int) -> None:
    protection, header, key = case
    header = Header(**{**header.__dict__, "context": context})
    block = wrap(protection, header, key, masked_bytes=masked)
    assert unwrap(protection, block) == Unwrapped(header, key)
    text = block.removeprefix("S")
    assert int(text[1:5]) == len(text)
    assert (block != text) == (header.version in "01")


@given(_cases(VERSIONS), st.data())
def test_a_block_with_any_character_changed_is_refused(case: tuple[bytes, Header, bytes], data: st.DataObject) -> None:
    protection, header, key = case
    block = wrap(protection, header, key)
    at = data.draw(st.integers(0, len(block) - 1))
    other = data.draw(st.characters(max_codepoint=0x17F).filter(lambda character: character != block[at]))
    _refused(block[:at] + other + block[at + 1 :], protection)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_character_of_a_block_is_held(version: str) -> None:
    block = _example(version, blocks=(("KS", "00604B120F9292800"),))
    for at, character in enumerate(block):
        for other in {"0", "1", "F", "S", " ", character.lower(), chr(ord(character) ^ 1)} - {character}:
            _refused(block[:at] + other + block[at + 1 :])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_block_cut_or_lengthened_anywhere_is_refused(version: str) -> None:
    block = _example(version)
    for size in range(len(block)):
        _refused(block[:size])
    for tail in ("0", "00" * 8, "00" * 16, " ", "\n"):
        assert _refused(block + tail).part in ("length", "header")


@given(st.text(max_size=120))
def test_any_other_text_is_refused(text: str) -> None:
    _refused(text)


@pytest.mark.parametrize("version", VERSIONS)
def test_another_protection_key_opens_nothing(version: str) -> None:
    assert _refused(_example(version), bytes(16)).part == "MAC"


def test_the_same_key_is_wrapped_differently_every_time() -> None:
    assert len({_example(version) for version in VERSIONS for _ in range(20)}) == 20 * len(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_masked_keys_of_all_lengths_have_blocks_of_one_length(version: str) -> None:
    header = Header(version, "K0", "T", "N")
    assert len({len(wrap(KBPK, header, bytes(size), masked_bytes=24)) for size in (8, 16, 24)}) == 1


@pytest.mark.parametrize(
    ("version", "length", "tag"),
    [("A", 72, ""), ("B", 80, ""), ("C", 72, ""), ("D", 112, ""), ("0", 72, "S"), ("1", 96, "S")],
)
def test_a_double_length_key_takes_as_many_characters_as_in_the_field(version: str, length: int, tag: str) -> None:
    assert _example(version).startswith(f"{tag}{version}{length:04d}P0TE00N0000")
    assert len(_example(version)) == length + len(tag)


@pytest.mark.parametrize(
    ("size", "text"),
    [(12, "TT10" + "x" * 12), (28, "TT20" + "x" * 28), (1, "TT05xPB0B0000000"), (251, "TTFF"), (252, "TT00020106")],
)
def test_optional_blocks_are_counted_and_filled_to_cipher_blocks(size: int, text: str) -> None:
    block = _example("D", blocks=(("TT", "x" * size),))
    assert block[16:].startswith(text)
    assert block[12:14] == ("01" if "PB" not in block[16:-96] else "02")
    assert (len(block) - 16 - 96) % 16 == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "E"),
        ("version", ""),
        ("usage", "p0"),
        ("usage", "P"),
        ("algorithm", "X"),
        ("mode", "Z"),
        ("key_version", "0"),
        ("key_version", "0-"),
        ("exportability", "X"),
        ("context", "0"),
        ("context", "٣٣"),
    ],
)
def test_a_header_field_that_is_not_of_the_standard_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(KeyBlockError, match=rf"^header: {field.replace('_', ' ')}$"):
        Header(**{"version": "B", "usage": "P0", "algorithm": "T", "mode": "E", field: value})


@pytest.mark.parametrize(
    "blocks",
    [
        (("PB", "0000"),),
        (("KS", "1"), ("KS", "2")),
        (("ks", "1"),),
        (("K", "1"),),
        (("KS", "é"),),
        (("KS", "\n"),),
    ],
)
def test_optional_blocks_that_cannot_be_read_back_are_refused(blocks: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(KeyBlockError) as refusal:
        Header("B", "P0", "T", "E", blocks=blocks)
    assert refusal.value.part == "optional block"


def test_too_much_in_front_of_the_key_is_refused() -> None:
    for header, part in (
        (Header("B", "P0", "T", "E", blocks=(("KS", "x" * 9990),)), "length"),
        (Header("B", "P0", "T", "E", blocks=tuple((f"K{a}", "x" * 2000) for a in "12345")), "length"),
        (Header("B", "P0", "T", "E", blocks=tuple((f"{n:02d}", "1234") for n in range(100))), "optional block"),
    ):
        with pytest.raises(KeyBlockError) as refusal:
            wrap(KBPK, header, KEY)
        assert refusal.value.part == part


@pytest.mark.parametrize(
    ("optional", "count"),
    [
        ("KS", 1),
        ("KS18", 1),
        ("KS03....", 1),
        ("KSFF....", 1),
        ("KS0G....", 1),
        ("KS0002", 1),
        ("KS000200", 1),
        ("KS00000000000000", 1),
        ("KS00020008000000", 1),
        ("KS0002FFFF000000", 1),
        ("KS04PB08....KT08....", 3),
        ("KS08....KS08....", 2),
        ("PB08....KS08....", 2),
        ("KS06..", 1),
        ("ks08....", 1),
    ],
)
def test_malformed_optional_blocks_are_refused(optional: str, count: int) -> None:
    text = f"P0TE00N{count:02d}00{optional}{'0' * 64}"
    block = f"B{len(text) + 5:04d}{text}"
    # A length that runs into the encrypted key is a length like another: then the key has no whole cipher blocks.
    assert _refused(block).part in ("optional block", "length")
    if len(optional) % 8 == 0:
        assert _refused(block).part == "optional block"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda block: block[:12] + "0x" + block[14:], "header"),
        (lambda block: block[:1] + "00 0" + block[5:], "length"),
        (lambda block: block[:1] + "0081" + block[5:], "length"),
        (lambda block: block[:16] + "g" + block[17:], "encrypted key"),
        (lambda block: block[:-1] + "g", "MAC"),
        (lambda block: block[:1] + "0032" + block[5:32], "length"),
        (lambda block: block[:1] + "0076" + block[5:76], "length"),
        (lambda block: "S" + block, "header"),
        (lambda block: block[:5] + "é" + block[6:], "header"),
        (lambda block: "1" + block[1:], "header"),
    ],
)
def test_a_refusal_says_which_part(change: Callable[[str], str], part: str) -> None:
    assert _refused(change(_example("B"))).part == part


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [0, 8, 15, 33])
def test_a_protection_key_of_another_length_is_refused(version: str, size: int) -> None:
    block = _example(version)
    assert _refused(block, bytes(size)).part == "protection key"
    with pytest.raises(KeyBlockError, match=f"^protection key: {size} bytes under version {version}$"):
        wrap(bytes(size), Header(version, "P0", "T", "E"), KEY)


@pytest.mark.parametrize(
    ("algorithm", "size"), [("T", 0), ("T", 15), ("T", 32), ("D", 16), ("A", 8), ("A", 17), ("H", 0), ("0", 0)]
)
def test_a_key_that_does_not_fit_its_algorithm_is_refused(algorithm: str, size: int) -> None:
    with pytest.raises(KeyBlockError, match=f"^key length: {size} bytes for algorithm {algorithm}$"):
        wrap(KBPK, Header("B", "P0", algorithm, "E"), bytes(size))


@pytest.mark.parametrize(
    ("block", "why"),
    [
        # Made by psec's authors under 16 times "E": a length of 0 bits, and of 128 bits where the key has 64.
        ("A0056M3TC00E0000ABE3EB7813FD4031BCBAEC1FCAB750BB920E4863", "0 bits"),
        ("B0064M3TC00E000013F1B06566ECAE897A6DF8C7AA651FCEF9480447EEEC9933", "0 bits"),
        ("C0056M3TC00E0000629D73329F5F42D868B2EB1E4C52D1E191BC1D3C", "0 bits"),
        ("A0056M3TC00E0000EF14FD71CFCDCE0630AD5C1CDE0041DCF95CF1D0", "128 bits"),
        ("B0064M3TC00E00000398DC96A5DDB0EF61E26F8935173BD478DF9484050A672A", "128 bits"),
        ("C0056M3TC00E000001235EC22408B6CE866746FF992B8707FD7A26D2", "128 bits"),
    ],
)
def test_a_length_that_the_key_does_not_have_is_refused_after_the_mac(block: str, why: str) -> None:
    assert _refused(block, b"E" * 16).part == "key length"


def test_a_length_in_bits_that_is_no_whole_bytes_is_refused() -> None:
    header = b"A0072M7HC00N0000"
    encrypting, authenticating = (tdes.xor(KBPK, bytes([constant]) * 16) for constant in (0x45, 0x4D))
    encrypted = tdes.encrypt_cbc(encrypting, header[:8], (127).to_bytes(2, "big") + KEY + bytes(6))
    block = header.decode() + (encrypted + mac_algorithm_1(authenticating, header + encrypted, 1)[:4]).hex().upper()
    assert _refused(block).part == "key length"


@pytest.mark.parametrize("version", VERSIONS)
def test_refusals_and_reprs_hold_neither_key_nor_block(version: str) -> None:
    block = _example(version)
    opened = unwrap(KBPK, block)
    assert repr(opened) == f"Unwrapped(header={opened.header!r})"
    for damaged in (
        block[:-1] + "x",
        block[:-9] + "x" + block[-8:],
        block[:-1],
        block[:-2] + f"{int(block[-2:], 16) ^ 1:02X}",  # the MAC is of random padding: no fixed byte always differs
        block[:20] + "-" + block[21:],
    ):
        refusal = _refused(damaged)
        assert refusal.__cause__ is None
        pieces = {block[at : at + 4] for at in range(17, len(block) - 3)}
        assert not [piece for piece in pieces if piece in str(refusal)]
