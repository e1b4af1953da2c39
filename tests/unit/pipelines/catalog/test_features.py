"""What an installation can do with its optional packages."""

from __future__ import annotations

import pytest

from pipelines.catalog import features


def test_features_are_those_whose_module_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"docx", "pyrnnoise"}
    monkeypatch.setattr(features, "find_spec", lambda name: object() if name in installed else None)
    assert features.installed_features() == ["docx_transcripts", "noise_reduction"]
    installed.clear()
    assert features.installed_features() == []
