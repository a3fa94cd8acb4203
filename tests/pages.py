"""Reading pages as a browser would, as far as a test has to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse, HttpResponseBase

VOID = {"br", "hr", "img", "input", "link", "meta", "path"}


@dataclass
class Element:
    """One element: its attributes, what is in it, and its text, inner elements' included."""

    tag: str
    attributes: dict[str, str]
    children: "list[Element | str]" = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    @property
    def text(self) -> str:
        """Return the text in it, with single spaces."""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    @property
    def raw(self) -> str:
        """Return the text in it as it stands."""
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    def walk(self) -> "Iterator[Element]":
        """Yield it and everything in it, in order."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str = "", **attributes: str) -> "list[Element]":
        """Return the elements in it of a tag, with these attributes (`class_` and `id` among them)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if tag in ("", element.tag) and all(element.attributes.get(n) == v for n, v in wanted.items())
        ]

    def one(self, tag: str = "", **attributes: str) -> "Element":
        """Return the only such element."""
        (found,) = self.all(tag, **attributes)
        return found


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in (element.tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(html: str) -> Element:
    """Return a page as a tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


def page(response: HttpResponseBase) -> Element:
    """Return the page of a response as a tree."""
    assert isinstance(response, HttpResponse)
    return parsed(response.content.decode())


def hidden(form: Element) -> dict[str, str]:
    """Return what a form sends that nobody sees, and the boxes that are ticked, by name."""
    fields = [field for field in form.all("input") if field["type"] == "hidden" or "checked" in field]
    return {field["name"]: field.attributes.get("value", "on") for field in fields}


def next_of(address: str) -> str:
    """Return where an address says to go on to."""
    return parse_qs(urlsplit(address).query).get("next", [""])[0]
