"""What child processes get of the environment."""

from __future__ import annotations

import pytest

from jobs.child_environment import engine_environment


def test_engines_cache_few_compiled_convolutions_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
    assert engine_environment()["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "256"
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "1024")
    monkeypatch.setenv("VOICEMILL_SECRET_KEY", "not for models")
    assert engine_environment()["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "1024"
    assert "VOICEMILL_SECRET_KEY" not in engine_environment()
