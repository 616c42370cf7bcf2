"""The dialect floor."""
