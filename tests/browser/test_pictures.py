"""The pictures of the documents: those that the command takes, shown where they help, and small."""

import re

import numpy as np
from django.conf import settings

from tests.browser.pictures import IMAGES, PICTURES
from tests.browser.png import PALETTE, few_colours

SHOWN = re.compile(r"!\[[^\]]+\]\((?:docs/)?images/([a-z-]+)\.png\)")
MB = 1024 * 1024


def test_documents_show_each_picture_that_is_taken_and_no_other() -> None:
    documents = [settings.BASE_DIR / "README.md", *(settings.BASE_DIR / "docs").rglob("*.md")]
    shown = {name for document in documents for name in SHOWN.findall(document.read_text(encoding="utf-8"))}
    assert shown == {picture.file for picture in PICTURES}
    assert {file.name for file in IMAGES.iterdir()} == {f"{name}.png" for name in shown}


def test_pictures_are_small() -> None:
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) < 1.5 * MB


def test_few_colours_are_kept_as_they_are() -> None:
    pixels = np.array([0xFBFAF8, 0x1C211F, 0xFBFAF8, 0x1F5A4C], np.uint32)
    palette, places = few_colours(pixels)
    assert palette[places].tolist() == pixels.tolist()


def test_many_colours_become_the_commonest_that_hardly_differ() -> None:
    shades = np.arange(0x10000, dtype=np.uint32)
    pixels = np.concatenate([shades, np.full(9, 0x3031, np.uint32)])
    palette, places = few_colours(pixels)
    assert len(palette) <= PALETTE
    assert 0x3031 in palette.tolist()
    for shift in (0, 8):
        differences = (palette[places] >> shift & 0xFF).astype(int) - (pixels >> shift & 0xFF).astype(int)
        assert np.abs(differences).max() < 0x10
