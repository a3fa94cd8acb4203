"""What is written in a conversation as it is shown: sanitised HTML, with nothing in it that asks another host."""

import re

import nh3
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from conversations.models import Format, Message

# No image and no raw HTML: neither may reach out, or look like the site. `tabindex` lets a keyboard scroll a block.
TAGS = {
    *("h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "strong", "em", "s", "a", "code", "pre", "blockquote", "hr", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "pre": {"tabindex"}, "ol": {"start"}}
# A heading in a message stands below the headings of the page.
HEADING = re.compile(r"(?<=<)(/?)h([1-6])(?=>)")
DEEPEST = 6
# The two lines that name the files of a diff, and what ends a line of it.
FILE = re.compile(r"(?:---|\+\+\+) ")
END = re.compile(r"\r\n?|\n")

_markdown = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
)


def as_html(message: Message) -> SafeString:
    """Return a message as it is shown."""
    match Format(message.format):
        case Format.TEXT:
            return text_as_html(message.text)
        case Format.CODE:
            return format_html('<pre tabindex="0"><code>{}</code></pre>', message.text)
        case Format.DIFF:
            return diff_as_html(message.text)


def text_as_html(text: str) -> SafeString:
    """Return Markdown as HTML. Line breaks are kept, as people type them."""
    html = HEADING.sub(lambda found: f"{found[1]}h{min(int(found[2]) + 2, DEEPEST)}", _markdown.render(text))
    html = html.replace("<pre>", '<pre tabindex="0">')
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="nofollow noreferrer",
    )
    # nh3 has just sanitised it against the short list above.
    return mark_safe(clean)  # noqa: S308


def diff_as_html(text: str) -> SafeString:
    """Return a diff with what was put in and taken out marked, each line with its own sign."""
    tags = {"+": "<ins>{}</ins>\n", "-": "<del>{}</del>\n"}
    lines = (format_html("{}\n" if FILE.match(line) else tags.get(line[:1], "{}\n"), line) for line in END.split(text))
    return format_html(
        '<pre class="diff" tabindex="0"><code>{}</code></pre>', format_html_join("", "{}", ((line,) for line in lines))
    )
