"""The models of the data directory, or one sentence about what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.errors import Misconfigured
from workers.catalog_file import read_catalog


def test_without_a_file_the_models_are_those_of_this_version(tmp_path: Path) -> None:
    assert read_catalog(tmp_path).knows("espeak")


@pytest.mark.parametrize("text", ["[[model]\n", "model = 3\n", "model = [3]\n", '[[model]]\nname = "a"\n', "\x00"])
def test_models_that_cannot_be_read_are_one_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "models.toml").write_text(text)
    with pytest.raises(Misconfigured) as refused:
        read_catalog(tmp_path)
    assert str(tmp_path / "models.toml") in refused.value.for_operator()
