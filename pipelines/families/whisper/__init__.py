"""Whisper in all its sizes: `load(entry, device)` gives the family object.

Reading order: family.py (the steps), decoding.py (the seam to the engines), then one file for each noun.
"""

from .family import Whisper
from .loading import load

__all__ = ["Whisper", "load"]
