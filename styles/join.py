#!/usr/bin/env python3
"""Joins the style sheets in this folder into the one that is served: `python styles/join.py`.

The order is tokens, base, then the blocks by name; which rule wins is the layers' matter, not the order's. Only
comments and white space are left out, so that the result stays readable next to its sources.
"""

import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
SERVED = SOURCES.parent / "static" / "site.css"


def joined() -> str:
    """Return the text of the one style sheet."""
    files = [SOURCES / "tokens.css", SOURCES / "base.css", *sorted((SOURCES / "blocks").glob("*.css"))]
    return "\n".join(shortened(file.read_text(encoding="utf-8")) for file in files) + "\n"


def shortened(css: str) -> str:
    """Return a style sheet without comments, and without the white space that means nothing."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,]) ?", r"\1", css)
    css = re.sub(r"(?<=[\w)\"%]): (?=[^{}]*[;}])", ":", css)
    return css.replace(";}", "}").strip()


if __name__ == "__main__":
    SERVED.write_text(joined(), encoding="utf-8")
