"""Command-line tools around the switch: the terminal, later load, fuzz and benchmarks."""
