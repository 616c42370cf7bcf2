"""The hsm floor."""
