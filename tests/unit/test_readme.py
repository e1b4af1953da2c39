"""The code that README.md shows does what it says there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import load_listener, load_speaker
from pipelines.family import SpeakRequest
from pipelines.pipeline import Limits

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str, first_words: str) -> str:
    """The code block that begins so."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README, re.S | re.M)
    return next(text for text in blocks if text.startswith(first_words))


def run(code: str) -> dict[str, object]:
    names: dict[str, object] = {"__name__": "from_the_readme"}
    exec(compile(code, "README.md", "exec"), names)
    return names


class FolderSink:
    """Keeps what a pipeline hands over."""

    def __init__(self, folder: Path) -> None:
        self.directory, self._kept = folder / "work", folder / "kept"
        self.directory.mkdir(parents=True)
        self._kept.mkdir()
        self.reported = 0

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        shutil.move(path, self.kept(name))

    def progress(self, done: float, total: float | None = None) -> None:
        self.reported += 1

    def kept(self, name: str) -> Path:
        return self._kept / name


@pytest.fixture
def morse(tmp_path):
    """The family of the page, loaded for the entry of the page."""
    path = tmp_path / "models.toml"
    path.write_text(block("toml", "# models.toml"))
    entry = Catalog.read(path).get("morse", "tts")
    code = run(block("python", "# pipelines/families/morse.py"))
    assert [voice.id for voice in code["voices"]()] == [entry.default_voice]
    return code["load"](entry, "cpu")


def request(text: str, speed: float = 1.0) -> SpeakRequest:
    return SpeakRequest(text, voice="morse", language="und", speed=speed)


def test_family_of_the_page_speaks_morse(morse):
    (speech,) = morse.speak([request("sos")], lambda: None)
    unit = round(0.06 * speech.sample_rate_hz)
    # Nine signs of 1 or 3 units, a unit behind each, six more behind the word.
    assert len(speech.samples) == (3 * 1 + 3 * 3 + 3 * 1 + 9 + 6) * unit
    assert speech.sample_rate_hz == morse.entry.sample_rate_hz


def test_family_of_the_page_marks_its_words(morse):
    text = "mind how  you go"
    (speech,) = morse.speak([request(text)], lambda: None)
    assert [text[mark.start_char : mark.end_char] for mark in speech.marks] == text.split()
    assert all(a.end_s < b.start_s for a, b in zip(speech.marks, speech.marks[1:], strict=False))


def test_family_of_the_page_honours_speed_and_the_tick(morse):
    ticks = []
    slow, fast = morse.speak([request("sos"), request("sos", speed=2.0)], lambda: ticks.append(1))
    assert len(slow.samples) == 2 * len(fast.samples)
    assert len(ticks) == 2


def test_family_of_the_page_says_something_for_nothing(morse):
    (speech,) = morse.speak([request("…")], lambda: None)
    assert len(speech.samples) > 0
    assert not speech.samples.any()


def test_job_kind_of_the_page_counts_words(tmp_path):
    catalog = Catalog()
    text = "the boat and the light and the tide"
    (speech,) = load_speaker(catalog.get("tone", "tts"), "cpu").speak([request(text)], lambda: None)
    recording = tmp_path / "tones.wav"
    write_wav(recording, speech.samples, speech.sample_rate_hz)

    code = run(block("python", "# pipelines/word_count.py"))
    pipeline, wanted = code["WordCount"](), code["WordCountRequest"](at_least=2)
    listener = load_listener(catalog.get("tone-listener", "stt"), "cpu")
    planned = FolderSink(tmp_path / "plan")
    plan = pipeline.plan(wanted, recording, planned, Limits(vad="energy"))
    spans, parts = list(plan.spans), []
    for span in spans:
        names = span.inputs
        sink = FolderSink(tmp_path / f"work-{span.idx}")
        parts.append(pipeline.work(wanted, span, lambda k, names=names: planned.kept(names[k]), listener, sink).path)
    joined = FolderSink(tmp_path / "stitch")
    result = pipeline.stitch(wanted, plan.header, spans, lambda k: parts[k], joined)
    assert json.loads(joined.kept("counts.json").read_text()) == {"the": 3, "and": 2}
    assert result.summary == {"words": 8}


def write_wav(path: Path, samples: np.ndarray, rate_hz: int) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
