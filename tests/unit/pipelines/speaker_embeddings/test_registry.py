"""SpeechBrain's layout: vectors as the original's, the published names and sizes, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.weights import revision
from pipelines.errors import ModelUnavailable
from pipelines.speaker_embeddings.ecapa import Ecapa, EcapaShape
from pipelines.speaker_embeddings.encoder import SpeakerEncoder
from pipelines.speaker_embeddings.registry import open_encoder
from pipelines.speaker_embeddings.xvector import XVector, XVectorShape
from tests.checkpoints import FIXTURES, arrays, at_real_size, make_entry, shapes_of, written_shapes
from tests.factories import jfk
from tests.material.make_speechbrain import STRETCHES

CPU = torch.device("cpu")
SPEECHBRAIN = FIXTURES / "speechbrain"


def opened(folder: Path) -> SpeakerEncoder:
    torch.set_num_threads(1)
    return open_encoder(make_entry(source=str(folder)), CPU)


def copied(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(SPEECHBRAIN / name, tmp_path / name))


def resaved(folder: Path, change: Any) -> Path:
    """The folder with `change` made to its tensors."""
    tensors = torch.load(folder / "embedding_model.ckpt", weights_only=True)
    change(tensors)
    torch.save(tensors, folder / "embedding_model.ckpt")
    return folder


def heard(encoder: SpeakerEncoder, start: int = 0, end: int = 32_000) -> np.ndarray:
    return encoder.vector(jfk()[start:end].astype(np.float32) / 32_768)


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("name", ["ecapa", "xvector"])
def test_vector_is_that_of_the_original(name: str, stretch: str) -> None:
    expected = arrays(f"speechbrain/{name}", "expected")[f"{stretch}_vector"]
    encoder = opened(SPEECHBRAIN / name)
    start, end = STRETCHES[stretch]
    wave = torch.from_numpy(jfk()[start:end].astype(np.float32) / 32_768)[None]
    with torch.inference_mode():
        raw = encoder._listening(wave)[0].numpy()
    assert np.abs(raw - expected).max() < 1e-4
    assert np.abs(heard(encoder, start, end) - expected / np.linalg.norm(expected)).max() < 1e-4
    assert encoder.width == len(expected)


@pytest.mark.parametrize(
    ("name", "make"),
    [("ecapa", lambda: Ecapa(EcapaShape())), ("xvector", lambda: XVector(XVectorShape()))],
    ids=["ecapa", "xvector"],
)
def test_names_and_shapes_of_the_published_size_fit(name: str, make: Any) -> None:
    assert shapes_of(at_real_size(make)) == written_shapes(f"speechbrain/{name}")


@pytest.mark.parametrize(
    ("name", "shape"), [("ecapa", EcapaShape), ("xvector", XVectorShape)], ids=["ecapa", "xvector"]
)
def test_published_sizes_are_read_off_the_tensors(name: str, shape: Any) -> None:
    tensors = {key: torch.empty(size, device="meta") for key, size in written_shapes(f"speechbrain/{name}").items()}
    found, published = shape.of(tensors), shape()
    for field in ("bands", "channels", "kernels", "dilations", "vector"):
        assert np.array_equal(getattr(found, field), getattr(published, field)), field
    if name == "ecapa":
        assert (found.scale, found.squeeze, found.attention) == (8, 128, 128)


def test_dilations_are_those_of_the_hyperparams(tmp_path: Path) -> None:
    folder = copied("xvector", tmp_path)
    published = heard(opened(folder))
    settings = folder / "hyperparams.yaml"
    told = settings.read_text()
    settings.unlink()
    assert np.array_equal(heard(opened(folder)), published)
    settings.write_text(told.replace("[1, 2, 3, 1, 1]", "[1, 1, 1, 1, 1]"))
    assert not np.allclose(heard(opened(folder)), published, atol=1e-3)
    settings.write_text(told.replace("[1, 2, 3, 1, 1]", "[1, 2, 3]"))
    with pytest.raises(ModelUnavailable, match=r"hyperparams\.yaml"):
        opened(folder)


def test_hyperparams_are_never_run(tmp_path: Path) -> None:
    folder = copied("ecapa", tmp_path)
    planted = tmp_path / "planted"
    with (folder / "hyperparams.yaml").open("a") as file:
        file.write(f"__run: !apply:pathlib.Path.touch [!new:pathlib.Path ['{planted}']]\n: not yaml [\n")
    assert np.array_equal(heard(opened(folder)), heard(opened(SPEECHBRAIN / "ecapa")))
    assert not planted.exists()


def test_a_checkpoint_that_would_run_code_stays_shut(tmp_path: Path) -> None:
    planted = tmp_path / "planted"

    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (planted,)

    folder = copied("ecapa", tmp_path)
    torch.save({"embedding": Bomb()}, folder / "embedding_model.ckpt")
    with pytest.raises(ModelUnavailable, match="could run code"):
        opened(folder)
    assert not planted.exists()


def test_safetensors_of_the_same_names_are_taken(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = copied("xvector", tmp_path)
    expected = heard(opened(folder))
    save_file(torch.load(folder / "embedding_model.ckpt", weights_only=True), folder / "embedding_model.safetensors")
    (folder / "embedding_model.ckpt").unlink()
    assert np.array_equal(heard(opened(folder)), expected)


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
        opened(folder)


def test_a_folder_without_the_checkpoint_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"embedding_model\.safetensors or embedding_model\.ckpt"):
        opened(tmp_path)


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    folder = copied("xvector", tmp_path)
    before = opened(folder).revision
    resaved(folder, lambda tensors: tensors["blocks.16.w.bias"].add_(1))
    assert opened(folder).revision == revision(folder) != before


def test_short_and_silent_sounds_have_vectors_too() -> None:
    for name in ("ecapa", "xvector"):
        encoder = opened(SPEECHBRAIN / name)
        for sound in (np.zeros(16_000, np.float32), jfk()[9_000:9_100].astype(np.float32) / 32_768):
            vector = encoder.vector(sound)
            assert vector.dtype == np.float32 and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
