"""The documents of a policy update: from Markdown with placeholders to sanitised HTML, and to differences."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC
from difflib import SequenceMatcher
from functools import lru_cache

import nh3
from diff_match_patch import diff_match_patch
from django.conf import settings
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

from privacy.models import DocumentKind, PolicyDocument, PolicyUpdate
from privacy.wording import retention_if_allowed, retention_otherwise, written_date

PLACEHOLDER = re.compile(r"\{(\w*)\}")
PLACEHOLDERS = frozenset(
    {"product", "coding_tool", "announced", "last_day", "allow_retention", "refuse_retention", "contact"}
)
TAGS = {"h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "em", "a", "code", "blockquote", "hr", "br"}
INSERTED, DELETED = 1, -1
# From this ratio of likeness on, two paragraphs are shown as one that was changed.
ALIKE = 0.5
# A paragraph is looked for among so many at its place, and not if it is longer than so many characters: comparing each
# with each would keep the first readers of a long rewritten text waiting for a minute.
NEARBY = 10
LONGEST_COMPARED = 5_000
# The documents whose wording is compared with the version before.
COMPARED = (DocumentKind.TERMS, DocumentKind.PRIVACY)


@dataclass(frozen=True, slots=True)
class Page:
    """A document as it is read: sanitised HTML, and the SHA-256 (hex) of the Markdown it was made from."""

    html: SafeString
    sha256: str


def unknown_placeholders(markdown: str) -> list[str]:
    """Return the placeholders of a text that mean nothing."""
    return sorted(set(PLACEHOLDER.findall(markdown)) - PLACEHOLDERS)


def filled_in(document: PolicyDocument) -> str:
    """Return a document's Markdown with the dates and periods of its update, in its own language."""
    update: PolicyUpdate = document.update
    with translation.override(document.language):
        values = {
            "product": settings.PRODUCT_NAME,
            "coding_tool": settings.CODING_TOOL_NAME,
            "announced": written_date(update.announced_at.astimezone(UTC).date()),
            "last_day": written_date(update.last_day),
            "allow_retention": retention_if_allowed(update),
            "refuse_retention": retention_otherwise(update),
            "contact": settings.CONTROLLER["email"],
        }
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), document.markdown)


def page_of(document: PolicyDocument) -> Page:
    """Return a document as it is shown."""
    return _page(filled_in(document))


# Published texts do not change, so what was made of them can stay: a cache of content, keyed by content.
@lru_cache(maxsize=64)
def _page(markdown: str) -> Page:
    html = nh3.clean(MarkdownIt("commonmark").render(markdown), tags=TAGS, attributes={"a": {"href"}}, link_rel=None)
    # nh3 has just sanitised it against the short list above.
    return Page(html=mark_safe(html), sha256=hashlib.sha256(markdown.encode()).hexdigest())  # noqa: S308


def texts_of(updates: list[PolicyUpdate]) -> dict[tuple[str, str], PolicyDocument]:
    """Return the documents of some updates in the active language, by version and kind."""
    found = PolicyDocument.objects.filter(update__in=updates, language=get_language()).select_related("update")
    return {(document.update_id, document.kind): document for document in found}


def differences_of(
    texts: dict[tuple[str, str], PolicyDocument], update: PolicyUpdate, before: PolicyUpdate
) -> list[tuple[str, SafeString]]:
    """Return what changed in each compared document: its name, and the difference as HTML."""
    found: list[tuple[str, SafeString]] = []
    for kind in COMPARED:
        old, new = texts.get((before.version, kind.value)), texts.get((update.version, kind.value))
        if old and new:
            found.append((str(kind.label), difference(filled_in(old), filled_in(new))))
    return found


@lru_cache(maxsize=64)
def difference(before: str, after: str) -> SafeString:
    """Return what changed between two Markdown texts, paragraph by paragraph, as HTML with `ins` and `del`.

    Only what changed is there, each with the heading it stands under.
    """
    old, new = _paragraphs(before), _paragraphs(after)
    blocks: list[SafeString] = []
    heading = ""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            heading = _last_heading(new[j1:j2]) or heading
            continue
        if heading:
            blocks.append(format_html("<h4>{}</h4>", heading))
            heading = ""
        blocks += _changed(old[i1:i2], new[j1:j2])
    return format_html_join("\n", "{}", ((block,) for block in blocks))


def _paragraphs(markdown: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n|\n(?=[-*] )", markdown) if part.strip()]


def _last_heading(paragraphs: list[str]) -> str:
    return next((text.lstrip("# ") for text in reversed(paragraphs) if text.startswith("#")), "")


def _changed(old: list[str], new: list[str]) -> list[SafeString]:
    """Return a run of changed paragraphs: those that resemble each other woven together, the rest one by one."""
    blocks = []
    rest = list(old)
    for text in new:
        alike = _most_alike(rest[:NEARBY], text)
        if alike is not None:
            blocks += [format_html("<p><del>{}</del></p>", _plain(gone)) for gone in rest[: rest.index(alike)]]
            rest = rest[rest.index(alike) + 1 :]
            blocks.append(_woven(_plain(alike), _plain(text)))
        else:
            blocks.append(format_html("<p><ins>{}</ins></p>", _plain(text)))
    blocks += [format_html("<p><del>{}</del></p>", _plain(gone)) for gone in rest]
    return blocks


def _most_alike(others: list[str], text: str) -> str | None:
    """Return the paragraph that a text is most like, if it is like any."""
    if len(text) > LONGEST_COMPARED:
        return None
    ratios = {other: SequenceMatcher(None, other, text).ratio() for other in others if len(other) <= LONGEST_COMPARED}
    alike = max(ratios, key=ratios.__getitem__, default=None)
    return alike if alike is not None and ratios[alike] > ALIKE else None


def _woven(before: str, after: str) -> SafeString:
    """Return one paragraph with what was taken out and put in, in phrases rather than letters."""
    engine = diff_match_patch()
    parts = engine.diff_main(before, after)
    engine.diff_cleanupSemantic(parts)
    tags = {INSERTED: "<ins>{}</ins>", DELETED: "<del>{}</del>"}
    return format_html(
        "<p>{}</p>", format_html_join("", "{}", ((format_html(tags.get(sign, "{}"), text),) for sign, text in parts))
    )


def _plain(markdown: str) -> str:
    """Return a paragraph without the Markdown that would only be noise in a difference."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return re.sub(r"^(#+|[-*]) +|\*\*", "", text)
