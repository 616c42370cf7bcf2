"""Terminals: what they say, how they hide a PIN, and their connection to the switch."""
