"""The `switch-terminal` command."""

import click


@click.group()
def main() -> None:
    """A terminal simulator."""
