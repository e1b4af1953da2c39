"""One chunk inside a child, spoken to as a controller would."""

import json

import pytest
from pydantic import BaseModel

from pipelines.catalog import catalog
from pipelines.errors import InputTooLarge, UnsupportedOption
from pipelines.pipeline import FollowUp, Interrupted, Part, Plan, Result, Span
from workers.engines import step_runner

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


class Conversation:
    """Answers as a controller does, and keeps everything that was said."""

    def __init__(self, directory, contents=()):
        self.said = []
        self.stored = []
        self.stopped = False
        self._directory = directory
        self._contents = contents
        self._answers = []

    def send(self, event):
        self.said.append(event)
        if event["event"] == "file":
            self.stored.append((event["name"], (self._directory / event["file"]).read_text()))
            self._answers.append({"op": "stored"})
        if event["event"] == "need":
            name = f"source-{event['k']}"
            (self._directory / name).write_text(self._contents[event["k"]])
            self._answers.append({"op": "source", "k": event["k"], "file": name})

    def receive(self):
        if self.stopped:
            raise Interrupted
        return self._answers.pop(0)

    def is_stopped(self):
        return self.stopped


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(catalog.PIPELINES, KIND, f"{__name__}:Example")
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[Example.__module__])


def run(tmp_path, step, *, contents=(), family=None, params=None, **fields):
    conversation = Conversation(tmp_path, contents)
    message = {"step": step, "kind": KIND, "directory": str(tmp_path), "params": params or {}, **fields}
    step_runner.perform(message, conversation, family)
    return conversation


def test_a_plan_streams_its_spans_into_a_file(tmp_path):
    (tmp_path / "source").write_text("what was sent")
    conversation = run(tmp_path, "plan", has_source=True, limits={"chunk_characters": 77})
    assert conversation.said[-1] == {"event": "done", "units_total": 3.0, "unit": "characters", "spans": 3}
    header, *spans = map(json.loads, (tmp_path / step_runner.PLAN_FILE).read_text().splitlines())
    assert header == {"header": {"title": "T", "characters": 77}, "units_total": 3.0, "unit": "characters"}
    assert [span["idx"] for span in spans] == [0, 1, 2]
    assert spans[0]["inputs"] == ["piece-0"]
    assert conversation.stored == [("piece-0", "what was sent")]


def test_spans_survive_their_json():
    span = Span(3, 1.5, 2.5, 1.0, {"text": "é"}, ("a", "b"))
    assert step_runner.span_of(json.loads(json.dumps(step_runner.span_json(span)))) == span


def test_work_asks_for_its_sources_and_leaves_a_part(tmp_path):
    span = step_runner.span_json(Span(0, 0, 1, 1.0))
    conversation = run(tmp_path, "work", contents=["one ", "two "], family="three", span=span)
    done = conversation.said[-1]
    assert (tmp_path / done["part"]).read_text() == "one two three"
    assert done["engine_s"] == 1.5
    assert done["provenance"] == {"revision": "7"}
    assert done["follow_ups"] == [{"model": "other", "span": {**span, "data": {}, "inputs": []}}]


def test_stitch_reads_the_plans_header_and_all_parts_in_order(tmp_path):
    (tmp_path / step_runner.PLAN_FILE).write_text('{"header": {"title": "Book"}}\n')
    spans = [step_runner.span_json(Span(idx, idx, idx + 1, 1.0)) for idx in range(3)]
    (tmp_path / step_runner.SPANS_FILE).write_text("".join(json.dumps(span) + "\n" for span in spans))
    conversation = run(tmp_path, "stitch", contents=["a", "b", "c"])
    assert [event["k"] for event in conversation.said if event["event"] == "need"] == [0, 1, 2]
    assert conversation.said[-1] == {"event": "done", "duration_s": 3.0, "summary": {"language": "en"}}
    assert conversation.stored == [("out.txt", "Book")]


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("option", {"class": "bad_input", "code": "unsupported_option", "field": "voice", "retryable": False}),
        ("size", {"class": "bad_input", "code": "input_too_large", "retryable": False}),
        ("big file", {"class": "bad_input", "code": "input_too_large", "retryable": False}),
        ("bug", {"class": "engine", "code": "internal_error", "retryable": True}),
    ],
)
def test_a_failure_says_what_is_wrong(tmp_path, fail, said):
    failed = run(tmp_path, "plan", params={"fail": fail}, has_source=False, limits={}).said[-1]
    assert failed["event"] == "failed"
    assert said.items() <= failed.items()
    assert "/root" not in failed["detail"]


def test_params_of_another_version_are_bad_input(tmp_path):
    failed = run(tmp_path, "plan", params={"fail": ["not", "text"]}, has_source=False, limits={}).said[-1]
    assert (failed["class"], failed["retryable"]) == ("bad_input", False)


def test_out_of_memory_is_the_childs_death(tmp_path):
    with pytest.raises(MemoryError):
        run(tmp_path, "plan", params={"fail": "memory"}, has_source=False, limits={})


def test_a_stopped_chunk_says_so(tmp_path):
    conversation = Conversation(tmp_path)
    conversation.stopped = True
    message = {
        "step": "plan",
        "kind": KIND,
        "directory": str(tmp_path),
        "params": {},
        "has_source": False,
        "limits": {},
    }
    step_runner.perform(message, conversation)
    assert conversation.said[-1] == {"event": "interrupted"}
