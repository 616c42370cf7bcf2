"""Where a payment goes: the range of its card, then the rules in order, then the first host that is well. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from switch.engine.bins import BinTable, Route, RoutingError
from switch.engine.conditions import Facts
from switch.engine.config import EngineSettings, HostSettings
from switch.engine.rules import Rule, compile_rules
from switch.engine.rulesettings import OnUs, RouteSettings

_NO_CARD = Route("", "")
# Terminals say what their category is: ten thousand of them, times the contents of the table, must not fill the memory.
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A host and what is done for the payments it gets: docs/routing.rst, "Services"."""

    host: HostSettings
    network: str
    route: str
    verify: OnUs | None = None
    strip: tuple[str, ...] = ()
    stand_in: bool = False


Choices = tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to decide for the cards of one content of the BIN table: the rules they may meet, else `own`."""

    card: Route
    own: Choices
    rules: Sequence[tuple[Rule, Choices]]


def best(choices: Choices, takes: Callable[[str], bool], failing: Callable[[str], bool]) -> Choice:
    """The first whose host takes requests and is not failing, else the first that takes them, else the first."""
    able = [choice for choice in choices if takes(choice.host.name)]
    return next((choice for choice in able if not failing(choice.host.name)), (able or choices)[0])


class Router:
    """One BIN table with the rules and routes of one configuration: never changed, only replaced as a whole."""

    def __init__(self, bins: BinTable, settings: EngineSettings) -> None:
        """Raises RoutingError for rules and routes that cannot be; hosts of the table that are not there decline."""
        self.bins = bins
        self._hosts = settings.hosts
        routing = settings.routing
        self.health = routing.health
        self._routes = {name: RouteSettings() for name in settings.hosts} | dict(routing.routes)
        for name, route in routing.routes.items():
            _check_route(name, route, settings.hosts)
        self._networks = self._networks_of_hosts()
        terminals = [settings.default_terminal, *settings.terminals.values()]
        known = {
            "route": frozenset(self._routes),
            "network": frozenset(route.network for route in bins.routes),
            "terminal_group": frozenset(terminal.group for terminal in terminals if terminal.group),
        }
        self.rules = compile_rules(routing.rules, known)
        if routing.default and routing.default not in self._routes:
            raise RoutingError(f"routing.default: expected one of {', '.join(sorted(self._routes))}")
        self._default = routing.default
        self._plans: list[Plan | None] = [None] * len(bins.contents)
        self._by_merchant: dict[tuple[int, str], Sequence[tuple[Rule, Choices]]] = {}

    @property
    def route_count(self) -> int:
        """How many routes there are, the one that each host has by itself included."""
        return len(self._routes)

    def unknown_hosts(self) -> set[str]:
        """What the table calls hosts and is neither host nor route."""
        return self.bins.hosts - self._routes.keys()

    # -- the choice

    def plan(self, pan: str) -> Plan:
        """What is left to decide for a card."""
        return self._plan(self.bins.kind(pan))

    def _plan(self, kind: int) -> Plan:
        """Made when the first payment of a card of this content comes."""
        plan = self._plans[kind]
        if plan is None:
            plan = self._plans[kind] = self._make_plan(self.bins.contents[kind])
        return plan

    def choices(self, pan: str, facts: Callable[[Route], Facts]) -> Choices:
        """The hosts that may get the payment, the first choice first; none when it has no route.

        `facts` is asked only for cards that a rule looks at.
        """
        kind = self.bins.kind(pan)
        plan = self._plan(kind)
        if plan.rules:
            found = facts(plan.card)
            rules = self._by_merchant.get((kind, found.mcc))
            for rule, choices in self._rules_for(kind, found) if rules is None else rules:
                if rule.matches(found):
                    return choices
        return plan.own

    def _rules_for(self, kind: int, facts: Facts) -> Sequence[tuple[Rule, Choices]]:
        """Those of the plan's rules that a merchant of this category may meet: worked out once for each category."""
        found = [(rule, choices) for rule, choices in self._plan(kind).rules if rule.may_match_merchant(facts)]
        if len(self._by_merchant) < _REMEMBERED:
            self._by_merchant[kind, facts.mcc] = found
        return found

    def _make_plan(self, card: Route | None) -> Plan:
        if card is None and not self._default:
            return Plan(_NO_CARD, (), ())
        name = card.host if card else self._default
        card = card or _NO_CARD
        facts = Facts(pan="", card=card)
        rules = [(rule, self._of_route(rule.route, card)) for rule in self.rules if rule.may_match(facts)]
        return Plan(card, self._of_route(name, card), rules)

    def _of_route(self, name: str, card: Route) -> Choices:
        route = self._routes.get(name)
        if route is None:
            return ()
        return tuple(self._choice(name, route, host, card) for host in route.hosts or [name])

    def _choice(self, name: str, route: RouteSettings, host: str, card: Route) -> Choice:
        settings = self._hosts[host]
        return Choice(
            host=settings,
            network=route.network or self._network(host, card),
            route=name,
            verify=route.verify or settings.on_us,
            strip=tuple(route.strip),
            stand_in=route.stand_in,
        )

    # -- networks

    def _networks_of_hosts(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for card in self.bins.routes:
            route = self._routes.get(card.host)
            if route is not None:
                first = (route.hosts or [card.host])[0]
                found.setdefault(first, set()).add(card.network)
        return found

    def _network(self, host: str, card: Route) -> str:
        """The card's network when the table sends it over this host, else the only one it sends there, else the host's
        own name."""
        networks = self._networks.get(host, set())
        if card.network in networks or len(networks) != 1:
            return card.network if card.network in networks else host
        return next(iter(networks))


def _check_route(name: str, route: RouteSettings, hosts: Mapping[str, HostSettings]) -> None:
    key = f"routing.routes.{name}"
    names = route.hosts or [name]
    if not set(names) <= hosts.keys() or len(set(names)) != len(names):
        raise RoutingError(f"{key}: hosts: expected different ones of {', '.join(sorted(hosts))}")
    # Whoever gets a verified request must be told so: the PIN is not in it any more.
    silent = [host for host in names if route.verify and not hosts[host].tells_results]
    if silent:
        raise RoutingError(f"{key}: verify: expected hosts whose dialect has a field for the result, found {silent[0]}")
