"""The switch's configuration file: what it says is what runs, and what is wrong is named."""

import pytest

from switch.configfile import ConfigError
from switch.daemon.config import load
from switch.lab import plan


@pytest.fixture
def written(tmp_path):
    """The lab's own configuration, as a text to change."""
    plan.prepare_folder(tmp_path)
    plan.write_files(tmp_path, plan.Ports())
    return tmp_path / "switch.toml"


def _change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_labs_file_is_good_and_says_what_runs(written):
    loaded = load(written)
    assert [listener.port for listener in loaded.settings.listeners] == [8583, 8584]
    assert loaded.settings.engine.hosts.keys() == {"visa", "mastercard", "issuer-a"}
    assert loaded.settings.engine.hosts["issuer-a"].on_us is not None
    assert loaded.settings.hosts["visa"].port == 8591
    assert loaded.journal == written.parent / "journal.db"
    assert loaded.bins.route("4571990000000010").host == "issuer-a"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("port = 8583", 'port = "8583"', r"listeners.*port: Expected `int`, got `str`"),
        ("port = 8583", "prot = 8583", r"unknown field `prot`|missing required field `port`"),
        ("port = 8583", "port 8583", "expected TOML"),
        ('dialect = "visa"', 'dialect = "diners"', "hosts.*dialect: Invalid enum value"),
        ('dialect = "visa"', 'dialect = "visa"\noptions = { colour = "red" }', "hosts.visa.options: expected options"),
        ('dialect = "visa"', 'dialect = "visa"\noptions = { source = "x" }', "hosts.visa.options: expected options"),
        ('spec = "pos-1987-ascii"', 'spec = "pos-1987-morse"', r"specs/pos-1987-morse\.json: no such spec"),
        ('name = "terminals-binary"', 'name = "terminals-hex"', "a name of its own for each"),
        ('name = "terminals-binary"', 'name = "a|b"', r"a name without \|"),
        ("[hosts.mastercard]", "[hosts.maestro]", r"bins: expected hosts that \[hosts\] .* names, found mastercard"),
        ('journal = "journal.db"', 'bins = "nowhere.csv"', r"bins: nowhere\.csv: No such file"),
        ('journal = "journal.db"', "queue = { window = 0 }", r"queue\.window: Expected `int` >= 1"),
        ('journal = "journal.db"', "queue = { rate = -1 }", r"queue\.rate: Expected `float` >= 0"),
        ('journal = "journal.db"', "deadlines = { answer = 0 }", r"deadlines\.answer: Expected `float` > 0"),
        ('journal = "journal.db"', "max_sent = 0", r"max_sent: Expected `int` >= 1"),
        ("[terminal]", "[terminal]\ncompletion_tolerance = -1", r"terminal\.completion_tolerance: Expected `int` >= 0"),
        ('[terminal]\ntpk = "U', '[terminal]\ntpk = "', "terminal.tpk: expected a key under the LMK"),
        ('zpk = "U', 'zpk = "u', r"hosts\.visa\.zpk: expected a key under the LMK"),
        ('journal = "journal.db"', "[clearing]\nvisa_bin = 'x'", "clearing"),
        (
            'journal = "journal.db"',
            "retention = { segment_bytes = 0 }",
            r"retention\.segment_bytes: expected at least 1",
        ),
        (
            'journal = "journal.db"',
            "retention = { keep_segments = -1 }",
            r"retention\.keep_segments: expected at least 0",
        ),
        ('journal = "journal.db"', 'business_day = { zone = "Mars" }', "expected the name of a time zone"),
        ('journal = "journal.db"', 'business_day = { cutover = "25:00" }', "expected HH:MM"),
        ('journal = "journal.db"', "[deadlines]\nanswr = 1.0", "answr"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(written, old, new, message):
    _change(written, old, new)
    with pytest.raises(ConfigError, match=message) as caught:
        load(written)
    assert str(caught.value).startswith(f"{written}: ")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"switch\.toml: No such file"):
        load(tmp_path / "switch.toml")
