"""Wrapped data keys: made and opened by a served HSM, of no use without it."""

import json
import stat

import pytest

from switch.crypto.datakeys import DataKeys
from switch.hsm import datakeys
from switch.hsm.client import HsmClient, HsmUnavailable


@pytest.fixture
async def hsm(address):
    async with HsmClient(*address) as client:
        yield client


async def test_keys_made_once_open_again_to_the_same(hsm, tmp_path):
    made = await datakeys.create(hsm, tmp_path / "keys.json")
    opened = await datakeys.load(hsm, tmp_path / "keys.json")
    assert isinstance(opened, DataKeys)
    assert opened.open(made.seal(b"4111111111111111", b"x"), b"x") == b"4111111111111111"
    assert opened.pan_token("4111111111111111") == made.pan_token("4111111111111111")


async def test_the_file_is_private_and_never_written_over(hsm, tmp_path):
    path = tmp_path / "keys.json"
    await datakeys.create(hsm, path)
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(datakeys.DataKeyError, match=r"keys\.json: File exists"):
        await datakeys.create(hsm, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("field", ["dek", "iv", "encryption", "lookup", "check"])
async def test_a_changed_file_is_refused_by_name(hsm, tmp_path, field):
    path = tmp_path / "keys.json"
    await datakeys.create(hsm, path)
    content = json.loads(path.read_text())
    flipped = "1" if content[field][-1] != "1" else "2"
    path.write_text(json.dumps(content | {field: content[field][:-1] + flipped}))
    with pytest.raises(datakeys.DataKeyError, match=r"keys\.json"):
        await datakeys.load(hsm, path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"dek": 1}'])
async def test_what_is_no_key_file_is_refused_by_name(hsm, tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(datakeys.DataKeyError, match=r"keys\.json: expected wrapped data keys"):
        await datakeys.load(hsm, path)


async def test_without_an_hsm_nothing_opens(hsm, tmp_path):
    path = tmp_path / "keys.json"
    await datakeys.create(hsm, path)
    async with HsmClient("127.0.0.1", 1, timeout=0.2) as nowhere:
        with pytest.raises(HsmUnavailable):
            await datakeys.load(nowhere, path)
