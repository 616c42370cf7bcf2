"""The configuration file: defaults, paths relative to it, faults named by file and key."""

import pytest

from switch.configfile import ConfigError
from switch.simulator.issuer import load_config


@pytest.fixture
def path(tmp_path, make):
    return make.config(tmp_path, 1500)


def test_paths_are_relative_to_the_file_and_defaults_are_the_shipped_files(path):
    config = load_config(path)
    assert config.database == str(path.parent / "issuer-a.db")
    assert config.data_keys == str(path.parent / "issuer-a.keys.json")
    assert (config.cards, config.rates, config.pin_tries) == ("", "", 3)
    assert [listener.name for listener in config.listeners] == ["visa", "switch"]
    assert config.listeners[1].zpk == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "issuer-a"', 'name = "issuer a"', "name: Expected `str` matching regex"),
        ('name = "issuer-a"', 'colour = "red"', "colour"),
        ('name = "issuer-a"', "", "missing required field `name`"),
        ("[hsm]", "[hsm]\ncolour = 1", "hsm: Object contains unknown field `colour`"),
        ("port = 1500", "port = 70000", "hsm.port: Expected `int` <= 65535"),
        ("port = 0", 'port = "x"', "listeners[0].port: Expected `int`, got `str`"),
        ("port = 0", "port = 0\nlimits.in_flight = 0", "listeners[0].limits.in_flight: Expected `int` >= 1"),
        ('name = "switch"', 'name = "visa"', "listeners[1].name: expected a name no other"),
        ('pvk = "U', 'pvk = "', "pvk: Expected `str` matching regex"),
        ("[hsm]", "[hsm", "expected TOML"),
    ],
)
def test_a_fault_names_the_file_and_the_key(path, old, new, said):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in str(caught.value) and said in str(caught.value)


def test_a_missing_file_and_a_file_without_listeners_are_named(path, tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load_config(tmp_path / "nowhere.toml")
    path.write_text(path.read_text().partition("[[listeners]]")[0])
    with pytest.raises(ConfigError, match="listeners"):
        load_config(path)


def test_no_key_is_shown_in_an_error(path):
    path.write_text(path.read_text().replace('pvk = "U', 'pvk = "', 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "A06C45E2" not in str(caught.value)
