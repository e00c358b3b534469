"""Setting up a sponsor and its first administrator."""

from __future__ import annotations

from uuid import UUID, uuid4

import click

from portal import tenancy
from portal.access import STAFF_ROLES
from portal.cli.serve import opened
from portal.errors import PortalError
from portal.services.accounts import people


@click.command("add-sponsor")
@click.argument("name")
@click.option("--contact", required=True, help="The mail address that suppliers may ask.")
def add_sponsor(name: str, contact: str) -> None:
    """Create a sponsor and print its id."""
    with opened():
        sponsor_id = uuid4()
        with tenancy.scoped(tenancy.system(sponsor_id, "command line")):
            people.create_tenant(name=name, contact_email=contact)
        click.echo(sponsor_id)


@click.command("add-staff")
@click.argument("sponsor_id", type=click.UUID)
@click.argument("email")
@click.option("--name", required=True, help="The name as it is printed with signatures.")
@click.option("--title", default="", help="Title or function.")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.password_option(help="15 characters or more.")
def add_staff(sponsor_id: UUID, email: str, name: str, title: str, role: str, password: str) -> None:
    """Give a person a role with a sponsor; a person who exists already keeps name and password."""
    with opened():
        try:
            with tenancy.scoped(tenancy.system(sponsor_id, "command line")):
                people.own_tenant()
                person = people.with_email(email) or people.create_person(
                    email=email, printed_name=name, title=title, password=password
                )
                people.add_member(person=person, role=role)
        except PortalError as error:
            raise click.ClickException(error.text) from None
        click.echo(f"{email} is {role} now.")


COMMANDS = (add_sponsor, add_staff)
