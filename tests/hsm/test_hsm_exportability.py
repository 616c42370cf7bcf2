"""How keys leave and come in: exportability, version and strength (X9.143, X9.24-1), beside captures of a real HSM."""

from collections.abc import Callable
from typing import Any

import pytest

from switch.crypto import keyblock, tdes
from switch.crypto.keyblock_header import Header
from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK, About, open_block
from switch.hsm.commands import HostCommands
from switch.hsm.keycheck import check_wrapping
from switch.hsm.kinds import BLOCKS_ONLY, KINDS
from switch.hsm.lmk import encrypt_key, wrap

Vectors = Callable[[str], list[dict[str, Any]]]
ZMK = tdes.odd_parity(bytes(range(60, 76)))
LONG_ZMK = tdes.odd_parity(bytes(range(60, 84)))
# What exports a key of a kind under a ZMK or a TMK.
EXPORTS = {"GC": "ZPK", "FE": "TPK", "MG": "TAK", "AU": "CVK", "DY": "BDK", "AE": "TPK", "AG": "TAK"}


def kept(clear: bytes, usage: str, exportability: str = "E", version: str = "00", mode: str = "N") -> str:
    return TEST_BLOCK_LMK.keep(clear, About(usage, "T", mode, version, exportability))


def zmk_block(usage: str = "K0", clear: bytes = ZMK) -> str:
    return kept(clear, usage)


def header_of(block: str, under: bytes) -> Header:
    return keyblock.unwrap(under, block.removeprefix("R")).header


@pytest.mark.parametrize("scheme", "SRUX")
@pytest.mark.parametrize(("exportability", "leaves"), [("E", "SR"), ("S", "SRUX"), ("N", "")])
def test_a_block_leaves_by_a8_only_as_its_exportability_allows(
    exportability: str, leaves: str, scheme: str, bench: Any
) -> None:
    reply = bench.ask(f"A8FFF{zmk_block()}{kept(bench.clear('001'), 'P0', exportability)}{scheme}%01")
    assert reply[:4] == ("A900" if scheme in leaves else "A9AA")


@pytest.mark.parametrize("code", sorted(EXPORTS))
@pytest.mark.parametrize(("exportability", "leaves"), [("E", "S"), ("S", "SU"), ("N", "")])
def test_the_older_exports_keep_to_it_too(code: str, exportability: str, leaves: str, bench: Any) -> None:
    kind = KINDS[EXPORTS[code]]
    key = kept(bench.clear(kind.code), kind.usages[0], exportability)
    for scheme in "SU":
        expected = "00" if scheme in leaves else "AA"
        assert bench.error(f"{code}{zmk_block()}{key};{scheme}S1%01") == expected, scheme
    assert bench.error(f"{code}{zmk_block()}{key}%01") == ("00" if leaves else "AA")


@pytest.mark.parametrize("exportability", ["E", "S", "N"])
def test_a_new_key_leaves_as_its_header_allows(exportability: str, bench: Any) -> None:
    for scheme, allowed in (("S", "ES"), ("R", "ES"), ("U", "S")):
        reply = bench.error(f"A01FFFS{zmk_block()}{scheme}%01#P0T2N00{exportability}00")
        assert reply == ("00" if exportability in allowed else "AA"), scheme
    for code in ("IA", "HC", "HA"):  # their blocks say E
        assert bench.error(f"{code}{zmk_block()};US1%01") == "AA"
        assert bench.error(f"{code}{zmk_block()};SS1%01") == "00"


@pytest.mark.parametrize("usage", BLOCKS_ONLY)
def test_key_and_data_encryption_keys_never_leave_in_a_variant_scheme(usage: str, bench: Any) -> None:
    key = kept(bench.clear("00A"), usage, "S")
    assert bench.error(f"A8FFF{zmk_block()}{key}U%01") == "29"
    assert bench.error(f"A8FFF{zmk_block()}{key}S%01") == "00"


@pytest.mark.parametrize("scheme", "SR")
def test_the_version_and_all_else_of_a_header_go_out_and_come_in(scheme: str, bench: Any) -> None:
    zmk, clear = zmk_block(), bench.clear("001")
    sent = bench.ask(f"A8FFF{zmk}{kept(clear, 'P0', 'S', '07', 'D')}{scheme}%01")
    header = header_of(sent[4:-6], ZMK)
    told = (header.usage, header.mode, header.key_version, header.exportability, header.context)
    assert told == ("P0", "D", "07", "S", "FF" if scheme == "S" else "00")
    for command in (f"A6FFF{zmk}{sent[4:-6]}S%01", f"FA{zmk}{sent[4:-6]};0S1%01"):
        reply = bench.ask(command)
        back = TEST_BLOCK_LMK.open(reply[4:-6])
        assert (back, back.usage, back.mode, back.version, back.exportability) == (clear, "P0", "D", "07", "S"), command


def test_a_block_that_may_not_go_on_does_not_after_an_import(bench: Any) -> None:
    zmk = zmk_block()
    sent = bench.ask(f"A8FFF{zmk}{kept(bench.clear('001'), 'P0')}S%01&N")
    assert header_of(sent[4:-6], ZMK).exportability == "N"
    for command in (f"A6FFF{zmk}{sent[4:-6]}S%01", f"FA{zmk}{sent[4:-6]};0S1%01"):
        again = bench.ask(command)[4:-6]
        assert bench.error(f"GC{zmk}{again};SS1%01") == "AA"
    assert bench.error(f"A8001{bench.key('000')}{bench.key('001')}U&N") == "15"
    made = bench.ask(f"A01FFFS{zmk}S%01#P0T2N00E00&N")
    assert [
        header_of(made[at : at + 73], key).exportability for at, key in ((4, TEST_BLOCK_LMK.secret), (77, ZMK))
    ] == [
        "E",
        "N",
    ]


def test_keys_that_a_real_hsm_moved_are_moved_alike(vectors: Vectors) -> None:
    """Blocks have random filling, so that header, key and check value are compared."""
    for vector in vectors("key_"):
        command, expected = vector["inputs"]["command_ascii"], vector["expected"]
        reply = HostCommands().handle(command.encode()).decode()
        assert (reply[:21], reply[-6:]) == (expected[:21], expected[-6:]), vector["id"]
        under = TEST_BLOCK_LMK.open(command[5:78]) if vector["op"] == "key_A8" else TEST_BLOCK_LMK.secret
        assert open_block(under, reply[4:-6]) == open_block(under, expected[4:-6]), vector["id"]


@pytest.mark.parametrize("strong", range(6))
@pytest.mark.parametrize("weak", range(6))
def test_no_key_wraps_a_stronger_one(weak: int, strong: int) -> None:
    ranks = (("T", 8), ("T", 16), ("T", 24), ("A", 16), ("A", 24), ("A", 32))
    if weak >= strong:
        check_wrapping(ranks[weak], ranks[strong], "27")
    else:
        with pytest.raises(Exception, match="stronger") as fault:
            check_wrapping(ranks[weak], ranks[strong], "27")
        assert getattr(fault.value, "code", "") == "27"


def test_a_short_zone_master_key_takes_no_longer_key_in_or_out(bench: Any) -> None:
    short, double = bench.key("000", "Z"), bench.key("000")
    clear = tdes.odd_parity(bytes(range(90, 114)))
    triple = encrypt_key(clear, "001", "T")
    assert bench.error(f"A8001{short}{bench.key('001', 'Z')}Z") == "00"
    assert bench.error(f"A8001{short}{bench.key('001')}U") == "27"
    assert bench.error(f"GC{short}{bench.key('001')}") == "27"
    assert bench.error(f"A8001{double}{triple}T") == "27"
    assert bench.error(f"A6001{short}{wrap(bench.clear('000', 8), clear[:16], 'U')}U") == "27"
    assert bench.error(f"A6001{double}{wrap(bench.clear('000'), clear, 'T')}T") == "27"
    assert bench.error(f"FA{short}{wrap(bench.clear('000', 8), clear[:16], 'U')};0U1") == "27"
    long_zmk = encrypt_key(LONG_ZMK, "000", "T")
    sent = bench.ask(f"A8001{long_zmk}{triple}T")
    assert bench.ask(f"A6001{long_zmk}{sent[4:-6]}T") == f"A700{triple}{sent[-6:]}"


def test_a_block_protects_no_stronger_key(bench: Any) -> None:
    double, triple = zmk_block(), zmk_block(clear=LONG_ZMK)
    clear = tdes.odd_parity(bytes(range(90, 114)))
    key = kept(clear, "P0")
    for scheme in "SR":
        assert bench.error(f"A8FFF{double}{key}{scheme}%01") == "BB"
        sent = bench.ask(f"A8FFF{triple}{key}{scheme}%01")
        assert sent[:4] == "A900"
        assert bench.error(f"A6FFF{triple}{sent[4:-6]}S%01") == "00"
    theirs = f"R{keyblock.wrap(ZMK, Header('B', 'P0', 'T', 'N'), clear)}"
    assert bench.error(f"A6FFF{double}{theirs}S%01") == "BB"


def test_an_aes_key_is_under_an_aes_key_that_is_as_long_or_longer(bench: Any) -> None:
    for algorithm in ("A1", "A2", "A3"):
        assert bench.error(f"A00FFFS%01#P0{algorithm}N00E00") == "BB"
        assert bench.error(f"A00FFFS%02#P0{algorithm}N00E00") == "00"
    zmks = {size: TEST_AES_LMK.keep(bytes(range(1, size + 1)), About("K0", "A")) for size in (16, 24, 32)}
    zmks[0] = TEST_AES_LMK.keep(LONG_ZMK, About("K0"))
    for under, zmk in zmks.items():
        for algorithm, size in (("A1", 16), ("A2", 24), ("A3", 32)):
            expected = "00" if under >= size else "BB"
            assert bench.error(f"A01FFFS{zmk}S%02#P0{algorithm}N00E00") == expected, (under, size)


@pytest.mark.parametrize("scheme", "UX")
def test_a_key_of_two_equal_halves_does_not_come_in(scheme: str, bench: Any) -> None:
    clear = bench.clear("001", 8) * 2
    under = wrap(bench.clear("000"), clear, scheme)
    assert bench.error(f"A6001{bench.key('000')}{under}U") == "75"
    assert bench.error(f"FA{bench.key('000')}{under};0U1") == "75"
    part = bench.clear("001", 8)
    halves = [encrypt_key(tdes.odd_parity(half), "001") for half in (clear, part + tdes.odd_parity(b"\x55" * 8))]
    assert bench.error(f"A42001U{halves[0]}{halves[1]}") == "75"


@pytest.mark.parametrize(
    ("key_type", "error"),
    [(code, "00") for code in sorted({kind.code for kind in KINDS.values()} | {"006", "100", "200", "409", "509"})]
    + [("901", "29"), ("101", "29"), ("0E0", "04"), ("004", "29"), ("70D", "29"), ("00F", "04"), ("A01", "04")],
)
def test_only_types_of_the_table_are_generated(key_type: str, error: str, bench: Any) -> None:
    assert bench.error(f"A00{key_type}U") == error


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("P0T2B00E00", "00"),
        ("C0T2C00E00", "00"),
        ("E0T2X00N00", "00"),
        ("K0A1B00E00", "00"),
        ("B1T2X00E00", "00"),
        ("Q7T2N00E00", "A6"),
        ("24T2N00E00", "A6"),
        ("p0T2N00E00", "A6"),
        ("C0A1C00E00", "A7"),
        ("V2A3N00E00", "A7"),
        ("P0Q1N00E00", "A7"),
        ("P0T2C00E00", "A8"),
        ("P0T2X00E00", "A8"),
        ("C0T2E00E00", "A8"),
        ("B0T2B00E00", "A8"),
        ("E0T2C00E00", "A8"),
        ("M3T2D00E00", "A8"),
        ("P0T2N-0E00", "A9"),
        ("P0T2Né0E00", "A9"),
        ("P0T2N00Q00", "AA"),
        ("P0T2N00E01", "AB"),
    ],
)
def test_a_header_is_one_of_x9_143(header: str, error: str, bench: Any) -> None:
    assert bench.error(f"A00FFFS%02#{header}") == error
    if header[2] == "T":
        under = wrap(ZMK, bench.clear("001"), "U")
        zmk = TEST_AES_LMK.keep(ZMK, About("K0"))
        assert bench.error(f"A6FFF{zmk}{under}S%02#{header}") == error
