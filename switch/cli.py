"""The `switch` command."""

import click


@click.group()
@click.version_option(package_name="iso8583-switch")
def main() -> None:
    """An ISO 8583 payment switch."""
