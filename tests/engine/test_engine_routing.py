"""Payments on routes with fallbacks and services: which host gets them, what leaves, what the journal names."""

from dataclasses import replace

import msgspec
import pytest

from switch.engine.bins import Route
from switch.engine.conditions import Facts
from switch.engine.config import QueueLimits
from switch.engine.route_explain import DOWN, FAILING, FULL, explain
from switch.engine.router import Router
from switch.engine.rulesettings import RoutingSettings

VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"
EITHER = {"routes": {"visa": {"hosts": ["visa", "mastercard"]}}, "health": {"failures": 2, "pause": 10.0}}


def routing(**settings):
    return msgspec.convert(settings, RoutingSettings)


def taken_by(play, host, pan=VISA):
    """The whole of a sale that this host approves; gives the journal's row."""
    return play.row(play.approved(pan, host=host)["11"])


def unanswered(play, host):
    play.asks(play.sale())
    play.host_gets(host, "0100")
    play.advance(1.6)
    reversal = play.host_gets(host, "0400")
    play.terminal_gets("0210", "91")
    play.answers(host, reversal, "00")


def test_the_fallback_is_taken_while_the_first_is_down_and_the_journal_names_it(make_play):
    play = make_play(routing=routing(**EITHER))
    assert taken_by(play, "visa")["network"] == "visa"
    play.host_is("visa", up=False)
    row = taken_by(play, "mastercard")
    assert (row["host"], row["network"]) == ("mastercard", "mastercard")
    play.host_is("visa", up=True)
    assert taken_by(play, "visa")["host"] == "visa"


def test_a_host_that_leaves_requests_unanswered_is_passed_over_for_the_pause(make_play):
    play = make_play(routing=routing(**EITHER))
    unanswered(play, "visa")
    assert taken_by(play, "visa")  # an answer starts the count anew
    unanswered(play, "visa")
    unanswered(play, "visa")
    assert play.count("failing") == ["visa"]
    assert taken_by(play, "mastercard")["host"] == "mastercard"
    play.advance(10)
    assert play.count("failing") == []
    unanswered(play, "visa")  # its chance: one more miss and it is out again
    assert taken_by(play, "mastercard")
    play.advance(10)
    assert taken_by(play, "visa") and play.count("failing") == []


def test_a_link_that_breaks_counts_as_a_miss(make_play):
    play = make_play(routing=routing(**EITHER))
    for _ in range(2):
        play.host_is("visa", up=False)
        play.host_is("visa", up=True)
    assert taken_by(play, "mastercard")


def test_a_failing_host_is_better_than_none(make_play):
    play = make_play(routing=routing(**EITHER))
    unanswered(play, "visa")
    unanswered(play, "visa")
    play.host_is("mastercard", up=False)
    assert taken_by(play, "visa")
    play.host_is("visa", up=False)
    play.asks(play.sale())
    play.terminal_gets("0210", "91")


def test_a_full_host_is_passed_over_and_when_all_are_full_the_payment_is_91(make_play):
    play = make_play(routing=routing(**EITHER), max_sent=1)
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    assert play.count("full") == ["visa"]
    assert taken_by(play, "mastercard")["host"] == "mastercard"
    play.asks(play.sale(), "pos-2")
    other = play.host_gets("mastercard", "0100")
    play.asks(play.sale(), "pos-3")
    play.terminal_gets("0210", "91", "pos-3")
    assert play.count("overloaded") == 1
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")
    play.answers("mastercard", other, "00")
    play.terminal_gets("0210", "00", "pos-2")
    assert play.count("full") == [] and taken_by(play, "visa")


def test_a_host_that_is_owed_too_many_messages_is_passed_over(make_play):
    play = make_play(routing=routing(**EITHER), queue=QueueLimits(max_queued=1))
    play.asks(play.sale())
    play.host_gets("visa", "0100")
    play.advance(1.6)
    reversal = play.host_gets("visa", "0400")
    play.terminal_gets("0210", "91")
    assert taken_by(play, "mastercard")
    play.answers("visa", reversal, "00")
    assert taken_by(play, "visa")


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        ({}, "visa"),
        ({"visa": DOWN}, "mastercard"),
        ({"visa": FULL}, "mastercard"),
        ({"visa": FAILING}, "mastercard"),
        ({"visa": DOWN, "mastercard": FAILING}, "mastercard"),
        ({"visa": FAILING, "mastercard": FULL}, "visa"),
        ({"visa": FULL, "mastercard": DOWN}, "visa"),
    ],
)
def test_an_explanation_chooses_as_the_engine_does(make_play, states, chosen):
    router = make_play(routing=routing(**EITHER)).engine.router
    steps = explain(router, Facts(VISA, Route("", "")), lambda host: states.get(host, "up"))
    assert dict(steps)["choice"] == f"{chosen}, network {chosen}"


def test_a_single_host_is_never_passed_over(play):
    for _ in range(4):
        unanswered(play, "visa")
    assert taken_by(play, "visa")


def test_a_reversal_follows_its_original_to_the_fallback(make_play):
    play = make_play(routing=routing(**EITHER))
    play.host_is("visa", up=False)
    sale = play.approved(host="mastercard")
    play.host_is("visa", up=True)
    play.asks(play.reversal(sale))
    request = play.host_gets("mastercard", "0400")
    play.terminal_gets("0410", "00")
    play.answers("mastercard", request, "00")


def test_rules_see_what_the_terminal_is_known_for(make_play, play_class):
    terminal = play_class().settings.default_terminal
    play = make_play(
        terminals={"KIOSK001": msgspec.structs.replace(terminal, group="kiosk", mcc="7523", country="250")},
        routing=routing(
            rules=[
                {
                    "name": "kiosks",
                    "route": "mastercard",
                    "terminal_group": ["kiosk"],
                    "mcc": ["7523"],
                    "country": ["FR"],
                    "kind": ["sale"],
                    "amount": {"EUR": {"max": 1234}},
                }
            ]
        ),
    )
    assert play.row(play.approved(host="mastercard", _41="KIOSK001")["11"])["network"] == "mastercard"
    play.approved(host="visa", amount=1235, _41="KIOSK001")
    play.approved(host="visa")


def test_what_a_route_strips_does_not_leave(make_play, cards):
    track = cards[MASTERCARD]["track2"]
    for strip, left in (([], track.replace("=", "D")), (["track2"], None)):
        play = make_play(routing=routing(routes={"mastercard": {"strip": strip}}))
        play.asks(play.sale(MASTERCARD, _35=track, _22="901"))
        request = play.host_gets("mastercard", "0100")
        assert request.get("35") == left
        play.answers("mastercard", request, "00")
        play.terminal_gets("0210", "00")


@pytest.mark.parametrize(("pin", "code"), [("right", "000"), ("wrong", "55")])
def test_any_route_to_a_host_that_is_told_may_verify_for_the_issuer(make_play, play_class, cards, pin, code):
    hosts = dict(play_class().settings.hosts)
    keys = hosts["issuer-a"].on_us
    hosts["issuer-a"] = replace(hosts["issuer-a"], on_us=None)
    play = make_play(
        hosts=hosts,
        routing=routing(
            routes={"for-a": {"hosts": ["issuer-a"], "verify": msgspec.to_builtins(keys)}},
            rules=[{"name": "a", "route": "for-a", "bins": ["457199"]}],
        ),
    )
    entered = cards[ON_US]["pin"] if pin == "right" else "9999"
    play.asks(play.sale(ON_US, _35=cards[ON_US]["track2"], _22="901", _52=play.pin_block(ON_US, entered)))
    if pin == "right":
        request = play.host_gets("issuer-a", "1100")
        assert "52" not in request and "35" not in request
        play.answers("issuer-a", request, code)
        play.terminal_gets("0210", "00")
    else:
        advice = play.host_gets("issuer-a", "1120")
        play.terminal_gets("0210", code)
        play.answers("issuer-a", advice, "000")
        assert play.tries(ON_US) == 1


def test_new_routing_holds_for_new_requests_and_those_in_flight_keep_their_choice(play):
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    settings = replace(play.settings, routing=routing(rules=[{"name": "all", "route": "mastercard"}]))
    play.engine.reroute(Router(play.engine.router.bins, settings))
    play.approved(host="mastercard")
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")


def test_new_routing_brings_its_limits_of_health(make_play):
    play = make_play(routing=routing(**EITHER))
    settings = replace(play.settings, routing=routing(**EITHER | {"health": {"failures": 1, "pause": 3.0}}))
    play.engine.reroute(Router(play.engine.router.bins, settings))
    unanswered(play, "visa")
    assert taken_by(play, "mastercard")
    play.advance(3)
    assert taken_by(play, "visa")
