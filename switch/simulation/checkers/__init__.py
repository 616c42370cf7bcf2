"""Judges a run by what was to be seen from outside. Imports nothing of the switch: it could not share its mistakes."""

from switch.simulation.checkers.contract import CHECKERS, check

__all__ = ["CHECKERS", "check"]
