"""A checker that cannot fail is worse than none: every planted bug is found within a few seeds, each by its checker."""

import pytest

from switch.simulation.checkers import AT_REST, ON_THE_WAY
from switch.simulation.mutations import MUTATIONS, hunt


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_planted_bug_is_found(mutation):
    find = hunt(mutation)
    assert find is not None
    assert mutation.checker in find.checkers


def test_every_checker_has_been_seen_to_fail():
    assert {mutation.checker for mutation in MUTATIONS} == {checker.__name__ for checker in ON_THE_WAY + AT_REST}
