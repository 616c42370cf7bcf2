"""The `switch` command: every verb an operator has. Each lives in a module below, which is imported when it is used."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

# Daemons, journal and lab take most of a second to import, which nobody waits for to see one message explained.
_COMMANDS: Mapping[str, str] = {
    "build": "switch.cli_messages:build_command",
    "check": "switch.cli_processes:check",
    "clearing": "switch.cli_journal:clearing",
    "ctl": "switch.cli_processes:ctl",
    "diff": "switch.cli_messages:diff_command",
    "explain": "switch.cli_messages:explain_command",
    "hsm": "switch.cli_hsm:hsm_group",
    "issuer": "switch.cli_processes:issuer",
    "journal": "switch.cli_journal:journal",
    "keys": "switch.cli_keys:keys_group",
    "lab": "switch.cli_processes:lab",
    "node": "switch.cli_processes:node",
    "reload": "switch.cli_routing:reload",
    "route": "switch.cli_routing:route",
    "run": "switch.cli_processes:run",
    "saf": "switch.cli_saf:saf",
    "spec": "switch.cli_specs:spec_group",
}


class LazyGroup(click.Group):
    """A group whose commands are named by module and attribute, and imported when they are asked for."""

    def __init__(self, *arguments: Any, lazy: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, imported or not."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None for one that there is not."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, lazy=_COMMANDS)
@click.version_option(package_name="iso8583-switch")
def main() -> None:
    """An ISO 8583 payment switch. `switch lab` shows everything at work."""


if __name__ == "__main__":
    main()
