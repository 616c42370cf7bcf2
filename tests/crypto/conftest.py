"""The public known answers of `fixtures/`, and how much Hypothesis may try here."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from switch.crypto.datakeys import DataKeys
from switch.resources import read_text

settings.register_profile("crypto", deadline=None, max_examples=100)
settings.load_profile("crypto")

Vector = dict[str, Any]


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], list[Vector]]:
    """The known answers of one operation, at least one."""
    every: list[Vector] = json.loads(read_text("fixtures", "hsm_vectors.json"))["vectors"]

    def of(operation: str) -> list[Vector]:
        found = [vector for vector in every if vector["op"] == operation]
        assert found, operation
        return found

    return of


@pytest.fixture(scope="session")
def dukpt_vectors() -> Callable[[str], list[Vector]]:
    """The known answers of one operation of DUKPT or key blocks, at least one."""
    every: list[Vector] = json.loads(read_text("fixtures", "crypto_vectors_dukpt.json"))["vectors"]

    def of(operation: str) -> list[Vector]:
        found = [vector for vector in every if vector["op"] == operation]
        assert found, operation
        return found

    return of


@pytest.fixture(scope="session")
def keys() -> DataKeys:
    return DataKeys(bytes(range(32)), bytes(range(32, 64)))
