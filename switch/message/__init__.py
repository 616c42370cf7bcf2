"""The message floor."""
