"""What a terminal says: fields by kind of request, a PIN block only the HSM can open, reversals without secrets."""

import pytest

from switch.crypto import pinblock, tdes
from switch.hsm.commands import HostCommands
from switch.hsm.lmk import encrypt_key
from switch.message import compile_spec, load_spec
from switch.simulator.terminal import messages
from switch.simulator.terminal.messages import Moment, Profile, Sale, TerminalError

PAN, TPK = "4111111111111111", bytes.fromhex("D9EFA7ADCBC7AD0B9D9BD3B05BCEE6A1")
PROFILE = Profile("TERM0001", "MERCHANT0000001", TPK)
MOMENT = Moment("1124120000", "130000", "1124")


@pytest.fixture(params=["pos-1987-ascii", "pos-1987-ascii-binary"])
def codec(request):
    return compile_spec(load_spec(request.param))


def _sale(**changes):
    values = {"kind": "purchase", "pan": PAN, "amount": 1234, "currency": "978"} | changes
    return Sale(**values)


def _request(codec, **changes):
    return messages.request(codec, PROFILE, _sale(**changes), "000042", MOMENT)


@pytest.mark.parametrize(
    ("kind", "mti", "code"),
    [
        ("purchase", "0200", "000000"),
        ("withdrawal", "0200", "010000"),
        ("refund", "0200", "200000"),
        ("balance", "0100", "310000"),
    ],
)
def test_each_kind_has_its_message_type_and_processing_code(codec, kind, mti, code):
    fields = _request(codec, kind=kind)
    assert (fields["t"], fields["3"]) == (mti, code)
    codec.view(codec.encode(fields)).check()


def test_an_authorisation_only_is_a_0100(codec):
    assert _request(codec, authorisation_only=True)["t"] == "0100"


@pytest.mark.parametrize(
    ("card", "entry_mode"),
    [
        ({"track2": f"{PAN}=30122011", "pin": "1234"}, "901"),
        ({"track2": f"{PAN}=30122011"}, "902"),
        ({"cvv2": "123"}, "812"),
        ({"expiry": "3012"}, "012"),
    ],
)
def test_the_entry_mode_says_how_the_card_was_read_and_whether_a_pin_came(codec, card, entry_mode):
    assert _request(codec, **card)["22"] == entry_mode


def test_the_expiry_comes_from_the_track_unless_it_was_keyed(codec):
    assert _request(codec, track2=f"{PAN}=30122011")["14"] == "3012"
    assert _request(codec, expiry="2911")["14"] == "2911"
    assert "14" not in _request(codec)


def test_the_hsm_reads_the_pin_that_was_entered(codec):
    block = _request(codec, pin="1234", track2=f"{PAN}=30122011")["52"]
    tail = f"{block}01{pinblock.account_of(PAN)}"
    sealed = HostCommands().handle(f"JC{encrypt_key(TPK, '002')}{tail}".encode())
    hsm, pvk = HostCommands(), encrypt_key(tdes.odd_parity(bytes(range(1, 17))), "002")
    pvv = hsm.handle(f"DG{pvk}".encode() + sealed[4:] + f"{tail[18:]}1".encode())[4:]
    assert sealed[:4] == b"JD00"
    assert pvv == hsm.handle(f"DG{pvk}01234{tail[18:]}1".encode())[4:]


def test_without_the_key_the_block_says_nothing_of_the_pin(codec):
    block = bytes.fromhex(_request(codec, pin="1234")["52"])
    other = tdes.odd_parity(bytes(range(16)))
    with pytest.raises(pinblock.PinBlockError):
        pinblock.decode(pinblock.ISO_0, tdes.decrypt(other, block), pinblock.account_of(PAN))


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4"])
def test_what_is_no_pin_is_refused_before_it_is_sent(codec, pin):
    with pytest.raises(TerminalError, match="pin: expected a PIN of 4 to 12 digits"):
        _request(codec, pin=pin)


def test_a_cvv2_travels_in_its_sub_element(codec):
    view = codec.view(codec.encode(_request(codec, cvv2="123")))
    assert (view["48.92"], view["48.42"], view["25"]) == ("123", "07", "59")


def test_a_reversal_names_its_original_and_carries_no_secret(codec):
    original = _request(codec, pin="1234", track2=f"{PAN}=30122011", cvv2="123")
    fields = messages.reversal(original, "000043", MOMENT)
    assert fields["t"] == "0400"
    assert fields["90"] == "0200" + "000042" + "1124120000" + "0" * 22
    assert not {"35", "48", "52", "14"} & fields.keys()
    assert {name: fields[name] for name in ("2", "4", "41", "49")} == {
        name: original[name] for name in ("2", "4", "41", "49")
    }
    codec.view(codec.encode(fields)).check()
    assert messages.reversal(original, "000043", MOMENT, repeat=True)["t"] == "0401"


def test_neither_key_nor_card_shows_in_a_repr():
    text = repr((PROFILE, _sale(pin="1234", cvv2="987", track2=f"{PAN}=30122011")))
    assert not any(secret in text for secret in (TPK.hex(), PAN, "1234'", "987", str(TPK)))
