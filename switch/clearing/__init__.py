"""The clearing floor."""
