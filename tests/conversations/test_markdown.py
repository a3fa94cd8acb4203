"""What is written in a conversation reaches out to no other host, and never looks like the site."""

import pytest

from conversations.markdown import diff_as_html, text_as_html
from tests.pages import Element, parsed


def shown(text: str) -> Element:
    return parsed(text_as_html(text))


@pytest.mark.parametrize("address", ["https://x.example/p?q=1", "http://x.example", "mailto:a@x.example"])
@pytest.mark.parametrize("written", ["[said]({})", '[said]({} "title")', "<{}>", "[said][1]\n\n[1]: {}"])
def test_link_leads_out_and_does_not_say_from_where(written: str, address: str) -> None:
    link = shown(written.format(address)).one("a")
    assert link["href"] == address
    assert link["rel"] == "nofollow noreferrer"


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x"),
        *("file:///etc/passwd", "//x.example", "/privacy/answer/", "#main", "?q=1", "settings/", "blob:x"),
    ],
)
@pytest.mark.parametrize("written", ["[said]({})", "[said](<{}>)", "<{}>", "[said][1]\n\n[1]: {}"])
def test_link_leads_nowhere_else(written: str, address: str) -> None:
    assert all("href" not in link.attributes for link in shown(written.format(address)).all("a"))


@pytest.mark.parametrize(
    "written",
    [
        "![said](https://x.example/p.png)",
        "![said][1]\n\n[1]: https://x.example/p.png",
        "[![said](https://x.example/p.png)](https://x.example)",
        "<img src=https://x.example/p.png>",
        '<a href="https://x.example" ping="https://y.example">said</a>',
        '<form action="https://x.example"><button>said</button></form>',
        '<p style="background: url(https://x.example)">said</p>',
        "<iframe src=https://x.example></iframe>",
        "<svg><image href=https://x.example/p.png /></svg>",
    ],
)
def test_nothing_is_fetched_from_another_host(written: str) -> None:
    elements = shown(written).all()
    assert {element.tag for element in elements} <= {"", "p", "a"}
    assert all(set(element.attributes) <= {"href", "rel"} for element in elements)


def test_headings_stand_below_those_of_the_page() -> None:
    document = shown("# one\n\n## two\n\n###### six")
    assert [element.tag for element in document.all() if element.tag.startswith("h")] == ["h3", "h4", "h6"]


def test_lines_of_a_diff_say_what_they_do_and_are_only_text() -> None:
    document = parsed(diff_as_html("--- a/f\n+++ b/f\n-<b>old</b>\n+<script>new</script>\n same"))
    assert [line.text for line in document.all("del")] == ["-<b>old</b>"]
    assert [line.text for line in document.all("ins")] == ["+<script>new</script>"]
    assert document.all("script") == []
