"""The daemon floor."""
