"""A checker that cannot fail is worse than none: every planted bug is found within a few seeds."""


def test_a_planted_bug_is_found(mutation, violations, monkeypatch):
    mutation.plant(monkeypatch.setattr)
    assert any(violations(seed, mutation.faults, 40) for seed in range(mutation.first, mutation.first + 12))
