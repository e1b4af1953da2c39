"""Vectors of length 1: the scalar product of two of them is the cosine of their angle."""

from __future__ import annotations

import numpy as np

from pipelines.family import SpeakerEmbedding


def normalise_length(vector: SpeakerEmbedding) -> SpeakerEmbedding:
    """The vector scaled to length 1; a vector of zeros unchanged."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
