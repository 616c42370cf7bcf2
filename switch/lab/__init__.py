"""The lab floor."""
