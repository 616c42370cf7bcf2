"""Card data: nowhere in the issuer's files, log lines or errors, in any of the encodings it travels in."""

import pytest
import structlog

from switch.simulator.issuer.messages import read


def _encodings(text):
    """ASCII, EBCDIC, UTF-16, packed digits at either nibble, and each of those as hex."""
    packed = [bytes.fromhex(value) for value in (text, text + "F", "0" + text, text + "0") if _packs(value)]
    texts = [text.encode(), text.encode("cp500"), text.encode("utf-16-le")]
    hexed = [raw.hex().encode() for raw in texts + packed]
    return [needle for raw in texts + packed + hexed for needle in {raw, raw.upper(), raw.lower()}]


def _packs(value):
    return len(value) % 2 == 0 and all(character in "0123456789ABCDEF" for character in value)


def _found(data, secrets):
    return [name for name, value in secrets.items() if any(needle in data for needle in _encodings(value))]


@pytest.fixture
def secrets(make):
    """What would be recognisable anywhere: PANs, tracks, PIN blocks."""
    cards = [make.card(name) for name in ("Visa, good", "Mastercard, good", "Visa, 19 digits", "on-us, good")]
    found = {}
    for card in cards:
        found[f"pan {card['name']}"] = card["pan"]
        found[f"track {card['name']}"] = card["track2"].replace("=", "D")
        found[f"track data {card['name']}"] = card["track2"].partition("=")[2]
        found[f"block {card['name']}"] = make.pin_block(card["pan"], card["pin"])
    return found


@pytest.fixture
def cards(make):
    return [make.card(name) for name in ("Visa, good", "Mastercard, good", "Visa, 19 digits", "on-us, good")]


@pytest.mark.parametrize("value", ["4111111111111111", "4111111111111111D301220113765214", "0123456789ABCDEF"])
def test_the_search_itself_finds_every_encoding(value):
    for needle in _encodings(value):
        assert _found(b"before" + needle + b"after", {"it": value}) == ["it"]


async def test_no_file_and_no_log_line_holds_card_data(start, make, cards, secrets, tmp_path, logs):
    async with start() as issuer:
        await _everything(issuer, make, cards)
        live = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.name != "issuer-a.toml"}
        values = _values(issuer)
    closed = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.name != "issuer-a.toml"}
    assert {"issuer-a.db", "issuer-a.db-wal", "issuer-a.keys.json"} <= live.keys()
    for files in (live, closed):
        assert {name: _found(data, secrets) for name, data in files.items() if _found(data, secrets)} == {}
    assert b"411111******1111" in live["issuer-a.db-wal"] + live["issuer-a.db"]

    # PINs and card values are too short to search bytes for: no value of any column is or contains one as its own word.
    short = {card[key] for card in cards for key in ("pin", "cvv", "cvv2", "icvv")} - {card["pvv"] for card in cards}
    assert len(values) > 100 and short & values == set()

    said = "\n".join(repr(line) for line in logs)
    assert said.count("'decision'") >= 20 and "411111******1111" in said
    assert _found(said.encode(), secrets) == []


async def test_what_structlog_prints_by_itself_holds_no_card_data_either(start, make, cards, secrets, capsys):
    """No masking configured: the module itself must not hand over anything."""
    structlog.reset_defaults()
    async with start() as issuer:
        await _everything(issuer, make, cards)
    printed = capsys.readouterr()
    assert "format error" in printed.out
    assert _found((printed.out + printed.err).encode(), secrets) == []


async def test_a_message_shows_nothing_when_printed(codec, make, cards, secrets):
    card = cards[0]
    frame = codec.encode(
        make.request(card, f35=card["track2"], f48="9203" + card["cvv2"], f52=make.pin_block(card["pan"], card["pin"]))
    )
    message = read(codec, frame, "visa", lambda pan: "token")
    shown = repr(message) + repr(message.entry) + repr(message.evidence)
    assert "411111******1111" in shown
    assert _found(shown.encode(), secrets) == []


async def _everything(issuer, make, cards):
    """Every kind of message and of failure, with everything secret in it."""
    async with issuer.client() as visa, issuer.client("switch") as on_us:
        for card in cards:
            block = make.pin_block(card["pan"], card["pin"])
            full = {"f35": card["track2"], "f48": "9203" + card["cvv2"], "f52": block}
            request = make.request(card, **full)
            await visa.ask(request)
            await visa.ask(request | {"t": "1101"})
            await visa.ask(request | {"4": "000000000001"})
            await visa.ask(make.request(card, f52=make.pin_block(card["pan"], "9999")))
            await visa.ask(make.request(card, f35=card["track2"][:-3] + "000"))
            await visa.ask(make.reversal(request))
            await visa.ask(make.reversal(make.request(card)))
            await visa.ask(make.request(card, f49="999", **full))
            await visa.ask(make.request(card, f12=None, **full))
            await visa.ask(make.request(card, f4="99999999999X", **full))
            await on_us.ask(make.request(card, mti="1120", f39="117", f48="810201"))
            await on_us.ask(make.request(card, f48="8002PV"))
            async with issuer.client() as broken:
                frame = issuer.codec.encode(make.request(card, f7=None, **full))
                await broken.send_frame(frame)
                assert await broken.receive() is None


def _values(issuer):
    """Every value of every table, as text, and its words; codes and amounts of three digits would only coincide."""
    coincidental = {"action", "told", "service_code", "currency", "billing_currency", "amount", "billed", "expiry"}
    found = set()
    for table, column in issuer.query(
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
    ):
        if column not in coincidental:
            for (value,) in issuer.query(f"SELECT {column} FROM {table}"):
                found |= {str(value), *str(value).replace("|", " ").split()}
    return found
