"""Drawings that stand in for the product photographs that don't exist.

Email clients show no SVG, so these are small PNGs, made here: shapes as signed distances on a grid, one
soft tile for each kind of thing and tint. `python -m demo.pictures` writes them all again.
"""

import struct
import sys
import zlib
from hashlib import blake2s
from pathlib import Path

import numpy as np

from demo.drawings import PICTURES
from demo.shapes import Colour, Distances, grid

SIZE = 320
DIRECTORY = Path(__file__).resolve().parent / "static" / "demo" / "products"

# Tile, and the light, middle and dark tone of what lies on it.
TINTS: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    "rose": ((250, 232, 236), (255, 255, 255), (233, 143, 165), (176, 70, 104)),
    "coral": ((252, 234, 226), (255, 255, 255), (238, 130, 106), (186, 62, 50)),
    "blue": ((227, 238, 250), (255, 255, 255), (122, 168, 218), (46, 94, 158)),
    "green": ((230, 243, 234), (255, 255, 255), (128, 184, 146), (48, 116, 82)),
    "sand": ((249, 241, 226), (255, 255, 255), (222, 180, 116), (146, 98, 42)),
    "slate": ((234, 237, 241), (255, 255, 255), (148, 160, 176), (66, 78, 96)),
}
_TINT_WORDS = {
    "pink": "rose", "rose": "rose", "purple": "rose", "lilac": "rose", "heart": "rose", "red": "coral",
    "orange": "coral", "christmas": "coral", "strawberry": "coral", "retrospot": "coral", "blue": "blue",
    "turquoise": "blue", "spaceboy": "blue", "jack": "blue", "green": "green", "garden": "green",
    "mint": "green", "woodland": "green", "yellow": "sand", "cream": "sand", "ivory": "sand", "gold": "sand",
    "wood": "sand", "wooden": "sand", "wicker": "sand", "amber": "sand", "black": "slate", "white": "slate",
    "silver": "slate", "grey": "slate", "zinc": "slate", "metal": "slate", "skull": "slate",
}  # fmt: skip


def choose_picture(picture: str, title: str, code: str) -> str:
    """The file for a product: the tint its title names, or else one by a hash of its code."""
    named = (_TINT_WORDS[word] for word in title.lower().split() if word in _TINT_WORDS)
    tint = next(named, "") or list(TINTS)[blake2s(code.encode()).digest()[0] % len(TINTS)]
    return f"demo/products/{picture}-{tint}.png"


def draw(picture: str, tint: str) -> bytes:
    """The PNG of one drawing. Raises KeyError for a name that isn't in PICTURES or TINTS."""
    tile, *tones = TINTS[tint]
    canvas = np.empty((SIZE, SIZE, 3))
    canvas[:] = tile
    x, y = grid(SIZE)
    for tone, shape in PICTURES[picture]:
        _paint(canvas, shape(x, y), tones[tone])
    return encode_png(np.rint(canvas).astype(np.uint8))


def encode_png(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    """An 8-bit RGB PNG of rows of pixels (PNG specification, third edition, sections 5 and 9)."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _paint(canvas: Distances, distance: Distances, colour: Colour) -> None:
    """Lays a colour where the distance is negative, with an edge one pixel soft."""
    cover = np.clip(0.5 - distance * SIZE / 2, 0, 1)[:, :, None]
    canvas += (np.array(colour) - canvas) * cover


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> int:
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        for tint in TINTS:
            (DIRECTORY / f"{picture}-{tint}.png").write_bytes(draw(picture, tint))
    sys.stdout.write(f"{len(PICTURES) * len(TINTS)} drawings\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
