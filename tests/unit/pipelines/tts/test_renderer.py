"""pipelines/tts/renderer.py: segments through a family into a part, and new renditions of a sentence."""

from __future__ import annotations

from typing import Any

from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import ToneSynthesiser
from pipelines.family import Speech, SynthesisInput, Tick
from pipelines.pipeline import Span
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.segment import TextSegment
from pipelines.tts.part_file import SpokenSentence
from pipelines.tts.renderer import FIRST_IMMEDIATE_RETRY, ChunkRenderer, rendition_seed
from pipelines.tts.request_builder import SynthesisInputBuilder


class Counting(ToneSynthesiser):
    """Remembers its inputs; warns of every one."""

    def __init__(self) -> None:
        super().__init__(Catalog().get("tone", "tts"))
        self.calls: list[list[SynthesisInput]] = []

    def synthesise(self, requests: Any, tick: Tick) -> list[Speech]:
        self.calls.append(list(requests))
        return [
            Speech(each.samples, each.sample_rate_hz, each.marks, warnings=("A warning.",))
            for each in super().synthesise(requests, tick)
        ]


def make_renderer(family: Counting) -> ChunkRenderer:
    request = SynthesisRequest(text="x", speech_marks=True)
    builder = SynthesisInputBuilder(request, family.entry, "en")
    return ChunkRenderer(request, family, builder, lambda: None)


def test_segments_with_text_are_one_call_with_seeds_by_their_numbers() -> None:
    family = Counting()
    renderer = make_renderer(family)
    assembler = renderer.new_assembler()
    renderer.render([TextSegment("One."), TextSegment("", "break"), TextSegment("Two.")], assembler, seed=70)
    assert [[(each.text, each.seed) for each in call] for call in family.calls] == [[("One.", 70), ("Two.", 72)]]
    assert [each.segment_index for each in assembler.part(0).sentences] == [0, 2]


def test_each_warning_of_the_family_is_listed_once() -> None:
    renderer = make_renderer(Counting())
    renderer.render([TextSegment("One."), TextSegment("Two.")], renderer.new_assembler(), seed=0)
    assert renderer.warnings == ["A warning."]


def test_rendition_in_parts_is_one_sentence_without_the_pause_after_it() -> None:
    family = Counting()
    text = "One two three, four five six, seven eight nine."
    rendition = make_renderer(family).render_sentence(
        SpokenSentence(text, 0, 1, segment_index=5), TextSegment(text, "chapter"), seed=1, limit=20
    )
    (call,) = family.calls
    assert len(call) == 3
    assert (rendition.sentence.text, rendition.sentence.segment_index, rendition.sentence.attempts) == (text, 5, 2)
    assert len(rendition.sentence.words) == 9
    assert rendition.samples[-200:].any()


def test_no_two_renditions_of_a_job_share_a_seed() -> None:
    spans = [Span(idx, 0, 0, 0) for idx in range(3)]
    seeds = [
        rendition_seed(span, rendition, segment)
        for span in spans
        for rendition in range(FIRST_IMMEDIATE_RETRY + 2)
        for segment in range(800)
    ]
    assert len(set(seeds)) == len(seeds)


def test_each_segment_reports_that_the_engine_is_alive_before_its_text_is_prepared() -> None:
    family, ticks = Counting(), list[None]()
    request = SynthesisRequest(text="x")
    builder = SynthesisInputBuilder(request, family.entry, "en")
    renderer = ChunkRenderer(request, family, builder, lambda: ticks.append(None))
    renderer.render([TextSegment("One."), TextSegment("Two.")], renderer.new_assembler(), seed=1)
    assert len(ticks) >= 2
