"""Rules and routes: a table of payments and where they go, and every configuration that cannot be."""

import msgspec
import pytest

from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.visa import VisaDialect
from switch.engine import router as routers
from switch.engine.binfile import parse_bin_table
from switch.engine.bins import RoutingError
from switch.engine.conditions import Facts
from switch.engine.config import EngineSettings, HostSettings, TerminalSettings
from switch.engine.router import Router
from switch.engine.rulesettings import OnUs, RoutingSettings

BINS = """prefix,network,host,country,product,funding
4,visa,visa,US,classic,credit
41,visa,visa,DE,gold,debit
5,mastercard,mastercard,FR,,
457199,on-us,issuer-a,DE,gold,debit
6,maestro,mastercard,,,
"""
VERIFY = {"pvk": "U" + "0" * 32, "cvk": "U" + "0" * 32}
HOSTS = {
    "visa": HostSettings("visa", VisaDialect()),
    "mastercard": HostSettings("mastercard", MastercardDialect()),
    "issuer-a": HostSettings("issuer-a", Iso1993Dialect(), on_us=OnUs(**VERIFY)),
}
TERMINAL = TerminalSettings(tpk="")
ROUTES = {
    "both": {"hosts": ["visa", "mastercard"]},
    "other": {"hosts": ["mastercard", "visa"], "network": "partner", "strip": ["eci", "cvv2"], "stand_in": True},
}


def router(*rules, bins=BINS, **routing):
    settings = msgspec.convert({"routes": ROUTES, "rules": list(rules), **routing}, RoutingSettings)
    kiosk = msgspec.structs.replace(TERMINAL, group="kiosk")
    engine = EngineSettings(hosts=HOSTS, default_terminal=TERMINAL, terminals={"T1": kiosk}, routing=settings)
    return Router(parse_bin_table(bins.splitlines(), "bins"), engine)


def go(router, pan, **facts):
    """Hosts in order, and the network of the first."""
    choices = router.choices(pan.ljust(16, "0"), lambda card: Facts(pan=pan.ljust(16, "0"), card=card, **facts))
    return [choice.host.name for choice in choices], choices[0].network if choices else ""


def test_without_rules_the_table_decides():
    plain = router()
    assert go(plain, "4") == (["visa"], "visa")
    assert go(plain, "457199") == (["issuer-a"], "on-us")
    assert go(plain, "6") == (["mastercard"], "maestro")
    assert go(plain, "9") == ([], "")
    assert plain.choices("4" * 16, None)[0].host.name == "visa"  # and asks for nothing


@pytest.mark.parametrize(
    ("rule", "met", "missed"),
    [
        ({"network": ["visa"]}, ("4", {}), ("5", {})),
        ({"product": ["gold"]}, ("41", {}), ("4", {})),
        ({"funding": ["debit", "prepaid"]}, ("41", {}), ("5", {})),
        ({"card_country": ["FRA", "276"]}, ("41", {}), ("40", {})),
        ({"bins": ["4111", "5000-5099"]}, ("5099999", {}), ("51", {})),
        ({"bins": ["4111", "5000-5099"]}, ("4111", {}), ("4112", {})),
        ({"mcc": ["5411", "5500-5599"]}, ("4", {"mcc": "5599"}), ("4", {"mcc": "5600"})),
        ({"mcc": ["5411", "5500-5599"]}, ("4", {"mcc": "5411"}), ("4", {"mcc": ""})),
        ({"currency": ["EUR", "840"]}, ("4", {"currency": "978"}), ("4", {"currency": "826"})),
        ({"country": ["DE"]}, ("4", {"country": "276"}), ("4", {"country": "250"})),
        ({"terminal_group": ["kiosk"]}, ("4", {"terminal_group": "kiosk"}), ("4", {})),
        ({"kind": ["refund"]}, ("4", {"kind": "refund"}), ("4", {"kind": "sale"})),
        ({"amount": {"EUR": {"min": 100}}}, ("4", {"amount": 100, "currency": "978"}), ("4", {"amount": 99})),
        (
            {"amount": {"978": {"max": 100}}},
            ("4", {"amount": 100, "currency": "978"}),
            ("4", {"amount": 101, "currency": "978"}),
        ),
        (
            {"amount": {"EUR": {"max": 100}}},
            ("4", {"amount": 0, "currency": "978"}),
            ("4", {"amount": 50, "currency": "840"}),
        ),
        ({"network": ["visa"], "mcc": ["5411"]}, ("4", {"mcc": "5411"}), ("5", {"mcc": "5411"})),
        ({}, ("5", {}), ("9", {})),
    ],
)
def test_a_rule_is_met_when_all_it_names_is_so(rule, met, missed):
    ruled = router({"name": "r", "route": "other", **rule})
    assert go(ruled, met[0], **met[1]) == (["mastercard", "visa"], "partner")
    assert go(ruled, missed[0], **missed[1])[1] != "partner"


def test_rules_by_category_take_a_bounded_room_for_all_cards_and_hold_past_it(monkeypatch):
    monkeypatch.setattr(routers, "_REMEMBERED", 5)
    made = router({"name": "odd", "route": "mastercard", "mcc": ["5411-5413"]})
    for _ in range(2):
        for mcc in map(str, range(5408, 5418)):
            for pan in ("4111111111111111", "5555555555554444"):
                expected = "mastercard" if pan[0] == "5" or 5411 <= int(mcc) <= 5413 else "visa"
                assert go(made, pan, mcc=mcc)[0] == [expected]
    assert len(made._by_merchant) == 5


def test_the_first_rule_that_is_met_decides():
    ruled = router(
        {"name": "dear", "route": "issuer-a", "amount": {"EUR": {"min": 1000}}},
        {"name": "food", "route": "other", "mcc": ["5411"]},
    )
    assert go(ruled, "4", mcc="5411", amount=1000, currency="978")[0] == ["issuer-a"]
    assert go(ruled, "4", mcc="5411", amount=999, currency="978")[0] == ["mastercard", "visa"]
    assert go(ruled, "4", mcc="5412", amount=999, currency="978")[0] == ["visa"]


def test_the_network_is_the_cards_where_the_table_sends_it_there_else_the_hosts():
    ruled = router({"name": "r", "route": "both", "mcc": ["5411"]})
    choices = ruled.choices("6" * 16, lambda card: Facts(pan="6" * 16, card=card, mcc="5411"))
    assert [(choice.host.name, choice.network) for choice in choices] == [("visa", "visa"), ("mastercard", "maestro")]


def test_a_table_may_name_a_route_and_a_route_may_take_the_place_of_a_host():
    ruled = router(bins="4,visa,visa\n5,mastercard,both", routes={**ROUTES, "visa": {"hosts": ["visa", "mastercard"]}})
    assert go(ruled, "4") == (["visa", "mastercard"], "visa")
    assert go(ruled, "5")[0] == ["visa", "mastercard"]


def test_a_default_route_takes_cards_that_no_range_has():
    assert go(router(default="both"), "9") == (["visa", "mastercard"], "visa")


def test_services_come_with_the_choice():
    (choice, _) = router({"name": "r", "route": "other"}).choices("4" * 16, lambda card: Facts(pan="4" * 16, card=card))
    assert (choice.strip, choice.stand_in, choice.verify) == (("eci", "cvv2"), True, None)
    assert router().choices("457199".ljust(16, "0"), None)[0].verify is not None


R = {"name": "r", "route": "both"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rules": [{"name": "r", "route": "amex"}]}, "routing.rules: r: route: expected one of both, issuer-a, "),
        ({"rules": [{"name": "", "route": "both"}]}, "routing.rules: expected a name of its own for each"),
        ({"rules": [R | {"mcc": ["5411"]}, R]}, "routing.rules: expected a name of its own for each"),
        ({"rules": [R | {"mcc": []}]}, "routing.rules: r: mcc: expected at least one"),
        ({"rules": [R | {"mcc": ["541"]}]}, "routing.rules: r: mcc: expected 4 digits"),
        ({"rules": [R | {"mcc": ["5500-5400"]}]}, "routing.rules: r: mcc: expected digits, or two numbers"),
        ({"rules": [R | {"bins": ["41-4"]}]}, "routing.rules: r: bins: expected digits, or two numbers"),
        ({"rules": [R | {"bins": ["4x"]}]}, "routing.rules: r: bins: expected digits"),
        ({"rules": [R | {"country": ["XX"]}]}, "routing.rules: r: country: expected ISO 3166-1 codes"),
        ({"rules": [R | {"card_country": [""]}]}, "routing.rules: r: card_country: expected ISO 3166-1 codes"),
        ({"rules": [R | {"currency": ["XXQ"]}]}, "routing.rules: r: currency: expected ISO 4217 codes"),
        ({"rules": [R | {"amount": {"EUR": {"min": 2, "max": 1}}}]}, "routing.rules: r: amount: expected a max"),
        ({"rules": [R | {"amount": {"EUR": {"min": -1}}}]}, "routing.rules: r: amount: expected a max"),
        (
            {"rules": [R | {"amount": {"EUR": {}}, "currency": ["USD"]}]},
            "routing.rules: r: amount: expected bounds in a currency that the rule allows",
        ),
        ({"rules": [R | {"network": ["diners"]}]}, "routing.rules: r: network: expected among maestro, mastercard"),
        ({"rules": [R | {"kind": ["gift"]}]}, "routing.rules: r: kind: expected among "),
        ({"rules": [R | {"terminal_group": ["x"]}]}, "routing.rules: r: terminal_group: expected among kiosk"),
        ({"routes": {"x": {"hosts": ["nowhere"]}}}, "routing.routes.x: hosts: expected different ones of"),
        ({"routes": {"x": {}}}, "routing.routes.x: hosts: expected different ones of"),
        ({"routes": {"x": {"hosts": ["visa", "visa"]}}}, "routing.routes.x: hosts: expected different ones of"),
        (
            {"routes": {"x": {"hosts": ["issuer-a", "visa"], "verify": VERIFY}}},
            "routing.routes.x: verify: expected hosts whose dialect has a field for the result, found visa",
        ),
        ({"default": "nowhere"}, "routing.default: expected one of"),
    ],
)
def test_what_cannot_be_is_an_error_by_name(settings, message):
    settings = dict(settings)
    with pytest.raises(RoutingError) as caught:
        router(*settings.pop("rules", ()), **settings)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("first", "second", "hidden"),
    [
        ({}, {"mcc": ["5411"]}, True),
        ({"mcc": ["5400-5499"]}, {"mcc": ["5411"], "country": ["DE"]}, True),
        ({"mcc": ["5411"]}, {"mcc": ["5411", "5412"]}, False),
        ({"mcc": ["5411"], "country": ["DE"]}, {"mcc": ["5411"]}, False),
        ({"amount": {"EUR": {"min": 10}}}, {"amount": {"978": {"min": 10, "max": 20}}}, True),
        ({"amount": {"EUR": {"max": 10}}}, {"amount": {"EUR": {"max": 11}}}, False),
        ({"amount": {"EUR": {"max": 10}}}, {"amount": {"EUR": {"min": 5}}}, False),
        ({"amount": {"EUR": {}}}, {"amount": {"EUR": {}, "USD": {}}}, False),
        ({"bins": ["41"]}, {"bins": ["4111", "4100-4110"]}, True),
        ({"bins": ["4111"]}, {"bins": ["41"]}, False),
        ({"network": ["visa"]}, {"network": ["visa"], "product": ["gold"]}, True),
    ],
)
def test_a_rule_that_an_earlier_one_takes_whole_can_never_match(first, second, hidden):
    rules = [{"name": "a", "route": "both", **first}, {"name": "b", "route": "other", **second}]
    if hidden:
        with pytest.raises(RoutingError, match=r"routing\.rules: b: can never match: a in front of it takes all of it"):
            router(*rules)
    else:
        assert len(router(*rules).rules) == 2
