"""Wav2Vec2 with a CTC head: speech recognition with any `Wav2Vec2ForCTC` checkpoint."""

from __future__ import annotations

from .family import load

__all__ = ["load"]
