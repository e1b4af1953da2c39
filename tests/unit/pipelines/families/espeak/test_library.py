"""The library changes its working directory and its own state, so that it is tested in processes of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.machine_speed import deadline

pytest.importorskip("espeakng_loader")

ROOT = Path(__file__).resolve().parents[5]
PRELUDE = """
import json
from pipelines.families.espeak.library import EVENT_END, EVENT_WORD, Espeak
from tests.services.machine_speed import deadline
espeak = Espeak()
"""


def run(code: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=deadline(60),
    )
    return json.loads(done.stdout)


def test_voices_and_variants_are_listed_and_loaded() -> None:
    code = (
        "print(json.dumps([sorted(v.identifier for v in espeak.voices()), espeak.load('gmw/de+f2'), espeak.load('x')]))"
    )
    identifiers, is_loaded, is_unknown_loaded = run(code)
    assert "gmw/de" in identifiers and "!v/f2" in identifiers
    assert (is_loaded, is_unknown_loaded) == (True, False)


def test_synthesis_gives_samples_and_the_events_of_words() -> None:
    code = """
espeak.load("gmw/en-US")
sound, events = espeak.synthesise("One two.", 175)
words = [[e.position, e.length] for e in events if e.type == EVENT_WORD]
ends = [e.sample for e in events if e.type == EVENT_END]
print(json.dumps([espeak.sample_rate_hz, len(sound), words, ends]))
"""
    rate, size, words, ends = run(code)
    assert rate == 22_050 and words == [[0, 3], [4, 3]]
    assert 0.5 < size / 2 / rate < 2.0 and ends[-1] <= size // 2


def test_speed_and_pitch_change_the_sound() -> None:
    code = """
espeak.load("gmw/en-US")
sizes = [len(espeak.synthesise("One two three four five.", rate)[0]) for rate in (175, 350)]
print(json.dumps(sizes))
"""
    slow, fast = run(code)
    assert fast < 0.7 * slow
