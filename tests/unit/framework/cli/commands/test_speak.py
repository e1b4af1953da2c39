"""`voicemill speak`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.services.machine_speed import poll
from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer

AUDIO = {"audio.m4b": b"ftyp audio", "marks.json": b"{}", "captions.vtt": b"WEBVTT\n", "chapters.json": b"[]"}
Work = Callable[..., None]


def test_text_is_synthesised_into_the_named_file(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.succeed, files={"audio.mp3": b"ID3 sound"}))
    result = voicemill("speak", "Hello there.", "-o", "out/hello.mp3", "--voice", "en-gb", "--label", "a=b")
    assert (result.exit_code, result.stdout) == (0, "out/hello.mp3\n")
    assert Path("out/hello.mp3").read_bytes() == b"ID3 sound"
    assert wire.received("POST", "/tts/synthesize")[0].json == {
        "text": "Hello there.",
        "voice": "en-gb",
        "format": "mp3",
        "labels": {"a": "b"},
    }
    assert "3.5 s of speech in 1.2 s" in result.stderr


def test_progress_is_printed_in_lines_without_a_terminal(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    def succeed_once_it_waits(job_id: str) -> None:
        assert poll(lambda: wire.received("GET", f"/jobs/{job_id}/events"))
        wire.succeed(job_id, {"audio.wav": b"RIFF"})

    start_worker(succeed_once_it_waits)
    output = voicemill("speak", "Hello.", "-o", "a.wav").stderr
    assert "a.wav: working, 0:40 of 1:40" in output
    assert "a.wav: succeeded, 1:40 of 1:40" in output


def test_book_is_uploaded_and_its_companions_saved(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.succeed, files=AUDIO))
    Path("book.epub").write_bytes(b"PK book")
    result = voicemill("speak", "book.epub", "-o", "book.m4b", "--marks", "--title", "A Book")
    assert result.stdout.split() == ["book.m4b", "book.marks.json", "book.vtt", "book.chapters.json"]
    [request] = wire.received("POST", "/tts/synthesize")
    assert (request.file_name, request.file) == ("book.epub", b"PK book")
    assert request.form == {"title": ["A Book"], "format": ["m4b"], "speech_marks": ["true"]}


def test_without_marks_only_the_audio_is_saved(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.succeed, files=AUDIO))
    assert voicemill("speak", "Hello.", "-o", "a.m4b").stdout == "a.m4b\n"
    assert sorted(path.name for path in Path().iterdir()) == ["a.m4b"]


def test_without_an_output_the_name_comes_from_the_input_and_nothing_is_replaced(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.succeed, files={"audio.wav": b"RIFF"}))
    Path("notes.txt").write_text("Hello.")
    assert voicemill("speak", "notes.txt").stdout == "notes.wav\n"
    second = voicemill("speak", "notes.txt")
    assert second.exit_code == 2
    assert "notes.wav exists already" in second.stderr
    assert len(wire.jobs) == 1


@pytest.mark.parametrize(
    ("arguments", "replaced"),
    [
        (["book.epub", "-o", "book.mp3", "--read-along"], "book.epub"),
        (["book.epub", "-o", "Book.mp3", "--read-along"], "book.epub"),
        (["book.epub", "-o", "link.mp3", "--read-along"], "book.epub"),
        (["book.epub", "-o", "book.epub", "-f", "mp3"], "book.epub"),
        (["a.vtt", "-o", "a.mp3", "--marks"], "a.vtt"),
        (["a.marks.json", "-o", "a.mp3", "--marks"], "a.marks.json"),
        (["a.chapters.json", "-o", "a.mp3", "--marks"], "a.chapters.json"),
        (["a.quality.json", "-o", "a.mp3", "--verify"], "a.quality.json"),
        (["Hello.", "-o", "words.txt", "-f", "mp3", "--lexicon", "words.txt"], "words.txt"),
    ],
)
def test_no_output_replaces_an_input_even_by_force(
    voicemill: Voicemill, wire: WireServer, arguments: list[str], replaced: str
) -> None:
    Path("book.epub").write_bytes(b"PK book")
    Path("link.epub").symlink_to("book.epub")
    Path("words.txt").write_text("a = b")
    for name in ("a.vtt", "a.marks.json", "a.chapters.json", "a.quality.json"):
        Path(name).write_text("source")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    result = voicemill("speak", *arguments, "--force")
    assert result.exit_code == 2
    assert f"would replace {replaced}, which this command reads" in result.stderr
    assert wire.requests == []
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("name", ["a.m4b", "a.marks.json", "a.vtt", "a.chapters.json", "a.epub", "a.quality.json"])
def test_existing_output_is_replaced_only_by_force(
    voicemill: Voicemill, wire: WireServer, start_worker: Work, name: str
) -> None:
    start_worker(partial(wire.succeed, files={**AUDIO, "book.epub": b"PK", "quality.json": b"{}"}))
    Path(name).write_bytes(b"mine")
    arguments = ("speak", "Hello.", "-o", "a.m4b", "--marks", "--read-along", "--verify")
    refused = voicemill(*arguments)
    assert refused.exit_code == 2
    assert f"{name} exists already; add --force" in refused.stderr
    assert Path(name).read_bytes() == b"mine"
    assert wire.requests == []
    assert voicemill(*arguments, "--force").exit_code == 0
    assert Path(name).read_bytes() != b"mine"


def test_two_outputs_of_one_name_are_refused(voicemill: Voicemill, wire: WireServer) -> None:
    result = voicemill("speak", "Hello.", "-o", "a.vtt", "-f", "mp3", "--marks", "--force")
    assert (result.exit_code, "are two outputs in one file" in result.stderr) == (2, True)
    assert wire.requests == []


def test_file_that_appeared_while_the_job_ran_is_kept(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    def succeed_late(job_id: str) -> None:
        Path("a.wav").write_bytes(b"mine")
        wire.succeed(job_id, {"audio.wav": b"RIFF"})

    start_worker(succeed_late)
    result = voicemill("speak", "Hello.", "-o", "a.wav")
    [job_id] = wire.jobs
    assert result.exit_code == 2
    assert f"`voicemill job {job_id} -o DIR` saves the result elsewhere" in result.stderr
    assert Path("a.wav").read_bytes() == b"mine"


def test_submitting_alone_writes_nothing_and_so_refuses_no_output(voicemill: Voicemill, wire: WireServer) -> None:
    Path("a.wav").touch()
    assert voicemill("speak", "Hello.", "-o", "a.wav", "--no-wait").exit_code == 0


def test_name_of_a_file_is_spoken_on_request(voicemill: Voicemill, wire: WireServer) -> None:
    Path("book.epub").write_bytes(b"PK book")
    for text in ("chapter1.pdf", "book.epub", "-"):
        assert voicemill("speak", text, "--text", "--no-wait").exit_code == 0
    assert [request.json["text"] for request in wire.received("POST", "/tts/synthesize")] == [
        "chapter1.pdf",
        "book.epub",
        "-",
    ]


def test_text_comes_from_stdin(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.succeed, files={"audio.wav": b"RIFF"}))
    assert voicemill("speak", "-", "-o", "a.wav", input="From a pipe.\n").exit_code == 0
    assert wire.received("POST", "/tts/synthesize")[0].json["text"] == "From a pipe.\n"


def test_options_of_the_voice_are_sent_as_the_api_accepts_them(voicemill: Voicemill, wire: WireServer) -> None:
    Path("words.txt").write_text("# ours\nBrannock = brannuck\n\nReading = /ˈrɛdɪŋ/\n")
    result = voicemill(
        "speak",
        "[Ann] Hello.",
        "--no-wait",
        "--pitch",
        -1.5,
        "--energy",
        0.5,
        "--noise-scale",
        0,
        "--vocoder",
        "mel",
        "--loudness",
        "acx",
        "--sample-rate",
        44100,
        "--lexicon",
        "words.txt",
        "--cast",
        "Ann=en-gb",
        "--cast",
        "narrator=en-us",
        "--verify",
        "--verify-model",
        "whisper-base",
        "--quality",
        "--no-normalise",
        "--notes",
        "end",
        "--code",
        "summary",
        "--encoding",
        "windows-1250",
        "--no-chapters",
        "--read-along",
        "--retry-model",
        "vits",
    )
    assert result.exit_code == 0, result.stderr
    assert wire.received("POST", "/tts/synthesize")[0].json == {
        "text": "[Ann] Hello.",
        "format": "wav",
        "pitch": -1.5,
        "energy": 0.5,
        "noise_scale": 0.0,
        "vocoder": "mel",
        "loudness": "acx",
        "sample_rate_hz": 44100,
        "lexicon": {"Brannock": "brannuck", "Reading": "/ˈrɛdɪŋ/"},
        "cast": {"Ann": "en-gb", "narrator": "en-us"},
        "verify": True,
        "verify_model": "whisper-base",
        "quality": True,
        "retry_models": ["vits"],
        "normalise": False,
        "notes": "end",
        "code": "summary",
        "encoding": "windows-1250",
        "chapters": "none",
        "read_along": True,
    }


def test_text_and_files_may_be_ssml(voicemill: Voicemill, wire: WireServer) -> None:
    assert voicemill("speak", "<speak>Hello.</speak>", "--ssml", "--no-wait").exit_code == 0
    Path("page.xml").write_text("<speak>Hello.</speak>")
    assert voicemill("speak", "page.xml", "--ssml", "--no-wait").exit_code == 0
    inline, file = wire.received("POST", "/tts/synthesize")
    assert inline.json == {"ssml": "<speak>Hello.</speak>", "format": "wav"}
    assert (file.file_name, file.file) == ("page.xml.ssml", b"<speak>Hello.</speak>")


def test_read_along_book_is_saved_beside_the_audio(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.succeed, files={"audio.mp3": b"ID3", "book.epub": b"PK"}))
    assert voicemill("speak", "Hello.", "-o", "a.mp3", "--read-along").stdout.split() == ["a.mp3", "a.epub"]


def test_empty_text_is_left_to_the_server_to_refuse(voicemill: Voicemill, wire: WireServer) -> None:
    assert voicemill("speak", "", "--no-wait").exit_code == 0
    assert wire.received("POST", "/tts/synthesize")[0].json["text"] == ""


def test_very_long_text_is_text(voicemill: Voicemill, wire: WireServer) -> None:
    text = "word " * 2000
    assert voicemill("speak", text, "--no-wait").exit_code == 0
    assert wire.received("POST", "/tts/synthesize")[0].json["text"] == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.epub"], "missing.epub is not a file"),
        (["chapter1.pdf"], "chapter1.pdf is not a file that can be read; correct it, or add --text"),
        (["C:\\x"], "is not a file"),
        (["."], ". is a directory; name a file, or add --text"),
        (["Hello.", "-o", "a.ogg"], "its suffix is no format; use one of wav, flac"),
        (["Hello.", "-o", "a.wav", "-f", "ogg"], "--format 'ogg': choose one of wav"),
        (["Hello.", "--label", "nonsense"], "--label 'nonsense': write it as key=value."),
        (["Hello.", "--cast", "Ann"], "--cast 'Ann': write it as NAME=VOICE."),
        (["Hello.", "--speed", "9"], "--speed '9': input should be less than or equal to 2."),
        (["Hello.", "--pitch", "high"], "--pitch 'high': input should be a valid number"),
        (["Hello.", "--loudness", "-18"], "--loudness '-18': input should be 'acx'."),
        (["Hello.", "--loudness", "acx", "--loudness-lufs", "-18"], "give loudness or loudness_lufs, not both"),
        (["Hello.", "--lexicon", "none.txt"], "--lexicon none.txt: this is not a readable text file"),
    ],
)
def test_bad_arguments_are_exit_code_two_and_send_nothing(
    voicemill: Voicemill, wire: WireServer, arguments: list[str], message: str
) -> None:
    result = voicemill("speak", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert wire.requests == []


def test_refused_field_is_named_with_its_limit(voicemill: Voicemill, wire: WireServer) -> None:
    wire.refuse_next(
        422,
        "invalid",
        detail="Invalid fields: voice.",
        retryable=False,
        errors=[{"field": "voice", "code": "unknown_voice", "detail": "There is no voice 'ann'."}],
    )
    result = voicemill("speak", "Hello.", "-o", "a.wav", "--voice", "ann")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == ["Error: Invalid fields: voice.", "  voice: There is no voice 'ann'."]


def test_failed_job_is_exit_code_one_with_its_reason(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.fail, detail="The voice file is damaged."))
    result = voicemill("speak", "Hello.", "-o", "a.wav")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "failed: The voice file is damaged." in result.stderr
    assert not Path("a.wav").exists()


def test_json_is_alone_on_stdout(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    start_worker(partial(wire.succeed, files={"audio.wav": b"RIFF"}))
    result = voicemill("speak", "Hello.", "-o", "a.wav", "--json")
    output = json.loads(result.stdout)
    assert output["saved"] == ["a.wav"]
    assert output["job"]["state"] == "succeeded"
    assert result.stderr == ""


def test_json_of_a_failure_holds_the_error_and_the_job(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    start_worker(partial(wire.fail, code="bad_input", detail="No text."))
    result = voicemill("speak", "Hello.", "-o", "a.wav", "--json")
    output = json.loads(result.stdout)
    assert result.exit_code == 1
    assert output["error"]["code"] == "bad_input"
    assert output["job"]["state"] == "failed"


def test_json_of_a_refused_request_holds_the_fields(voicemill: Voicemill, wire: WireServer) -> None:
    wire.refuse_next(422, "unsupported_option", retryable=False, errors=[{"field": "emotion", "detail": "Not here."}])
    result = voicemill("speak", "Hello.", "--json", "-o", "a.wav")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["status"]) == ("unsupported_option", 422)
    assert error["errors"] == [{"field": "emotion", "detail": "Not here."}]


def test_submitting_without_waiting_prints_the_id(voicemill: Voicemill, wire: WireServer) -> None:
    result = voicemill("speak", "Hello.", "--no-wait")
    assert (result.exit_code, result.stdout.strip()) == (0, next(iter(wire.jobs)))
    output = json.loads(voicemill("speak", "Hello again.", "--no-wait", "--json").stdout)
    assert output["job"]["state"] == "accepted"
