"""The audit trail: verify, heads."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import click

from portal import config, tenancy
from portal.cli.opening import opened, tenants
from portal.services.audit import heads
from portal.services.audit.heads import Head
from portal.services.verification import records, whole
from portal.services.verification.walking import Damage

UNPROVED = "no head was kept outside, so it cannot be proved that the trail ends here"


@click.command()
@click.option(
    "--heads", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The heads that were kept outside; without it HEADS_FILE.",
)  # fmt: skip
def verify(file: Path | None) -> None:
    """Recompute every chain, signature, document and file; exit 1 and name the damage if something differs."""
    with opened() as app:
        settings: config.Config = app.extensions["portal.config"]
        said = list(heads.read(file or settings.heads_file))
        damaged = _tell(Damage(f"{file or settings.heads_file}", text) for text in said if isinstance(text, str))
        outside, known = [head for head in said if isinstance(head, Head)], tenants()
        for tenant_id, name in known:
            own = [head for head in outside if head.tenant_id == tenant_id]
            tenancy.enter(tenancy.system(tenant_id, "verify", writes=False))
            found = whole.verify(own)
            click.echo(
                f"{name}: {found.entries} entries, {found.signatures} signatures, {found.documents} documents, "
                f"{found.files} files; head {found.head}; "
                + (f"compared with {len(own)} heads kept outside" if own else UNPROVED)
            )
            damaged |= _tell(found.damages)
        ids = [tenant_id for tenant_id, _ in known]
        lost = sorted({str(head.tenant_id) for head in outside if head.tenant_id not in ids})
        damaged |= _tell(Damage(f"sponsor {lost_id}", "has a head outside, but is gone from here") for lost_id in lost)
        damaged |= _tell(_shared(ids))
    click.echo("Damage was found." if damaged else "Everything fits.")
    sys.exit(1 if damaged else 0)


def _shared(ids: Sequence[UUID]) -> list[Damage]:
    """Compare people and sponsors with their entries; look twice, as one may change in the middle of a look."""
    first = records.shared_against_trails(ids)
    again = records.shared_against_trails(ids) if first else []
    return [damage for damage in first if damage in again]


def _tell(damages: Iterable[Damage]) -> bool:
    """Print what is wrong; return whether anything is."""
    told = False
    for damage in damages:
        told = True
        click.echo(f"  DAMAGED {damage.place}: {damage.kind}")
    return told


@click.command(name="heads")
def heads_command() -> None:
    """Print the sealed head of each sponsor's trail, a line each: keep them where nobody of this machine can reach."""
    with opened():
        for tenant_id, _ in tenants():
            tenancy.enter(tenancy.system(tenant_id, "heads", writes=False))
            if (head := heads.present()) is not None:
                click.echo(head.line())
