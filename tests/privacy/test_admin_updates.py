"""Policy updates in the admin: the draft, its previews, and the acts, as staff meet them."""

import re
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import ROLLOUT_MANAGER, VIEWER
from privacy import publication
from privacy.admin.previews import PLACES
from privacy.models import (
    Act,
    ConsentRecord,
    DocumentKind,
    Letter,
    Notice,
    PolicyDocument,
    PolicyUpdate,
    Training,
    UpdateAct,
)
from tests.conftest import MoveClock
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    VERSION,
    answer_as,
    make_update,
    make_user,
)
from tests.pages import Element, page

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LIST = "/admin/privacy/policyupdate/"
CHANGE = f"{LIST}{VERSION}/change/"
LANGUAGES = ("en", "zh_hans")
SETTINGS = {
    "version": VERSION,
    "announced_at_0": "2025-08-28",
    "announced_at_1": "16:00:00",
    "last_day": "2025-09-28",
    "is_material": "on",
    "rollout_percentage": "10",
    "allow_retention_years": "5",
    "refuse_retention_days": "30",
    "short_deferrals": "2",
    "short_deferral_days": "1",
    "long_deferral_days": "7",
    "coverage_reading": "conversation",
    "reminder_days": "14, 7, 1",
}
DOCUMENTS = {f"{kind.value}_{code}": f"# {kind.value} {code}" for kind in DocumentKind for code in LANGUAGES}
EARLY = ANNOUNCED - 8 * DAY


def in_role(email: str, role: str) -> User:
    user = make_user(email, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def rory(db: None) -> User:
    """Return a roll-out manager."""
    return in_role("rory@example.com", ROLLOUT_MANAGER)


@pytest.fixture
def staff(client: Client, rory: User, moved_to: MoveClock) -> Client:
    """Return the browser of a roll-out manager, before the announcement."""
    moved_to(EARLY)
    client.force_login(rory)
    return client


@pytest.fixture
def draft(db: None) -> PolicyUpdate:
    return make_update(published=False, rollout_percentage=10)


def act_url(name: str, version: str = VERSION) -> str:
    return reverse(f"admin:privacy_policyupdate_{name}", args=[version])


def text_of(response: Any) -> str:
    return page(response).text


def form_of(response: Any) -> dict[str, str]:
    """Return what the act's form would send as it stands."""
    root: Element = page(response)
    (form,) = [form for form in root.all("form", method="post") if "action" not in form]
    fields = [field for field in form.all("input") if field.attributes.get("type") != "submit"]
    values = {field["name"]: field.attributes.get("value", "") for field in fields if "name" in field}
    return {name: value for name, value in values.items() if name not in {"csrfmiddlewaretoken", "tells_people"}}


def said(client: Client, response: Any) -> str:
    """Return what the page says to which an act leads."""
    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"] == CHANGE
    (messages,) = page(client.get(CHANGE)).all("ul", class_="messagelist")
    return messages.text


# Drafts


def test_draft_is_made_with_its_documents(staff: Client) -> None:
    response = staff.post(f"{LIST}add/", SETTINGS | DOCUMENTS)

    assert response.status_code == HTTPStatus.FOUND
    draft = PolicyUpdate.objects.get()
    assert (draft.last_day, draft.rollout_percentage, draft.reminders) == (LAST_DAY, 10, (14, 7, 1))
    assert draft.announced_at == ANNOUNCED
    assert draft.published_at is None
    texts = draft.documents.values_list("kind", "language", "markdown")
    assert {f"{kind}_{language.replace('-', '_')}": text for kind, language, text in texts} == DOCUMENTS


def test_draft_may_lack_documents_and_keeps_those_it_has(staff: Client) -> None:
    staff.post(f"{LIST}add/", SETTINGS | {"terms_en": "# Terms"})
    changed = form_values(staff) | {"terms_en": "", "faq_zh_hans": "# 问答\r\n\r\n好"}
    staff.post(CHANGE, changed)
    assert list(PolicyDocument.objects.values_list("kind", "language", "markdown")) == [
        ("faq", "zh-hans", "# 问答\n\n好")
    ]


def form_values(client: Client) -> dict[str, str]:
    """Return what the draft's form would send as it stands."""
    root = page(client.get(CHANGE))
    values = {box["name"]: box.attributes.get("value", "") for box in root.all("input") if "name" in box}
    values |= {box["name"]: box.raw.removeprefix("\n") for box in root.all("textarea")}
    kept = {name: values[name] for name in (*SETTINGS, *DOCUMENTS, "seen") if name in values}
    return kept | {"coverage_reading": "conversation", "is_material": "on"}


def test_unknown_placeholder_is_told_where_it_stands_and_nothing_typed_is_lost(staff: Client) -> None:
    wrong = DOCUMENTS | {"faq_en": "By {lastday}, {product}."}

    response = staff.post(f"{LIST}add/", SETTINGS | wrong)

    assert response.status_code == HTTPStatus.OK
    assert "There is no placeholder {lastday}. There are: {allow_retention}," in text_of(response)
    typed = {box["name"]: box.raw.removeprefix("\n") for box in page(response).all("textarea")}
    assert typed == wrong
    assert not PolicyUpdate.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("reminder_days", "7, 14", "Begin with the earliest reminder"),
        ("reminder_days", "14, soon", "Write whole days with commas between them"),
        ("reminder_days", "14, -1", "Write whole days with commas between them"),
        ("reminder_days", "7, 7", "Begin with the earliest reminder"),
        ("last_day", "2025-08-26", "The last day has ended before the announcement."),
        ("last_day", "9999-12-31", "The last day is more than 5 years after the announcement."),
        ("announced_at_0", "0001-01-01", "Ensure this value is greater than or equal to 2000-01-01"),
        ("announced_at_0", "9999-12-31", "Ensure this value is less than or equal to 2900-01-01"),
        ("allow_retention_years", "9999", "Ensure this value is less than or equal to 100."),
        ("allow_retention_years", "0", "Ensure this value is greater than or equal to 1."),
        ("refuse_retention_days", "99999", "Ensure this value is less than or equal to 36500."),
        ("long_deferral_days", "32767", "Ensure this value is less than or equal to 365."),
        ("rollout_percentage", "101", "Ensure this value is less than or equal to 100."),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_wrong_setting_is_told(staff: Client, rory: User, field: str, value: str, message: str, zone: str) -> None:
    User.objects.filter(pk=rory.pk).update(time_zone=zone)
    assert message in text_of(staff.post(f"{LIST}add/", SETTINGS | {field: value}))
    assert not PolicyUpdate.objects.exists()


def test_draft_that_someone_else_saved_is_not_overwritten_unknowingly(staff: Client, draft: PolicyUpdate) -> None:
    mine = form_values(staff) | {"terms_en": "Mine"}
    draft.documents.filter(kind="terms", language="en").update(markdown="Theirs")

    response = staff.post(CHANGE, mine)

    assert "Someone else has saved this draft" in text_of(response)
    assert draft.documents.get(kind="terms", language="en").markdown == "Theirs"
    assert "Mine" in response.content.decode()

    again = page(response).one("input", name="seen")["value"]
    assert staff.post(CHANGE, mine | {"seen": again}).status_code == HTTPStatus.FOUND
    assert draft.documents.get(kind="terms", language="en").markdown == "Mine"


def test_draft_published_while_it_was_edited_gives_back_what_was_written(staff: Client, draft: PolicyUpdate) -> None:
    mine = form_values(staff) | {"terms_en": "What I had written"}
    publication.publish(draft, by=None, at=EARLY)

    response = staff.post(CHANGE, mine)

    assert response.status_code == HTTPStatus.CONFLICT
    assert [box.raw for box in page(response).all("textarea")] == ["What I had written"]
    assert draft.documents.get(kind="terms", language="en").markdown.startswith("# terms")


def test_draft_can_be_deleted_and_what_is_published_can_not(staff: Client, draft: PolicyUpdate) -> None:
    publication.publish(draft, by=None, at=EARLY)
    assert staff.post(f"{LIST}{VERSION}/delete/", {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    make_update("another", published=False)
    assert staff.post(f"{LIST}another/delete/", {"post": "yes"}).status_code == HTTPStatus.FOUND
    assert [update.pk for update in PolicyUpdate.objects.all()] == [VERSION]


def test_published_update_can_only_be_read(staff: Client, draft: PolicyUpdate) -> None:
    publication.publish(draft, by=None, at=EARLY)
    root = page(staff.get(CHANGE))
    assert root.all("textarea") == []
    assert [box["name"] for box in root.all("input") if box.attributes.get("type") not in {"hidden", "search"}] == []
    assert len([link for link in root.all("a") if "/preview/documents/" in link.attributes.get("href", "")]) == 8


# Previews


def look(place: str, language: str = "en", theme: str = "light", version: str = VERSION) -> str:
    return reverse("admin:privacy_policyupdate_preview", args=[version, place, language, theme])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("place", PLACES)
def test_preview_shows_the_question_as_people_get_it_and_leaves_nothing(
    staff: Client, draft: PolicyUpdate, alice: User, moved_to: MoveClock, place: str, language: str, theme: str
) -> None:
    response = staff.get(look(place, language, theme))

    root = page(response)
    assert (root.one("html")["lang"], root.one("html")["class"]) == (language, theme)
    assert not ConsentRecord.objects.exists()
    assert not Notice.objects.exists()
    policy = response["Content-Security-Policy"]
    assert "form-action 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert [box["value"] for box in root.all("input", name="token")] == [""] * len(root.all("input", name="token"))
    shown = root.one("section", id="question").text

    # What people get once it is published, where it stands for them.
    publication.publish(draft, by=None, at=EARLY)
    publication.raise_rollout(draft, 100, by=None, at=EARLY)
    someone, at = {
        "sign-up": (make_user("new@example.com", joined_at=ANNOUNCED, language=language), ANNOUNCED),
        "gate": (alice, DEADLINE),
    }.get(place, (alice, ANNOUNCED))
    User.objects.filter(pk=someone.pk).update(language=language)
    moved_to(at)
    browser = Client()
    browser.force_login(someone)
    address = {"settings": "/privacy/settings/", "pop-up": "/chats/"}.get(place, "/privacy/question/")
    assert page(browser.get(address)).one("section", id="question").text == shown


def test_preview_says_what_it_is(staff: Client, draft: PolicyUpdate, moved_to: MoveClock) -> None:
    assert "Gate · Preview of a draft: nobody sees this yet." in text_of(staff.get(look("gate")))
    publication.publish(draft, by=None, at=EARLY)
    assert "published, and shown to people from August 28, 2025 on." in text_of(staff.get(look("gate")))
    moved_to(MEANWHILE)
    assert "Preview of what people see." in text_of(staff.get(look("gate")))


def test_what_a_preview_would_send_is_refused(staff: Client, draft: PolicyUpdate, moved_to: MoveClock) -> None:
    response = staff.post("/privacy/answer/", {"token": "", "training": "allow", "terms": "on"})
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", DocumentKind)
def test_draft_s_documents_can_be_read_where_its_question_leads(
    staff: Client, draft: PolicyUpdate, kind: DocumentKind, language: str
) -> None:
    make_update("2025-01-15", announced_at=EARLY - DAY, is_material=False)
    links = page(staff.get(look("gate", language))).one("section", id="question").all("a")
    (address,) = [link["href"] for link in links if f"/documents/{kind.value}/" in link["href"]]

    response = staff.get(address)

    assert f"{kind.value} {VERSION} {language}" in text_of(response)
    assert staff.get(f"/legal/{kind.value}/{VERSION}/").status_code == HTTPStatus.NOT_FOUND
    assert ("2025-01-15" in text_of(response)) is (kind is DocumentKind.CHANGES)


@pytest.mark.parametrize("address", [look("nowhere"), look("gate", "de"), look("gate", "en", "pink")])
def test_preview_of_what_there_is_not_is_not_found(staff: Client, draft: PolicyUpdate, address: str) -> None:
    assert staff.get(address).status_code == HTTPStatus.NOT_FOUND


def test_update_that_asks_nothing_has_no_question_to_look_at(staff: Client) -> None:
    make_update(published=False, is_material=False)
    assert staff.get(look("gate")).status_code == HTTPStatus.NOT_FOUND
    assert "It is not material" in text_of(staff.get(act_url("previews")))


# Publishing


def test_publishing_says_whom_it_asks_and_when_and_leaves_a_row(
    staff: Client, rory: User, draft: PolicyUpdate, alice: User
) -> None:
    make_user("persona@example.com", is_persona=True)
    shown = staff.get(act_url("publish"))
    text = text_of(shown)
    assert "The last day to answer is September 28, 2025, anywhere on Earth." in text
    assert "September 29, 2025, 12:00 p.m. (UTC)" in text
    assert "From the announcement on, 10% of those who were there before see the pop-up." in text
    assert "Free 2 Pro 0 Max 0 In all 2" in text
    draft.refresh_from_db()
    assert draft.published_at is None, "opening the page publishes nothing"

    response = staff.post(act_url("publish"), form_of(shown))

    assert "It is published." in said(staff, response)
    act = UpdateAct.objects.get()
    assert (act.kind, act.actor, act.at, act.rollout_percentage) == (Act.PUBLISHED, rory.principal, EARLY, 10)
    assert timezone.now() - act.recorded_at < timedelta(minutes=1)
    text = text_of(staff.get(CHANGE))
    assert "Publication: 10%, last day September 28, 2025" in text
    assert "rory@example.com" in text


def test_draft_that_is_not_ready_says_all_that_is_missing(staff: Client, draft: PolicyUpdate) -> None:
    draft.documents.filter(language="zh-hans").delete()
    draft.documents.filter(kind="faq").update(markdown="By {lastday}")
    shown = staff.get(act_url("publish"))
    assert [item.text for item in page(shown).one("ul", class_="errorlist").all("li")] == [
        *(f"Missing: {kind.label}, Simplified Chinese." for kind in DocumentKind),
        "Questions and answers, English: there is no placeholder {lastday}.",
    ]
    assert page(shown).all("input", type="submit") == []
    response = staff.post(act_url("publish"), {"seen": publication.fingerprint(draft)})
    assert "Missing: Consumer Terms, Simplified Chinese." in said(staff, response)
    assert not UpdateAct.objects.exists()


def test_publishing_twice_by_two_clicks_is_publishing_once(staff: Client, draft: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("publish")))
    for _click in range(2):
        assert "It is published." in said(staff, staff.post(act_url("publish"), form))
    assert UpdateAct.objects.count() == 1


def test_draft_that_changed_since_its_page_was_opened_is_not_published(staff: Client, draft: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("publish")))
    draft.documents.filter(kind="terms", language="en").update(markdown="Nobody has read this")
    assert "has changed since that page was opened" in said(staff, staff.post(act_url("publish"), form))
    draft.refresh_from_db()
    assert draft.published_at is None


def test_who_acts_second_is_told_so(staff: Client, draft: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("publish")))
    publication.publish(draft, by=in_role("other@example.com", ROLLOUT_MANAGER), at=EARLY)
    assert "has changed since that page was opened" in said(staff, staff.post(act_url("publish"), form))
    assert "It is published already." in said(staff, staff.get(act_url("publish")))


# Rolling out


@pytest.fixture
def published(staff: Client, draft: PolicyUpdate, moved_to: MoveClock) -> PolicyUpdate:
    """Return the update, published and announced, with five people who were there before."""
    publication.publish(draft, by=None, at=EARLY)
    for number in range(4):
        make_user(f"person{number}@example.com")
    moved_to(MEANWHILE)
    return draft


def test_rolling_out_further_counts_who_would_see_it(staff: Client, rory: User, published: PolicyUpdate) -> None:
    people = User.objects.all()
    more = sum(10 <= published.bucket_of(person.principal) < 60 for person in people)
    shown = staff.get(act_url("roll_out"), {"percentage": "60"})
    assert f"At 60%, {more} more " in text_of(shown)
    assert "Each of them was counted." in text_of(shown)
    published.refresh_from_db()
    assert published.rollout_percentage == 10

    response = staff.post(act_url("roll_out"), form_of(shown))

    assert "It is rolled out to 60%." in said(staff, response)
    published.refresh_from_db()
    assert published.rollout_percentage == 60
    act = UpdateAct.objects.latest("pk")
    assert (act.kind, act.actor, act.rollout_percentage) == (Act.ROLLED_OUT, rory.principal, 60)
    assert "Wider roll-out: 10% → 60%" in text_of(staff.get(CHANGE))


def test_many_are_estimated_and_that_is_said(
    staff: Client, published: PolicyUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.reach.COUNTED", 4)
    text = text_of(staff.get(act_url("roll_out"), {"percentage": "50"}))
    assert "At 50%, about 2 more people" in text
    assert "This is an estimate" in text


@pytest.mark.parametrize(
    ("percentage", "message"),
    [
        ("10", "only grows"),
        ("9", "only grows"),
        ("101", "less than or equal to 100"),
        ("", "Enter a percentage"),
        ("x", "whole number"),
    ],
)
def test_percentage_that_can_not_be_is_told_at_its_field(
    staff: Client, published: PolicyUpdate, percentage: str, message: str
) -> None:
    shown = staff.get(act_url("roll_out"), {"percentage": percentage})
    assert message in page(shown).one("ul", class_="errorlist").text
    assert [form for form in page(shown).all("form", method="post") if "action" not in form] == []


def test_two_clicks_roll_out_once_and_a_stale_page_not_at_all(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("roll_out"), {"percentage": "20"}))
    other = form_of(staff.get(act_url("roll_out"), {"percentage": "30"}))
    for _click in range(2):
        assert "It is rolled out to 20%." in said(staff, staff.post(act_url("roll_out"), form))
    assert UpdateAct.objects.filter(kind=Act.ROLLED_OUT).count() == 1
    assert "has changed since" in said(staff, staff.post(act_url("roll_out"), other))
    published.refresh_from_db()
    assert published.rollout_percentage == 20


@pytest.mark.parametrize("at", [DEADLINE - timedelta(seconds=1), DEADLINE])
def test_rolling_out_shows_nobody_anything_from_the_deadline_on(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock, at: datetime
) -> None:
    moved_to(at)
    shown = text_of(staff.get(act_url("roll_out"), {"percentage": "100"}))
    assert ("At 100%, 0 more people" in shown) == (at >= DEADLINE)
    assert ("No pop-up asks about this update now" in shown) == (at >= DEADLINE)


def test_rolling_out_what_asks_nothing_or_is_overtaken_shows_nobody_anything(
    staff: Client, published: PolicyUpdate
) -> None:
    make_update("shown-only", is_material=False, rollout_percentage=0)
    make_update("2025-09-05", announced_at=MEANWHILE - DAY, rollout_percentage=0)
    for version in ("shown-only", VERSION):
        assert "No pop-up asks" in text_of(staff.get(act_url("roll_out", version), {"percentage": "100"})), version
    assert "No pop-up asks" not in text_of(staff.get(act_url("roll_out", "2025-09-05"), {"percentage": "100"}))


def test_what_is_confirmed_is_what_was_shown(staff: Client, published: PolicyUpdate) -> None:
    for name, field, value in (("roll_out", "percentage", "60"), ("last_day", "last_day", NEW)):
        (box,) = page(staff.get(act_url(name), {field: value})).all("input", name=field)
        assert (box["type"], box["value"]) == ("hidden", value)


def test_percentage_that_was_tampered_with_is_told(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("roll_out"), {"percentage": "20"}))
    shown = staff.post(act_url("roll_out"), form | {"percentage": "1e2"})
    assert "whole number" in page(shown).one("ul", class_="errorlist").text


# The last day

NEW = "2025-10-08"


def test_moving_the_last_day_says_who_is_let_through(
    staff: Client, rory: User, published: PolicyUpdate, moved_to: MoveClock
) -> None:
    answer_as(User.objects.get(email="person0@example.com"), Training.REFUSE)
    moved_to(DEADLINE)
    shown = staff.get(act_url("last_day"), {"last_day": NEW})
    text = text_of(shown)
    assert "It would be October 8, 2025." in text
    assert "4 people whom the gate stops now would be let through at once." in text
    form = form_of(shown)

    refused = staff.post(act_url("last_day"), form | {"reason": " "})
    assert "Moving the last day needs a reason." in text_of(refused)
    published.refresh_from_db()
    assert published.last_day == LAST_DAY

    response = staff.post(act_url("last_day"), form | {"reason": "More time."})

    assert "The last day has moved." in said(staff, response)
    published.refresh_from_db()
    assert published.last_day == date(2025, 10, 8)
    act = UpdateAct.objects.latest("pk")
    assert (act.kind, act.actor, act.reason) == (Act.LAST_DAY_MOVED, rory.principal, "More time.")
    assert "Move of the last day: September 28, 2025 → October 8, 2025" in text_of(staff.get(CHANGE))
    assert mail.outbox == []


def test_move_can_be_told_to_whom_it_concerns(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("last_day"), {"last_day": NEW})) | {"reason": "More time.", "tells_people": "on"}
    for _click in range(2):
        assert "The last day has moved." in said(staff, staff.post(act_url("last_day"), form))
    assert Letter.objects.count() == 5
    assert len(mail.outbox) == 5
    assert "5 letters sent" in text_of(staff.get(CHANGE))


@pytest.mark.parametrize("case", ["not announced", "overtaken", "asks nothing"])
def test_letter_is_offered_only_where_one_would_be_sent(
    staff: Client, published: PolicyUpdate, moved_to: MoveClock, case: str
) -> None:
    version = VERSION
    if case == "not announced":
        moved_to(EARLY)
    elif case == "overtaken":
        make_update("2025-09-05", announced_at=MEANWHILE - DAY)
    else:
        version = "shown-only"
        make_update(version, is_material=False)
    shown = staff.get(act_url("last_day", version), {"last_day": NEW})
    assert page(shown).all("input", name="tells_people") == []
    assert "Nobody gets a letter" in text_of(shown)

    staff.post(act_url("last_day", version), form_of(shown) | {"reason": "More time.", "tells_people": "on"})

    act = UpdateAct.objects.latest("pk")
    assert (act.update_id, act.kind, act.tells_people) == (version, Act.LAST_DAY_MOVED, False)
    assert mail.outbox == []


def test_reason_that_is_missing_loses_nothing_typed(staff: Client, published: PolicyUpdate) -> None:
    form = form_of(staff.get(act_url("last_day"), {"last_day": NEW})) | {"tells_people": "on"}
    again = page(staff.post(act_url("last_day"), form))
    assert "checked" in again.one("input", name="tells_people")
    assert again.one("input", name="last_day")["value"] == NEW


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("9999-12-31", "more than 5 years after the announcement"),
        ("2025-09-28", "That is the last day already."),
        ("2025-09-27", "never moves to before a day already shown"),
        ("soon", "Enter a valid date"),
        ("", "Enter a day."),
    ],
)
def test_day_that_can_not_be_is_told_at_its_field(
    staff: Client, published: PolicyUpdate, day: str, message: str
) -> None:
    shown = staff.get(act_url("last_day"), {"last_day": day})
    assert message in page(shown).one("ul", class_="errorlist").text


def test_draft_is_neither_rolled_out_nor_moved(staff: Client, draft: PolicyUpdate) -> None:
    assert "is edited, not raised" in said(staff, staff.get(act_url("roll_out")))
    assert "is edited, not moved" in said(staff, staff.get(act_url("last_day")))


# Who may


@pytest.mark.parametrize("name", ["publish", "roll_out", "last_day"])
def test_who_may_not_act_is_refused_by_page_and_action(
    client: Client, draft: PolicyUpdate, moved_to: MoveClock, name: str
) -> None:
    moved_to(EARLY)
    viewer = in_role("viewer@example.com", VIEWER)
    client.force_login(viewer)
    for response in (client.get(act_url(name)), client.post(act_url(name), {"seen": publication.fingerprint(draft)})):
        assert response.status_code == HTTPStatus.FORBIDDEN
    links = [link.attributes.get("href", "") for link in page(client.get(CHANGE)).all("a")]
    assert act_url("previews") in links
    assert act_url(name) not in links
    acts: list[Any] = [
        lambda: publication.publish(draft, by=viewer, at=EARLY),
        lambda: publication.raise_rollout(draft, 50, by=viewer, at=EARLY),
        lambda: publication.move_last_day(draft, LAST_DAY + DAY, reason="Why.", by=viewer, at=EARLY),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()
    assert not UpdateAct.objects.exists()


def test_permission_without_being_staff_is_nothing(draft: PolicyUpdate) -> None:
    mallory = make_user("mallory@example.com")
    mallory.user_permissions.add(Permission.objects.get(codename="act_on_policyupdate"))
    with pytest.raises(PermissionDenied):
        publication.publish(draft, by=User.objects.get(pk=mallory.pk), at=EARLY)


@pytest.mark.parametrize("count", [1, 3])
def test_timeline_takes_as_many_queries_for_many_acts(
    staff: Client, published: PolicyUpdate, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        publication.raise_rollout(published, 20 + number, by=None, at=MEANWHILE)
    with django_assert_max_num_queries(14):
        staff.get(CHANGE)


def test_no_page_of_the_admin_has_inline_script_or_style(staff: Client, draft: PolicyUpdate) -> None:
    addresses = [LIST, f"{LIST}add/", CHANGE, act_url("previews"), act_url("publish"), look("pop-up")]
    publication.publish(make_update("2025-09-09", published=False), by=None, at=EARLY)
    addresses += [act_url("roll_out", "2025-09-09"), act_url("last_day", "2025-09-09") + "?last_day=2025-10-10"]
    for address in addresses:
        html = staff.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", html), address
        assert not re.search(r"<style| style=| on\w+=", html), address
