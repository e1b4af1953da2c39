"""What the steps on the cpu workers can do only with an optional package, by the name under which workers report it.

Each worker finds out for itself and registers it; the web process asks the workers' rows, for it may lack the packages.
Imports no model runtime: the web process imports this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

NOISE_REDUCTION = "noise_reduction"
DOCX_TRANSCRIPTS = "docx_transcripts"
DIARIZATION = "diarization"

#: Feature → the module that it needs.
_MODULES: Mapping[str, str] = {NOISE_REDUCTION: "pyrnnoise", DOCX_TRANSCRIPTS: "docx", DIARIZATION: "sklearn"}


def installed_features() -> list[str]:
    """The features of this installation, in alphabetical order."""
    return sorted(name for name, module in _MODULES.items() if find_spec(module) is not None)
