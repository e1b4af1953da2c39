"""Resemblyzer's speaker encoder: a stretch of speech in, the voice as a vector of 256 numbers out.

The network and its weights are those that the `resemblyzer` package carries (generalised end-to-end loss,
arXiv 1710.10467): 40 mel bands, three LSTM layers, the last state as the voice. Only the weights file is used of that
package; its code wants libraries that nothing here needs. Knows nothing of turns, chunks or clusters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.engines.torch_engine import torch_device
from pipelines.errors import ModelUnavailable
from pipelines.family import EmbedRequest, Tick, Vector
from pipelines.speaker_embeddings.unit_vector import unit

if TYPE_CHECKING:
    import torch

_RATE_HZ, _FFT, _HOP, _BANDS = 16_000, 400, 160, 40
_WIDTH, _LAYERS = 256, 3
#: Frames that the network was trained on (1.6 s), and how far apart they are taken.
_FRAMES, _STEP = 160, 80
#: Quiet speech is raised to this level, as in training.
_LEVEL_DBFS = -30.0
#: Sets of frames in one call of the network.
_BATCH = 64


def load(entry: Entry, device: str) -> Resemblyzer:
    """The packaged encoder on `device`. Raises `ModelUnavailable` with the line that installs it."""
    spec = find_spec("resemblyzer")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(
            f"{entry.name} is not installed: {entry.install} "
            "(its own dependencies need a compiler, and nothing here uses them)."
        )
    path = Path(spec.submodule_search_locations[0]) / "pretrained.pt"
    where = torch_device(entry, device)
    network = _network()
    state = weights.weights(entry, path).get("model_state", {})
    # Two numbers of the training's loss, which no vector depends on.
    weights.fill(entry, network, state, spare=("similarity_",))
    with path.open("rb") as file:
        revision = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Resemblyzer(entry, network.to(where).eval(), revision)


class Resemblyzer:
    """One loaded encoder."""

    engine = "torch/float32"

    def __init__(self, entry: Entry, network: torch.nn.ModuleDict, revision: str) -> None:
        self.entry = entry
        self.revision = revision
        self._network: Any = network

    def embed(self, requests: Sequence[EmbedRequest], tick: Tick) -> list[Vector]:
        """See `SpeakerFamily`. A vector is the mean over sets of frames of 1.6 s, of length 1."""
        sets = [_frame_sets(request.samples) for request in requests]
        vectors = self._vectors(np.concatenate(sets), tick)
        ends = np.cumsum([len(frames) for frames in sets])
        return [unit(each.mean(axis=0)) for each in np.split(vectors, ends[:-1])]

    def close(self) -> None:
        """See `SpeakerFamily`."""

    def _vectors(self, frames: NDArray[np.float32], tick: Tick) -> NDArray[np.float32]:
        import torch

        network, found = self._network, []
        where = network["linear"].weight.device
        for batch in _batches(frames):
            tick()
            with torch.inference_mode():
                _, (hidden, _) = network["lstm"](torch.from_numpy(batch).to(where))
                voices = torch.relu(network["linear"](hidden[-1]))
                found.append(torch.nn.functional.normalize(voices, dim=1).cpu().numpy())
        return np.concatenate(found)


def _network() -> torch.nn.ModuleDict:
    from torch import nn

    return nn.ModuleDict(
        {"lstm": nn.LSTM(_BANDS, _WIDTH, _LAYERS, batch_first=True), "linear": nn.Linear(_WIDTH, _WIDTH)}
    )


def _frame_sets(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Mel frames of a stretch, float32 [sets, 160, 40]; half of each set lies in the next.

    What is shorter than a set is heard over and over until it fills one: the network never learnt silence.
    """
    from transformers.audio_utils import spectrogram

    sound = _levelled(samples.astype(np.float32) / 32_768)
    if 0 < len(sound) < _FRAMES * _HOP:
        sound = np.pad(sound, (0, _FRAMES * _HOP - len(sound)), "wrap")
    starts = range(0, max(1, len(sound) // _HOP - _FRAMES + 1), _STEP)
    window, bank = _filters()
    mel = spectrogram(sound, window, _FFT, _HOP, power=2.0, pad_mode="constant", mel_filters=bank).T
    return np.stack([mel[start : start + _FRAMES] for start in starts]).astype(np.float32)


@cache
def _filters() -> tuple[NDArray[Any], NDArray[Any]]:
    """The window of a frame, and the mel bands."""
    from transformers.audio_utils import mel_filter_bank, window_function

    bank = mel_filter_bank(1 + _FFT // 2, _BANDS, 0.0, _RATE_HZ / 2, _RATE_HZ, norm="slaney", mel_scale="slaney")
    return window_function(_FFT, "hann"), bank


def _levelled(sound: NDArray[Any]) -> NDArray[Any]:
    power = float(np.mean(np.square(sound))) if len(sound) else 0.0
    if power <= 0.0:
        return sound
    gain_db = _LEVEL_DBFS - 10 * np.log10(power)
    return sound * np.float32(10 ** (max(0.0, gain_db) / 20))


def _batches(frames: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (frames[first : first + _BATCH] for first in range(0, len(frames), _BATCH))
