"""One run inside a child, with a test in the place of its controller."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from pipelines.catalog import job_kinds
from pipelines.errors import BadInput, InputTooLarge, UnsupportedOption
from pipelines.pipeline import FollowUp, Limits, Part, Plan, Result, Span, StepInterrupted
from workers.engines.messages import (
    PLAN_FILE,
    SPANS_FILE,
    FileProduced,
    FileStored,
    FollowUpSpan,
    PlanDone,
    PlanInput,
    RunStep,
    SourceNeeded,
    SourceReady,
    StepFailed,
    StepOutOfSpace,
    StepStopped,
    StitchDone,
    StitchInput,
    WorkInput,
)
from workers.engines.step_runner import run_step, span_from_json, span_to_json

KIND = "test.example"


class Request(BaseModel):
    fail: str = ""


class Example:
    """A pipeline whose steps do a little of everything."""

    Request = Request

    def plan(self, request, source, sink, limits):
        if request.fail == "option":
            raise UnsupportedOption("no such voice", field="voice")
        if request.fail == "size":
            raise InputTooLarge
        if request.fail == "big file":
            raise OSError(27, "File too large")
        if request.fail == "full disk":
            Path("/dev/full").write_text("too much")
        if request.fail == "wrapped":
            try:
                Path("/dev/full").write_text("too much")
            except OSError as error:
                raise BadInput("This cannot be read.") from error
        if request.fail == "bug":
            raise ZeroDivisionError("at /private/place")
        if request.fail == "memory":
            raise MemoryError
        text = source.read_text() if source else "nothing"
        path = sink.directory / "piece"
        path.write_text(text)
        sink.put("piece-0", path)
        spans = (Span(idx, idx, idx + 1, 1.0, {"n": idx}, ("piece-0",)) for idx in range(3))
        return Plan({"title": "T", "characters": limits.chunk_characters}, 3.0, "characters", spans)

    def work(self, request, span, sources, family, sink):
        first, second = sources(0).read_text(), sources(1).read_text()
        assert not (sink.directory / "source-0").exists(), "the one before is gone"
        sink.progress(0.5)
        path = sink.directory / "anything.bin"
        path.write_text(first + second + family)
        return Part(path, [FollowUp("other", Span(span.idx, 0, 1, 1.0))], 1.5, {"revision": "7"})

    def stitch(self, request, header, spans, parts, sink):
        listed = list(spans)
        for number, _ in enumerate(listed):
            parts(number)
        path = sink.directory / "out.txt"
        path.write_text(header["title"])
        sink.put("out.txt", path, content_type="text/plain")
        return Result(float(len(listed)), {"language": "en"})


class ControllerStub:
    """A `StepChannel` that answers as a controller does, and keeps all events."""

    def __init__(self, directory, contents=()):
        self.events = []
        self.stored = []
        self.stopped = False
        self._directory = directory
        self._contents = contents
        self._answers = []

    def send(self, event):
        self.events.append(event)
        if isinstance(event, FileProduced):
            self.stored.append((event.name, (self._directory / event.file).read_text()))
            self._answers.append(FileStored())
        if isinstance(event, SourceNeeded):
            name = f"source-{event.index}"
            (self._directory / name).write_text(self._contents[event.index])
            self._answers.append(SourceReady(event.index, name))

    def receive(self):
        if self.stopped:
            raise StepInterrupted
        return self._answers.pop(0)

    def is_stopped(self):
        return self.stopped


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(job_kinds.PIPELINES, KIND, job_kinds.PipelineSpec(f"{__name__}:Example", "tts"))
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[Example.__module__])


def run(tmp_path, step, *, contents=(), family=None):
    controller = ControllerStub(tmp_path, contents)
    run_step(RunStep(step, "tone", str(tmp_path)), controller, family)
    return controller


def plan(fail="", *, has_source=False):
    return PlanInput(KIND, {"fail": fail}, Limits(chunk_characters=77), has_source)


def test_a_plan_streams_its_spans_into_a_file(tmp_path):
    (tmp_path / "source").write_text("what was sent")
    controller = run(tmp_path, plan(has_source=True))
    assert controller.events[-1] == PlanDone(units_total=3.0, unit="characters", spans=3)
    header, *spans = map(json.loads, (tmp_path / PLAN_FILE).read_text().splitlines())
    assert header == {"header": {"title": "T", "characters": 77}, "units_total": 3.0, "unit": "characters"}
    assert [span["idx"] for span in spans] == [0, 1, 2]
    assert spans[0]["inputs"] == ["piece-0"]
    assert controller.stored == [("piece-0", "what was sent")]


def test_spans_survive_their_json():
    span = Span(3, 1.5, 2.5, 1.0, {"text": "é"}, ("a", "b"))
    assert span_from_json(json.loads(json.dumps(span_to_json(span)))) == span


def test_work_asks_for_its_sources_and_leaves_a_part(tmp_path):
    span = span_to_json(Span(0, 0, 1, 1.0))
    controller = run(tmp_path, WorkInput(KIND, {}, span), contents=["one ", "two "], family="three")
    done = controller.events[-1]
    assert (tmp_path / done.part).read_text() == "one two three"
    assert done.engine_s == 1.5
    assert done.provenance == {"revision": "7"}
    assert done.follow_ups == [FollowUpSpan("other", {**span, "data": {}, "inputs": []})]


def test_stitch_reads_the_plans_header_and_all_parts_in_order(tmp_path):
    (tmp_path / PLAN_FILE).write_text('{"header": {"title": "Book"}}\n')
    spans = [span_to_json(Span(idx, idx, idx + 1, 1.0)) for idx in range(3)]
    (tmp_path / SPANS_FILE).write_text("".join(json.dumps(span) + "\n" for span in spans))
    controller = run(tmp_path, StitchInput(KIND, {}), contents=["a", "b", "c"])
    assert [event.index for event in controller.events if isinstance(event, SourceNeeded)] == [0, 1, 2]
    assert controller.events[-1] == StitchDone(duration_s=3.0, summary={"language": "en"})
    assert controller.stored == [("out.txt", "Book")]


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        ("option", {"class": "bad_input", "code": "unsupported_option", "field": "voice", "retryable": False}),
        ("size", {"class": "bad_input", "code": "input_too_large", "retryable": False}),
        ("big file", {"class": "bad_input", "code": "input_too_large", "retryable": False}),
        ("bug", {"class": "engine", "code": "internal_error", "retryable": True}),
    ],
)
def test_a_failure_says_what_is_wrong(tmp_path, fail, expected):
    failed = run(tmp_path, plan(fail)).events[-1]
    assert isinstance(failed, StepFailed)
    assert expected.items() <= failed.failure.to_json().items()
    assert "/root" not in failed.failure.detail


@pytest.mark.parametrize("fail", ["full disk", "wrapped"])
def test_a_full_disk_is_no_failure_of_the_input(tmp_path, fail):
    assert run(tmp_path, plan(fail)).events[-1] == StepOutOfSpace()


def test_params_of_another_version_are_bad_input(tmp_path):
    failure = run(tmp_path, plan(["not", "text"])).events[-1].failure
    assert (failure.error_class, failure.retryable) == ("bad_input", False)


def test_out_of_memory_is_the_childs_death(tmp_path):
    with pytest.raises(MemoryError):
        run(tmp_path, plan("memory"))


def test_a_stopped_run_reports_it(tmp_path):
    controller = ControllerStub(tmp_path)
    controller.stopped = True
    run_step(RunStep(plan(), "tone", str(tmp_path)), controller)
    assert controller.events[-1] == StepStopped()
