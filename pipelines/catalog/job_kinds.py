"""The job kinds: for each its pipeline, and what a worker and the API have to know of it without importing it.

Imports no pipeline and no model runtime. The requests of the kinds are in pipelines/requests.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """The declaration of one job kind."""

    #: "module:Class" of the pipeline, imported only where it runs.
    target: str
    #: Kind of the catalogue entries among which a request chooses its model.
    model_kind: str
    #: Kinds of further entries that do chunks of such jobs: their engines import the pipeline at their start too.
    helper_kinds: Sequence[str] = ()
    #: Parameter that may hold the whole input as plain text, which no document parser reads.
    text_param: str | None = None
    #: Whether `stitch` passes user input to native code, and so needs a process of its own.
    stitch_parses_user_input: bool = True
    #: Option of a request → modules that the stitch of such a job needs and hardly any other: too large for every
    #: sandbox, and out of reach once a process is confined.
    stitch_imports: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Whether the first file of a result is audio, which a client that waits may get in place of the job.
    returns_audio: bool = False
    #: Whether the parts of work chunks have `segments`, which are sent as events as soon as they are finished.
    streams_segments: bool = False
    #: Whether one sentence of a finished job can be changed: a `SpeechPatch`.
    patchable: bool = False

    def load(self) -> Pipeline:
        """Import the pipeline and create it."""
        module, _, name = self.target.partition(":")
        pipeline: Pipeline = getattr(importlib.import_module(module), name)()
        return pipeline

    def is_plain_text(self, params: Mapping[str, Any]) -> bool:
        """Whether the parameters hold the whole input as plain text, if the request came without files."""
        return self.text_param is not None and isinstance(params.get(self.text_param), str)

    def imports_of(self, params: Mapping[str, Any]) -> list[str]:
        """The modules that the stitch of a job with these parameters needs imported before it is confined."""
        return [name for option, names in self.stitch_imports.items() if params.get(option) for name in names]


#: By job kind.
PIPELINES: Mapping[str, PipelineSpec] = {
    "tts.synthesize": PipelineSpec(
        target="pipelines.tts.synthesis:Synthesis",
        model_kind="tts",
        helper_kinds=("speaker",),
        text_param="text",
        # A book's cover and titles go into native code.
        stitch_parses_user_input=True,
        returns_audio=True,
        patchable=True,
    ),
    "stt.transcribe": PipelineSpec(
        target="pipelines.stt.transcription:Transcription",
        model_kind="stt",
        helper_kinds=("speaker",),
        # A transcript is made of our own JSON, by Python alone.
        stitch_parses_user_input=False,
        stitch_imports={"diarize": ("sklearn.cluster", "sklearn.metrics")},
        streams_segments=True,
    ),
}

#: Packages and modules that only engines use, so that sandboxes do not import them.
ENGINE_MODULES = (
    "pipelines.families",
    "pipelines.engines",
    "pipelines.vocoders",
    "pipelines.speaker_embeddings",
    "pipelines.catalog.checkpoint",
    "pipelines.catalog.weights",
)
#: Third-party packages that only engines run on, or that few chunks need, which import them themselves. Every page that
#: the fork server has written costs each fork time: torch alone is 120 MB, scikit-learn with its dependencies 100.
ENGINE_RUNTIMES = frozenset({"torch", "transformers", "safetensors", "ctranslate2", "tensorrt", "sklearn", "pyrnnoise"})
