"""How fast a sentence may be, where a chunk has too few of them to know its voice by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.families.espeak import load
from pipelines.families.espeak.family import EspeakFamily
from pipelines.family import Samples
from pipelines.tts.part_file import SpokenSentence, read_part
from tests.material.recorded_voice import RecordedVoice, load_sentences
from tests.pipeline_runner import PipelineRun

#: As many characters as Bark is given at once.
CHUNK = {"chunk_characters": 200}
TEXTS = [text for text in load_sentences() if len(text) > 40][:8]
LANGUAGES = """<speak>
<p xml:lang="en">It was the best of times, and the worst of times, said nobody. In 1984 nobody paid 1,250 dollars.</p>
<p xml:lang="de">Donaudampfschifffahrtsgesellschaften sind heute selten geworden.</p>
<p xml:lang="es">Había una vez un rey que vivía en un castillo muy lejano.</p>
<p xml:lang="fr">Il était une fois un roi qui vivait dans un château lointain.</p>
<p xml:lang="fi">Olipa kerran kuningas, joka asui kaukaisessa linnassa meren rannalla.</p>
<p xml:lang="ru">Жил-был король, который жил в далёком замке на берегу моря.</p>
<p xml:lang="cmn">从前有一个国王，他住在遥远的海边城堡里，每天都很快乐。</p>
<p xml:lang="ja">むかしむかしあるところに、おじいさんとおばあさんがすんでいました。</p>
<p xml:lang="ko">옛날 옛적에 먼 바닷가 성에 한 임금님이 살고 있었습니다.</p>
<p xml:lang="hi">एक बार की बात है, एक राजा समुद्र के किनारे एक दूर के महल में रहता था।</p>
<p xml:lang="ar">كان يا ما كان في قديم الزمان ملك يعيش في قصر بعيد على البحر.</p>
<p xml:lang="ka">იყო და არა იყო რა, ზღვის პირას ერთი მეფე ცხოვრობდა.</p>
<p xml:lang="te">ఒకప్పుడు సముద్ర తీరంలో ఒక కోటలో ఒక రాజు నివసించేవాడు.</p>
<p xml:lang="am">በአንድ ወቅት በባህር ዳርቻ ቤተ መንግሥት ውስጥ የሚኖር ንጉሥ ነበረ።</p>
</speak>"""


class Bad(RecordedVoice):
    """Says one sentence otherwise."""

    def __init__(self, text: str, make: Callable[[Samples], Samples]) -> None:
        super().__init__({})
        self._bad, self._make = text, make

    def _read(self, text: str) -> Samples:
        said = super()._read(text)
        return self._make(said) if text == self._bad else said


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakFamily]:
    family = load(Catalog().get("espeak", "tts"), "cpu")
    yield family
    family.close()


def sentences(run: PipelineRun) -> list[list[SpokenSentence]]:
    """The sentences of each chunk."""
    return [list(read_part(path).sentences) for path in run.parts]


def spoken(root: Path, family: Any, **params: Any) -> PipelineRun:
    run = PipelineRun("tts.synthesize", root, params, CHUNK)
    run.run_all(None, family)
    return run


@pytest.mark.parametrize(
    "make", [lambda x: np.repeat(x, 4), lambda x: x[::4]], ids=["four times too slow", "four times too fast"]
)
@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1]], ids=["chunks of a few sentences", "one sentence"])
def test_a_pace_that_nobody_has_is_found_where_sentences_are_few(tmp_path: Path, texts: list[str], make: Any) -> None:
    bad = texts[len(texts) // 2]
    found = sentences(spoken(tmp_path, Bad(bad, make), model="tone", text="\n\n".join(texts)))
    assert max(len(chunk) for chunk in found) < 6
    assert [each.text for chunk in found for each in chunk if "rate" in each.faults] == [bad]


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_no_language_is_too_slow_or_too_fast_at_the_requested_speed(
    espeak: EspeakFamily, tmp_path: Path, speed: float
) -> None:
    found = sentences(spoken(tmp_path, espeak, model="espeak", ssml=LANGUAGES, speed=speed))
    assert max(len(chunk) for chunk in found) < 6
    assert {each.language for chunk in found for each in chunk} >= {"en", "cmn", "ja", "ko", "hi", "ar"}
    assert [(each.text, each.faults) for chunk in found for each in chunk if "rate" in each.faults] == []


def test_a_rate_that_the_source_requests_is_no_fault(espeak: EspeakFamily, tmp_path: Path) -> None:
    """Also among many sentences, by which the voice's own is known."""
    paces = ["0.5", *["1.0"] * 8, "2.0"]
    texts = (2 * TEXTS)[: len(paces)]
    ssml = "".join(f'<p><prosody rate="{p}">{text}</prosody></p>' for p, text in zip(paces, texts, strict=True))
    run = PipelineRun(
        "tts.synthesize", tmp_path, {"model": "espeak", "ssml": f"<speak>{ssml}</speak>", "language": "en"}
    )
    run.run_all(None, espeak)
    (chunk,) = sentences(run)
    assert [each.speed for each in chunk] == [float(pace) for pace in paces]
    assert [each.text for each in chunk if "rate" in each.faults] == []


def test_figures_are_not_too_slow_for_the_words_that_are_spoken(espeak: EspeakFamily, tmp_path: Path) -> None:
    """Sums of the demo: each figure is several words."""
    text = "It came to $1,126.57. He paid $2,345,678.90 on 12/25/1999. It cost £3,487.25 in all. Call 555-0199."
    (chunk,) = sentences(spoken(tmp_path, espeak, model="espeak", text=text, language="en"))
    assert [each.faults for each in chunk] == [()] * 4
