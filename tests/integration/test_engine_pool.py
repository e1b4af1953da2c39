"""Real engine children: their models, runs in parallel, and deaths."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from jobs.child_environment import engine_environment
from jobs.chunk import Chunk
from jobs.states import ChunkState, Step
from pipelines.catalog.catalog import Catalog
from pipelines.pipeline import Limits
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis
from tests.integration.misbehaving_family import models_toml
from tests.services.machine_speed import LoadAwareDeadline, deadline, poll
from workers.chunks.workdir import Workdirs
from workers.engines.engine import EngineDied, StepRequest
from workers.engines.messages import KeepAlive, Progress, StepStopped, StopStep, WorkDone, WorkInput
from workers.engines.pool import EnginePool
from workers.engines.step_runner import span_to_json

ROOT = Path(__file__).parents[2]


class Stage:
    """A pool of misbehaving engines in a directory, and chunks for it."""

    def __init__(self, directory, *, count=1, memory_bytes=None, device="cpu", model="moody"):
        self.directory = directory
        path = directory / "models.toml"
        path.write_text(models_toml(directory))
        catalog = Catalog.read(path)
        self.stall_s = catalog.get(model, "tts").stall_s
        self.pool = EnginePool(
            catalog,
            [catalog.get(model, "tts")],
            count=count,
            device=device,
            environment=engine_environment(),
            models_toml=path,
            memory_bytes=memory_bytes,
        )
        assert self.pool.wait_until_loaded(deadline(60))
        self._workdirs = Workdirs(directory / "scratch")
        self._count = 0

    @contextmanager
    def running(self, text, *, lane="bulk", solo=False):
        """One work chunk that speaks `text`, in the pool."""
        self._count += 1
        chunk = Chunk(
            f"chk_{self._count}", "job_1", "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={}
        )
        params = {"text": text, "model": "moody"}
        with self._workdirs.create(chunk) as workdir:
            (plan_directory := workdir.path / "plan").mkdir()
            spans = Synthesis().plan(SynthesisRequest(**params), None, SilentSink(plan_directory), Limits()).spans
            step = WorkInput("tts.synthesize", params, span_to_json(next(iter(spans))))
            with self.pool.start_run(StepRequest(step, "moody"), workdir.path, lane=lane, solo=solo) as run:
                yield run

    def speak(self, text, **options):
        """The last event of a chunk. Raises EngineDied."""
        with self.running(text, **options) as run:
            return last_event(run)

    def in_thread(self, text, **options):
        """The same in a thread: its outcome appears in a list."""
        outcome = []

        def go():
            try:
                outcome.append(self.speak(text, **options))
            except EngineDied as died:
                outcome.append(died)

        thread = threading.Thread(target=go)
        thread.start()
        return thread, outcome

    def calls(self):
        """The texts of each call of the family so far."""
        return [path.read_text().splitlines() for path in sorted(self.directory.glob("call-*"))]

    def end_waits(self):
        """End the waits of the family."""
        (self.directory / "go").touch()

    def child(self, index=0):
        """The process of an engine."""
        return psutil.Process(self.pool._engines[index]._child.pid)


class SilentSink:
    def __init__(self, directory):
        self.directory = directory

    def put(self, name, path, *, content_type=""):
        path.unlink()

    def progress(self, done, total=None):
        pass


def last_event(run):
    limit = LoadAwareDeadline(60)
    while not limit.has_expired():
        with contextlib.suppress(TimeoutError):
            event = run.next_event(1.0)
            if not isinstance(event, Progress | KeepAlive):
                return event
    raise AssertionError("no end within the deadline")


def falls_asleep(pid, looks=20):
    """Whether no thread of a process wants the processor at any of so many looks: nothing is on its way in there."""
    states = Path(f"/proc/{pid}/task")
    for _ in range(looks):
        if any(" R " in path.read_text().rpartition(")")[2][:3] for path in states.glob("*/stat")):
            return False
        time.sleep(0.015)
    return True


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    yield made
    made.pool.close()


def test_a_warm_engine_says_which_models_and_voices_it_has(stage):
    described = stage.pool.describe()
    assert stage.pool.is_warm()
    assert described.models["moody"].state == "warm"
    assert [(voice.id, voice.model) for voice in described.voices] == [("tone", "moody")]


def test_a_chunk_leaves_its_part(stage):
    done = stage.speak("Good morning.")
    assert isinstance(done, WorkDone)
    assert done.part == "part"


def test_chunks_that_wait_are_spoken_in_one_call(stage):
    threads = [stage.in_thread("Please wait.")]
    assert poll(lambda: len(stage.calls()) == 1)
    threads += [stage.in_thread(f"Number {number}.") for number in range(3)]
    assert poll(lambda: len(stage.pool._engines[0]._runs) == 4)
    # The three are on their way through the child; there is no event for "waits in the lane".
    assert poll(lambda: falls_asleep(stage.child().pid))
    stage.end_waits()
    for thread, outcome in threads:
        thread.join(deadline(30))
        assert isinstance(outcome[0], WorkDone)
    assert sorted(len(call) for call in stage.calls()) == [1, 3]


def test_an_interactive_chunk_does_not_wait_for_bulk(stage):
    bulk, _ = stage.in_thread("Please wait.")
    assert poll(lambda: stage.calls())
    assert isinstance(stage.speak("Quick.", lane="interactive"), WorkDone)
    assert bulk.is_alive()
    stage.end_waits()
    bulk.join(deadline(30))


def test_a_chunk_that_kills_its_engine_alone_is_the_cause(stage):
    pid = stage.child().pid
    with pytest.raises(EngineDied) as died:
        stage.speak("Now crash.")
    assert died.value.alone and died.value.caused_by_chunk
    assert "signal 11" in died.value.detail
    assert poll(stage.pool.is_warm)
    assert stage.child().pid != pid
    assert isinstance(stage.speak("Good morning."), WorkDone)


def test_with_several_runs_none_was_alone(stage):
    waiting, outcome = stage.in_thread("Please wait.")
    assert poll(lambda: stage.calls())
    with pytest.raises(EngineDied) as died:
        stage.speak("Now crash.", lane="interactive")
    waiting.join(deadline(30))
    assert not died.value.alone
    assert isinstance(outcome[0], EngineDied) and not outcome[0].alone


def test_a_solo_chunk_waits_until_it_is_alone_and_stays_alone(stage):
    first, _ = stage.in_thread("Please wait.")
    assert poll(lambda: stage.calls())
    solo, solo_outcome = stage.in_thread("Alone.", solo=True)
    assert poll(lambda: stage.pool._exclusive == {0})
    later, later_outcome = stage.in_thread("Later.")
    assert not solo_outcome and not later_outcome
    assert stage.calls() == [["Please wait."]]
    stage.end_waits()
    for thread in (first, solo, later):
        thread.join(deadline(30))
    assert all(isinstance(outcome[0], WorkDone) for outcome in (solo_outcome, later_outcome))
    assert stage.calls()[1:] == [["Alone."], ["Later."]]


def test_a_hanging_engine_is_silent_and_can_be_killed(stage):
    with stage.running("Now hang.") as run:
        assert poll(lambda: stage.calls())
        assert run.stall_s == stage.stall_s
        with pytest.raises(TimeoutError):
            while True:
                run.next_event(deadline(1.0))
        run.kill()
        with pytest.raises(EngineDied) as died:
            last_event(run)
    assert died.value.alone and died.value.caused_by_chunk
    assert "hung" in died.value.detail


def test_an_engine_at_work_is_not_silent(stage):
    with stage.running("Please wait.") as run:
        events = [run.next_event(deadline(30)) for _ in range(2)]
        stage.end_waits()
        assert isinstance(last_event(run), WorkDone)
    assert KeepAlive() in events


def test_an_engine_that_eats_memory_is_killed(tmp_path):
    stage = Stage(tmp_path, memory_bytes=400 << 20)
    try:
        with pytest.raises(EngineDied) as died:
            stage.speak("Now eat.")
        assert "memory" in died.value.detail
        assert died.value.alone and died.value.caused_by_chunk
    finally:
        stage.pool.close()


def test_a_stopped_chunk_ends_without_hurting_others(stage):
    with stage.running("Please wait.") as run:
        assert poll(lambda: stage.calls())
        run.send(StopStep())
        assert last_event(run) == StepStopped()
    stage.end_waits()
    assert isinstance(stage.speak("Good morning."), WorkDone)


def test_a_chunk_left_early_frees_its_engine(stage):
    with stage.running("Please wait."):
        assert poll(lambda: stage.calls())
    assert isinstance(stage.speak("Good morning.", solo=True), WorkDone)


def test_two_engines_share_the_chunks(tmp_path):
    stage = Stage(tmp_path, count=2)
    try:
        threads = [stage.in_thread("Please wait.") for _ in range(2)]
        assert poll(lambda: len(stage.calls()) == 2)
        assert [len(engine._runs) for engine in stage.pool._engines] == [1, 1]
        stage.end_waits()
        for thread, outcome in threads:
            thread.join(deadline(30))
            assert isinstance(outcome[0], WorkDone)
    finally:
        stage.pool.close()


def test_runs_that_share_an_engine_have_no_more_of_its_time_than_passed(stage):
    """Jobs are billed by it: a run that waits for the calls of others is not charged for them."""
    began = time.monotonic()
    first, outcome = stage.in_thread("Please wait for it.")
    assert poll(lambda: len(stage.calls()) == 1)
    others = [stage.in_thread(f"Number {n} of the rest.") for n in range(5)]
    quick, quick_outcome = stage.in_thread("At once, and wait too.", lane="interactive")
    assert poll(lambda: len(stage.calls()) == 2)
    stage.end_waits()
    for thread in [first, quick, *(thread for thread, _ in others)]:
        thread.join(deadline(60))
    passed_s = time.monotonic() - began
    done = [each for outcome in (outcome, quick_outcome, *(outcome for _, outcome in others)) for each in outcome]
    assert len(done) == 7
    assert all(isinstance(each, WorkDone) and each.engine_s > 0 for each in done)
    assert sum(each.engine_s for each in done) <= passed_s


@pytest.mark.parametrize(("device", "said"), [("cpu", "pip install the-weights"), ("odd", "cannot be loaded here")])
def test_a_model_that_cannot_be_loaded_says_why(tmp_path, device, said):
    stage = Stage(tmp_path, device=device, model="moody-absent")
    try:
        assert not stage.pool.is_warm()
        assert said in stage.pool.failures()[0]
    finally:
        stage.pool.close()


def test_the_child_sees_no_settings_and_no_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICEMILL_SECRET_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    stage = Stage(tmp_path)
    try:
        assert not [name for name in stage.child().environ() if name.startswith(("VOICEMILL_", "AWS_"))]
    finally:
        stage.pool.close()


def test_closing_ends_the_child(stage):
    child = stage.child()
    stage.pool.close()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


_CONTROLLER = """
import sys
from pathlib import Path
from tests.integration.test_engine_pool import Stage
import structlog
structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
stage = Stage(Path(sys.argv[1]))
print(stage.child().pid, flush=True)
stage.in_thread("Please hang.")
sys.stdin.read()
"""


def test_the_child_dies_with_a_killed_controller_even_when_it_hangs(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _CONTROLLER, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as controller:
        assert controller.stdout is not None
        child = psutil.Process(int(controller.stdout.readline()))
        assert poll(lambda: list(tmp_path.glob("call-*")))
        os.kill(controller.pid, signal.SIGKILL)
        controller.wait()
        _, alive = psutil.wait_procs([child], timeout=deadline(30))
    assert not alive


def test_engine_that_was_measured_is_described_and_a_large_error_logged(tmp_path):
    with capture_logs() as logged:
        stage = Stage(tmp_path, device="odd")
    stage.pool.close()
    told = stage.pool.describe().models["moody"].loaded
    assert told.engine == "numpy" and told.selection["candidates"] == [{"engine": "numpy", "error": 0.5}]
    (warm,) = [log for log in logged if log["event"] == "model_state_changed" and log["state"] == "warm"]
    assert warm["engine"] == "numpy" and warm["candidates"]
    events = {event["event"]: event for event in logged}
    assert events["engine_warning"]["detail"] == "numpy is further from float32 than the limit"
