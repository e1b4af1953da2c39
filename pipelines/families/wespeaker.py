"""WeSpeaker's speaker encoders: 80 Kaldi mel bands to a speaker embedding (arXiv 2210.17016).

Two formats are supported: an ONNX graph as WeSpeaker exports it, with the input `feats` [batch, frames, 80], the mean
over the frames subtracted, and the output `embs` [batch, size]; and the tensors of its ResNet34 as pyannote publishes
them, in PyTorch. Knows nothing of diarization.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.unit_vector import normalise_length
from pipelines.catalog.checkpoint import checkpoint_revision, find_checkpoint
from pipelines.catalog.entry import SpeakerEntry
from pipelines.catalog.weights import fill_module, find_weights_file, load_state_dict
from pipelines.engines.onnx_engine import create_session
from pipelines.engines.selection import resolve_engine
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import EmbeddingInput, SpeakerEmbedding, Tick

_RATE_HZ, _BANDS = 16_000, 80
#: Shorter segments are repeated up to this many samples: the network pools over time.
_MIN_SAMPLES = _RATE_HZ
#: Maps features [frames, 80] to an embedding.
_Network = Callable[[NDArray[np.float32]], SpeakerEmbedding]
#: Classes of pyannote, and one of torch, that a published file refers to beside its tensors.
_MENTIONED = (
    "pyannote.audio.core.task.Specifications",
    "pyannote.audio.core.task.Problem",
    "pyannote.audio.core.task.Resolution",
    "torch.torch_version.TorchVersion",
)


def load(entry: SpeakerEntry, device: str) -> WeSpeaker:
    """The encoder in the entry's folder: for the engine "torch" the one file of weights, else the one `.onnx` file.

    Raises `ModelUnavailable` when there is none, or when it has another format.
    """
    try:
        import kaldi_native_fbank  # noqa: F401 – report it here and not at the first request
    except ImportError as error:
        raise ModelUnavailable(f"{entry.name} needs an extra: pip install 'voicemill[speakers]'.") from error
    folder = find_checkpoint(entry)
    load_network = _load_torch_network if resolve_engine(entry) == "torch" else _load_onnx_graph
    return WeSpeaker(entry, load_network(entry, folder, device), checkpoint_revision(folder))


class WeSpeaker:
    """See `SpeakerFamily`."""

    def __init__(self, entry: SpeakerEntry, network: _Network, revision: str) -> None:
        self.entry = entry
        self.revision = revision
        self.engine = f"{resolve_engine(entry)}/float32"
        self._network = network

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        """See `SpeakerFamily`. One call per segment: the pooling over time would include padding."""
        embeddings = []
        for request in requests:
            tick()
            embeddings.append(normalise_length(self._network(compute_features(request.samples))))
        return embeddings

    def close(self) -> None:
        """See `SpeakerFamily`."""


def _load_onnx_graph(entry: SpeakerEntry, folder: Path, device: str) -> _Network:
    """The folder's only `.onnx` file, or `model.onnx`."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    graphs = sorted(folder.glob("*.onnx"))
    path = folder / "model.onnx" if folder / "model.onnx" in graphs else next(iter(graphs), None)
    if path is None or (len(graphs) > 1 and path.name != "model.onnx"):
        found = ", ".join(graph.name for graph in graphs) or "no .onnx file"
        raise ModelUnavailable(f"{entry.name}: {folder} must hold model.onnx or one graph; it holds {found}.")
    session = create_session(entry, path, device)
    shapes = [each.shape for each in session.get_inputs()]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] != _BANDS:
        raise ModelUnavailable(
            f"{entry.name}: {path.name} takes {shapes}; a speaker encoder takes [batch, frames, {_BANDS}]."
        )
    name = session.get_inputs()[0].name

    def embed(frames: NDArray[np.float32]) -> SpeakerEmbedding:
        try:
            (embeddings,) = session.run(None, {name: frames[None]})
        except (errors.Fail, errors.InvalidArgument, errors.RuntimeException) as error:
            raise EngineFailure(f"{entry.name} failed on a turn: {error}") from error
        return np.asarray(embeddings[0], np.float32)

    return embed


def _load_torch_network(entry: SpeakerEntry, folder: Path, device: str) -> _Network:
    """The folder's ResNet, with pyannote's or WeSpeaker's own tensor names."""
    import torch

    from pipelines.speaker_embeddings.resnet import ResNet, ResNetDimensions

    target = resolve_torch_device(entry, device)
    path = find_weights_file(entry, folder)
    loaded = load_state_dict(entry, path, mentioned=_MENTIONED)
    tensors = {name.removeprefix("resnet."): tensor for name, tensor in loaded.items()}
    try:
        network = ResNet(ResNetDimensions.from_tensors(tensors))
    except KeyError as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} is no ResNet of WeSpeaker: it lacks {error}.") from error
    # WeSpeaker's files include the training's classifier.
    fill_module(entry, network, tensors, spare=("projection.",), file=path)
    network.to(target).eval()

    def embed(frames: NDArray[np.float32]) -> SpeakerEmbedding:
        with torch.inference_mode():
            return network(torch.from_numpy(frames)[None].to(target))[0].float().cpu().numpy()

    return embed


def compute_features(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Kaldi's log mel energies of mono int16 at 16 kHz, float32 [frames, 80], each band's mean subtracted."""
    import kaldi_native_fbank as knf

    if 0 < len(samples) < _MIN_SAMPLES:
        samples = np.pad(samples, (0, _MIN_SAMPLES - len(samples)), "wrap")
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
