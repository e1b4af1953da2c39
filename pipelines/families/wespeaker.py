"""Speaker encoders as ONNX graphs in WeSpeaker's form: 80 Kaldi mel bands in, the voice as a vector out.

WeSpeaker's own exports and the encoder of pyannote's pipeline are of this form: input `feats` [batch, frames, 80], the
mean over the frames taken out; output `embs` [batch, width]. See arXiv 2210.17016. Knows nothing of turns or clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import loading
from pipelines.catalog import Entry
from pipelines.engines.onnx_engine import onnx_session
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import EmbedRequest, Tick, Vector
from pipelines.voiceprints.unit_vector import unit

_RATE_HZ, _BANDS = 16_000, 80
#: Shorter speech is heard over and over until it is so long, in samples: the network pools over time.
_SHORTEST = _RATE_HZ


def load(entry: Entry, device: str) -> WeSpeaker:
    """The graph in the entry's folder (the only `.onnx` file, or `model.onnx`).

    Raises `ModelUnavailable` when there is none, or when it has other inputs.
    """
    try:
        import kaldi_native_fbank  # noqa: F401 – said here and not at the first request
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs an extra: pip install 'voicemill[speakers]'.") from error
    folder = loading.checkpoint(entry)
    graphs = sorted(folder.glob("*.onnx"))
    path = folder / "model.onnx" if folder / "model.onnx" in graphs else next(iter(graphs), None)
    if path is None or (len(graphs) > 1 and path.name != "model.onnx"):
        found = ", ".join(graph.name for graph in graphs) or "no .onnx file"
        raise ModelUnavailable(f"{entry.name}: {folder} must hold model.onnx or one graph; it holds {found}.")
    session = onnx_session(entry, path, device)
    shapes = [given.shape for given in session.get_inputs()]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] != _BANDS:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} takes {shapes}; a speaker encoder takes [batch, frames, {_BANDS}]."
        )
    return WeSpeaker(entry, session, loading.revision(folder))


class WeSpeaker:
    """One loaded encoder."""

    engine = "onnx/float32"

    def __init__(self, entry: Entry, session: Any, revision: str) -> None:
        self.entry = entry
        self.revision = revision
        self._session = session
        self._input = session.get_inputs()[0].name

    def embed(self, requests: Sequence[EmbedRequest], tick: Tick) -> list[Vector]:
        """See `SpeakerFamily`. One call for each: the network pools over time, and padding would be heard."""
        return [self._vector(request.samples, tick) for request in requests]

    def close(self) -> None:
        """See `SpeakerFamily`."""

    def _vector(self, samples: NDArray[np.int16], tick: Tick) -> Vector:
        from onnxruntime.capi import onnxruntime_pybind11_state as refusals

        tick()
        try:
            (vectors,) = self._session.run(None, {self._input: features(samples)[None]})
        except (refusals.Fail, refusals.InvalidArgument, refusals.RuntimeException) as error:
            raise EngineFailure(f"{self.entry.name} failed on a turn: {error}") from error
        return unit(np.asarray(vectors[0], np.float32))


def features(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Kaldi's log mel energies of mono int16 at 16 kHz, float32 [frames, 80], each band's mean taken out."""
    import kaldi_native_fbank as knf

    if 0 < len(samples) < _SHORTEST:
        samples = np.pad(samples, (0, _SHORTEST - len(samples)), "wrap")
    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = _RATE_HZ
    options.frame_opts.window_type = "hamming"
    options.mel_opts.num_bins = _BANDS
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(_RATE_HZ, samples.astype(np.float32).tolist())
    bank.input_finished()
    frames = np.stack([bank.get_frame(number) for number in range(bank.num_frames_ready)])
    return (frames - frames.mean(axis=0)).astype(np.float32)
