"""The engines against transformers' recorded outputs: float32, bfloat16, ONNX Runtime; alone and in a batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from pipelines.engines.selection import PROBABILITY_LIMIT
from pipelines.families.wav2vec2 import load
from pipelines.families.wav2vec2.checkpoint import read_checkpoint
from pipelines.families.wav2vec2.features import normalise
from pipelines.families.wav2vec2.network import AcousticModel
from pipelines.families.wav2vec2.onnx_network import OnnxNetworkEngine
from pipelines.families.wav2vec2.torch_network import TorchNetworkEngine
from tests.audio_factories import load_jfk
from tests.wav2vec2_checkpoint import FOLDER, load_expected, make_entry, write_wav2vec2

#: Largest and mean difference of bfloat16 from float32, of logits that spread by 2.4 around their mean.
BFLOAT16_LARGEST, BFLOAT16_MEAN = 0.8, 0.08


@pytest.fixture(scope="module")
def precise() -> TorchNetworkEngine:
    return TorchNetworkEngine(read_checkpoint(make_entry()), "cpu", "float32")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def sounds() -> list[np.ndarray]:
    samples = load_jfk()
    pieces = (samples[:48_000], samples[16_000:96_000], samples[:1_600], samples[:4_000])
    return [normalise(piece, is_normalised=True) for piece in pieces]


def test_float32_answers_as_transformers_did(precise: TorchNetworkEngine) -> None:
    logits = precise.logits([normalise(load_jfk(), is_normalised=True)])[0]
    assert precise.engine == "torch/float32"
    assert np.abs(logits - load_expected()["logits"][0]).max() < 1e-3
    assert np.array_equal(logits.argmax(-1), load_expected()["argmax_ids"])


def test_rows_of_a_padded_batch_without_mask_are_those_of_transformers(precise: TorchNetworkEngine) -> None:
    """The reference pads first and normalises over the padding: wrong for recognition, but the same arithmetic."""
    rows = np.zeros((2, 80_000), np.int16)
    for row, (start, end) in zip(rows, load_expected()["batch_slices"], strict=True):
        row[: end - start] = load_jfk()[start:end]
    answers = [precise.logits([normalise(row, is_normalised=True)])[0] for row in rows]
    assert np.abs(np.stack(answers) - load_expected()["logits_batch"]).max() < 1e-3


def test_old_pickled_weights_are_the_same_model(precise: TorchNetworkEngine, tmp_path: Path) -> None:
    folder = write_wav2vec2(tmp_path / "old", leave_out=("model.safetensors",))
    old = TorchNetworkEngine(read_checkpoint(make_entry(folder)), "cpu", "float32")
    sound = sounds()[2]
    assert np.array_equal(old.logits([sound])[0], precise.logits([sound])[0])


def test_precision_that_is_chosen_stays_near_float32(cache: Path) -> None:
    """bfloat16 where the processor has it and its results are right: oneDNN's convolutions of narrow groups are wrong
    in bfloat16 on processors with AMX, and this network has them."""
    family = load(make_entry(engine="torch"), "cpu")
    assert family.selection is not None and family.selection.chosen.engine == family.engine
    assert family.selection.chosen.error is not None and family.selection.chosen.error <= PROBABILITY_LIMIT
    logits = family._network.logits([normalise(load_jfk(), is_normalised=True)])[0]
    difference = np.abs(logits - load_expected()["logits"][0])
    assert difference.max() < BFLOAT16_LARGEST and difference.mean() < BFLOAT16_MEAN


def test_precision_that_computes_something_else_is_not_chosen(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(network: TorchNetworkEngine, sounds: Any) -> Any:
        found = exact(network, sounds)
        return [each[:, ::-1] for each in found] if network.engine == "torch/bfloat16" else found

    exact = TorchNetworkEngine.logits
    monkeypatch.setattr(TorchNetworkEngine, "logits", wrong)
    monkeypatch.setattr("pipelines.families.wav2vec2.torch_network.has_fast_bfloat16", lambda device: True)
    family = load(make_entry(engine="torch"), "cpu")
    assert family.selection is not None
    tried = {each.engine: each.error or 0.0 for each in family.selection.candidates}
    assert list(tried) == ["torch/bfloat16", "torch/float32"] and family.engine == "torch/float32"
    assert tried["torch/bfloat16"] > PROBABILITY_LIMIT > tried["torch/float32"]


def test_onnx_runtime_answers_as_transformers_did_for_any_length(cache: Path, precise: TorchNetworkEngine) -> None:
    onnx = OnnxNetworkEngine(read_checkpoint(make_entry()), "cpu")
    logits = onnx.logits([normalise(load_jfk(), is_normalised=True)])[0]
    assert onnx.engine == "onnx/float32"
    assert np.abs(logits - load_expected()["logits"][0]).max() < 1e-3
    assert np.array_equal(logits.argmax(-1), load_expected()["argmax_ids"])
    for sound, answer in zip(sounds(), onnx.logits(sounds()), strict=True):
        assert np.abs(answer - precise.logits([sound])[0]).max() < 1e-3


def test_export_happens_once(cache: Path) -> None:
    checkpoint = read_checkpoint(make_entry())
    OnnxNetworkEngine(checkpoint, "cpu")
    graph = next(cache.rglob("*.onnx"))
    written = graph.stat().st_mtime_ns
    OnnxNetworkEngine(checkpoint, "cpu")
    assert [path.stat().st_mtime_ns for path in cache.rglob("*.onnx")] == [written]


def make_variant(**changes: Any) -> Wav2Vec2ForCTC:
    settings = json.loads((FOLDER / "config.json").read_text()) | changes
    torch.manual_seed(3)
    return Wav2Vec2ForCTC(Wav2Vec2Config.from_dict(settings)).eval()


@pytest.mark.parametrize(
    "changes",
    [{}, {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}],
    ids=["base", "large-lv60"],
)
def test_a_window_has_the_same_logits_alone_and_padded_beside_longer_ones(changes: dict[str, Any]) -> None:
    network = AcousticModel(make_variant(**changes))
    assert network.supports_padding
    pieces = sounds()
    rows = torch.zeros(len(pieces), max(map(len, pieces)))
    for row, piece in zip(rows, pieces, strict=True):
        row[: len(piece)] = torch.from_numpy(piece)
    lengths = torch.tensor([len(piece) for piece in pieces])
    with torch.inference_mode():
        together, frames = network(rows, lengths), network.count_frames(lengths)
        for piece, answer, count in zip(pieces, together, frames.tolist(), strict=True):
            alone = network(torch.from_numpy(piece)[None])[0]
            assert len(alone) == count
            assert (answer[:count] - alone).abs().max() < 1e-4


def takes_no_padding() -> None:
    assert not AcousticModel(make_variant(add_adapter=True, num_adapter_layers=1)).supports_padding


@pytest.mark.parametrize(
    "changes", [{}, {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}]
)
def test_every_variant_computes_what_transformers_computes(changes: dict[str, Any]) -> None:
    model = make_variant(**changes)
    sound = torch.from_numpy(sounds()[0])[None]
    with torch.inference_mode():
        assert (AcousticModel(model)(sound) - model(sound).logits).abs().max() < 1e-5
