"""Setting up a sponsor and its first administrator."""

from __future__ import annotations

from uuid import UUID, uuid4

import click

from portal import tenancy
from portal.access import STAFF_ROLES
from portal.cli.opening import opened
from portal.forms.fields import EMAIL, tidy
from portal.services.accounts import changes, factors, identities, people


def words(_context: click.Context, _param: click.Parameter, value: str) -> str:
    """Return one line, trimmed; refuse none, more than its column holds, and signs that nobody sees."""
    line = tidy(value) or ""
    if not line or len(line) > 200 or not line.isprintable():
        raise click.BadParameter("Write one line of 1 to 200 characters.")
    return line


def address(_context: click.Context, _param: click.Parameter, value: str) -> str:
    """Return a mail address, trimmed; refuse what the forms refuse."""
    mail = value.strip()
    if len(mail) > 254 or not EMAIL.regex.match(mail):
        raise click.BadParameter(str(EMAIL.message))
    return mail


def said(context: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return a line, or nothing where the option was left out."""
    return None if value is None else words(context, param, value)


@click.command("add-sponsor")
@click.argument("name", callback=words)
@click.option("--contact", callback=address, required=True, help="The mail address that suppliers may ask.")
def add_sponsor(name: str, contact: str) -> None:
    """Create a sponsor and print its id."""
    with opened():
        sponsor_id = uuid4()
        with tenancy.scoped(tenancy.system(sponsor_id, "command line")):
            people.create_tenant(name=name, contact_email=contact)
        click.echo(sponsor_id)


@click.command("add-staff")
@click.argument("sponsor_id", type=click.UUID)
@click.argument("email", callback=address)
@click.option("--name", callback=words, required=True, help="The name as it is printed with signatures.")
@click.option("--title", default="", help="Title or function.")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.option("--identity-confirmed", callback=said, help="How you checked who this is; without it nobody can sign.")
@click.password_option(help="15 characters or more.")
def add_staff(
    sponsor_id: UUID, email: str, name: str, title: str, role: str, identity_confirmed: str | None, password: str
) -> None:
    """Give a person a role with a sponsor; a person who exists already keeps name and password."""
    with opened():
        with tenancy.scoped(tenancy.system(sponsor_id, "command line")):
            people.own_tenant()
            person = people.with_email(email) or people.create_person(
                email=email, printed_name=name, title=title, password=password
            )
            people.add_member(person=person, role=role)
            if identity_confirmed:
                identities.confirm(person=person, how=identity_confirmed)
        click.echo(f"{email} is {role} now.")


@click.command("end-factors")
@click.argument("sponsor_id", type=click.UUID)
@click.argument("email", callback=address)
@click.option("--because", callback=words, required=True, help="What was lost, and how you know who asks.")
def end_factors(sponsor_id: UUID, email: str, because: str) -> None:
    """Cut off the second factors that a person lost: every stay ends, the person is told, the trail says why."""
    with opened():
        with tenancy.scoped(tenancy.system(sponsor_id, "command line")):
            person = people.with_email(email)
            count = factors.cut_off(person=changes.here(person.id), reason=because) if person else 0
        click.echo(f"{email} has no second factor now; {count} were cut off." if person else f"Nobody is {email}.")
