"""The acts on an update where two people meet, at their bounds in time, and for updates that ask nothing."""

import re
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.leaving import close_account, erase
from accounts.models import User
from accounts.roles import ROLLOUT_MANAGER, VIEWER
from privacy import publication
from privacy.models import Act, DocumentKind, Letter, PolicyUpdate, Training, UpdateAct
from tests.conftest import MoveClock
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    VERSION,
    answer_as,
    make_update,
    make_user,
)
from tests.pages import Element, page
from tests.privacy.test_admin_updates import CHANGE, LIST, act_url, form_of, form_values, in_role, look, said, text_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
EARLY = ANNOUNCED - 8 * DAY
ACTS = ("publish", "roll_out", "last_day")


@pytest.fixture
def staff(client: Client, moved_to: MoveClock) -> Client:
    """Return the browser of a roll-out manager, before the announcement."""
    moved_to(EARLY)
    client.force_login(in_role("rory@example.com", ROLLOUT_MANAGER))
    return client


@pytest.fixture
def published(staff: Client) -> PolicyUpdate:
    """Return the update, published and to be announced."""
    draft = make_update(published=False, rollout_percentage=10)
    return publication.publish(draft, by=None, at=EARLY)


# Which acts there are


@pytest.mark.parametrize("name", ACTS)
def test_act_has_a_page_and_a_form_and_nothing_else(staff: Client, published: PolicyUpdate, name: str) -> None:
    assert staff.head(act_url(name)).status_code in {HTTPStatus.OK, HTTPStatus.FOUND}
    for method in (staff.put, staff.delete, staff.patch):
        assert method(act_url(name)).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert UpdateAct.objects.count() == 1


@pytest.mark.parametrize("name", [*ACTS, "previews"])
def test_update_that_is_not_there_is_not_found(staff: Client, published: PolicyUpdate, name: str) -> None:
    assert staff.get(act_url(name, "2000-01-01")).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("publish", "Publish"),
        ("roll_out", "Roll out further"),
        ("last_day", "Move the last day"),
        ("previews", "Preview"),
    ],
)
def test_page_of_an_act_says_what_it_is_and_leads_back(
    staff: Client, published: PolicyUpdate, name: str, title: str
) -> None:
    version = VERSION
    if name == "publish":
        version = make_update("draft", published=False, announced_at=ANNOUNCED).version
    root = page(staff.get(act_url(name, version)))
    assert title in [h1.text for h1 in root.all("h1")]
    assert f"{LIST}{version}/change/" in [link["href"] for link in root.one("div", id="content-main").all("a")]


# Two people, or two clicks


def test_second_click_after_somebody_else_has_acted_is_told_so(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("roll_out"), {"percentage": "20"}))
    assert "It is rolled out to 20%." in said(staff, staff.post(act_url("roll_out"), form))
    publication.raise_rollout(published, 30, by=in_role("other@example.com", ROLLOUT_MANAGER), at=EARLY)
    text = said(staff, staff.post(act_url("roll_out"), form))
    assert "has changed since" in text
    assert "It is rolled out to 20%." not in text


def test_who_asks_for_what_somebody_else_has_done_is_told_so(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("roll_out"), {"percentage": "20"}))
    publication.raise_rollout(published, 20, by=in_role("other@example.com", ROLLOUT_MANAGER), at=EARLY)
    assert "It is rolled out to 20%." not in said(staff, staff.post(act_url("roll_out"), form))


def test_second_click_for_another_day_is_told_so(staff: Client, published: PolicyUpdate) -> None:
    first, second = (
        form_of(staff.get(act_url("last_day"), {"last_day": day})) | {"reason": "More time."}
        for day in ("2025-10-08", "2025-10-09")
    )
    assert "The last day has moved." in said(staff, staff.post(act_url("last_day"), first))
    assert "has changed since" in said(staff, staff.post(act_url("last_day"), second))
    published.refresh_from_db()
    assert published.last_day == date(2025, 10, 8)


def test_second_click_with_something_else_is_told_so(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("last_day"), {"last_day": "2025-10-08"})) | {"reason": "More time."}
    for _time in range(2):
        assert "The last day has moved." in said(staff, staff.post(act_url("last_day"), form))
    assert "has changed since" in said(staff, staff.post(act_url("last_day"), form | {"reason": "Another."}))
    assert UpdateAct.objects.filter(kind=Act.LAST_DAY_MOVED).count() == 1


def test_second_click_on_publishing_after_another_act_of_one_s_own_is_told_so(staff: Client) -> None:
    make_update(published=False, rollout_percentage=10)
    form = form_of(staff.get(act_url("publish")))
    staff.post(act_url("publish"), form)
    staff.post(act_url("roll_out"), form_of(staff.get(act_url("roll_out"), {"percentage": "20"})))
    assert "It is published." not in said(staff, staff.post(act_url("publish"), form))


def test_second_click_is_told_from_an_act_that_was_taken_back(staff: Client, published: PolicyUpdate) -> None:
    for day in ("2025-10-08", "2025-10-09", "2025-10-08"):
        form = form_of(staff.get(act_url("last_day"), {"last_day": day})) | {"reason": "More time."}
        staff.post(act_url("last_day"), form)
    assert "The last day has moved." in said(staff, staff.post(act_url("last_day"), form))
    assert UpdateAct.objects.filter(kind=Act.LAST_DAY_MOVED).count() == 3


# Rolling out


@pytest.mark.parametrize("at", [EARLY, ANNOUNCED - SECOND, ANNOUNCED])
def test_rolling_out_before_the_announcement_counts_who_would_see_it_then(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock, at: datetime
) -> None:
    make_user("alice@example.com")
    moved_to(at)
    text = text_of(staff.get(act_url("roll_out"), {"percentage": "100"}))
    more = sum(published.bucket_of(person.principal) >= 10 for person in User.objects.all())
    assert f"At 100%, {more} more p" in text
    assert "No pop-up asks about this update now" not in text


def test_rolling_out_asks_first_and_then_says_what_it_would_do(staff: Client, published: PolicyUpdate) -> None:
    asking = page(staff.get(act_url("roll_out")))
    assert asking.all("ul", class_="errorlist") == []
    assert "Enter a percentage" not in asking.text
    box = asking.one("input", name="percentage")
    assert (box["type"], box["min"], box["max"]) == ("number", "0", "100")
    assert "It is rolled out to 10%." in asking.text

    shown = page(staff.get(act_url("roll_out"), {"percentage": "20"}))
    assert shown.one("input", type="submit", class_="default")["value"] == "Roll out to 20%"


# Moving the last day


def test_moving_the_last_day_counts_who_was_there_before_and_has_not_answered(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock
) -> None:
    for name in ("one", "two", "three"):
        make_user(f"{name}@example.com")
    make_user("new@example.com", joined_at=ANNOUNCED)
    answer_as(User.objects.get(email="one@example.com"), Training.ALLOW)
    moved_to(MEANWHILE)
    text = text_of(staff.get(act_url("last_day"), {"last_day": "2025-10-08"}))
    # The roll-out manager is one of those who were there before.
    assert "3 people who were there before the announcement have not answered, and have until then." in text
    assert "Nobody would be let through at once." in text


def test_moving_the_last_day_lets_nobody_through_whom_an_earlier_update_stops(
    staff: Client, moved_to: MoveClock
) -> None:
    earlier = ANNOUNCED - 100 * DAY
    make_update("2025-05-20", announced_at=earlier, last_day=LAST_DAY - 80 * DAY)
    make_update()
    for name in ("one", "two", "three"):
        make_user(f"{name}@example.com")
    for name in ("one", "two"):
        answer_as(User.objects.get(email=f"{name}@example.com"), Training.REFUSE, at=earlier)
    moved_to(DEADLINE)
    text = text_of(staff.get(act_url("last_day"), {"last_day": "2025-10-08"}))
    assert "2 people whom the gate stops now would be let through at once." in text


@pytest.mark.parametrize(("at", "is_announced"), [(ANNOUNCED - SECOND, False), (ANNOUNCED, True)])
def test_moving_the_last_day_says_whether_it_is_announced(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock, at: datetime, is_announced: bool
) -> None:
    moved_to(at)
    shown = staff.get(act_url("last_day"), {"last_day": "2025-10-08"})
    assert ("It is not announced yet" in text_of(shown)) is not is_announced
    assert bool(page(shown).all("input", name="tells_people")) is is_announced
    assert ("Nobody gets a letter" in text_of(shown)) is not is_announced


def test_moving_the_last_day_asks_first(staff: Client, published: PolicyUpdate) -> None:
    asking = page(staff.get(act_url("last_day")))
    assert asking.all("ul", class_="errorlist") == []
    assert asking.one("input", name="last_day")["type"] == "date"
    assert "The last day is September 28, 2025." in asking.text
    assert asking.all("textarea", name="reason") == []


def test_reason_for_moving_the_last_day_is_bounded(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("last_day"), {"last_day": "2025-10-08"}))
    assert "at most 1000 characters" in text_of(staff.post(act_url("last_day"), form | {"reason": "x" * 1001}))
    assert "The last day has moved." in said(staff, staff.post(act_url("last_day"), form | {"reason": "x" * 1000}))


# How far an update is

DRAFT, TO_COME, SHOWN = "draft", "published, not announced yet", "announced, asks nothing"
ASKING, PAST = "asking", "past its deadline"


@pytest.mark.parametrize(
    ("at", "fields", "state"),
    [
        (EARLY, {"published": False}, DRAFT),
        (DEADLINE, {"published": False}, DRAFT),
        (ANNOUNCED - SECOND, {}, TO_COME),
        (ANNOUNCED - SECOND, {"is_material": False}, TO_COME),
        (ANNOUNCED, {}, ASKING),
        (DEADLINE - SECOND, {}, ASKING),
        (DEADLINE, {}, PAST),
        (ANNOUNCED, {"is_material": False}, SHOWN),
        (DEADLINE, {"is_material": False}, SHOWN),
    ],
)
def test_state_of_an_update_is_told_on_its_pages_and_in_the_list(
    staff: Client, moved_to: MoveClock, at: datetime, fields: dict[str, Any], state: str
) -> None:
    make_update(**fields)
    moved_to(at)
    assert [cell.text for cell in page(staff.get(LIST)).all("td", class_="field-state")] == [state]
    for address in (CHANGE, act_url("previews")):
        assert f"State: {state}." in text_of(staff.get(address)), address


def test_list_of_updates_says_of_each_what_it_is(staff: Client, published: PolicyUpdate) -> None:
    table = page(staff.get(LIST)).one("table", id="result_list")
    (row,) = table.one("tbody").all("tr")
    assert [cell["class"].split()[0] for cell in row.children if isinstance(cell, Element)] == [
        *("field-version", "field-state", "field-announced_at", "field-last_day"),
        *("field-is_material", "field-rollout_percentage"),
    ]
    assert row.text == f"{VERSION} {TO_COME} August 28, 2025, 4:00 p.m. September 28, 2025 10"


# The page of an update


def test_page_of_an_update_is_called_by_its_version(staff: Client, published: PolicyUpdate) -> None:
    root = page(staff.get(CHANGE))
    assert f"Policy update {VERSION}" in [h1.text for h1 in root.all("h1")]
    assert root.one("div", id="content").all("h2")[0].text != VERSION


def test_documents_of_an_update_stand_in_the_order_of_its_form(staff: Client, published: PolicyUpdate) -> None:
    links = page(staff.get(CHANGE)).all("a")
    found = [link.text for link in links if "/preview/documents/" in link.attributes.get("href", "")]
    names = ("English", "Simplified Chinese")
    assert found == [f"{kind.label} · {name}" for name in names for kind in DocumentKind]


def test_what_was_written_is_told_apart_from_what_a_browser_only_sends_back(
    staff: Client, published: PolicyUpdate
) -> None:
    """A browser ends every line in two characters."""
    typed = {f"{kind.value}_{code}": "" for kind in DocumentKind for code in ("en", "zh_hans")}
    for text in published.documents.all():
        typed[f"{text.kind}_{text.language.replace('-', '_')}"] = text.markdown.replace("\n", "\r\n")
    typed |= {"faq_zh_hans": "我写的\r\n\r\n新的", "terms_en": ""}

    response = staff.post(CHANGE, typed)

    assert response.status_code == HTTPStatus.CONFLICT
    (box,) = page(response).all("textarea")
    assert (box.raw, box["lang"]) == ("我写的\n\n新的", "zh-hans")
    assert "Questions and answers · Simplified Chinese" in text_of(response)
    assert "Nothing was saved" in text_of(response)


def test_who_may_only_look_gets_nothing_back_of_what_they_send(client: Client, published: PolicyUpdate) -> None:
    client.force_login(in_role("viewer@example.com", VIEWER))
    assert client.post(CHANGE, {"terms_en": "Mine"}).status_code == HTTPStatus.FORBIDDEN


def test_draft_s_version_stays(staff: Client) -> None:
    draft = make_update(published=False, rollout_percentage=10)
    staff.post(CHANGE, form_values(staff) | {"version": "another", "terms_en": "Changed"})
    assert [update.pk for update in PolicyUpdate.objects.all()] == [VERSION]
    assert draft.documents.get(kind="terms", language="en").markdown == "Changed"


# The timeline


def test_timeline_says_what_each_act_changed_and_whose_it_was(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock
) -> None:
    other = in_role("other@example.com", ROLLOUT_MANAGER)
    gone = in_role("gone@example.com", ROLLOUT_MANAGER)
    publication.raise_rollout(published, 20, by=other, at=EARLY)
    publication.move_last_day(published, LAST_DAY + DAY, reason="A holiday.", by=gone, at=EARLY)
    publication.raise_rollout(published, 50, by=gone, at=EARLY)
    close_account(gone, at=EARLY)
    erase(gone.principal)

    acts = [item.text for item in page(staff.get(CHANGE)).all("ol")[-1].all("li")]

    assert [act.partition(" · ")[0] for act in acts] == [
        "Publication: 10%, last day September 28, 2025",
        "Wider roll-out: 10% → 20%",
        "Move of the last day: September 28, 2025 → September 29, 2025",
        "Wider roll-out: 20% → 50%",
    ]
    assert "a command" in acts[0]
    assert "other@example.com" in acts[1]
    assert f"an account that is gone {gone.principal}" in acts[2]
    assert "Reason: A holiday." in acts[2]
    assert not any("letter" in act for act in acts)
    assert UpdateAct.objects.filter(kind=Act.PUBLISHED).count() == 1


def test_timeline_counts_the_letters_that_were_sent(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock
) -> None:
    alice, mallory = make_user("alice@example.com"), make_user("mallory@example.com")
    moved_to(MEANWHILE)
    rory = User.objects.get(email="rory@example.com")
    acts = [
        publication.move_last_day(
            published, LAST_DAY + days * DAY, reason="Why.", by=rory, at=MEANWHILE, tells_people=True
        )
        for days in (1, 2)
    ]
    common: dict[str, Any] = {"update": published, "language": "en", "begun_at": MEANWHILE}
    Letter.objects.create(user=alice, act=acts[0], sent_at=MEANWHILE, **common)
    Letter.objects.create(user=mallory, act=acts[0], problem="SMTPServerDisconnected", **common)
    told = [item.text for item in page(staff.get(CHANGE)).all("ol")[-1].all("li")]
    assert ["1 letter sent" in act for act in told] == [False, True, False]
    assert "0 letters sent" in told[2]


# Previews


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (ANNOUNCED - SECOND, "Preview: published, and shown to people from August 28, 2025 on."),
        (ANNOUNCED, "Preview of what people see."),
    ],
)
def test_preview_says_from_when_on_people_see_it(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock, at: datetime, says: str
) -> None:
    document = reverse("admin:privacy_policyupdate_preview_document", args=[VERSION, "faq", "zh-hans", "dark"])
    moved_to(at)
    assert f"Gate · {says}" in text_of(staff.get(look("gate", "zh-hans")))
    root = page(staff.get(document))
    assert says in root.text
    assert (root.one("html")["lang"], root.one("html")["class"]) == ("zh-hans", "dark")


def test_preview_of_what_changed_looks_at_the_one_before_it(staff: Client, moved_to: MoveClock) -> None:
    make_update("2025-01-15", announced_at=ANNOUNCED - 200 * DAY, last_day=LAST_DAY - 180 * DAY)
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 80 * DAY)
    make_update()
    make_update("2025-09-05", announced_at=MEANWHILE - DAY)
    make_update("2025-11-01", announced_at=MEANWHILE + DAY, last_day=LAST_DAY + 80 * DAY)
    moved_to(MEANWHILE)
    for version, before in ((VERSION, "2025-05-01"), ("2025-11-01", "2025-09-05"), ("2025-01-15", None)):
        address = reverse("admin:privacy_policyupdate_preview_document", args=[version, "changes", "en", "light"])
        html = staff.get(address).content.decode()
        found = re.search(r"<p>terms (.*?) en</p>", html)
        assert (found is None) is (before is None), version
        if found is not None:
            assert re.sub("<del>.*?</del>|</?ins>", "", found[1]) == version
            assert re.sub("<ins>.*?</ins>|</?del>", "", found[1]) == before


@pytest.mark.parametrize("kind", [kind for kind in DocumentKind if kind is not DocumentKind.CHANGES])
def test_preview_of_what_is_not_about_changes_shows_none(
    staff: Client, published: PolicyUpdate, kind: DocumentKind
) -> None:
    make_update("2025-01-15", announced_at=EARLY - DAY)
    address = reverse("admin:privacy_policyupdate_preview_document", args=[VERSION, kind, "en", "light"])
    assert not re.search("<ins>|<del>", staff.get(address).content.decode())


def test_preview_of_a_document_that_is_missing_is_not_found_and_the_list_says_so(staff: Client) -> None:
    draft = make_update(published=False)
    draft.documents.filter(kind="faq", language="en").delete()
    address = reverse("admin:privacy_policyupdate_preview_document", args=[VERSION, "faq", "en", "light"])
    assert staff.get(address).status_code == HTTPStatus.NOT_FOUND
    text = text_of(staff.get(act_url("previews")))
    assert "English, light: missing · English, dark: missing · Simplified Chinese, light" in text
    assert text.count("missing") == 2


def test_preview_can_only_be_looked_at_by_who_may_see_updates(client: Client, published: PolicyUpdate) -> None:
    document = reverse("admin:privacy_policyupdate_preview_document", args=[VERSION, "faq", "en", "light"])
    client.force_login(make_user("staff@example.com", is_staff=True))
    for address in (act_url("previews"), look("gate"), document):
        assert client.get(address).status_code == HTTPStatus.FORBIDDEN


def test_preview_answers_to_reading_alone(staff: Client, published: PolicyUpdate) -> None:
    document = reverse("admin:privacy_policyupdate_preview_document", args=[VERSION, "faq", "en", "light"])
    for address in (act_url("previews"), look("gate"), document):
        assert staff.get(address).status_code == HTTPStatus.OK
        assert staff.post(address).status_code == HTTPStatus.METHOD_NOT_ALLOWED


# The draft's form


@pytest.mark.parametrize("is_there", [True, False])
def test_form_of_a_draft_has_each_document_in_its_language(staff: Client, is_there: bool) -> None:
    if is_there:
        make_update(published=False)
    root = page(staff.get(CHANGE if is_there else f"{LIST}add/"))
    boxes = {box["name"]: box for box in root.all("textarea")}
    assert list(boxes) == [f"{kind.value}_{code}" for code in ("en", "zh_hans") for kind in DocumentKind]
    labels = {label["for"]: label.text for label in root.all("label") if "for" in label}
    for kind in DocumentKind:
        for code, language, name in (("en", "en", "English"), ("zh_hans", "zh-hans", "Simplified Chinese")):
            box = boxes[f"{kind.value}_{code}"]
            assert (box["lang"], box["spellcheck"], box["rows"]) == (language, "true", "16")
            assert labels[box["id"]] == f"{kind.label} · {name}:"
            assert bool(box.raw.strip()) is is_there
    assert root.text.count("Placeholders are filled in from the update: {allow_retention}, ") == 2
    heads = [h2.text for h2 in root.all("h2")]
    for title in ("What a choice does", "“Not now”, and reminders", "Documents: English"):
        assert title in heads
    named = {box.attributes.get("name") for box in root.all("input") if box.attributes.get("type") != "hidden"}
    assert ("version" in named) is not is_there
    assert named >= {
        *("announced_at_0", "last_day", "is_material", "rollout_percentage", "allow_retention_years"),
        *("refuse_retention_days", "short_deferrals", "short_deferral_days", "long_deferral_days", "reminder_days"),
    }


def test_page_of_what_is_published_tells_its_settings_and_when_it_was(staff: Client, published: PolicyUpdate) -> None:
    text = text_of(staff.get(CHANGE))
    for told in ("What a choice does", "“Not now”, and reminders", "Documents", "August 20, 2025, 4:00 p.m."):
        assert told in text, told
    assert "Placeholders are filled in" not in text


def test_documents_are_stored_as_they_were_typed_but_for_the_ends_of_lines(staff: Client) -> None:
    draft = make_update(published=False, rollout_percentage=10)
    staff.post(CHANGE, form_values(staff) | {"terms_en": "  # Terms \r\n\r\n"})
    assert draft.documents.get(kind="terms", language="en").markdown == "  # Terms \n\n"
    assert draft.documents.count() == 8


def test_unknown_placeholders_are_told_together_with_those_there_are(staff: Client) -> None:
    make_update(published=False, rollout_percentage=10)
    text = text_of(staff.post(CHANGE, form_values(staff) | {"terms_en": "{lastday} {what}"}))
    assert re.search(r"There is no placeholder \{lastday\}, \{what\}\. There are: \{allow_retention\}, \{", text)


def test_saving_or_deleting_a_draft_touches_no_other(staff: Client) -> None:
    draft = make_update(published=False, rollout_percentage=10)
    make_update("2025-12-01", published=False, announced_at=ANNOUNCED + 90 * DAY, last_day=LAST_DAY + 90 * DAY)
    before = publication.fingerprint(PolicyUpdate.objects.get(pk="2025-12-01"))

    response = staff.post(CHANGE, form_values(staff) | {"terms_en": "Mine", "refuse_retention_days": "20"})

    assert response.status_code == HTTPStatus.FOUND
    draft.refresh_from_db()
    assert (draft.refuse_retention_days, draft.documents.get(kind="terms", language="en").markdown) == (20, "Mine")
    assert publication.fingerprint(PolicyUpdate.objects.get(pk="2025-12-01")) == before
    staff.post(f"{LIST}{VERSION}/delete/", {"post": "yes"})
    assert [update.pk for update in PolicyUpdate.objects.all()] == ["2025-12-01"]
