"""pipelines/stt/output/docx_file.py: turns as paragraphs, read back by python-docx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pytest

from pipelines.errors import UnsupportedOption
from pipelines.requests import TranscriptionRequest
from pipelines.stt.output import docx_file
from pipelines.stt.output.docx_file import DocxTranscript
from pipelines.transcript.segment import TranscriptSegment
from tests.transcript_factories import make_segment as make_timed_segment

SUMMARY = {"language": "en"}


def make_segment(start: float, text: str, *, speaker: str | None = None) -> TranscriptSegment:
    return make_timed_segment(text, start, start + 2.0, speaker=speaker)


def written(tmp_path: Path, *segments: TranscriptSegment, timed: bool = True, title: str = "Talk") -> Any:
    request = TranscriptionRequest(timestamps="word" if timed else "none", source_name=title)
    file = DocxTranscript(tmp_path / "a.docx", request)
    for segment in segments:
        file.add(segment)
    return docx.Document(str(file.finish(SUMMARY)))


def test_a_turn_is_a_paragraph_with_its_time_and_its_speaker(tmp_path: Path) -> None:
    document = written(
        tmp_path,
        make_segment(3.0, "How are you?", speaker="Ann"),
        make_segment(5.1, "Well, I hope.", speaker="Ann"),
        make_segment(3_723.0, "Yes.", speaker="Bob"),
    )
    assert [paragraph.text for paragraph in document.paragraphs] == [
        "Talk",
        "00:00:03  Ann: How are you? Well, I hope.",
        "01:02:03  Bob: Yes.",
    ]
    assert [run.bold for run in document.paragraphs[1].runs] == [None, True, None]
    assert (document.core_properties.title, document.core_properties.language) == ("Talk", "en")


def test_a_pause_or_a_minute_ends_a_paragraph(tmp_path: Path) -> None:
    minute = [make_segment(at, f"s{at}") for at in range(0, 90, 2)]
    document = written(tmp_path, *minute, make_segment(95.0, "later"))
    texts = [paragraph.text for paragraph in document.paragraphs[1:]]
    assert [text.split("  ")[0] for text in texts] == ["00:00:00", "00:01:00", "00:01:35"]


def test_without_timestamps_there_are_no_times(tmp_path: Path) -> None:
    assert written(tmp_path, make_segment(3.0, "Hello."), timed=False).paragraphs[1].text == "Hello."


def test_no_character_breaks_the_document(tmp_path: Path) -> None:
    said = "a\x00b\x16\ud800 <b>&amp;</b> 吾輩は\U0001f600"
    assert written(tmp_path, make_segment(0.0, said), timed=False, title="\x01").paragraphs[1].text == (
        "a\ufffdb\ufffd\ufffd <b>&amp;</b> 吾輩は\U0001f600"
    )


def test_an_empty_transcript_is_a_document_with_its_title(tmp_path: Path) -> None:
    assert [paragraph.text for paragraph in written(tmp_path).paragraphs] == ["Talk"]


def test_without_the_library_it_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docx_file, "_TEMPLATE", None)
    with pytest.raises(UnsupportedOption, match="does not write DOCX") as refused:
        DocxTranscript(tmp_path / "a.docx", TranscriptionRequest())
    assert refused.value.field == "formats"
