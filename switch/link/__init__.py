"""The link floor."""
