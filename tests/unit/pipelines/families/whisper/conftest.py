"""One published checkpoint and its models for all tests of the family; conversions go into a cache of their own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import RecognitionEntry
from pipelines.families.whisper.tokenizer import Tokenizer
from tests.whisper_huggingface_checkpoint import write_huggingface_whisper
from tests.whisper_tokenizer import write_tokenizer


@pytest.fixture(scope="package", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="package")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as Hugging Face publishes it."""
    return write_huggingface_whisper(tmp_path_factory.mktemp("published") / "model")


@pytest.fixture(scope="package")
def entry(published: Path) -> RecognitionEntry:
    """Its entry, on one thread."""
    return dataclasses.replace(Catalog().get("whisper-tiny", "stt"), source=str(published), threads=1)


@pytest.fixture(scope="package")
def tokenizer(entry: RecognitionEntry, published: Path) -> Tokenizer:
    """The one of the multilingual models."""
    return Tokenizer(entry, published / "tokenizer.json")


@pytest.fixture(scope="package")
def english(entry: RecognitionEntry, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """The one of the models that know English alone."""
    return Tokenizer(entry, write_tokenizer(tmp_path_factory.mktemp("english") / "tokenizer.json", english=True))
