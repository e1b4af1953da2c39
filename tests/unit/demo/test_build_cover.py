"""The cover of the demo's book, and its PNG encoder."""

from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

DEMO = Path(__file__).resolve().parents[3] / "demo"


@pytest.fixture
def build_cover(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DEMO))
    return import_module("build_cover")


def test_png_is_decoded_to_the_same_pixels(build_cover: ModuleType) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 24, 3), np.uint8)
    with av.open(io.BytesIO(build_cover.encode_png(pixels)), format="png_pipe") as file:
        [frame] = file.decode(video=0)
    assert np.array_equal(frame.to_ndarray(format="rgb24"), pixels)


def test_cover_shows_sky_title_and_hill(build_cover: ModuleType) -> None:
    cover = build_cover.draw_cover()
    assert cover.shape == (build_cover.HEIGHT, build_cover.WIDTH, 3)
    assert cover[0].mean() < 60
    title = cover[216:314]
    assert (np.abs(title.astype(int) - (244, 200, 120)).max(axis=-1) == 0).mean() > 0.1
    assert cover[-1].mean() < 60
