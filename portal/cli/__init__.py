"""The `portal` command: what an operator does, and what the Makefile calls."""

from __future__ import annotations

from collections.abc import Mapping
from pkgutil import resolve_name

import click

# Each is loaded when it is named, so that the demo does not wait for the tools of the others.
COMMANDS: Mapping[str, str] = {
    "demo": "portal.cli.serve:demo_command",
    "serve": "portal.cli.serve:serve_command",
    "worker": "portal.cli.worker:worker_command",
    "migrate": "portal.cli.data:migrate",
    "verify": "portal.cli.trail:verify",
    "heads": "portal.cli.trail:heads_command",
    "sweep": "portal.cli.data:sweep",
    "doctor": "portal.cli.data:doctor",
    "score": "portal.cli.data:score_command",
    "matrix": "portal.cli.data:matrix",
    "add-sponsor": "portal.cli.accounts:add_sponsor",
    "add-staff": "portal.cli.accounts:add_staff",
    "end-factors": "portal.cli.accounts:end_factors",
}


class Commands(click.Group):
    """Finds a command by its name in the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click hands it over
        """Return the names in the order of the table, which is that of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        """Return the command of that name, if there is one."""
        place = COMMANDS.get(cmd_name)
        return resolve_name(place) if place else None


@click.command(cls=Commands)
def main() -> None:
    """Run and look after a CMO oversight portal."""
