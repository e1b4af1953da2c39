"""Every neural voice of the catalogue with a small checkpoint of random weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import SynthesisEntry
from tests import speech_checkpoints
from tests.checkpoints import FIXTURES

#: Model name → a function that writes a checkpoint for it, or returns a fixture.
CHECKPOINTS: Mapping[str, Callable[[Path], Path]] = {
    "vits-vctk": lambda folder: speech_checkpoints.write_vits(folder, speakers=2),
    "mms-eng": lambda folder: speech_checkpoints.write_vits(folder, phonemes=False),
    "fastspeech2-ljspeech": speech_checkpoints.write_fastspeech2,
    "speecht5": speech_checkpoints.write_speecht5,
    "bark-small": speech_checkpoints.write_bark,
    "tacotron2": lambda folder: FIXTURES / "tacotron2",
    "yourtts": lambda folder: FIXTURES / "yourtts",
}
#: Families with a vocoder in transformers' layout → its kind.
_VOCODERS = {"fastspeech2": "FastSpeech2Conformer", "speecht5": "SpeechT5"}


def make_small_entry(model: str, root: Path, **changes: Any) -> SynthesisEntry:
    """The entry of `model` with a checkpoint, and a vocoder where it needs one, under `root`; one thread."""
    entry = Catalog().get(model, "tts")
    components = {}
    if entry.family in _VOCODERS:
        vocoder = speech_checkpoints.write_hifigan(root / "vocoder", kind=_VOCODERS[entry.family])
        components = {"vocoder.hifigan": str(vocoder)}
    elif entry.family == "tacotron2":
        components = {"vocoder.hifigan": str(FIXTURES / "hifigan")}
    source = CHECKPOINTS[model](root / "model")
    return dataclasses.replace(entry, **{"source": str(source), "components": components, "threads": 1, **changes})
