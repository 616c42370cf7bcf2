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
Vectors = Callable[[str], list[Vector]]


def vectors_of(file: str) -> Vectors:
    """Gives the known answers of one operation in `file`, at least one."""
    every: list[Vector] = json.loads(read_text("fixtures", file))["vectors"]

    def of(operation: str) -> list[Vector]:
        found = [vector for vector in every if vector["op"] == operation]
        assert found, operation
        return found

    return of


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    return vectors_of("crypto_vectors_primitives.json")


@pytest.fixture(scope="session")
def dukpt_vectors() -> Vectors:
    return vectors_of("crypto_vectors_dukpt.json")


@pytest.fixture(scope="session")
def emv_vectors() -> Vectors:
    return vectors_of("crypto_vectors_emv.json")


@pytest.fixture(scope="session")
def keys() -> DataKeys:
    return DataKeys(bytes(range(32)), bytes(range(32, 64)))
