"""SpeechBrain's layout: embeddings equal to the original's, the published names and sizes, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.errors import ModelUnavailable
from pipelines.speaker_embeddings.ecapa import Ecapa, EcapaDimensions
from pipelines.speaker_embeddings.encoder import SpeakerEncoder
from pipelines.speaker_embeddings.registry import load_encoder
from pipelines.speaker_embeddings.xvector import XVector, XVectorDimensions
from tests.audio_factories import load_jfk
from tests.checkpoints import FIXTURES, build_without_weights, get_shapes, load_arrays, make_entry, read_shapes
from tests.material.make_speechbrain import SLICES

CPU = torch.device("cpu")
SPEECHBRAIN = FIXTURES / "speechbrain"


def load_folder(folder: Path) -> SpeakerEncoder:
    torch.set_num_threads(1)
    return load_encoder(make_entry(source=str(folder)), CPU)


def copied(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(SPEECHBRAIN / name, tmp_path / name))


def resaved(folder: Path, change: Any) -> Path:
    """The folder with `change` made to its tensors."""
    tensors = torch.load(folder / "embedding_model.ckpt", weights_only=True)
    change(tensors)
    torch.save(tensors, folder / "embedding_model.ckpt")
    return folder


def embed_speech(encoder: SpeakerEncoder, start: int = 0, end: int = 32_000) -> np.ndarray:
    return encoder.embed(load_jfk()[start:end].astype(np.float32) / 32_768)


@pytest.mark.parametrize("excerpt", SLICES)
@pytest.mark.parametrize("name", ["ecapa", "xvector"])
def test_vector_is_that_of_the_original(name: str, excerpt: str) -> None:
    expected = load_arrays(f"speechbrain/{name}", "expected")[f"{excerpt}_vector"]
    encoder = load_folder(SPEECHBRAIN / name)
    start, end = SLICES[excerpt]
    wave = torch.from_numpy(load_jfk()[start:end].astype(np.float32) / 32_768)[None]
    with torch.inference_mode():
        raw = encoder._model(wave)[0].numpy()
    assert np.abs(raw - expected).max() < 1e-4
    assert np.abs(embed_speech(encoder, start, end) - expected / np.linalg.norm(expected)).max() < 1e-4
    assert encoder.size == len(expected)


@pytest.mark.parametrize(
    ("name", "make"),
    [("ecapa", lambda: Ecapa(EcapaDimensions())), ("xvector", lambda: XVector(XVectorDimensions()))],
    ids=["ecapa", "xvector"],
)
def test_names_and_shapes_of_the_published_size_fit(name: str, make: Any) -> None:
    assert get_shapes(build_without_weights(make)) == read_shapes(f"speechbrain/{name}")


@pytest.mark.parametrize(
    ("name", "shape"), [("ecapa", EcapaDimensions), ("xvector", XVectorDimensions)], ids=["ecapa", "xvector"]
)
def test_published_sizes_are_read_off_the_tensors(name: str, shape: Any) -> None:
    tensors = {key: torch.empty(size, device="meta") for key, size in read_shapes(f"speechbrain/{name}").items()}
    found, published = shape.from_tensors(tensors), shape()
    for field in ("bands", "channels", "kernels", "dilations", "embedding"):
        assert np.array_equal(getattr(found, field), getattr(published, field)), field
    if name == "ecapa":
        assert (found.scale, found.squeeze, found.attention) == (8, 128, 128)


def test_dilations_are_those_of_the_hyperparams(tmp_path: Path) -> None:
    folder = copied("xvector", tmp_path)
    published = embed_speech(load_folder(folder))
    settings = folder / "hyperparams.yaml"
    original = settings.read_text()
    settings.unlink()
    assert np.array_equal(embed_speech(load_folder(folder)), published)
    settings.write_text(original.replace("[1, 2, 3, 1, 1]", "[1, 1, 1, 1, 1]"))
    assert not np.allclose(embed_speech(load_folder(folder)), published, atol=1e-3)
    settings.write_text(original.replace("[1, 2, 3, 1, 1]", "[1, 2, 3]"))
    with pytest.raises(ModelUnavailable, match=r"hyperparams\.yaml"):
        load_folder(folder)


def test_hyperparams_are_never_run(tmp_path: Path) -> None:
    folder = copied("ecapa", tmp_path)
    planted = tmp_path / "planted"
    with (folder / "hyperparams.yaml").open("a") as file:
        file.write(f"__run: !apply:pathlib.Path.touch [!new:pathlib.Path ['{planted}']]\n: not yaml [\n")
    assert np.array_equal(embed_speech(load_folder(folder)), embed_speech(load_folder(SPEECHBRAIN / "ecapa")))
    assert not planted.exists()


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    planted = tmp_path / "planted"

    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (planted,)

    folder = copied("ecapa", tmp_path)
    torch.save({"embedding": Bomb()}, folder / "embedding_model.ckpt")
    with pytest.raises(ModelUnavailable, match="could run code"):
        load_folder(folder)
    assert not planted.exists()


def test_safetensors_of_the_same_names_are_taken(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = copied("xvector", tmp_path)
    expected = embed_speech(load_folder(folder))
    save_file(torch.load(folder / "embedding_model.ckpt", weights_only=True), folder / "embedding_model.safetensors")
    (folder / "embedding_model.ckpt").unlink()
    assert np.array_equal(embed_speech(load_folder(folder)), expected)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ecapa", lambda tensors: tensors.pop("fc.conv.bias"), r"lacks fc\.conv\.bias"),
        ("ecapa", lambda tensors: tensors.pop("fc.conv.weight"), r"lacks 'fc\.conv\.weight'"),
        ("ecapa", lambda tensors: tensors.pop("mfa.conv.conv.weight"), "is no ECAPA-TDNN or x-vector"),
        ("xvector", lambda tensors: tensors.pop("blocks.16.w.weight"), r"lacks 'blocks\.16\.w\.weight'"),
        ("xvector", lambda tensors: tensors.update({"blocks.0.conv.weight": torch.ones(2)}), "too few dimensions"),
        ("xvector", lambda tensors: tensors.update(more=torch.ones(2)), "has unknown more"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(name: str, change: Any, message: str, tmp_path: Path) -> None:
    folder = resaved(copied(name, tmp_path), change)
    with pytest.raises(ModelUnavailable, match=message):
        load_folder(folder)


def test_a_folder_without_the_checkpoint_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"embedding_model\.safetensors or embedding_model\.ckpt"):
        load_folder(tmp_path)


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    folder = copied("xvector", tmp_path)
    before = load_folder(folder).revision
    resaved(folder, lambda tensors: tensors["blocks.16.w.bias"].add_(1))
    assert load_folder(folder).revision == checkpoint_revision(folder) != before


def test_short_and_silent_sounds_have_vectors_too() -> None:
    for name in ("ecapa", "xvector"):
        encoder = load_folder(SPEECHBRAIN / name)
        for sound in (np.zeros(16_000, np.float32), load_jfk()[9_000:9_100].astype(np.float32) / 32_768):
            vector = encoder.embed(sound)
            assert vector.dtype == np.float32 and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
