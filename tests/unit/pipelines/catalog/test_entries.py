"""The entries of this version."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest

from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.entry import SynthesisEntry


def test_names_are_unique() -> None:
    assert [name for name, count in Counter(entry.name for entry in ENTRIES).items() if count > 1] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_targets_exist_and_importing_them_needs_no_runtime(entry) -> None:
    targets = [entry.target, *([entry.voices_target] if isinstance(entry, SynthesisEntry) else [])]
    for target in filter(None, targets):
        module, _, name = target.partition(":")
        assert callable(getattr(import_module(module), name))


def test_only_large_v3_knows_cantonese_and_only_whole_multilingual_models_translate() -> None:
    whisper = {entry.name: entry for entry in ENTRIES if entry.family == "whisper"}
    assert {name for name, entry in whisper.items() if "yue" in entry.languages} == {
        "whisper-large-v3",
        "whisper-large-v3-turbo",
    }
    assert "translate" in whisper["whisper-large-v3"].options
    for name in ("whisper-large-v3-turbo", "whisper-small.en", "whisper-distil-large-v3"):
        assert "translate" not in whisper[name].options
