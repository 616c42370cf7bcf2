"""BIN routing: the longest prefix wins, on strings, so that leading zeros stand."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass


class RoutingError(ValueError):
    """A BIN table that cannot be used; the message names the source, the line and what was expected."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a card number goes: `network` names the scheme (or "on-us"), `host` the link."""

    network: str
    host: str


class BinTable:
    """Routes by card number prefix, 1 to 11 digits, overlaps allowed."""

    def __init__(self, routes: dict[str, Route]) -> None:
        self._routes = routes
        self._lengths = sorted({len(prefix) for prefix in routes}, reverse=True)

    def route(self, pan: str) -> Route | None:
        """The route of the longest prefix of `pan`, None when there is none."""
        for length in self._lengths:
            route = self._routes.get(pan[:length])
            if route is not None:
                return route
        return None

    @property
    def hosts(self) -> set[str]:
        """The names of all hosts routed to."""
        return {route.host for route in self._routes.values()}

    def __len__(self) -> int:
        return len(self._routes)


def parse_bin_table(lines: Iterable[str], source: str) -> BinTable:
    """A table from CSV `prefix,network,host` with `#` comments; raises RoutingError naming `source` and the line."""
    routes: dict[str, Route] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#") or (not routes and text.startswith("prefix,")):
            continue
        row = [cell.strip() for cell in next(csv.reader([text]))]
        if len(row) != 3 or not all(row):
            raise RoutingError(f"{source}:{number}: expected prefix,network,route")
        prefix, network, host = row
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 11):
            raise RoutingError(f"{source}:{number}: expected a prefix of 1 to 11 digits")
        if prefix in routes:
            raise RoutingError(f"{source}:{number}: prefix {prefix} appears twice")
        routes[prefix] = Route(network, host)
    if not routes:
        raise RoutingError(f"{source}: expected at least one prefix")
    return BinTable(routes)
