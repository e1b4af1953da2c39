"""A speech family that misbehaves on demand, in real engine children: `crash`, `stumble`, `hang`, `eat`, `wait`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.family import EngineSelection, EngineTrial, Speech, SynthesisInput, Tick
from tests.services.machine_speed import deadline

_MODELS = """
[[model]]
name = "moody"
kind = "tts"
family = "moody"
target = "tests.integration.misbehaving_family:load"
engines = ["numpy"]
languages = ["*"]
default_voice = "tone"
voices_target = "pipelines.families.tone:voices"
sample_rate_hz = 16000
slots = 4
stall_s = {stall_s}
chunk_characters = 50
auto = false
source = "{directory}"

[[model]]
name = "moody-absent"
kind = "tts"
family = "absent"
target = "tests.integration.misbehaving_family:load_nothing"
engines = ["numpy"]
languages = ["*"]
default_voice = "tone"
auto = false
"""


def models_toml(directory: Path) -> str:
    """The `models.toml` of a test; `directory` is where the family looks for the end of its waits."""
    return _MODELS.format(directory=directory, stall_s=deadline(3.0))


def load(entry: Entry, device: str) -> MisbehavingModel:
    """See the catalogue. On the device "odd" its engine is further from float32 than the limit."""
    speaker = MisbehavingModel(entry)
    if device == "odd":
        speaker.selection = EngineSelection(
            0.02, [EngineTrial("numpy", 0.5)], "numpy is further from float32 than the limit"
        )
    return speaker


def load_nothing(entry: Entry, device: str) -> MisbehavingModel:
    """A model whose runtime fails in its own way."""
    raise KeyError("weights") if device == "odd" else ModelUnavailable("pip install the-weights")


class MisbehavingModel:
    """Speaks a thousand samples, or not."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.selection: EngineSelection | None = None
        self._directory = Path(entry.source or ".")

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Each call leaves a file that names its texts."""
        texts = [request.text for request in requests]
        (self._directory / f"call-{time.monotonic_ns()}").write_text("\n".join(texts))
        for text in texts:
            if "crash" in text and not (self._directory / "healed").exists():
                signal.raise_signal(signal.SIGSEGV)  # in this thread, so that nothing is answered after it
            if "stumble" in text:
                raise ValueError(f"no rule for {text}")
            if "hang" in text:
                threading.Event().wait()
            if "eat" in text:
                eaten = []
                while True:
                    eaten.append(np.ones(4 << 20))
                    tick()
            while "wait" in text and not (self._directory / "go").exists():
                tick()
                time.sleep(0.01)
        return [Speech(np.full(1000, 5000, np.int16), 16_000) for _ in requests]

    def close(self) -> None:
        """See `SpeechFamily`."""
