"""Whisper in all its sizes: `load(entry, device)` gives the family object.

Reading order: family.py (the steps), decoding.py (the interface of the engines), then the other modules.
"""

from .family import Whisper
from .loading import load

__all__ = ["Whisper", "load"]
