"""The interface specs, one JSON file each."""
