"""Resemblyzer's speaker encoder: a segment of speech to an embedding of 256 numbers.

The network and its weights are those of the `resemblyzer` package (generalised end-to-end loss, arXiv 1710.10467): 40
mel bands, three LSTM layers, the embedding from the last state. Only the weights file of that package is used; its code
needs further libraries. Knows nothing of diarization.
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

from pipelines.audio.mel_filters import build_mel_filters
from pipelines.audio.unit_vector import normalise_length
from pipelines.catalog.entry import SpeakerEntry
from pipelines.catalog.weights import fill_module, load_weights
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.errors import ModelUnavailable
from pipelines.family import EmbeddingInput, SpeakerEmbedding, Tick

if TYPE_CHECKING:
    import torch

_RATE_HZ, _FFT, _HOP, _BANDS = 16_000, 400, 160, 40
_WIDTH, _LAYERS = 256, 3
#: Frames of a window, as in training (1.6 s), and the distance of two windows.
_FRAMES, _STEP = 160, 80
#: Quieter speech is amplified to this level, as in training.
_LEVEL_DBFS = -30.0
#: Windows in one call of the network.
_BATCH_SIZE = 64


def load(entry: SpeakerEntry, device: str) -> Resemblyzer:
    """The packaged encoder on `device`. Raises `ModelUnavailable` with the line that installs it."""
    spec = find_spec("resemblyzer")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(
            f"{entry.name} is not installed: {entry.install} "
            "(its own dependencies need a compiler, and are not used here)."
        )
    path = Path(spec.submodule_search_locations[0]) / "pretrained.pt"
    target = resolve_torch_device(entry, device)
    network = _build_network()
    state = load_weights(entry, path).get("model_state", {})
    # Two parameters of the training's loss are not used.
    fill_module(entry, network, state, spare=("similarity_",))
    with path.open("rb") as file:
        revision = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Resemblyzer(entry, network.to(target).eval(), revision)


class Resemblyzer:
    """See `SpeakerFamily`."""

    engine = "torch/float32"

    def __init__(self, entry: SpeakerEntry, network: torch.nn.ModuleDict, revision: str) -> None:
        self.entry = entry
        self.revision = revision
        self._network: Any = network

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        """See `SpeakerFamily`. An embedding is the mean over windows of 1.6 s, scaled to length 1."""
        windows = [_compute_windows(request.samples) for request in requests]
        embeddings = self._embed_windows(np.concatenate(windows), tick)
        ends = np.cumsum([len(own) for own in windows])
        return [normalise_length(each.mean(axis=0)) for each in np.split(embeddings, ends[:-1])]

    def close(self) -> None:
        """See `SpeakerFamily`."""

    def _embed_windows(self, windows: NDArray[np.float32], tick: Tick) -> NDArray[np.float32]:
        import torch

        network, found = self._network, []
        device = network["linear"].weight.device
        for batch in _split_batches(windows):
            tick()
            with torch.inference_mode():
                _, (hidden, _) = network["lstm"](torch.from_numpy(batch).to(device))
                embeddings = torch.relu(network["linear"](hidden[-1]))
                found.append(torch.nn.functional.normalize(embeddings, dim=1).cpu().numpy())
        return np.concatenate(found)


def _build_network() -> torch.nn.ModuleDict:
    from torch import nn

    return nn.ModuleDict(
        {"lstm": nn.LSTM(_BANDS, _WIDTH, _LAYERS, batch_first=True), "linear": nn.Linear(_WIDTH, _WIDTH)}
    )


def _compute_windows(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Mel frames of a segment, float32 [windows, 160, 40]; windows overlap by half.

    A segment shorter than a window is repeated: the network was not trained on silence.
    """
    from transformers.audio_utils import spectrogram

    wave = _amplify(samples.astype(np.float32) / np.float32(32_768))
    if 0 < len(wave) < _FRAMES * _HOP:
        wave = np.pad(wave, (0, _FRAMES * _HOP - len(wave)), "wrap")
    starts = range(0, max(1, len(wave) // _HOP - _FRAMES + 1), _STEP)
    window, filters = _build_filters()
    mel = spectrogram(wave, window, _FFT, _HOP, power=2.0, pad_mode="constant", mel_filters=filters).T
    return np.stack([mel[start : start + _FRAMES] for start in starts]).astype(np.float32)


@cache
def _build_filters() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The window of a frame, and the mel filters (fft / 2 + 1, bands)."""
    from transformers.audio_utils import window_function

    filters = build_mel_filters(_RATE_HZ, fft=_FFT, bins=_BANDS, fmin_hz=0.0, fmax_hz=_RATE_HZ / 2, scale="slaney")
    return window_function(_FFT, "hann"), filters.T


def _amplify(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    power = float(np.mean(np.square(wave))) if len(wave) else 0.0
    if power <= 0.0:
        return wave
    gain_db = _LEVEL_DBFS - 10 * np.log10(power)
    return wave * np.float32(10 ** (max(0.0, gain_db) / 20))


def _split_batches(windows: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (windows[first : first + _BATCH_SIZE] for first in range(0, len(windows), _BATCH_SIZE))
