"""Draws the cover of the demo's book: a transmitter mast on a hill at night. Knows pixels, nothing of books."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 800, 1200
Picture = NDArray[np.float64]

#: Letters of five by seven dots: for each row a number of five bits.
GLYPHS = {
    "A": (14, 17, 17, 31, 17, 17, 17),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 14),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 21, 19, 17, 17, 17),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (15, 16, 16, 14, 1, 1, 30),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "V": (17, 17, 17, 17, 17, 10, 4),
    " ": (0, 0, 0, 0, 0, 0, 0),
}


def _fill(picture: Picture, distance: Picture, colour: tuple[int, int, int], opacity: float = 1.0) -> None:
    """Fill a shape, given by the signed distance of each pixel to its edge (negative = inside), with a soft edge."""
    cover = (np.clip(0.5 - distance, 0, 1) * opacity)[..., None]
    picture += cover * (np.array(colour) - picture)


def _draw_text(picture: Picture, text: str, top: int, dot: int, colour: tuple[int, int, int]) -> None:
    left = (WIDTH - (len(text) * 6 - 1) * dot) // 2
    for number, letter in enumerate(text):
        for row, bits in enumerate(GLYPHS[letter]):
            for column in range(5):
                if bits >> (4 - column) & 1:
                    y, x = top + row * dot, left + (number * 6 + column) * dot
                    picture[y : y + dot, x : x + dot] = colour


def draw_cover() -> NDArray[np.uint8]:
    """The cover as uint8 [HEIGHT, WIDTH, 3], RGB."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    depth = np.round(y / HEIGHT * 48)[..., None] / 48
    picture: Picture = (1 - depth) * np.array((12, 22, 48)) + depth * np.array((52, 92, 112))
    for number in range(60):  # stars, at fixed pseudo-random places
        cx, cy = (number * 337 + 91) % WIDTH, (number * 199 + 37) % 640
        _fill(picture, np.hypot(x - cx, y - cy) - 1.5, (220, 228, 235), 0.4 + 0.1 * (number % 6))
    mast_x, mast_top = 520, 470
    for circle in range(1, 6):
        _fill(
            picture,
            np.abs(np.hypot(x - mast_x, y - mast_top) - 62 * circle) - 2.5,
            (244, 200, 120),
            0.75 - 0.12 * circle,
        )
    _fill(picture, np.maximum(np.abs(x - mast_x) - 3, np.maximum(mast_top - y, y - 790)), (16, 24, 34))
    _fill(picture, np.maximum(np.abs(x - 430) - 52, np.abs(y - 780) - 40), (226, 224, 214))
    roof = (np.abs(x - 430) / 66 + (742 - y) / 40 - 1) * 30
    _fill(picture, np.maximum(roof, y - 742), (120, 52, 44))
    _fill(picture, np.maximum(np.abs(x - 450) - 10, np.abs(y - 768) - 12), (255, 206, 96))
    hill = (780 + 0.0009 * (x - 560) ** 2 + 6 * np.sin(x / 31)) - y
    _fill(picture, hill, (16, 24, 34))
    for number, level in enumerate((940, 990, 1046, 1108)):
        _fill(
            picture,
            (level + 7 * np.sin(x / (38 + 9 * number) + number * 2.1)) - y,
            (24 - 3 * number, 52 - 8 * number, 70 - 10 * number),
        )
    _fill(picture, np.hypot(x - mast_x, y - mast_top) - 9, (255, 220, 140))
    _draw_text(picture, "THE EVENING", 120, 10, (240, 236, 222))
    _draw_text(picture, "FORECAST", 216, 14, (244, 200, 120))
    return np.rint(picture).astype(np.uint8)


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """The picture as a PNG file, with the filter `up` for every row."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, _ = pixels.shape
    rows = pixels.reshape(height, width * 3)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.hstack([np.full((height, 1), 2, np.uint8), rows - above])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(filtered.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
