from portal import tenancy
from portal.services import verification
from tests import make


def test_the_whole_story_runs_through_the_services(app, sponsor, inbox):
    case = make.closed(sponsor, {"P11-16": ("no", "")})
    with app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        found = verification.verify()
    assert found.damages == []
    assert found.signatures == 2
