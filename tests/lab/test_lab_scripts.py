"""The lab's mix of payments: repeatable, exact in number, and with every kind of answer in it."""

import pytest

from switch.lab.scripts import load_cards, plan


@pytest.mark.parametrize("payments", [0, 1, 2, 17, 200, 1000])
def test_a_plan_has_exactly_the_payments_asked_for(payments):
    assert sum(len(script.steps) for script in plan(payments, seed=1)) == payments


def test_the_same_seed_gives_the_same_payments_and_another_others():
    assert plan(200, seed=1) == plan(200, seed=1)
    assert plan(200, seed=1) != plan(200, seed=2)


def test_a_batch_of_default_size_meets_every_kind_of_answer():
    steps = [step for script in plan(200, seed=1) for step in script.steps]
    assert {step.network for step in steps} == {"visa", "mastercard", "on-us", "no route"}
    assert {step.sale.kind for step in steps} == {"purchase", "withdrawal", "refund", "balance"}
    assert {code for step in steps for code in step.expected} >= {"00", "14", "51", "54", "55", "75", "82", "92"}
    assert any(step.reverse for step in steps)


@pytest.mark.parametrize("seed", range(20))
def test_cards_kept_for_wrong_pins_are_used_for_nothing_else(seed):
    steps = [step for script in plan(300, seed) for step in script.steps]
    pins = {}
    for step in steps:
        if step.sale.pin:
            pins.setdefault(step.sale.pan, []).append(step)
    right = {card.pan: card.pin for card in load_cards()}
    abused = {pan for pan, used in pins.items() if any(step.sale.pin != right[pan] for step in used)}
    for pan in abused:
        others = [step for step in pins[pan] if step.sale.pin == right[pan] and step.expected != ("00",)]
        assert not others
    assert len(abused) == 2


def test_no_card_number_shows_in_a_plan():
    assert not any(card.pan in repr(plan(200, 1)[0].steps) for card in load_cards())
