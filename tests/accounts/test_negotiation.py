"""What kind of answer a request can use."""

import pytest
from django.test import RequestFactory

from accounts.negotiation import prefers_json

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        (FIREFOX, False),
        ("text/html", False),
        ("text/html, application/json", False),
        ("text/*", False),
        ("image/png", False),
        ("application/json;q=0.5, text/html", False),
        ("application/json", True),
        ("application/problem+json", True),
        ("application/json, text/html;q=0.5", True),
        ("application/*", True),
        ("nonsense", False),
    ],
)
def test_answer_is_json_only_for_who_prefers_it(accept: str | None, is_json: bool) -> None:
    request = RequestFactory().get("/", headers={} if accept is None else {"accept": accept})

    assert prefers_json(request) is is_json


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/x-www-form-urlencoded", False),
        ("text/plain", False),
    ],
)
def test_answer_to_json_is_json(content_type: str, is_json: bool) -> None:
    request = RequestFactory().post("/", "{}", content_type=content_type, headers={"accept": FIREFOX})

    assert prefers_json(request) is is_json
