"""The `portal` command: what an operator does, and what the Makefile calls."""

from __future__ import annotations

import click

from portal.cli import accounts, data, serve


@click.group()
def main() -> None:
    """Run and look after a CMO oversight portal."""


COMMANDS: tuple[click.Command, ...] = (*serve.COMMANDS, *data.COMMANDS, *accounts.COMMANDS)
for command in COMMANDS:
    main.add_command(command)
