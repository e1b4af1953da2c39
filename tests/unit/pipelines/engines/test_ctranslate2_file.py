"""Files of weights, beside those that CTranslate2 itself writes and loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.engines.ctranslate2_file import read_model, write_model, write_reduced_range
from tests.whisper_ctranslate2_checkpoint import write_ctranslate2_whisper

LARGEST = 64
MATRIX = "encoder/layer_0/ffn/linear_0/weight"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ctranslate2_whisper(tmp_path_factory.mktemp("whisper") / "model")


def test_what_ctranslate2_writes_is_read(folder: Path) -> None:
    model = read_model(folder / "model.bin")
    assert (model.specification, model.revision) == ("WhisperSpec", 3)
    assert model.variables[MATRIX].shape == (32, 16) and model.variables[MATRIX].dtype == np.float32
    assert model.variables["encoder/num_heads"].shape == ()
    assert model.variables["encoder/conv1/weight"].shape == (16, 80, 3)


def test_file_is_written_as_ctranslate2_writes_it(folder: Path, tmp_path: Path) -> None:
    model = read_model(folder / "model.bin")
    write_model(tmp_path / "again.bin", model.specification, model.revision, model.variables.items(), model.aliases)
    assert (tmp_path / "again.bin").read_bytes() == (folder / "model.bin").read_bytes()


def test_bfloat16_is_read_as_float32(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 0.0, 3.140625], np.float32)
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    write_model(tmp_path / "model.bin", "Any", 1, [("weight", upper)], {})
    assert np.array_equal(read_model(tmp_path / "model.bin").variables["weight"], values)


@pytest.mark.parametrize("kept", [0, 3, 20, 500, 50_000])
def test_file_that_is_cut_off_is_refused(folder: Path, tmp_path: Path, kept: int) -> None:
    (tmp_path / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"not a model\.bin of version 6, or is cut off"):
        read_model(tmp_path / "model.bin")


def test_reduced_weights_are_within_half_a_step_of_the_original(folder: Path, tmp_path: Path) -> None:
    write_reduced_range(folder / "model.bin", tmp_path / "model.bin", LARGEST)
    before, after = read_model(folder / "model.bin"), read_model(tmp_path / "model.bin")
    matrices = [name for name in after.variables if f"{name}_scale" in after.variables]
    assert MATRIX in matrices and "decoder/embeddings/weight" in matrices
    assert not any("conv" in name or "encodings" in name for name in matrices)
    for name in matrices:
        integers, scale = after.variables[name], after.variables[f"{name}_scale"][:, None]
        assert integers.dtype == np.int8 and np.abs(integers).max() == LARGEST
        assert np.abs(integers / scale - before.variables[name]).max() <= (0.5 / scale).max() * 1.001
    unchanged = set(before.variables) - set(matrices)
    assert all(np.array_equal(before.variables[name], after.variables[name]) for name in unchanged)


def test_matrix_of_two_names_has_one_scale_of_two_names(tmp_path: Path) -> None:
    matrix = np.array([[1.0, -2.0], [0.0, 0.0]], np.float32)
    write_model(
        tmp_path / "model.bin", "Any", 1, [("embeddings/weight", matrix)], {"output/weight": "embeddings/weight"}
    )
    write_reduced_range(tmp_path / "model.bin", tmp_path / "reduced.bin", LARGEST)
    reduced = read_model(tmp_path / "reduced.bin")
    assert reduced.variables["embeddings/weight"].tolist() == [[32, -64], [0, 0]]
    assert reduced.variables["embeddings/weight_scale"].tolist() == [32.0, 1.0]
    assert reduced.aliases == {"output/weight": "embeddings/weight", "output/weight_scale": "embeddings/weight_scale"}


@pytest.mark.parametrize("damage", [np.inf, -np.inf, np.nan])
def test_row_that_is_no_number_stays_none(tmp_path: Path, damage: float) -> None:
    matrix = np.array([[1.0, damage], [1.0, 2.0]], np.float32)
    write_model(tmp_path / "model.bin", "Any", 1, [("weight", matrix)], {})
    write_reduced_range(tmp_path / "model.bin", tmp_path / "reduced.bin", LARGEST)
    scale = read_model(tmp_path / "reduced.bin").variables["weight_scale"]
    assert np.isnan(scale[0]) and scale[1] == LARGEST / 2


def test_integers_are_reduced_like_the_weights_they_stand_for(folder: Path, tmp_path: Path) -> None:
    write_reduced_range(folder / "model.bin", tmp_path / "full.bin", 127)
    write_reduced_range(tmp_path / "full.bin", tmp_path / "twice.bin", LARGEST)
    full, twice = read_model(tmp_path / "full.bin"), read_model(tmp_path / "twice.bin")
    assert set(full.variables) == set(twice.variables) and full.aliases == twice.aliases
    scale = twice.variables[f"{MATRIX}_scale"][:, None]
    meant = full.variables[MATRIX] / full.variables[f"{MATRIX}_scale"][:, None]
    assert np.abs(twice.variables[MATRIX] / scale - meant).max() <= (0.5 / scale).max() * 1.001


def test_ctranslate2_loads_a_reduced_model(folder: Path, tmp_path: Path) -> None:
    from ctranslate2 import StorageView
    from ctranslate2.models import Whisper

    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_reduced_range(folder / "model.bin", tmp_path / "model.bin", LARGEST)
    mels = StorageView.from_array(np.ones((1, 80, 3000), np.float32))
    states = [
        np.array(Whisper(str(place), compute_type=kind).encode(mels, to_cpu=True))
        for place, kind in ((folder, "float32"), (tmp_path, "int8"), (tmp_path, "float32"))
    ]
    # Eight matrices in series, each off by half a step of its largest weight and of its largest input.
    assert np.abs(states[1] - states[0]).max() <= 8 * (0.5 / LARGEST + 0.5 / 127) * np.abs(states[0]).max()
    assert not np.array_equal(states[1], states[0]) and not np.array_equal(states[2], states[0])
