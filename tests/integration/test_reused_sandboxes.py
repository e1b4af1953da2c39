"""Processes that are reused for chunks of one tenant which parse no user input."""

import json
import math
import os

import psutil
import pytest

from jobs.child_environment import sandbox_environment
from jobs.chunk import Chunk
from jobs.states import ChunkState, Step
from pipelines.pipeline import Limits as PlanLimits
from tests.integration.misbehaving_fork_server import KIND
from tests.services.machine_speed import deadline
from workers.chunks.workdir import Workdirs
from workers.engines.engine import EngineDied, StepRequest
from workers.engines.messages import PLAN_FILE, Confined, PlanDone, PlanInput, Progress, StepFailed
from workers.engines.protocol import ProtocolViolation
from workers.sandbox import landlock
from workers.sandbox import pool as sandbox_pool
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.pool import SandboxPool

LIMITS = ResourceLimits(memory_bytes=1 << 30, cpu_s=math.ceil(deadline(20)), file_bytes=8 << 20)


@pytest.fixture(scope="module")
def module_pool():
    made = SandboxPool(
        LIMITS,
        stall_s=deadline(5),
        environment=sandbox_environment(),
        fork_server="tests.integration.misbehaving_fork_server",
        most_idle=2,
    )
    assert made.wait_until_loaded(deadline(60))
    yield made
    made.close()


@pytest.fixture
def pool(module_pool):
    """Without what earlier tests left."""
    idle, module_pool._idle = module_pool._idle, []
    for sandbox in idle:
        sandbox.close()
    return module_pool


@pytest.fixture
def workdirs(tmp_path):
    made = Workdirs(tmp_path / "scratch")
    yield made
    made.close()


@pytest.fixture
def make_workdir(workdirs):
    """Directories of one chunk after the other."""
    numbers = iter(range(1000))

    def make():
        number = next(numbers)
        return workdirs.create(
            Chunk(f"chk_{number}", "j", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={})
        )

    return make


def last_event(run):
    while isinstance(event := run.next_event(deadline(30)), Confined | Progress):
        pass
    return event


def running(pool, workdir, deed, path="", *, tenant="t", solo=False):
    step = PlanInput(KIND, {"deed": deed, "path": str(path)}, PlanLimits())
    return pool.start_run(StepRequest(step, "tone", shared_by=tenant), workdir.path, lane="bulk", solo=solo)


@pytest.fixture
def header(pool, make_workdir):
    """What a chunk's plan says."""

    def run(deed, path="", **options):
        with make_workdir() as workdir:
            with running(pool, workdir, deed, path, **options) as chunk:
                assert isinstance(last_event(chunk), PlanDone)
            return json.loads(workdir.take_file(PLAN_FILE).read_text().splitlines()[0])["header"]

    return run


def who(header, **options):
    return header("who", **options)["pid"]


def test_one_tenants_chunks_share_a_process_and_another_tenants_do_not(header):
    first = who(header)
    assert who(header) == first
    assert who(header, tenant="u") != first
    assert who(header) == first


def test_what_parses_user_input_or_runs_solo_has_a_process_of_its_own(header):
    first = who(header)
    others = [who(header, tenant=None), who(header, solo=True), who(header, tenant=None)]
    assert len({first, *others}) == 4


def test_only_so_many_stay_idle_and_the_least_recently_used_is_closed(header):
    first = who(header, tenant="a")
    who(header, tenant="b"), who(header, tenant="c")
    assert who(header, tenant="a") != first


def test_a_reused_process_sees_its_own_chunk_and_no_other(pool, header, make_workdir):
    who(header)
    with make_workdir() as other, make_workdir() as workdir:
        (other.path / "secret").write_text("another chunk's")
        (other.path / "secret").chmod(0o644)
        workdir.add_file("mine-too", lambda path: path.write_text("x"))
        with running(pool, workdir, "probe", other.path / "secret") as run:
            assert isinstance(last_event(run), PlanDone)
        probe = json.loads(workdir.take_file(PLAN_FILE).read_text().splitlines()[0])["header"]
    assert probe["own_files"] == ["mine", "stderr.txt", "work"]
    assert probe["inet"] == "PermissionError"
    if landlock.version() or os.getuid() == 0:
        assert probe["read_outside"] in ("PermissionError", "FileNotFoundError")


@pytest.mark.parametrize("deed", ["litter", "grow"])
def test_a_process_that_left_something_behind_is_not_used_again(header, deed):
    first = who(header)
    header(deed)
    assert who(header) != first


def test_a_process_is_replaced_after_so_many_chunks(header, monkeypatch):
    monkeypatch.setattr(sandbox_pool, "_MOST_RUNS", 3)
    assert len({who(header) for _ in range(3)}) == 1
    assert len({who(header) for _ in range(6)}) == 2


def test_a_death_is_the_chunks_own_and_what_it_printed_is_kept(pool, header, make_workdir):
    first = who(header)
    with make_workdir() as workdir:
        with pytest.raises(EngineDied) as died, running(pool, workdir, "shout") as run:
            last_event(run)
        assert died.value.alone and died.value.caused_by_chunk
        assert b"native code says this" in workdir.stderr_tail()
    assert who(header) != first


def test_leaving_early_ends_the_process(pool, header, make_workdir):
    first = psutil.Process(who(header))
    with make_workdir() as workdir, running(pool, workdir, "hang"):
        pass
    assert who(header) != first.pid
    _, alive = psutil.wait_procs([first], timeout=deadline(30))
    assert not alive


def test_one_that_ended_while_it_waited_is_no_chunks_fault(pool, header):
    first = who(header)
    [reused] = pool._idle
    os.kill(first, 9)
    assert reused.sandbox.is_over.wait(deadline(30))
    assert who(header) != first


def test_a_directory_in_the_place_of_the_working_directory_is_not_followed(pool, header, make_workdir, tmp_path):
    first = who(header)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("ours")
    with make_workdir() as workdir:
        with running(pool, workdir, "swap", tmp_path / "precious") as run:
            assert isinstance(last_event(run), StepFailed)
            with pytest.raises(ProtocolViolation):
                workdir.take_file("file")
            workdir.add_file("source", lambda path: path.write_text("data"))
        with pytest.raises(ProtocolViolation):
            workdir.take_file("file")
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["file"]
    assert who(header) != first
