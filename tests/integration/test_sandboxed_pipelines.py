"""Every kind of input and output is opened in the sandbox: what a confined process cannot import or open shows here."""

import io
import json
import zipfile

import pytest

from pipelines.families.tone import load_synthesiser
from pipelines.family import SynthesisInput
from tests.audio_factories import JFK, make_recording, make_silence, make_sine, make_wav_bytes, mux_tracks
from tests.integration.worker_harness import WorkerHarness

TEXT = (
    "A heading for the chapter\n\nThe first sentence, with “quotes” & naïve façades. Dr. Who asks: is this the second?"
)
BODY = "<head><title>T</title></head><body><h1>One</h1><p>Some été words.</p><h1>Two</h1><p>More.</p></body>"
HTML = f"<html>{BODY.replace('é', '&eacute;')}</html>"
XHTML = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{BODY}</html>'


@pytest.fixture
def place(tmp_path, sqlite_store, sandboxes):
    made = WorkerHarness(tmp_path, sqlite_store, sandboxes)
    yield made
    made.close()


def finished(place, job):
    """The files of a job that has succeeded, by name."""
    place.run_all()
    job = place.job(job)
    assert job.state == "succeeded", job.error
    return {file["name"]: file for file in job.result["files"]}


def epub():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
        )
        book.writestr(
            "book.opf",
            '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>'
            "<dc:title>T</dc:title><dc:language>en</dc:language></metadata><manifest>"
            '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="c"/></spine></package>',
        )
        book.writestr("c.xhtml", XHTML)
    return file.getvalue()


def docx():
    import docx as python_docx

    document = python_docx.Document()
    document.add_heading("One", 1)
    document.add_paragraph("Some words of the first chapter.")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus", "aac", "m4a", "m4b", "pcm"])
def test_every_audio_format_is_written(place, name):
    files = finished(place, place.accept("tts.synthesize", {"text": TEXT, "model": "tone", "format": name}))
    assert files[f"audio.{name}"]["bytes"] > 1000


def test_loudness_rate_marks_and_tags(place):
    job = place.accept(
        "tts.synthesize",
        {
            "text": TEXT,
            "model": "tone",
            "format": "m4b",
            "sample_rate_hz": 24000,
            "loudness_lufs": -18.0,
            "speech_marks": True,
            "title": "Títle",
            "author": "Äuthor",
        },
    )
    assert {"audio.m4b", "marks.json"} <= finished(place, job).keys()


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("txt", TEXT.encode()),
        ("txt", TEXT.replace("“", '"').replace("”", '"').encode("cp1252")),
        ("txt", TEXT.encode("utf-16")),
        ("txt", ("Książka leży na stole. Żółw idzie powoli do źródła, a gęś śpi.\n" * 3).encode("cp1250")),
        ("txt", "吾輩は猫である。名前はまだ無い。どこで生れたか分からぬ。".encode("shift_jis")),
        ("md", b"# One\n\nSome *words*.\n\n# Two\n\n- more\n- words\n"),
        ("html", HTML.encode()),
        ("epub", epub),
        ("docx", docx),
    ],
    ids=["utf-8", "cp1252", "utf-16", "cp1250", "shift_jis", "md", "html", "epub", "docx"],
)
def test_every_kind_of_document_is_read(place, kind, source):
    data = source() if callable(source) else source
    files = finished(place, place.accept("tts.synthesize", {"model": "tone", "source_type": kind}, data))
    assert "audio.wav" in files


@pytest.mark.parametrize("language", ["de", "fr", "ja", "ar", "hi"])
def test_languages_bring_their_own_rules(place, language):
    job = place.accept("tts.synthesize", {"text": TEXT, "model": "tone", "language": language})
    assert "audio.wav" in finished(place, job)


def test_speech_is_found_and_every_transcript_is_written(place):
    job = place.accept(
        "stt.transcribe",
        {"model": "tone-listener", "formats": ["json", "txt", "srt", "vtt", "tsv"], "language": "en"},
        JFK.read_bytes(),
    )
    assert len(finished(place, job)) == 5


@pytest.mark.parametrize("ending", ["ts", "avi", "aiff", "wma", "caf", "eac3"])
def test_recordings_of_every_kind_are_decoded(place, tmp_path, ending):
    source = make_recording(tmp_path / f"a.{ending}", rate_hz=48_000).read_bytes()
    assert "transcript.json" in finished(place, place.accept("stt.transcribe", {"model": "tone-listener"}, source))


def test_audio_track_is_found_by_its_language(place, tmp_path):
    sounds = [make_silence(1.0), make_sine(1.0)]
    source = mux_tracks(tmp_path / "a.mka", sounds, languages=("fra", "deu"), default=0).read_bytes()
    job = place.accept("stt.transcribe", {"model": "tone-listener", "audio_track": "de-AT"}, source)
    finished(place, job)
    (warning,) = (each for each in place.job(job).result["warnings"] if each["code"] == "other_tracks")
    assert "Track 2 (deu) was transcribed; not transcribed: track 1 (fra)" in warning["detail"]


def test_recording_is_cleaned_before_it_is_recognised(place):
    params = {"model": "tone-listener", "formats": ["docx"], "language": "en", "noise_reduction": True}
    assert set(finished(place, place.accept("stt.transcribe", params, JFK.read_bytes()))) == {"transcript.docx"}


def test_speakers_are_separated(place):
    said = "one two three. " * 8
    (speech,) = load_synthesiser(place.catalog.named("tone"), "cpu").synthesise(
        [SynthesisInput(said, "tone", "en")], lambda: None
    )
    params = {"model": "tone-listener", "language": "en", "diarize": True, "min_speakers": 2, "max_speakers": 2}
    job = place.accept("stt.transcribe", params, make_wav_bytes(speech.samples, rate_hz=speech.sample_rate_hz))
    path = b"".join(place.storage.read(finished(place, job)["transcript.json"]["key"]))
    speakers = {segment["speaker"] for segment in json.loads(path)["segments"]}
    assert speakers == {"speaker_1", "speaker_2"}
    assert any(name.startswith("speaker_model") for name in place.job(job).provenance)
