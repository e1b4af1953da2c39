"""Text in, one audio file out: counts, pauses, chapters, marks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.catalog import Catalog
from pipelines.errors import BadInput, InputTooLarge, UnsupportedOption
from pipelines.families.espeak import load
from pipelines.families.espeak.family import EspeakFamily
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.speech_part import read_part
from pipelines.synthesis import PAUSES_S, Synthesis
from tests.documents import make_epub, make_png, make_zip, epub_entries
from tests.synthesis_rig import DirectorySink, Run, speak

STORY = """CHAPTER I

It was the best of times. It was the worst of times.

It was the age of wisdom.

CHAPTER II

There was a king with a large jaw.
"""


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakFamily]:
    family = load(Catalog().get("espeak", "tts"), "cpu")
    yield family
    family.close()


def test_epub_becomes_an_audiobook_with_chapters_title_author_and_cover(espeak: EspeakFamily, tmp_path: Path) -> None:
    entries = epub_entries(
        {"one.xhtml": "<h1>One</h1><p>Hello there.</p>", "two.xhtml": "<h1>Two</h1><p>Good bye.</p>"},
        nav='<li><a href="one.xhtml">First</a></li><li><a href="two.xhtml">Second ü</a></li>',
        manifest='<item id="c" href="cover.png" media-type="image/png" properties="cover-image"/>',
    )
    book = make_zip(tmp_path / "b.epub", {**entries, "OEBPS/cover.png": make_png()})
    run = speak(tmp_path, espeak, SynthesisRequest(format="m4b", source_type="epub"), book)
    with av.open(str(run.file("audio.m4b"))) as file:
        assert file.metadata["title"] == "A Böok"
        assert file.metadata["artist"] == "A. Uthor"
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["First", "Second ü"]
        assert file.streams.video[0].codec_context.width == 60
        assert file.streams.audio[0].duration == sum(len(read_part(part).samples) for part in run.parts)


def test_plain_text_becomes_an_audiobook_whose_chapters_begin_at_their_samples(
    espeak: EspeakFamily, tmp_path: Path
) -> None:
    run = speak(tmp_path, espeak, SynthesisRequest(text=STORY, format="m4b"))
    lengths = [len(read_part(part).samples) for part in run.parts]
    assert [chapter["title"] for chapter in run.plan.header["chapters"]] == ["CHAPTER I", "CHAPTER II"]
    with av.open(str(run.file("audio.m4b"))) as file:
        second = file.chapters()[1]
        assert second["start"] * second["time_base"] == pytest.approx(lengths[0] / 22_050, abs=0.001)
    assert run.result.duration_s == sum(lengths) / 22_050
