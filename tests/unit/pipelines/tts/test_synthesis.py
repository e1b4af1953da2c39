"""Text in, one audio file out: counts, pauses, chapters, marks, errors. eSpeak NG speaks where sound matters."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import webvtt

from pipelines.audio.loudness import LoudnessMeter
from pipelines.catalog.catalog import Catalog
from pipelines.errors import BadInput, InputTooLarge, UnsupportedOption
from pipelines.families.espeak import load as load_espeak
from pipelines.families.espeak.family import EspeakFamily
from pipelines.families.tone import ToneSynthesiser, load_recogniser, load_synthesiser
from pipelines.family import TranscriptionInput
from pipelines.pipeline import Limits, Span, StepInterrupted
from pipelines.requests import SynthesisRequest
from pipelines.tts.assembly import PAUSES_S
from pipelines.tts.part_file import read_part
from pipelines.tts.speech_plan import SpeechSpan
from pipelines.tts.synthesis import Synthesis
from tests.document_factories import epub_entries, make_epub, make_png, make_zip
from tests.pipeline_runner import DirectorySink
from tests.synthesis_runner import SynthesisRun, run_synthesis

RATE = 22_050
STORY = """CHAPTER I

It was the best of times. It was the worst of times.

It was the age of wisdom.

CHAPTER II

There was a king with a large jaw.
"""


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakFamily]:
    family = load_espeak(Catalog().get("espeak", "tts"), "cpu")
    yield family
    family.close()


@pytest.fixture
def tone() -> ToneSynthesiser:
    return load_synthesiser(Catalog().get("tone", "tts"), "cpu")


def plan(tmp_path: Path, request: SynthesisRequest, source: Path | None = None, **limits: Any) -> list[Span]:
    return list(Synthesis().plan(request, source, DirectorySink(tmp_path / "plan"), Limits(**limits)).spans)


def pieces(run: SynthesisRun) -> list[tuple[str, str]]:
    return [(text, pause) for span in run.spans for text, pause in span.data["pieces"]]


def decode_samples(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


# -- the whole way ---------------------------------------------------------------------------------------------------
def test_epub_becomes_an_audiobook_with_chapters_title_author_and_cover(espeak: EspeakFamily, tmp_path: Path) -> None:
    entries = epub_entries(
        {"one.xhtml": "<h1>One</h1><p>Hello there.</p>", "two.xhtml": "<h1>Two</h1><p>Good bye.</p>"},
        nav='<li><a href="one.xhtml">First</a></li><li><a href="two.xhtml">Second ü</a></li>',
        manifest='<item id="c" href="cover.png" media-type="image/png" properties="cover-image"/>',
    )
    book = make_zip(tmp_path / "b.epub", {**entries, "OEBPS/cover.png": make_png()})
    run = run_synthesis(tmp_path, espeak, SynthesisRequest(format="m4b", source_type="epub"), book)
    with av.open(str(run.file("audio.m4b"))) as file:
        assert file.metadata["title"] == "A Böok"
        assert file.metadata["artist"] == "A. Uthor"
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["First", "Second ü"]
        assert file.streams.video[0].codec_context.width == 60
        assert file.streams.audio[0].duration == sum(len(read_part(part).samples) for part in run.parts)
    assert run.sink.content_types["audio.m4b"] == "audio/mp4"
    assert run.result.summary["language"] == "en"


def test_plain_text_becomes_an_audiobook_whose_chapters_begin_at_their_samples(
    espeak: EspeakFamily, tmp_path: Path
) -> None:
    run = run_synthesis(tmp_path, espeak, SynthesisRequest(text=STORY, format="m4b"))
    lengths = [len(read_part(part).samples) for part in run.parts]
    assert [chapter["title"] for chapter in run.plan.header["chapters"]] == ["CHAPTER I", "CHAPTER II"]
    with av.open(str(run.file("audio.m4b"))) as file:
        second = file.chapters()[1]
        assert second["start"] * second["time_base"] == pytest.approx(lengths[0] / RATE, abs=0.001)
    assert run.result.duration_s == sum(lengths) / RATE


def test_a_wav_is_its_parts_one_behind_the_other(espeak: EspeakFamily, tmp_path: Path) -> None:
    run = run_synthesis(
        tmp_path, espeak, SynthesisRequest(text=STORY, format="wav"), limits=Limits(chunk_characters=30)
    )
    assert len(run.parts) > 4
    parts = np.concatenate([read_part(part).samples for part in run.parts])
    assert np.array_equal(decode_samples(run.file("audio.wav")), parts)


@pytest.mark.parametrize("name", ["wav", "mp3", "opus", "m4b"])
def test_the_same_request_gives_the_same_file(espeak: EspeakFamily, tmp_path: Path, name: str) -> None:
    request = SynthesisRequest(text=STORY, format=name, title="T", loudness_lufs=-18, speech_marks=True)
    runs = [run_synthesis(tmp_path / str(number), espeak, request) for number in range(2)]
    for file in (f"audio.{name}", "marks.json", "captions.vtt", "chapters.json"):
        assert len({hashlib.sha256(run.file(file).read_bytes()).digest() for run in runs}) == 1


# -- plan ------------------------------------------------------------------------------------------------------------
def test_spans_are_ordered_disjoint_and_add_up_to_the_plan(tone: ToneSynthesiser, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, tone, SynthesisRequest(text=STORY * 20), limits=Limits(chunk_characters=120))
    assert [span.idx for span in run.spans] == list(range(len(run.spans)))
    assert run.spans[0].start == 0
    assert all(before.end == after.start for before, after in itertools.pairwise(run.spans))
    assert sum(span.units for span in run.spans) == run.plan.units_total == run.spans[-1].end
    assert run.plan.unit == "characters"
    assert all(span.units <= 120 for span in run.spans)


def test_a_plan_is_the_same_every_time(tmp_path: Path) -> None:
    request = SynthesisRequest(text=STORY)
    assert plan(tmp_path / "a", request) == plan(tmp_path / "b", request)


def test_a_plan_leaves_no_file_once_its_spans_were_read(tmp_path: Path) -> None:
    plan(tmp_path, SynthesisRequest(text=STORY))
    (workdir,) = (tmp_path / "plan").glob("work-*")
    assert list(workdir.iterdir()) == []


def test_without_chapters_there_are_none_and_headings_are_still_spoken(tone: ToneSynthesiser, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, tone, SynthesisRequest(text=STORY, chapters="none", format="m4b", speech_marks=True))
    assert run.plan.header["chapters"] == []
    assert ("CHAPTER II", "heading") in pieces(run)
    with av.open(str(run.file("audio.m4b"))) as file:
        assert file.chapters() == []
    assert json.loads(run.file("chapters.json").read_text()) == {"chapters": []}


def test_text_before_the_first_chapter_is_one_named_like_the_book(tone: ToneSynthesiser, tmp_path: Path) -> None:
    request = SynthesisRequest(text="Dedicated to nobody.\n\n" + STORY, title="The Book")
    header = run_synthesis(tmp_path, tone, request).plan.header
    assert [chapter["title"] for chapter in header["chapters"]] == ["The Book", "CHAPTER I", "CHAPTER II"]


def test_what_the_request_says_of_the_book_wins_over_the_document(tone: ToneSynthesiser, tmp_path: Path) -> None:
    book = make_epub(tmp_path / "b.epub", {"a.xhtml": "<p>Hi.</p>"})
    request = SynthesisRequest(source_type="epub", title="Mine", author="Me", language="de", format="flac")
    run = run_synthesis(tmp_path, tone, request, book)
    with av.open(str(run.file("audio.flac"))) as file:
        assert (file.metadata["title"], file.metadata["artist"]) == ("Mine", "Me")
    assert run.result.summary["language"] == "de"


def test_what_is_missing_from_a_document_is_warned_of(tone: ToneSynthesiser, tmp_path: Path) -> None:
    entries = epub_entries({"a.xhtml": "<p>Hi.</p>", "b.xhtml": "<p>Lost.</p>"})
    del entries["OEBPS/b.xhtml"]
    book = make_zip(tmp_path / "b.epub", entries)
    run = run_synthesis(tmp_path, tone, SynthesisRequest(source_type="epub"), book)
    assert run.result.summary["warnings"] == [
        {"code": "document", "detail": "A page of the book is missing: OEBPS/b.xhtml."}
    ]


@pytest.mark.parametrize("text", ["", " \n\n ", "* * *", "…", "\u200b\ufeff"])
def test_a_text_without_words_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="no text to speak") as refused:
        plan(tmp_path, SynthesisRequest(text=text))
    assert refused.value.field == "text"


def test_neither_text_nor_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="txt, md, html, epub, docx, ssml"):
        plan(tmp_path, SynthesisRequest())


def test_a_text_past_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge, match="100 characters"):
        plan(tmp_path, SynthesisRequest(text="x" * 101), text_characters=100)


def test_a_file_is_read_as_its_name_says(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_text("# One\n\ntext\n\n# Two\n\ntext")
    spans = plan(tmp_path, SynthesisRequest(source_name="notes.md"), source)
    assert [span.data["pieces"][0][0] for span in spans] == ["One", "Two"]


def test_an_enormous_cover_is_left_out(tone: ToneSynthesiser, tmp_path: Path) -> None:
    item = '<item id="c" href="cover.png" media-type="image/png" properties="cover-image"/>'
    entries = epub_entries({"a.xhtml": "<p>Hi.</p>"}, manifest=item)
    noise = make_png() + np.random.default_rng(1).bytes(5 << 20)
    book = make_zip(tmp_path / "b.epub", {**entries, "OEBPS/cover.png": noise})
    assert "cover" not in run_synthesis(tmp_path, tone, SynthesisRequest(source_type="epub"), book).plan.header


# -- work ------------------------------------------------------------------------------------------------------------
def test_pauses_are_exact_to_the_sample(espeak: EspeakFamily, tmp_path: Path) -> None:
    text = "One.\n\nTwo. Three.\n\n* * *\n\nFour."
    run = run_synthesis(tmp_path, espeak, SynthesisRequest(text=text, speech_marks=True))
    (part,) = (read_part(path) for path in run.parts)
    gaps = [after.start - before.end for before, after in itertools.pairwise(part.sentences)]
    assert gaps == [round(PAUSES_S[pause] * RATE) for pause in ("paragraph", "sentence", "break")]
    assert part.sentences[0].start == 0
    assert part.sentences[-1].end == len(part.samples)


def test_pauses_shorten_with_speed(espeak: EspeakFamily, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, espeak, SynthesisRequest(text="One. Two.", speech_marks=True, speed=2.0))
    first, second = read_part(run.parts[0]).sentences
    assert second.start - first.end == round(PAUSES_S["sentence"] / 2 * RATE)


def test_sound_begins_at_once_and_silence_around_speech_is_cut(espeak: EspeakFamily, tmp_path: Path) -> None:
    samples = np.abs(
        read_part(run_synthesis(tmp_path, espeak, SynthesisRequest(text="Hello.")).parts[0]).samples.astype(int)
    )
    assert samples[: RATE // 20].max() > 100
    assert samples[-RATE // 20 :].max() > 50


def test_a_chunk_may_be_done_again_and_gives_the_same_part(espeak: EspeakFamily, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, espeak, SynthesisRequest(text=STORY, speech_marks=True))
    for name in ("once more", "and again"):
        sink = DirectorySink(tmp_path / name)
        request = SynthesisRequest(text=STORY, speech_marks=True)
        part = Synthesis().work(request, run.spans[1], lambda k: Path(), espeak, sink)
        assert part.path.read_bytes() == run.parts[1].read_bytes()
        assert part.provenance == {"model": "espeak", "model_revision": "1.52.0", "engine": "espeak-ng"}


def test_the_documents_language_chooses_the_voice_unless_the_request_does(espeak: EspeakFamily, tmp_path: Path) -> None:
    book = make_epub(tmp_path / "b", {"a.xhtml": "<p>Guten Tag.</p>"}, metadata="<dc:language>de</dc:language>")
    said = {
        name: run_synthesis(tmp_path / name, espeak, SynthesisRequest(source_type="epub", **options), book)
        for name, options in {
            "document": {},
            "voice": {"voice": "de"},
            "language": {"language": "fr"},
            "french voice": {"voice": "fr-fr"},
        }.items()
    }
    sound = {name: read_part(run.parts[0]).samples.tobytes() for name, run in said.items()}
    assert sound["document"] == sound["voice"]
    assert sound["language"] == sound["french voice"] != sound["document"]


def test_an_unknown_voice_is_refused_with_where_to_look(espeak: EspeakFamily, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOption, match="GET /tts/voices") as refused:
        run_synthesis(tmp_path, espeak, SynthesisRequest(text="Hi.", voice="nobody"))
    assert refused.value.field == "voice"


def test_work_stops_when_the_chunk_is_interrupted(espeak: EspeakFamily, tmp_path: Path) -> None:
    class Stopped(DirectorySink):
        def progress(self, done: float, total: float | None = None) -> None:
            raise StepInterrupted

    spans = plan(tmp_path, SynthesisRequest(text="He came and went. " * 200), chunk_characters=4_000)
    sink = Stopped(tmp_path)
    with pytest.raises(StepInterrupted):
        Synthesis().work(SynthesisRequest(text="x"), spans[0], lambda k: Path(), espeak, sink)


# -- words -----------------------------------------------------------------------------------------------------------
def transcribe_tones(run: SynthesisRun) -> str:
    """The text that the tones of a run encode, segment by segment."""
    recogniser = load_recogniser(Catalog().get("tone-listener", "stt"), "cpu")
    samples = np.concatenate([read_part(part).samples for part in run.parts])
    (answer,) = recogniser.transcribe([TranscriptionInput(samples)], lambda: None)
    return " ".join(phrase.text for phrase in answer.phrases)


def test_figures_are_spoken_as_words_and_marked_as_they_were_written(tone: ToneSynthesiser, tmp_path: Path) -> None:
    request = SynthesisRequest(
        text="Dr. Who paid $5.20 on May 4.", language="en", normalise=True, speech_marks=True, lexicon={"Who": "Hoo"}
    )
    run = run_synthesis(tmp_path, tone, request)
    assert transcribe_tones(run) == "Doctor Hoo paid five dollars and twenty cents on May fourth."
    marks = json.loads(run.file("marks.json").read_text())
    assert [word["text"] for word in marks["words"]] == ["Dr.", "Who", "paid", "$5.20", "on", "May 4."]
    assert [sentence["text"] for sentence in marks["sentences"]] == ["Dr. Who paid $5.20 on May 4."]
    assert all(before["end"] <= after["start"] for before, after in itertools.pairwise(marks["words"]))


def test_a_voice_that_cannot_read_figures_gets_words_by_default(tone: ToneSynthesiser, tmp_path: Path) -> None:
    tone.entry = dataclasses.replace(tone.entry, normalises=False)
    assert (
        transcribe_tones(run_synthesis(tmp_path / "a", tone, SynthesisRequest(text="Room 12.", language="de")))
        == "Room zwölf."
    )
    request = SynthesisRequest(text="Room 12.", language="de", normalise=False)
    assert transcribe_tones(run_synthesis(tmp_path / "b", tone, request)) == "Room 12."


def test_a_language_without_rules_is_spoken_as_it_stands_and_the_result_says_so(
    tone: ToneSynthesiser, tmp_path: Path
) -> None:
    tone.entry = dataclasses.replace(tone.entry, normalises=False)
    run = run_synthesis(tmp_path, tone, SynthesisRequest(text="Kello on 6.\n\nJa 7.", language="eu"))
    assert transcribe_tones(run) == "Kello on 6. Ja 7."
    warnings = run.result.summary["warnings"]
    assert [warning["code"] for warning in warnings] == ["text", "text"]
    assert "no rules for 'eu'" in warnings[0]["detail"]


def test_what_no_word_is_known_for_is_named_and_the_rest_is_spoken(tone: ToneSynthesiser, tmp_path: Path) -> None:
    tone.entry = dataclasses.replace(tone.entry, normalises=False)
    run = run_synthesis(tmp_path, tone, SynthesisRequest(text="It snows ☃ now.\n\n🙂\n\nEnd.", language="en"))
    assert transcribe_tones(run) == "It snows now. End."
    details = [warning["detail"] for warning in run.result.summary["warnings"]]
    assert any("☃" in detail for detail in details)
    assert any("'🙂' has nothing in it" in detail for detail in details)


@pytest.mark.parametrize("options", [{}, {"format": "m4b", "loudness": "acx"}])
def test_a_text_without_speakable_characters_is_refused_with_the_reason(
    tone: ToneSynthesiser, tmp_path: Path, options: dict[str, Any]
) -> None:
    tone.entry = dataclasses.replace(tone.entry, normalises=False)
    with pytest.raises(BadInput, match=r"Nothing of the text could be spoken: No word is known .*🙂") as refused:
        run_synthesis(tmp_path, tone, SynthesisRequest(text="🙂\n\n🙂", language="en", **options))
    assert refused.value.field == "text"


@pytest.mark.parametrize("normalise", [None, True])
def test_a_word_of_two_thousand_characters_is_spoken_whole(
    tone: ToneSynthesiser, tmp_path: Path, normalise: bool | None
) -> None:
    request = SynthesisRequest(text="x" * 2_000, language="en", normalise=normalise)
    run = run_synthesis(tmp_path, tone, request, limits=Limits(chunk_characters=300))
    assert "".join(text for text, _ in pieces(run)) == "x" * 2_000
    assert sum(len(read_part(part).samples) for part in run.parts) > 2_000 * 0.02 * 16_000


def test_a_model_that_does_not_speak_the_documents_language_says_so(tone: ToneSynthesiser, tmp_path: Path) -> None:
    tone.entry = dataclasses.replace(tone.entry, languages=("en",))
    book = make_epub(tmp_path / "b", {"a.xhtml": "<p>Guten Tag.</p>"}, metadata="<dc:language>de</dc:language>")
    with pytest.raises(UnsupportedOption, match="does not speak 'de'; it speaks: en") as refused:
        run_synthesis(tmp_path / "run", tone, SynthesisRequest(source_type="epub"), book)
    assert refused.value.field == "language"


# -- markup ----------------------------------------------------------------------------------------------------------
def ssml(inside: str, **options: Any) -> SynthesisRequest:
    return SynthesisRequest(ssml=f'<speak xml:lang="en">{inside}</speak>', **options)


def test_breaks_of_ssml_are_exact_to_the_sample_whatever_the_speed(espeak: EspeakFamily, tmp_path: Path) -> None:
    request = ssml('One <break time="1234ms"/> two.<break time="2s"/>', speech_marks=True, speed=2.0)
    (part,) = (read_part(path) for path in run_synthesis(tmp_path, espeak, request).parts)
    first, second = part.sentences
    assert (first.text, second.text) == ("One", "two.")
    assert second.start - first.end == round(1.234 * RATE)
    assert len(part.samples) - second.end == 2 * RATE


def test_marks_of_ssml_are_at_their_samples(espeak: EspeakFamily, tmp_path: Path) -> None:
    request = ssml(
        '<mark name="start"/>One two <mark name="in"/>three.<break time="1s"/><mark name="between"/>'
        '<break time="1s"/>Four.<mark name="end"/>',
        speech_marks=True,
    )
    run = run_synthesis(tmp_path, espeak, request)
    (part,) = (read_part(path) for path in run.parts)
    first, second = part.sentences
    three = next(word for word in first.words if word.text == "three")
    assert part.source_marks == (("start", 0), ("in", three.start), ("between", first.end + RATE), ("end", second.end))
    marks = json.loads(run.file("marks.json").read_text())["marks"]
    assert [mark["name"] for mark in marks] == ["start", "in", "between", "end"]
    assert [round(mark["time"] * RATE) for mark in marks] == [sample for _, sample in part.source_marks]


def test_voices_languages_rates_and_levels_change_within_a_text(espeak: EspeakFamily, tmp_path: Path) -> None:
    plain, marked = (
        run_synthesis(tmp_path / name, espeak, request)
        for name, request in {
            "plain": SynthesisRequest(text="Hello you.", language="en", speech_marks=True),
            "marked": ssml(
                '<s>Hello you.</s><s><voice name="de">Hello you.</voice></s>'
                '<s><lang xml:lang="de">Hello you.</lang></s>'
                '<s><prosody rate="50%">Hello you.</prosody></s><s><prosody volume="-6dB">Hello you.</prosody></s>'
                '<s><prosody volume="silent">Hello you.</prosody></s>',
                speech_marks=True,
            ),
        }.items()
    )
    (part,) = (read_part(path) for path in marked.parts)
    usual, german, also_german, slow, soft, silent = (
        part.samples[sentence.start : sentence.end].astype(int) for sentence in part.sentences
    )
    assert np.array_equal(usual, read_part(plain.parts[0]).samples)
    assert np.array_equal(german, also_german)
    assert not np.array_equal(german, usual)
    assert len(slow) > 1.5 * len(usual)
    assert np.abs(soft - usual * 10 ** (-6 / 20)).max() <= 1
    assert not silent.any()
    assert len(silent) == len(usual)


def test_substitutes_and_lexicon_are_spoken_and_the_written_text_is_marked(
    tone: ToneSynthesiser, tmp_path: Path
) -> None:
    request = ssml(
        'The <sub alias="Web Body">W3C</sub> paid <say-as interpret-as="ordinal">3</say-as> Brannock.',
        lexicon={"Brannock": "brannuck"},
        speech_marks=True,
    )
    run = run_synthesis(tmp_path, tone, request)
    assert transcribe_tones(run) == "The Web Body paid third brannuck."
    marks = json.loads(run.file("marks.json").read_text())
    assert [word["text"] for word in marks["words"]] == ["The", "W3C", "paid", "3", "Brannock."]


def test_what_a_family_cannot_do_of_prosody_is_a_warning(tone: ToneSynthesiser, tmp_path: Path) -> None:
    tone.entry = dataclasses.replace(tone.entry, options=frozenset())
    run = run_synthesis(tmp_path, tone, ssml('<prosody rate="fast" pitch="high">Hello.</prosody>'))
    details = {warning["detail"] for warning in run.result.summary["warnings"]}
    assert details == {"prosody rate: tone speaks at one speed only.", "prosody pitch: tone has no control of pitch."}


def test_phonemes_for_a_family_that_takes_none_are_refused(tone: ToneSynthesiser, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOption, match="takes no phonemes") as refused:
        run_synthesis(tmp_path, tone, ssml('<phoneme ph="a">b</phoneme>'))
    assert refused.value.field == "ssml"


@pytest.mark.parametrize("inside", ["", "<break/>", "* * *", '<mark name="a"/>'])
def test_ssml_without_words_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(BadInput, match="no text to speak"):
        plan(tmp_path, ssml(inside))


def test_malformed_ssml_is_refused_in_the_plan_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="line 1, column 29: <blink>") as refused:
        plan(tmp_path, ssml("Hello. <blink>now</blink>"))
    assert refused.value.field == "ssml"


def test_an_uploaded_ssml_file_is_read_as_such(tone: ToneSynthesiser, tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_text("<speak>Hello <sub alias='there'>X</sub>.</speak>")
    run = run_synthesis(tmp_path, tone, SynthesisRequest(source_name="a.ssml"), source)
    assert transcribe_tones(run) == "Hello there."


def test_long_ssml_sentences_are_cut_and_keep_their_readings(tone: ToneSynthesiser, tmp_path: Path) -> None:
    request = ssml("word " * 60 + '<sub alias="end">X</sub><mark name="m"/> ' + "tail " * 40, speech_marks=True)
    run = run_synthesis(tmp_path, tone, request, limits=Limits(chunk_characters=100))
    assert len(run.parts) > 4
    # No pause parts the pieces of one sentence, so the recogniser may join two words.
    assert transcribe_tones(run).replace(" ", "") == "word" * 60 + "end" + "tail" * 40
    assert [mark["name"] for mark in json.loads(run.file("marks.json").read_text())["marks"]] == ["m"]


# -- dialogue --------------------------------------------------------------------------------------------------------
def test_each_line_of_a_dialogue_has_the_voice_of_its_speaker(espeak: EspeakFamily, tmp_path: Path) -> None:
    text = "They met.\n\n[Alice] Hello you.\n[BOB]: Hello you.\n\nHello you. [sic] [narrator] And went."
    cast = {"narrator": "en-gb", "Alice": "en-us+f3", "Bob": "de"}
    run = run_synthesis(
        tmp_path / "cast", espeak, SynthesisRequest(text=text, cast=cast, language="en", speech_marks=True)
    )
    (part,) = (read_part(path) for path in run.parts)
    texts = [sentence.text for sentence in part.sentences]
    assert texts == ["They met.", "Hello you.", "Hello you.", "Hello you.", "[sic]", "And went."]
    sounds = [part.samples[sentence.start : sentence.end] for sentence in part.sentences]
    for sound, voice in zip(sounds[1:4], ("en-us+f3", "de", "en-gb"), strict=True):
        request = SynthesisRequest(text="Hello you.", voice=voice)
        assert np.array_equal(read_part(run_synthesis(tmp_path / voice, espeak, request).parts[0]).samples, sound)


def test_names_of_the_cast_are_voices_in_ssml(espeak: EspeakFamily, tmp_path: Path) -> None:
    runs = [
        run_synthesis(tmp_path / name, espeak, ssml(f'<voice name="{name}">Hello.</voice>', cast={"Alice": "de"}))
        for name in ("Alice", "de")
    ]
    assert runs[0].parts[0].read_bytes() == runs[1].parts[0].read_bytes()


# -- stitch ----------------------------------------------------------------------------------------------------------
def test_marks_captions_and_chapters_agree_with_the_sound(espeak: EspeakFamily, tmp_path: Path) -> None:
    run = run_synthesis(
        tmp_path, espeak, SynthesisRequest(text=STORY, speech_marks=True), limits=Limits(chunk_characters=40)
    )
    marks = json.loads(run.file("marks.json").read_text())
    sound = np.abs(decode_samples(run.file("audio.wav")).astype(int))
    assert [sentence["text"] for sentence in marks["sentences"]] == [text for text, _ in pieces(run)]
    assert [sentence["chapter"] for sentence in marks["sentences"]] == [0, 0, 0, 0, 1, 1]
    assert " ".join(word["text"] for word in marks["words"][:8]) == "CHAPTER I It was the best of times"
    for word in marks["words"]:
        assert 0 <= word["start"] < word["end"] <= run.result.duration_s
        assert sound[round(word["start"] * RATE) : round(word["end"] * RATE)].max() > 500
    for before, after in itertools.pairwise(marks["sentences"]):
        assert sound[round(before["end"] * RATE) + 1 : round(after["start"] * RATE) - 1].max(initial=0) == 0
    chapters = json.loads(run.file("chapters.json").read_text())["chapters"]
    assert [chapter["title"] for chapter in chapters] == ["CHAPTER I", "CHAPTER II"]
    assert chapters[0]["end"] == chapters[1]["start"] == pytest.approx(marks["sentences"][4]["start"], abs=1e-3)
    assert chapters[1]["end"] == pytest.approx(run.result.duration_s, abs=1e-5)
    captions = list(webvtt.from_string(run.file("captions.vtt").read_text()))
    assert captions[0].text == "CHAPTER I"
    assert captions[-1].end_in_seconds <= run.result.duration_s + 0.001


def test_marks_keep_their_times_at_another_rate(espeak: EspeakFamily, tmp_path: Path) -> None:
    plain, other = (
        run_synthesis(
            tmp_path / str(rate), espeak, SynthesisRequest(text=STORY, speech_marks=True, sample_rate_hz=rate)
        )
        for rate in (None, 48_000)
    )
    assert plain.file("marks.json").read_bytes() == other.file("marks.json").read_bytes()
    assert len(decode_samples(other.file("audio.wav"))) == pytest.approx(plain.result.duration_s * 48_000, abs=2)


def test_without_marks_there_is_the_audio_alone(tone: ToneSynthesiser, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, tone, SynthesisRequest(text="Hello."))
    assert [path.name for path in run.sink.out.iterdir()] == ["audio.wav"]


def test_the_loudness_is_the_requested_one(espeak: EspeakFamily, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, espeak, SynthesisRequest(text=STORY * 3, loudness_lufs=-20.0))
    sound = decode_samples(run.file("audio.wav"))
    meter = LoudnessMeter(RATE)
    meter.add(sound)
    assert meter.finish() == pytest.approx(-20.0, abs=0.6)
    assert len(sound) == sum(len(read_part(part).samples) for part in run.parts)


def test_nothing_is_left_in_the_scratch_directory(tone: ToneSynthesiser, tmp_path: Path) -> None:
    request = SynthesisRequest(text=STORY, format="m4b", speech_marks=True, loudness_lufs=-18)
    run = run_synthesis(tmp_path, tone, request)
    assert list(run.sink.directory.iterdir()) == []
    assert sorted(path.name for path in run.sink.out.iterdir()) == [
        "audio.m4b",
        "captions.vtt",
        "chapters.json",
        "marks.json",
    ]


def test_parts_are_read_in_order_and_once(tone: ToneSynthesiser, tmp_path: Path) -> None:
    run = run_synthesis(tmp_path, tone, SynthesisRequest(text=STORY * 5), limits=Limits(chunk_characters=60))
    asked: list[int] = []

    def parts(number: int) -> Path:
        asked.append(number)
        return run.parts[number]

    request = SynthesisRequest(text=STORY, loudness_lufs=-18, speech_marks=True)
    Synthesis().stitch(request, run.plan.header, iter(run.spans), parts, DirectorySink(tmp_path / "again"))
    assert asked == list(range(len(run.parts)))


def test_replacements_that_make_a_chunk_many_times_as_long_fail_with_their_field_before_the_engine_has_any(
    tone: ToneSynthesiser, tmp_path: Path
) -> None:
    request = SynthesisRequest(text="a " * 300, lexicon={"a": "b" * 500})
    with pytest.raises(BadInput, match=r"`lexicon` a passage of \d+ characters has 150,\d+; 19,200 are") as raised:
        run_synthesis(tmp_path, tone, request)
    assert raised.value.field == "lexicon"


def test_the_detected_language_of_a_text_goes_to_every_chunk_beside_the_declared_one(tmp_path: Path) -> None:
    text = "Er lag auf dem Rücken und sah, wenn er den Kopf ein wenig hob, den Bauch. Es war kein Traum, es ist so."
    for request, language, detected in [
        (SynthesisRequest(text=text), None, "de"),
        (SynthesisRequest(text=text, language="nl"), "nl", None),
        (SynthesisRequest(text="Guten Tag."), None, None),
    ]:
        (span,) = plan(tmp_path, request)
        data = SpeechSpan.from_json(span.data)
        assert (data.language, data.detected_language) == (language, detected)
