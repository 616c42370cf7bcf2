"""What the tests of the shipped specs share: a compiled codec each, and house variants of them."""

from collections.abc import Callable
from typing import Any

import pytest

from switch.message import Codec, compile_spec, load_spec, shipped_specs


@pytest.fixture(scope="session")
def shipped() -> Callable[[str], Codec]:
    """The codec of a shipped spec."""
    known = {name: compile_spec(load_spec(name)) for name in shipped_specs()}
    return known.__getitem__


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, dict[str, Any]], Codec]:
    """The codec of a house that differs in some fields from a shipped spec, as its own spec file would say."""

    def make(base: str, changes: dict[str, Any]) -> Codec:
        return compile_spec(load_spec({"extends": base, **changes}))

    return make
