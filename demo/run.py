"""The body of `make demo`: the whole stack, an audiobook and a transcript, and what is true of them.

Starts `voicemill up` in a temporary data directory on free ports, submits demo/book.epub and demo/meeting.opus through
the SDK with a webhook each, shows their progress, saves and measures the results, stops the stack and looks that
nothing is left. Exit code 0 only if all of that went well.
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
from measure import Audiobook, read_audiobook, spoken_words, word_error_rate
from webhook_receiver import WebhookReceiver
from whisper_weights import weights_here

from framework import Client
from framework.cli.progress import Bars, Lines, amount, choose
from framework.client import errors
from framework.client.job import Job, JobResult

HERE = Path(__file__).resolve().parent
BOOK, MEETING, TRUTH = HERE / "book.epub", HERE / "meeting.opus", HERE / "meeting.txt"
LOUDNESS_LUFS = -18.0
JOB_S, WEBHOOK_S = 3600.0, 300.0
#: A recogniser that hears less than this share of the plain sentences is broken.
WORST_WORD_ERROR_RATE = 0.4


class DemoFailed(Exception):
    """Something is not as promised."""


@dataclass
class Order:
    """One of the two jobs, and when it was how far: seconds since it was sent."""

    name: str
    send: Callable[[], Job]
    began: float = 0.0
    reached_s: dict[str, float] = field(default_factory=dict)
    job: Job | None = None
    error: errors.VoicemillError | None = None

    def run(self, client: Client, news: Bars | Lines) -> None:
        """Send it and wait for its end; what went wrong is in `error`."""
        try:
            self._run(client, news)
        except errors.VoicemillError as error:
            self.error = error

    def _run(self, client: Client, news: Bars | Lines) -> None:
        self.began = time.monotonic()
        accepted = self.send()
        self.reach("accepted", time.monotonic())

        def follow(job: Job) -> None:
            news.job(self.name, job)
            passed = {"running": 1, "stitching": 2, "succeeded": 3}.get(job.state, 0)
            for step in ("planned", "worked", "stitched")[:passed]:
                self.reach(step, time.monotonic())

        self.job = client.jobs.wait(accepted.id, timeout_s=JOB_S, on_progress=follow)

    def reach(self, step: str, at: float) -> None:
        """Remember the first time."""
        self.reached_s.setdefault(step, at - self.began)

    @property
    def done(self) -> Job:
        """The job, which has succeeded."""
        assert self.job is not None
        assert self.job.result is not None
        return self.job

    @property
    def result(self) -> JobResult:
        """Its result."""
        assert self.done.result is not None
        return self.done.result


def main() -> int:
    """Run the demo."""
    output = _parse().output
    began = time.monotonic()
    data_dir = Path(tempfile.mkdtemp(prefix="voicemill-demo-"))
    try:
        _prepare(output)
        _demonstrate(data_dir, output)
    except (DemoFailed, StackFailed, errors.VoicemillError) as error:
        print(f"\nThe demo FAILED: {error}", file=sys.stderr)
        if (data_dir / "logs").is_dir():
            logs = shutil.copytree(data_dir / "logs", output / "demo-logs", dirs_exist_ok=True)
            print(f"What the processes said is in {_short(logs)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    print(f"\nAll of it took {time.monotonic() - began:.1f} s. Listen: {_short(output / 'book.m4b')}")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Show what Voicemill does, on this machine, from start to stop.")
    parser.add_argument("--output", type=Path, default=HERE / "out", help="where the results go")
    return parser.parse_args()


def _prepare(output: Path) -> None:
    """A place for the results, without those of the last run."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        for old in (*output.glob("book.*"), *output.glob("meeting.*")):
            old.unlink()
        shutil.rmtree(output / "demo-logs", ignore_errors=True)
    except OSError as error:
        raise DemoFailed(
            f"{error.filename} cannot be written ({error.strerror}); name another place with --output"
        ) from error


def _demonstrate(data_dir: Path, output: Path) -> None:
    whisper = weights_here()
    families = ["espeak", "pocketsphinx", *(["whisper"] if whisper else [])]
    model = whisper or "pocketsphinx"
    print(f"Starting `voicemill up` with {', '.join(families)} …", flush=True)
    with WebhookReceiver() as receiver, LocalStack(data_dir, families, receiver.address) as stack:
        print(f"  ready after {stack.ready_s:.1f} s at {stack.client_file['base_url']}")
        print(f"  recogniser: {whisper or 'PocketSphinx, since no Whisper weights are on this machine'}\n", flush=True)
        receiver.secret = stack.client_file["webhook_secret"]
        with Client(stack.client_file["base_url"], stack.client_file["api_key"]) as client:
            orders = _orders(client, f"http://{receiver.address}/done", model)
            _run(client, orders)
            _hear_of_the_end(receiver, orders)
            book, meeting = orders
            _save(client, book, output, stem="book")
            _save(client, meeting, output, stem="meeting")
        stopped = time.monotonic()
        code = stack.stop()
        stopped_s = time.monotonic() - stopped
    for order in orders:
        _print_timeline(order)
    _print_files(output)
    _print_book(book, read_audiobook(output / "book.m4b"), output)
    _print_meeting(meeting, output)
    _check_stop(stack, code, stopped_s)


def _orders(client: Client, webhook_url: str, model: str) -> list[Order]:
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

    return [Order("book.epub → m4b", speak), Order("meeting.opus → text", transcribe)]


def _run(client: Client, orders: list[Order]) -> None:
    """Both jobs at once."""
    with choose(as_json=False) as news:
        # Daemons: Ctrl-C need not wait for them.
        threads = [threading.Thread(target=order.run, args=(client, news), daemon=True) for order in orders]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[0].join(0.1)
            threads[-1].join(0.1)
            _raise_what_failed(orders)
        _raise_what_failed(orders)


def _raise_what_failed(orders: list[Order]) -> None:
    for order in orders:
        if order.error is not None:
            raise order.error


def _hear_of_the_end(receiver: WebhookReceiver, orders: list[Order]) -> None:
    for order in orders:
        delivery = receiver.wait_for(order.done.id, timeout_s=WEBHOOK_S)
        if delivery is None:
            came = [delivery.is_genuine for delivery in receiver.deliveries]
            raise DemoFailed(
                f"no webhook about {order.done.id} within {WEBHOOK_S:.0f} s (signatures that came: {came})"
            )
        if delivery.event.get("type") != "job.succeeded":
            raise DemoFailed(f"the webhook says {delivery.event.get('type')} of a job that succeeded")
        order.reach("webhook", delivery.at)


def _save(client: Client, order: Order, output: Path, *, stem: str) -> None:
    names = {"marks.json": "book.marks.json", "chapters.json": "book.chapters.json", "captions.vtt": "book.vtt"}
    result = order.result
    for file in result.files:
        client.jobs.download(order.done, file.name, output / names.get(file.name, f"{stem}{Path(file.name).suffix}"))


def _print_timeline(order: Order) -> None:
    job = order.done
    size = amount(job.progress.total or 0.0, job.progress.unit)
    unit = "of sound" if job.progress.unit == "seconds" else job.progress.unit
    worked = "spoken" if job.kind.startswith("tts") else "heard"
    says = {
        "accepted": f"accepted as {job.id}",
        "planned": f"planned: {size} {unit}",
        "worked": f"{worked} by {job.model}",
        "stitched": "stitched",
        "webhook": "webhook job.succeeded came, signature good",
    }
    print(f"\n{order.name}")
    for step, text in says.items():
        if step in order.reached_s:
            print(f"  {order.reached_s[step]:7.2f} s  {text}")


def _print_files(output: Path) -> None:
    print(f"\nResults in {_short(output)}/")
    for path in sorted(output.iterdir()):
        print(f"  {path.stat().st_size:10,} bytes  {path.name}")


def _print_book(order: Order, book: Audiobook, output: Path) -> None:
    """What is in the audiobook. Raises DemoFailed where that is not what was asked for."""
    marks = json.loads((output / "book.marks.json").read_text())
    result = order.result
    print("\nThe audiobook, read back with PyAV")
    print(f"  {amount(book.duration_s, 'seconds')} ({book.duration_s:.2f} s) of {book.codec}, {book.sample_rate_hz} Hz")
    print(f"  “{book.title}” by {book.author}, cover {book.cover}")
    print(f"  loudness {book.loudness_lufs:.1f} LUFS (asked for {LOUDNESS_LUFS})")
    for start, title in book.chapters:
        print(f"  {amount(start, 'seconds'):>7}  {title}")
    print(f"  {len(marks['words']):,} words with times, the last ends at {marks['words'][-1]['end']:.2f} s")
    print(f"  spoken {result.duration_s / result.processing_s:.0f} times faster than it plays")
    _demand(abs(book.duration_s - result.duration_s) < 0.2, f"it plays {book.duration_s} s, not {result.duration_s} s")
    _demand(len(book.chapters) > 1, "it has no chapters")
    _demand(bool(book.title and book.author and book.cover), "title, author or cover are missing")
    _demand(abs(book.loudness_lufs - LOUDNESS_LUFS) < 1.0, f"its loudness is {book.loudness_lufs} LUFS")
    _demand(0 < marks["words"][-1]["end"] <= book.duration_s, "its marks do not fit the audio")


def _print_meeting(order: Order, output: Path) -> None:
    """How much of the meeting was understood. Raises DemoFailed for nonsense."""
    transcript = json.loads((output / "meeting.json").read_text())
    result = order.result
    rate = word_error_rate(spoken_words(TRUTH.read_text()), transcript["text"])
    print("\nThe transcript, compared with what was said")
    print(f"  {amount(transcript['duration_s'], 'seconds')} of {transcript['language']}, heard by {order.done.model}")
    print(f"  word error rate {rate:.1%}, case and punctuation aside")
    print(f"  {len(transcript['segments'])} segments; the first: {transcript['segments'][0]['text'][:70]!r}")
    print(f"  heard {result.duration_s / result.processing_s:.1f} times faster than it plays")
    _demand(rate < WORST_WORD_ERROR_RATE, f"the word error rate is {rate:.0%}")
    _demand("-->" in (output / "meeting.srt").read_text(), "the subtitles are empty")


def _check_stop(stack: LocalStack, code: int | None, stopped_s: float) -> None:
    left = stack.leftovers()
    print(f"\nThe stack stopped in {stopped_s:.1f} s with exit code {code}; processes left: {len(left)}")
    _demand(code == 0, f"`voicemill up` ended with {code}:\n{stack.log}")
    _demand(not left, "these still run:\n" + "\n".join(left))


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoFailed(otherwise)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
