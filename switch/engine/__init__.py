"""The engine floor."""
