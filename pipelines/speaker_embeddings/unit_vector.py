"""Vectors of length 1: voices that sound alike point the same way, however loud their numbers are."""

from __future__ import annotations

import numpy as np

from pipelines.family import Vector


def unit(vector: Vector) -> Vector:
    """The vector brought to length 1; one of zeros as it is."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
