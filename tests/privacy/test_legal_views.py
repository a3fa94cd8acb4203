"""The documents as anyone reads them: the present ones, those before, and what changed."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from privacy.models import Act, PolicyUpdate, UpdateAct
from tests.conftest import MoveClock
from tests.factories import ANNOUNCED, LAST_DAY, MEANWHILE, SECOND, VERSION, make_update
from tests.pages import page

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FIRST, FORMER = "2025-01-15", "2025-05-01"


@pytest.fixture(autouse=True)
def _three(db: None, moved_to: MoveClock) -> None:
    """Have two updates before the one of 28 August 2025, and one to come."""
    make_update(FIRST, announced_at=ANNOUNCED - 200 * DAY, last_day=LAST_DAY - 180 * DAY)
    make_update(FORMER, announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 80 * DAY)
    make_update()
    make_update("2025-12-01", announced_at=MEANWHILE + SECOND, last_day=LAST_DAY + 80 * DAY)
    moved_to(MEANWHILE)


def heading(client: Client, path: str) -> str:
    return next(h1.text for h1 in page(client.get(path)).all("h1") if re.search(r"\d{4}-\d\d-\d\d", h1.text))


@pytest.mark.parametrize("kind", ["terms", "privacy", "changes", "faq"])
@pytest.mark.parametrize(
    ("path", "version"), [("", VERSION), (f"{VERSION}/", VERSION), (f"{FORMER}/", FORMER), (f"{FIRST}/", FIRST)]
)
def test_document_is_the_present_one_or_the_one_asked_for(client: Client, kind: str, path: str, version: str) -> None:
    assert heading(client, f"/legal/{kind}/{path}") == f"{kind} {version} en"


def test_document_to_come_is_not_there_yet(client: Client) -> None:
    assert PolicyUpdate.objects.filter(pk="2025-12-01").exists()
    assert client.get("/legal/terms/2025-12-01/").status_code == 404


@pytest.mark.parametrize(("path", "version", "before"), [("", VERSION, FORMER), (f"{FORMER}/", FORMER, FIRST)])
def test_what_changed_is_told_from_the_version_before(client: Client, path: str, version: str, before: str) -> None:
    html = client.get(f"/legal/changes/{path}").content.decode()
    for name, kind in (("Consumer Terms", "terms"), ("Privacy Policy", "privacy")):
        assert name in page(client.get(f"/legal/changes/{path}")).text
        found = re.search(rf"<p>{kind} (.*?) en</p>", html)
        assert found is not None
        assert re.sub("<del>.*?</del>|</?ins>", "", found[1]) == version
        assert re.sub("<ins>.*?</ins>|</?del>", "", found[1]) == before


@pytest.mark.parametrize("path", ["terms/", f"changes/{FIRST}/"])
def test_only_what_changed_shows_differences_and_the_first_version_has_none(client: Client, path: str) -> None:
    assert not re.search("<ins>|<del>", client.get(f"/legal/{path}").content.decode())


@pytest.mark.parametrize(("path", "is_present"), [("", True), (f"{VERSION}/", True), (f"{FORMER}/", False)])
def test_earlier_version_says_so_and_leads_to_the_present_one(client: Client, path: str, is_present: bool) -> None:
    root = page(client.get(f"/legal/terms/{path}"))
    assert ("An earlier version" in root.text) is not is_present
    assert [link["href"] for link in root.all("a") if link.text == "The present one"] == ["/legal/terms/"] * (
        not is_present
    )
    assert ("Version 2025-08-28, announced on August 28, 2025" in root.text) is is_present


def test_every_version_that_was_announced_is_a_link_away(client: Client) -> None:
    versions = page(client.get(f"/legal/faq/{FORMER}/")).one("nav", aria_label="Versions").all("a")
    assert [link["href"] for link in versions] == [f"/legal/faq/{name}/" for name in (VERSION, FORMER, FIRST)]
    assert [link.text for link in versions if "aria-current" in link] == [FORMER]


def test_document_that_an_update_lacks_is_not_found(client: Client) -> None:
    draft = make_update("2025-09-05", announced_at=MEANWHILE, published=False)
    draft.documents.filter(kind="faq", language="en").delete()
    # No update is published without it; nothing says that none ever was.
    PolicyUpdate.objects.filter(pk=draft.pk).update(announced_at=MEANWHILE - DAY)
    UpdateAct.objects.create(
        update=draft,
        kind=Act.PUBLISHED,
        rollout_percentage=draft.rollout_percentage,
        last_day=draft.last_day,
        at=MEANWHILE,
        recorded_at=MEANWHILE,
    )
    PolicyUpdate.objects.filter(pk=draft.pk).update(published_at=MEANWHILE)
    assert client.get("/legal/terms/").status_code == 200
    assert client.get("/legal/faq/").status_code == 404
    assert client.get(f"/legal/faq/{VERSION}/").status_code == 200


def test_documents_answer_to_reading_alone(client: Client) -> None:
    assert client.head("/legal/terms/").status_code == 200
    assert client.post("/legal/terms/").status_code == 405
