"""WeSpeaker's speaker encoders: 80 Kaldi mel bands in, the voice as a vector out (arXiv 2210.17016).

Two forms are taken. An ONNX graph as WeSpeaker exports it: input `feats` [batch, frames, 80], the mean over the frames
taken out; output `embs` [batch, width]. And the tensors of its ResNet34 as pyannote publishes them, on PyTorch. Knows
nothing of turns or clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.engines.onnx_engine import onnx_session
from pipelines.engines.selection import engine_of
from pipelines.engines.torch_engine import torch_device
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import EmbedRequest, Tick, Vector
from pipelines.speaker_embeddings.unit_vector import unit

_RATE_HZ, _BANDS = 16_000, 80
#: Shorter speech is heard over and over until it is so long, in samples: the network pools over time.
_SHORTEST = _RATE_HZ
#: Features [frames, 80] → vector.
_Hear = Callable[[NDArray[np.float32]], Vector]
#: Classes of pyannote, and one of torch, that a published file mentions beside its tensors.
_MENTIONED = (
    "pyannote.audio.core.task.Specifications",
    "pyannote.audio.core.task.Problem",
    "pyannote.audio.core.task.Resolution",
    "torch.torch_version.TorchVersion",
)


def load(entry: Entry, device: str) -> WeSpeaker:
    """The encoder in the entry's folder: for the engine "torch" the one file of weights, else the one `.onnx` file.

    Raises `ModelUnavailable` when there is none, or when it has another form.
    """
    try:
        import kaldi_native_fbank  # noqa: F401 – said here and not at the first request
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs an extra: pip install 'voicemill[speakers]'.") from error
    folder = weights.checkpoint(entry)
    opened = _network if engine_of(entry) == "torch" else _graph
    return WeSpeaker(entry, opened(entry, folder, device), weights.revision(folder))


class WeSpeaker:
    """One loaded encoder."""

    def __init__(self, entry: Entry, hear: _Hear, revision: str) -> None:
        self.entry = entry
        self.revision = revision
        self.engine = f"{engine_of(entry)}/float32"
        self._hear = hear

    def embed(self, requests: Sequence[EmbedRequest], tick: Tick) -> list[Vector]:
        """See `SpeakerFamily`. One call for each: the network pools over time, and padding would be heard."""
        vectors = []
        for request in requests:
            tick()
            vectors.append(unit(self._hear(features(request.samples))))
        return vectors

    def close(self) -> None:
        """See `SpeakerFamily`."""


def _graph(entry: Entry, folder: Path, device: str) -> _Hear:
    """The folder's only `.onnx` file, or `model.onnx`."""
    from onnxruntime.capi import onnxruntime_pybind11_state as refusals

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
    name = session.get_inputs()[0].name

    def hear(frames: NDArray[np.float32]) -> Vector:
        try:
            (vectors,) = session.run(None, {name: frames[None]})
        except (refusals.Fail, refusals.InvalidArgument, refusals.RuntimeException) as error:
            raise EngineFailure(f"{entry.name} failed on a turn: {error}") from error
        return np.asarray(vectors[0], np.float32)

    return hear


def _network(entry: Entry, folder: Path, device: str) -> _Hear:
    """The ResNet whose tensors the folder holds, under pyannote's names or WeSpeaker's own."""
    import torch

    from pipelines.speaker_embeddings.resnet import ResNet, ResNetShape

    where = torch_device(entry, device)
    path = weights.weights_file(entry, folder)
    held = weights.state_dict(entry, path, mentioned=_MENTIONED)
    tensors = {name.removeprefix("resnet."): tensor for name, tensor in held.items()}
    try:
        network = ResNet(ResNetShape.of(tensors))
    except KeyError as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} is no ResNet of WeSpeaker: it lacks {error}.") from error
    # The classifier of the training, which WeSpeaker leaves in its files.
    weights.fill(entry, network, tensors, spare=("projection.",), file=path)
    network.to(where).eval()

    def hear(frames: NDArray[np.float32]) -> Vector:
        with torch.inference_mode():
            return network(torch.from_numpy(frames)[None].to(where))[0].float().cpu().numpy()

    return hear


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
