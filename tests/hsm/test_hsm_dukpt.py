"""DUKPT: G0, CI, CA, CK, GO, GQ, M0 and M2 against the answers of ANSI X9.24-1, and what of a KSN is refused."""

import json
from typing import Any

import pytest

from switch.crypto import card, dukpt_tdes, pinblock, tdes
from switch.hsm.blocklmk import TEST_AES_LMK, TEST_BLOCK_LMK, About
from switch.hsm.lmk import encrypt_key
from switch.resources import read_text

EVERY = json.loads(read_text("fixtures", "crypto_vectors_dukpt.json"))["vectors"]
ANSI = [vector for vector in EVERY if vector["op"] == "dukpt_tdes"]
BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
FIELD, ACCOUNT, PIN = encrypt_key(BDK, "009"), "401234567890", "1234"
TABLE, VALIDATION = "8765432109876543", "1111111111N0"
DATA = b"4012345678909D987".ljust(24, b"\0").hex().upper()
KSN, BLOCK = "FFFF9876543210E00001", "1B9C1845EB993A7A"


def test_there_are_published_transactions() -> None:
    assert len(ANSI) == 17
    assert {vector["inputs"]["bdk"] for vector in ANSI} == {BDK.hex().upper()}


@pytest.mark.parametrize("vector", ANSI, ids=lambda vector: vector["inputs"]["ksn"])
def test_the_published_blocks_are_translated_to_a_zone(vector: dict[str, Any], bench: Any) -> None:
    ksn, block = vector["inputs"]["ksn"], vector["expected"]["pin_block"]
    for tail in (f"A05{ksn}", f"605{ksn}", f"605{ksn[4:]}"):
        for command in (f"G0{FIELD}{bench.key('001')}{tail}{block}0147", f"CI{FIELD}{bench.key('001')}{tail}{block}47"):
            reply = bench.ask(command + ACCOUNT)
            assert reply[2:6] == "0004"
            assert pinblock.decode("47", bench.decrypt("001", reply[6:22]), ACCOUNT) == PIN


@pytest.mark.parametrize("vector", ANSI, ids=lambda vector: vector["inputs"]["ksn"])
def test_the_published_blocks_are_made_and_their_pins_verified(vector: dict[str, Any], bench: Any) -> None:
    ksn, block = vector["inputs"]["ksn"], vector["expected"]["pin_block"]
    source = bench.block("002", account=ACCOUNT)
    reply = bench.ask(f"CA{bench.key('002')}*{FIELD}A05{ksn}12{source}0101{ACCOUNT}")
    assert reply == f"CB0004{block}01"
    pvk = bench.key("002")
    offset = bench.ask(f"DE{pvk}0{PIN}04{ACCOUNT}{TABLE}{VALIDATION}")[4:]
    ibm = f"04{ACCOUNT}{TABLE}{VALIDATION}{offset}"
    pvv = card.pvv(bench.clear("002"), ACCOUNT, "1", PIN)
    wrong = str((int(pvv) + 1) % 10000).zfill(4)
    assert bench.ask(f"CK{FIELD}{pvk}A05{ksn}{block}{ibm}") == "CL00"
    assert bench.ask(f"GO0{FIELD}{pvk}A05{ksn}{block}01{ibm}") == "GP00"
    assert bench.ask(f"GQ0{FIELD}{pvk}A05{ksn}{block}01{ACCOUNT}1{pvv}") == "GR00"
    assert bench.ask(f"GQ0{FIELD}{pvk}A05{ksn}{block}01{ACCOUNT}1{wrong}") == "GR01"


@pytest.mark.parametrize("vector", ANSI, ids=lambda vector: vector["inputs"]["ksn"])
def test_the_published_data_is_enciphered_and_deciphered(vector: dict[str, Any], bench: Any) -> None:
    ksn, secret = vector["inputs"]["ksn"], vector["expected"]["request_data_cbc"]
    head = f"0111009{FIELD}A05{ksn}{'0' * 16}0030"
    assert bench.ask(f"M0{head}{DATA}") == f"M100{secret[-16:]}0030{secret}"
    assert bench.ask(f"M2{head}{secret}") == f"M300{secret[-16:]}0030{DATA}"


def test_data_goes_under_a_base_key_in_a_block_too(bench: Any) -> None:
    key = TEST_AES_LMK.keep(BDK, About("B0"))
    secret = ANSI[0]["expected"]["request_data_cbc"]
    head = f"0111FFF{key}A05{KSN}{'0' * 16}0030"
    assert bench.ask(f"M0{head}{DATA}%02") == f"M100{secret[-16:]}0030{secret}"


@pytest.mark.parametrize("number", ["01", "02"])
def test_from_dukpt_to_dukpt_each_block_is_under_its_own_transaction(number: str, bench: Any) -> None:
    lmk = {"01": TEST_BLOCK_LMK, "02": TEST_AES_LMK}[number]
    other = tdes.odd_parity(bytes(range(40, 56)))
    keys = lmk.keep(BDK, About("B0")) + lmk.keep(other, About("B0"))
    second = "FFFF9876543210E00005"
    reply = bench.ask(f"G0{keys}A05{KSN}605{second[4:]}{BLOCK}0101{ACCOUNT}%{number}")
    ksn = dukpt_tdes.ksn_of(second)
    key = dukpt_tdes.pin_key(dukpt_tdes.transaction_key(dukpt_tdes.initial_key(other, ksn), ksn))
    assert reply[:6] == "G10004"
    assert pinblock.decode("01", tdes.decrypt(key, bytes.fromhex(reply[6:22])), ACCOUNT) == PIN
    variant = f"G0{FIELD}*{encrypt_key(other, '009')}A05{KSN}A05{second}{BLOCK}0101{ACCOUNT}"
    assert bench.ask(variant) == reply


@pytest.mark.parametrize("code", ["G0", "CI", "CK", "GO", "GQ"])
def test_a_counter_that_no_terminal_uses_is_15(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    for counter in ("E00000", "FFFFFF", "E007FF"):
        assert bench.error(good.replace(KSN, KSN[:14] + counter)) == "15"


@pytest.mark.parametrize("code", ["G0", "CI", "CK", "GO", "GQ"])
def test_a_descriptor_says_how_long_the_ksn_is(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    for descriptor in ("000", "FFF", "105", "A06", "G05"):
        assert bench.error(good.replace(f"A05{KSN}", f"{descriptor}{KSN}")) == "15"
    for descriptor in ("106", "207"):  # another length than sent
        assert bench.error(good.replace(f"A05{KSN}", f"{descriptor}{KSN}")) != "00"
    assert bench.error(good.replace(KSN, KSN.replace("E", "X"))) == "15"


@pytest.mark.parametrize("code", ["G0", "CI", "CK", "GO", "GQ"])
def test_another_counter_does_not_open_the_block(code: str, bench: Any) -> None:
    good = bench.commands()[code]
    assert bench.error(good.replace(KSN, KSN[:-1] + "2")) in ("20", "24", "01")


@pytest.mark.parametrize("mark", ["~", "!", "$"])
def test_base_keys_of_other_types_are_not_licensed(mark: str, bench: Any) -> None:
    g0, ca = bench.commands()["G0"], bench.commands()["CA"]
    assert bench.error(f"G0{mark}{g0[2:]}") == "67"
    assert bench.error(f"G0{g0[2:35]}{mark}{g0[35:]}") == "67"
    assert bench.error(f"CA{ca[2:35]}{mark}{ca[35:]}") == "67"


def test_a_mac_beside_the_pin_is_not_licensed(bench: Any) -> None:
    for code in ("GO", "GQ"):
        for mode in "19":
            assert bench.error(f"{code}{mode}{bench.commands()[code][3:]}") == "67"


def test_a_base_key_of_aes_or_of_another_length_is_refused(bench: Any) -> None:
    zpk = TEST_AES_LMK.keep(bench.clear("001"), About("P0"))
    aes = TEST_AES_LMK.keep(bytes(range(16)), About("B0", "A"))
    tail = f"A05{KSN}{BLOCK}0101{ACCOUNT}"
    assert bench.error(f"G0{aes}{zpk}{tail}%02") == "A7"
    assert bench.error(f"G0{bench.key('009', 'T')}{bench.key('001')}{tail}") == "27"
    assert bench.error(f"M00011009{bench.key('009', 'T')}A05{KSN}0010{'0' * 16}") == "27"


def test_translations_keep_to_the_policy_of_formats(bench: Any) -> None:
    good = bench.commands()["G0"]
    for source, destination in (("01", "05"), ("01", "03"), ("34", "01"), ("01", "34"), ("48", "01")):
        assert bench.error(f"{good[:-16]}{source}{destination}{good[-12:]}") in ("23", "69")


def test_transactions_leave_the_contexts_of_everyday_keys_alone(bench: Any) -> None:
    bench.ask(bench.commands()["G0"])
    before = len(tdes._ENCRYPT), len(tdes._DECRYPT)
    ksn = dukpt_tdes.ksn_of(KSN)
    for _ in range(20):
        ksn = dukpt_tdes.next_ksn(ksn)
        block = bench.dukpt_block(ksn=ksn.hex().upper())
        command = f"G0{bench.key('009')}{bench.key('001')}A05{ksn.hex().upper()}{block}0101{bench.account}"
        assert bench.error(command) == "00"
    assert (len(tdes._ENCRYPT), len(tdes._DECRYPT)) == before
