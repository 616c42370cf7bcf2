"""Judges a run by what was to be seen from outside. Imports nothing of the switch: it could not share its mistakes."""

from switch.simulation.checkers.contract import AT_REST, ON_THE_WAY, check, wrong_already

__all__ = ["AT_REST", "ON_THE_WAY", "check", "wrong_already"]
