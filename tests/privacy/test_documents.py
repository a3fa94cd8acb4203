import hashlib
import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from privacy.documents import (
    LONGEST_COMPARED,
    NEARBY,
    PLACEHOLDERS,
    difference,
    filled_in,
    page_of,
    unknown_placeholders,
)
from privacy.models import DocumentKind, PolicyDocument, PolicyUpdate
from tests.factories import ANNOUNCED, LAST_DAY, VERSION

TEXTS = sorted((Path(settings.BASE_DIR) / "privacy" / "texts").glob("*/*/*.md"))


def document(markdown: str, language: str = "en", **fields: object) -> PolicyDocument:
    update = PolicyUpdate(version=VERSION, announced_at=ANNOUNCED, last_day=LAST_DAY, **fields)
    return PolicyDocument(update=update, kind=DocumentKind.TERMS, language=language, markdown=markdown)


def html(markdown: str) -> str:
    return page_of(document(markdown)).html


# Sanitising


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//example.com/x.js></SCRIPT>",
        '<p onclick="alert(1)">Text</p>',
        '<a href="https://example.com" onmouseover=alert(1)>Text</a>',
        "<img src=x onerror=alert(1)>",
        "![picture](https://example.com/tracker.gif)",
        '<iframe src="https://example.com"></iframe>',
        "<svg><script>alert(1)</script></svg>",
        "<style>p { background: url(https://example.com) }</style>",
        '<p style="background: url(https://example.com)">Text</p>',
        '<form action="https://example.com"><input name=password></form>',
        "<link rel=stylesheet href=https://example.com/x.css>",
        "<object data=x></object><embed src=x>",
        "<math><mtext><script>alert(1)</script></mtext></math>",
        '<p class="x" id="question">Text</p>',
        "<!-- <script>alert(1)</script> -->",
    ],
)
def test_page_has_no_html_that_does_or_loads_anything(markdown: str) -> None:
    found = html(markdown).lower()
    tags = set(re.findall(r"<\s*/?\s*([a-z0-9!]+)", found))
    assert tags <= {"p", "a"}
    assert not re.search(r"<[^>]*\b(on\w+|style|src|class|id|data)\s*=", found)
    assert "alert" not in found


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java&#x0A;script:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("form", ["[link]({})", '<a href="{}">link</a>', "<{}>", "[link][1]\n\n[1]: {}"])
def test_page_links_to_no_script(form: str, target: str) -> None:
    links = re.findall(r'href="([^"]*)"', html(form.format(target)))
    # A browser drops white space in front of and line ends within an address before it looks at the scheme.
    schemes = [re.sub(r"[\x00-\x20]", "", unescape(link)).lower().partition(":")[0] for link in links]
    assert not {"javascript", "vbscript", "data", "file"}.intersection(schemes)


def test_page_keeps_what_a_document_is_made_of() -> None:
    text = "# One\n\n## Two\n\n- **strong** and *emphatic*\n\n1. [a link](/legal/faq/)\n\n> `code`\n\n---\n"
    found = html(text)
    for tag in ("h1", "h2", "ul", "li", "strong", "em", "ol", "blockquote", "code", "hr"):
        assert f"<{tag}>" in found
    assert '<a href="/legal/faq/">a link</a>' in found


# Filling in


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Marlow, Marlow Code: August 28, 2025 to September 28, 2025, 5 years or 30 days; privacy@marlow.test."),
        ("zh-hans", "Marlow, Marlow Code: 2025年8月28日 to 2025年9月28日, 5 年 or 30 天; privacy@marlow.test."),
    ],
)
def test_placeholders_are_filled_in_the_language_of_the_document(
    monkeypatch: pytest.MonkeyPatch, language: str, expected: str
) -> None:
    monkeypatch.setitem(settings.CONTROLLER, "email", "privacy@marlow.test")
    text = "{product}, {coding_tool}: {announced} to {last_day}, {allow_retention} or {refuse_retention}; {contact}."
    assert set(re.findall(r"\{(\w+)\}", text)) == PLACEHOLDERS
    with translation.override("en" if language != "en" else "zh-hans"):
        assert filled_in(document(text, language)).replace("\xa0", " ") == expected


def test_placeholders_follow_the_update() -> None:
    text = filled_in(
        document("{allow_retention}, {refuse_retention}", allow_retention_years=1, refuse_retention_days=1)
    )
    assert text == "1 year, 1 day"


def test_unknown_placeholders_are_named_and_left() -> None:
    assert unknown_placeholders("{product} {b} {a} {b} {}") == ["", "a", "b"]
    assert filled_in(document("{nothing}")) == "{nothing}"


def test_hash_is_of_the_text_as_it_was_filled_in() -> None:
    page = page_of(document("The last day is {last_day}."))
    assert page.sha256 == hashlib.sha256(b"The last day is September 28, 2025.").hexdigest()


# Differences


def test_difference_shows_what_was_put_in_and_taken_out() -> None:
    before = "# Terms\n\nWe keep your chats for 30 days after the last message.\n\nNothing else changes."
    after = "# Terms\n\nWe keep your chats for five years after the last message.\n\nNothing else changes."
    found = difference(before, after)
    assert "<h4>Terms</h4>" in found
    assert re.search(r"<del>[^<]*30 days|<del>30 day", found)
    assert re.search(r"<ins>[^<]*five year", found)
    assert "Nothing else" not in found


def test_difference_shows_it_in_chinese() -> None:
    before = "# 条款\n\n我们在最后一条消息之后保留您的聊天三十天。\n\n其他不变。"
    after = "# 条款\n\n我们在最后一条消息之后保留您的聊天五年。\n\n其他不变。"
    found = difference(before, after)
    assert "<h4>条款</h4>" in found
    assert "<del>三十天</del>" in found
    assert "<ins>五年</ins>" in found
    assert "其他" not in found


def test_difference_shows_whole_paragraphs_that_came_or_went() -> None:
    found = difference("# A\n\nGone for good.\n\nStays.", "# A\n\nStays.\n\nEntirely new here.")
    assert "<p><del>Gone for good.</del></p>" in found
    assert "<p><ins>Entirely new here.</ins></p>" in found
    assert "Stays" not in found


def test_difference_weaves_a_paragraph_in_among_those_that_went() -> None:
    before = "Gone for good.\n\nWe keep what you write for thirty days.\n\nLast one goes."
    assert difference(before, "We keep what you write for sixty days.") == (
        "<p><del>Gone for good.</del></p>\n"
        "<p>We keep what you write for <del>thir</del><ins>six</ins>ty days.</p>\n"
        "<p><del>Last one goes.</del></p>"
    )


def test_difference_stands_under_the_heading_before_it() -> None:
    found = difference("# A\n\nGone for good.\n\n# B\n\nSame.", "# A\n\nEntirely new.\n\n# B\n\nSame.")
    assert re.findall("<h4>(.*)</h4>", found) == ["A"]


def test_difference_shows_a_link_by_its_text() -> None:
    assert difference("", "See [the **terms**](/terms/).") == "<p><ins>See the terms.</ins></p>"


def test_difference_compares_a_paragraph_with_those_at_its_place_alone() -> None:
    """Comparing each with each took most of a minute for a rewritten text of ninety thousand characters."""
    gone = [f"{chr(ord('a') + number) * 40}" for number in range(NEARBY)]
    before, after = "We keep what you write for thirty days.", "We keep what you write for sixty days."
    near = difference("\n\n".join([*gone[1:], before]), after)
    far = difference("\n\n".join([*gone, before]), after)
    assert "<p>We keep what you write for <del>thir</del><ins>six</ins>ty days.</p>" in near
    assert f"<p><del>{before}</del></p>" in far
    assert f"<p><ins>{after}</ins></p>" in far


def test_difference_shows_a_very_long_paragraph_whole() -> None:
    before, after = ("word " * (LONGEST_COMPARED // 5) + end for end in ("before", "after"))
    assert difference(before, after) == f"<p><ins>{after}</ins></p>\n<p><del>{before}</del></p>"


def test_difference_of_the_same_text_is_empty() -> None:
    assert difference("# A\n\nText.", "# A\n\nText.") == ""


def test_difference_has_no_html_of_the_text() -> None:
    found = difference("<script>alert(1)</script> is here", "<script>alert(2)</script> is here & there")
    assert "<script" not in found
    assert set(re.findall(r"</?(\w+)", found)) <= {"p", "ins", "del", "h4"}


# The texts that ship


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_text_that_ships_spells_no_date_of_an_update(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unknown_placeholders(text) == []
    for spelled in (VERSION, "28 September", "September 28", "9月28日", "28 August", "August 28", "8月28日"):
        assert spelled not in text.replace(" 月 ", "月").replace(" 日", "日")


def test_texts_that_ship_are_there_in_every_language() -> None:
    versions = {path.parts[-3] for path in TEXTS}
    expected = {
        (version, language, f"{kind}.md")
        for version in versions
        for language, _name in settings.LANGUAGES
        for kind in DocumentKind.values
    }
    assert {path.parts[-3:] for path in TEXTS} == expected


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", ["terms", "privacy"])
def test_texts_that_ship_differ_where_the_page_says_so(kind: str, language: str) -> None:
    before, after = (
        filled_in(document(path.read_text(encoding="utf-8"), language))
        for path in TEXTS
        if path.parts[-2:] == (language, f"{kind}.md")
    )
    found = difference(before, after)
    assert "<ins>" in found
    assert "{" not in found
