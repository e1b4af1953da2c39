"""Every neural voice with a small checkpoint of random weights: the catalogue's entries, made to read those."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from tests import speech_checkpoints
from tests.checkpoints import FIXTURES

#: The catalogue's entry → what writes a checkpoint for it, or finds one.
CHECKPOINTS: Mapping[str, Callable[[Path], Path]] = {
    "vits-vctk": lambda folder: speech_checkpoints.write_vits(folder, speakers=2),
    "mms-eng": lambda folder: speech_checkpoints.write_vits(folder, phonemes=False),
    "fastspeech2-ljspeech": speech_checkpoints.write_fastspeech2,
    "speecht5": speech_checkpoints.write_speecht5,
    "bark-small": speech_checkpoints.write_bark,
    "tacotron2": lambda folder: FIXTURES / "tacotron2",
    "yourtts": lambda folder: FIXTURES / "yourtts",
}
#: Families whose vocoder is a folder in transformers' layout, and of which kind.
_VOCODERS = {"fastspeech2": "FastSpeech2Conformer", "speecht5": "SpeechT5"}


def small_entry(model: str, root: Path, **changes: Any) -> Entry:
    """The entry of `model` with a checkpoint, and a vocoder where it wants one, under `root`; one thread."""
    entry = Catalog().get(model, "tts")
    components = {}
    if entry.family in _VOCODERS:
        vocoder = speech_checkpoints.write_hifigan(root / "vocoder", kind=_VOCODERS[entry.family])
        components = {"vocoder.hifigan": str(vocoder)}
    elif entry.family == "tacotron2":
        components = {"vocoder.hifigan": str(FIXTURES / "hifigan")}
    source = CHECKPOINTS[model](root / "model")
    return dataclasses.replace(entry, **{"source": str(source), "components": components, "threads": 1, **changes})
