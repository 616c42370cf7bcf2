"""BIN routing, by the names the rest of the house uses. docs/routing.rst describes files, rules and services."""

from switch.engine.binfile import parse_bin_table
from switch.engine.bins import BinTable, Route, RoutingError

__all__ = ["BinTable", "Route", "RoutingError", "parse_bin_table"]
