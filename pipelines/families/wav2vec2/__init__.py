"""Wav2Vec2 with a CTC head: any `Wav2Vec2ForCTC` checkpoint, heard letter by letter."""

from __future__ import annotations

from .family import load

__all__ = ["load"]
