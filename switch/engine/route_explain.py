"""Why a payment goes where it goes, step by step, for an operator. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from switch.engine.conditions import Facts
from switch.engine.router import Choices, Plan, Router, best
from switch.engine.rules import Rule

Step = tuple[str, str]
# How a host is. One that is failing is taken where there is no other; any other word is that of one that is well.
DOWN, FULL, FAILING = "down", "full", "failing"


def explain(router: Router, facts: Facts, state_of: Callable[[str], str]) -> list[Step]:
    """(what, words) in the order in which the engine decides; `facts` need no card yet.

    `state_of` tells how a host is, in a word.
    """
    plan = router.plan(facts.pan)
    facts = replace(facts, card=plan.card)
    steps = list(_rules(router, plan, facts))
    met = next((rule for rule, _ in plan.rules if rule.matches(facts)), None)
    choices = router.choices(facts.pan, lambda _card: facts)
    if not choices:
        return [*steps, ("choice", "no route: declined with 92")]
    why = f"rule {met.name}" if met else "the BIN table" if plan.card.host else "routing.default"
    steps.append(("route", f"{choices[0].route}, by {why}"))
    for place, choice in enumerate(choices, 1):
        rank = "first choice" if place == 1 else f"fallback {place - 1}"
        steps.append(("host", f"{choice.host.name}, {rank}, network {choice.network}: {state_of(choice.host.name)}"))
    return [*steps, *_choice(choices, state_of)]


def _rules(router: Router, plan: Plan, facts: Facts) -> Iterator[Step]:
    """One step per rule, up to the one that is met. Without a card there is nothing that rules decide."""
    if not plan.own:
        return
    for rule in router.rules:
        missed = _missed(rule, facts)
        yield "rule", f"{rule.name}: {'; '.join(missed) if missed else 'met'}"
        if not missed:
            return


def _missed(rule: Rule, facts: Facts) -> list[str]:
    return [
        f"{key} is {condition.found(facts) or 'not known'}, expected {condition}"
        for key, condition in rule.conditions.items()
        if not condition.matches(facts)
    ]


def _choice(choices: Choices, state_of: Callable[[str], str]) -> Iterator[Step]:
    choice = best(choices, lambda host: state_of(host) not in (DOWN, FULL), lambda host: state_of(host) == FAILING)
    yield "choice", f"{choice.host.name}, network {choice.network}"
    done = ["verifies PIN and card values for the issuer"] if choice.verify else []
    done += [f"strips {', '.join(choice.strip)}"] if choice.strip else []
    done += ["stands in"] if choice.stand_in else []
    yield "services", "; ".join(done) or "none"
