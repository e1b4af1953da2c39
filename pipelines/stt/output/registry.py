"""The transcript formats by name. To add one: a writer beside this module, a line here, its name in `TranscriptFormat`
(pipelines/requests.py) and in the client's `TranscriptionOptions` (framework/client/options.py).

Subtitle formats come from pipelines/subtitles/registry.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pipelines.subtitles.registry import SUBTITLE_FORMATS

from .docx_file import DocxTranscript
from .json_file import JsonTranscript
from .line_file import create_text, create_tsv
from .subtitle_file import SubtitleTranscript
from .transcript_format import TranscriptFileFormat

TRANSCRIPT_FORMATS: Mapping[str, TranscriptFileFormat] = {
    "json": TranscriptFileFormat("application/json", JsonTranscript),
    "txt": TranscriptFileFormat("text/plain; charset=utf-8", create_text),
    "tsv": TranscriptFileFormat("text/tab-separated-values; charset=utf-8", create_tsv),
    "docx": TranscriptFileFormat(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", DocxTranscript
    ),
    **{
        name: TranscriptFileFormat(each.content_type, partial(SubtitleTranscript, subtitle_format=each))
        for name, each in SUBTITLE_FORMATS.items()
    },
}
