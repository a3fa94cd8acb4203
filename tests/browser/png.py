"""Makes pictures of pages small: no more than 256 colours, named in a palette. Pages have few colours of their own."""

import base64
import struct
import zlib
from typing import Any

import numpy as np
from playwright.sync_api import Page

PALETTE = 256
READ = """async (data) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const blob = new Blob([context.getImageData(0, 0, image.width, image.height).data]);
  const reader = new FileReader();
  return new Promise((resolve) => {
    reader.onload = () => resolve([image.width, image.height, reader.result.split(",")[1]]);
    reader.readAsDataURL(blob);
  });
}"""


def smaller(png: bytes, page: Page) -> bytes:
    """Return a picture as a PNG with a palette. A page of the browser, an empty one, reads it."""
    width, height, data = page.evaluate(READ, base64.b64encode(png).decode())
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(-1, 4)[:, :3].astype(np.uint32)
    palette, indexes = few_colours(pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32))
    rows = indexes.astype(np.uint8).reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows])  # Each begins with its filter: none.
    colours = b"".join(struct.pack(">I", colour)[1:] for colour in palette.tolist())
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", colours),
            chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            chunk(b"IEND", b""),
        )
    )


def few_colours(pixels: "np.ndarray[Any, Any]") -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Return a palette and, for each pixel, its place in it. Colours that hardly differ become the commonest one."""
    found, places, counts = np.unique(pixels, return_inverse=True, return_counts=True)
    commonest_first = np.argsort(-counts, kind="stable")
    for bits in range(8):
        mask = sum(0xFF >> bits << bits << shift for shift in (0, 8, 16))
        likes, first, like = np.unique(found[commonest_first] & mask, return_index=True, return_inverse=True)
        if len(likes) <= PALETTE:
            break
    of_found = np.empty_like(like)
    of_found[commonest_first] = like
    return found[commonest_first][first], of_found[places]


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
