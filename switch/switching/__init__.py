"""The switching floor."""
