"""`make demo`: runs the whole stack, creates an audiobook and a transcript, and measures both.

Starts `voicemill up` in a temporary data directory on free ports, submits demo/book.epub and demo/meeting.opus through
the SDK with a webhook each, shows their progress, saves and measures the results, stops the stack and checks that
nothing is left over. Exit code 0 only if everything succeeded.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local_stack import LocalStack, StackFailed
from measure import Audiobook, read_audiobook, strip_speakers, word_error_rate
from webhook_receiver import WebhookReceiver
from whisper_weights import find_cached_model

from framework import Client
from framework.cli.progress import ProgressDisplay, choose_display, format_amount
from framework.client import errors
from framework.client.job import Job, JobResult

HERE = Path(__file__).resolve().parent
BOOK, MEETING, MEETING_SCRIPT = HERE / "book.epub", HERE / "meeting.opus", HERE / "meeting.txt"
LOUDNESS_LUFS = -18.0
JOB_TIMEOUT_S, WEBHOOK_TIMEOUT_S = 3600.0, 300.0
#: A higher rate means that recognition is broken: the sentences are plain.
MAX_WORD_ERROR_RATE = 0.4


class DemoFailed(Exception):
    """A result is not as promised."""


@dataclass
class DemoJob:
    """One of the two jobs, and when it reached each step, in seconds since it was submitted."""

    name: str
    submit: Callable[[], Job]
    began: float = 0.0
    reached_s: dict[str, float] = field(default_factory=dict)
    job: Job | None = None
    error: errors.VoicemillError | None = None

    def run(self, client: Client, display: ProgressDisplay) -> None:
        """Submit it and wait until it has finished; an exception is stored in `error`."""
        try:
            self._run(client, display)
        except errors.VoicemillError as error:
            self.error = error

    def _run(self, client: Client, display: ProgressDisplay) -> None:
        self.began = time.monotonic()
        accepted = self.submit()
        self.reach("accepted", time.monotonic())

        def update(job: Job) -> None:
            display.update_job(self.name, job)
            steps_done = {"running": 1, "stitching": 2, "succeeded": 3}.get(job.state, 0)
            for step in ("planned", "worked", "stitched")[:steps_done]:
                self.reach(step, time.monotonic())

        self.job = client.jobs.wait(accepted.id, timeout_s=JOB_TIMEOUT_S, on_progress=update)

    def reach(self, step: str, at: float) -> None:
        """Record the time at which a step was reached first."""
        self.reached_s.setdefault(step, at - self.began)

    @property
    def finished(self) -> Job:
        """The job once it has succeeded."""
        assert self.job is not None
        assert self.job.result is not None
        return self.job

    @property
    def result(self) -> JobResult:
        """Its result."""
        assert self.finished.result is not None
        return self.finished.result


def main() -> int:
    """Run the demo."""
    output = _parse_arguments().output
    began = time.monotonic()
    data_dir = Path(tempfile.mkdtemp(prefix="voicemill-demo-"))
    try:
        _prepare(output)
        _demonstrate(data_dir, output)
    except (DemoFailed, StackFailed, errors.VoicemillError) as error:
        print(f"\nThe demo FAILED: {error}", file=sys.stderr)
        if (data_dir / "logs").is_dir():
            logs = shutil.copytree(data_dir / "logs", output / "demo-logs", dirs_exist_ok=True)
            print(f"The logs of the processes are in {_shorten(logs)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    print(f"\nTotal time {time.monotonic() - began:.1f} s. Listen: {_shorten(output / 'book.m4b')}")
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Show what Voicemill does, on this machine, from start to stop.")
    parser.add_argument("--output", type=Path, default=HERE / "out", help="directory for the results")
    return parser.parse_args()


def _prepare(output: Path) -> None:
    """Create the directory for the results and delete those of the last run."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        for old in (*output.glob("book.*"), *output.glob("meeting.*")):
            old.unlink()
        shutil.rmtree(output / "demo-logs", ignore_errors=True)
    except OSError as error:
        raise DemoFailed(
            f"{error.filename} cannot be written ({error.strerror}); name another directory with --output"
        ) from error


def _demonstrate(data_dir: Path, output: Path) -> None:
    whisper = find_cached_model()
    families = ["espeak", "pocketsphinx", *(["whisper"] if whisper else [])]
    model = whisper or "pocketsphinx"
    print(f"Starting `voicemill up` with {', '.join(families)} …", flush=True)
    with WebhookReceiver() as receiver, LocalStack(data_dir, families, receiver.address) as stack:
        print(f"  ready after {stack.ready_s:.1f} s at {stack.client_file['base_url']}")
        print(f"  recogniser: {whisper or 'PocketSphinx, since no Whisper weights are on this machine'}\n", flush=True)
        receiver.secret = stack.client_file["webhook_secret"]
        with Client(stack.client_file["base_url"], stack.client_file["api_key"]) as client:
            demo_jobs = _build_jobs(client, f"http://{receiver.address}/done", model)
            _run_jobs(client, demo_jobs)
            _wait_for_webhooks(receiver, demo_jobs)
            book, meeting = demo_jobs
            _save(client, book, output, stem="book")
            _save(client, meeting, output, stem="meeting")
        stopped = time.monotonic()
        code = stack.stop()
        stopped_s = time.monotonic() - stopped
    for demo_job in demo_jobs:
        _print_timeline(demo_job)
    _print_files(output)
    _print_book(book, read_audiobook(output / "book.m4b"), output)
    _print_meeting(meeting, output)
    _check_stop(stack, code, stopped_s)


def _build_jobs(client: Client, webhook_url: str, model: str) -> list[DemoJob]:
    def speak() -> Job:
        return client.speak(
            file=BOOK,
            wait=False,
            model="espeak",
            format="m4b",
            speech_marks=True,
            loudness_lufs=LOUDNESS_LUFS,
            labels={"demo": "book"},
            webhook_url=webhook_url,
        )

    def transcribe() -> Job:
        return client.transcribe(
            MEETING,
            wait=False,
            model=model,
            language="en",
            formats=["json", "txt", "srt", "vtt"],
            labels={"demo": "meeting"},
            webhook_url=webhook_url,
        )

    return [DemoJob("book.epub → m4b", speak), DemoJob("meeting.opus → text", transcribe)]


def _run_jobs(client: Client, demo_jobs: list[DemoJob]) -> None:
    """Run both jobs at once. Raises the first error."""
    with choose_display(as_json=False) as display:
        # Daemons: Ctrl-C need not wait for them.
        threads = [threading.Thread(target=demo_job.run, args=(client, display), daemon=True) for demo_job in demo_jobs]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[0].join(0.1)
            threads[-1].join(0.1)
            _raise_errors(demo_jobs)
        _raise_errors(demo_jobs)


def _raise_errors(demo_jobs: list[DemoJob]) -> None:
    for demo_job in demo_jobs:
        if demo_job.error is not None:
            raise demo_job.error


def _wait_for_webhooks(receiver: WebhookReceiver, demo_jobs: list[DemoJob]) -> None:
    for demo_job in demo_jobs:
        delivery = receiver.wait_for(demo_job.finished.id, timeout_s=WEBHOOK_TIMEOUT_S)
        if delivery is None:
            signed = [delivery.is_signed for delivery in receiver.deliveries]
            raise DemoFailed(
                f"no webhook about {demo_job.finished.id} within {WEBHOOK_TIMEOUT_S:.0f} s "
                f"(valid signatures received: {signed})"
            )
        if delivery.event.get("type") != "job.succeeded":
            raise DemoFailed(f"the webhook says {delivery.event.get('type')} of a job that succeeded")
        demo_job.reach("webhook", delivery.at)


def _save(client: Client, demo_job: DemoJob, output: Path, *, stem: str) -> None:
    names = {"marks.json": "book.marks.json", "chapters.json": "book.chapters.json", "captions.vtt": "book.vtt"}
    result = demo_job.result
    for file in result.files:
        client.jobs.download(
            demo_job.finished, file.name, output / names.get(file.name, f"{stem}{Path(file.name).suffix}")
        )


def _print_timeline(demo_job: DemoJob) -> None:
    job = demo_job.finished
    size = format_amount(job.progress.total or 0.0, job.progress.unit)
    unit = "of audio" if job.progress.unit == "seconds" else job.progress.unit
    worked = "synthesised" if job.kind.startswith("tts") else "transcribed"
    descriptions = {
        "accepted": f"accepted as {job.id}",
        "planned": f"planned: {size} {unit}",
        "worked": f"{worked} by {job.model}",
        "stitched": "stitched",
        "webhook": "webhook job.succeeded came, signature good",
    }
    print(f"\n{demo_job.name}")
    for step, text in descriptions.items():
        if step in demo_job.reached_s:
            print(f"  {demo_job.reached_s[step]:7.2f} s  {text}")


def _print_files(output: Path) -> None:
    print(f"\nResults in {_shorten(output)}/")
    for path in sorted(output.iterdir()):
        print(f"  {path.stat().st_size:10,} bytes  {path.name}")


def _print_book(demo_job: DemoJob, book: Audiobook, output: Path) -> None:
    """Print the properties of the audiobook. Raises DemoFailed if one is not as requested."""
    marks = json.loads((output / "book.marks.json").read_text())
    result = demo_job.result
    print("\nThe audiobook, read back with PyAV")
    duration = format_amount(book.duration_s, "seconds")
    print(f"  {duration} ({book.duration_s:.2f} s) of {book.codec}, {book.sample_rate_hz} Hz")
    print(f"  “{book.title}” by {book.author}, cover {book.cover}")
    print(f"  loudness {book.loudness_lufs:.1f} LUFS (target {LOUDNESS_LUFS})")
    for start, title in book.chapters:
        print(f"  {format_amount(start, 'seconds'):>7}  {title}")
    print(f"  {len(marks['words']):,} words with times, the last ends at {marks['words'][-1]['end']:.2f} s")
    print(f"  synthesised {result.duration_s / result.processing_s:.0f} times faster than real time")
    _require(abs(book.duration_s - result.duration_s) < 0.2, f"it plays {book.duration_s} s, not {result.duration_s} s")
    _require(len(book.chapters) > 1, "it has no chapters")
    _require(bool(book.title and book.author and book.cover), "title, author or cover are missing")
    _require(abs(book.loudness_lufs - LOUDNESS_LUFS) < 1.0, f"its loudness is {book.loudness_lufs} LUFS")
    _require(0 < marks["words"][-1]["end"] <= book.duration_s, "its marks do not match the audio")


def _print_meeting(demo_job: DemoJob, output: Path) -> None:
    """Print the quality of the transcript. Raises DemoFailed if recognition is broken."""
    transcript = json.loads((output / "meeting.json").read_text())
    result = demo_job.result
    rate = word_error_rate(strip_speakers(MEETING_SCRIPT.read_text()), transcript["text"])
    print("\nThe transcript, compared with the script")
    duration = format_amount(transcript["duration_s"], "seconds")
    print(f"  {duration} of {transcript['language']}, transcribed by {demo_job.finished.model}")
    print(f"  word error rate {rate:.1%}, case and punctuation aside")
    print(f"  {len(transcript['segments'])} segments; the first: {transcript['segments'][0]['text'][:70]!r}")
    print(f"  transcribed {result.duration_s / result.processing_s:.1f} times faster than real time")
    _require(rate < MAX_WORD_ERROR_RATE, f"the word error rate is {rate:.0%}")
    _require("-->" in (output / "meeting.srt").read_text(), "the subtitles are empty")


def _check_stop(stack: LocalStack, code: int | None, stopped_s: float) -> None:
    left = stack.find_leftovers()
    print(f"\nThe stack stopped in {stopped_s:.1f} s with exit code {code}; processes left: {len(left)}")
    _require(code == 0, f"`voicemill up` ended with {code}:\n{stack.log}")
    _require(not left, "these processes still run:\n" + "\n".join(left))


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise DemoFailed(problem)


def _shorten(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
