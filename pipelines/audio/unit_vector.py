"""Vectors of length 1: the scalar product of two of them is the cosine of their angle.

Speaker embeddings are such vectors. Not in pipelines/speaker_embeddings/, which is engine code, out of the sandboxes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def normalise_length(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector scaled to length 1; a vector of zeros unchanged."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
