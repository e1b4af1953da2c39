"""Real confined processes: what they may do, and what their end tells the controller."""

import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from jobs.child_environment import sandbox_environment
from jobs.chunk import Chunk
from jobs.states import ChunkState, Step
from pipelines.catalog.features import installed_features
from pipelines.pipeline import Limits as PlanLimits
from tests.integration.misbehaving_fork_server import KIND
from tests.services.machine_speed import LoadAwareDeadline, deadline
from workers.chunks.workdir import Workdirs
from workers.engines.engine import EngineDied, StepRequest
from workers.engines.messages import (
    PLAN_FILE,
    Confined,
    FileProduced,
    FileStored,
    PlanDone,
    PlanInput,
    Progress,
    StepFailed,
)
from workers.engines.protocol import ProtocolViolation
from workers.sandbox import landlock, seccomp
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.pool import SandboxPool

ROOT = Path(__file__).parents[2]
FORK_SERVER = "tests.integration.misbehaving_fork_server"
LIMITS = ResourceLimits(memory_bytes=1 << 30, cpu_s=math.ceil(deadline(2)), file_bytes=8 << 20)


@pytest.fixture(scope="module")
def pool():
    made = SandboxPool(LIMITS, stall_s=deadline(5), environment=sandbox_environment(), fork_server=FORK_SERVER)
    assert made.wait_until_loaded(deadline(60))
    yield made
    made.close()


@pytest.fixture
def workdir(tmp_path):
    workdirs = Workdirs(tmp_path / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={})
    with workdirs.create(chunk) as made:
        yield made
    workdirs.close()


def request(deed, path=""):
    return StepRequest(PlanInput(KIND, {"deed": deed, "path": str(path)}, PlanLimits()), "tone")


def last_event(run):
    """Serve nothing; return the first event that is not mere progress."""
    limit = LoadAwareDeadline(60)
    while not limit.has_expired():
        with contextlib.suppress(TimeoutError):
            event = run.next_event(1.0)
            if not isinstance(event, Progress | Confined):
                return event
    raise AssertionError("no end within the deadline")


def run_to_the_end(pool, workdir, deed, path=""):
    with pool.start_run(request(deed, path), workdir.path, lane="bulk", solo=False) as run:
        return last_event(run)


@pytest.fixture(scope="module")
def probe(pool, tmp_path_factory):
    directory = tmp_path_factory.mktemp("probe")
    secret = directory / "secret"
    secret.write_text("another chunk's")
    secret.chmod(0o644)
    workdirs = Workdirs(directory / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={})
    with workdirs.create(chunk) as made:
        assert isinstance(run_to_the_end(pool, made, "probe", secret), PlanDone)
        return json.loads((made.path / PLAN_FILE).read_text().splitlines()[0])["header"]


def test_a_well_behaved_plan_is_done(pool, workdir):
    assert run_to_the_end(pool, workdir, "import") == PlanDone(units_total=1.0, unit="characters", spans=1)


@pytest.mark.parametrize("family", ["inet", "inet6", "unix"])
def test_it_cannot_open_a_socket(probe, family):
    if not seccomp.is_supported():
        pytest.skip("no seccomp rules for this processor")
    assert probe[family] == "PermissionError"


@pytest.mark.parametrize("deed", ["read_outside", "read_passwd", "list_root", "write_tmp", "parent_environment"])
def test_it_reaches_no_file_outside_its_directory(probe, deed):
    if not landlock.version() and os.getuid() != 0:
        pytest.skip("no Landlock in this kernel")
    assert probe[deed] in ("PermissionError", "FileNotFoundError")


@pytest.mark.parametrize("deed", ["kill_parent", "fork", "program"])
def test_it_cannot_touch_or_start_processes(probe, deed):
    assert probe[deed] == "PermissionError"


def test_it_can_use_its_own_directory_and_threads(probe):
    assert probe["write_own"].startswith("did it")
    assert probe["thread"].startswith("did it")


def test_it_has_its_channel_and_its_output_and_nothing_else_open(probe):
    assert len(probe["descriptors"]) == 4


def test_it_inherits_no_settings_and_no_credentials(probe):
    allowed = {
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "PYTHONPATH",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        # What scikit-learn says to its own threads when it is imported.
        "KMP_DUPLICATE_LIB_OK",
        "KMP_INIT_AT_FORK",
    }
    assert set(probe["environment"]) <= allowed


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_under_root_it_is_another_user_without_groups(probe):
    assert probe["uid"] >= 60_000
    assert probe["gid"] >= 60_000
    assert probe["groups"] == []


@pytest.mark.parametrize(("deed", "said"), [("crash", "signal 6"), ("exit", "status 3"), ("spin", "CPU time")])
def test_a_death_is_the_chunks_own(pool, workdir, deed, said):
    with pytest.raises(EngineDied) as died:
        run_to_the_end(pool, workdir, deed)
    assert died.value.alone
    assert died.value.caused_by_chunk
    assert said in died.value.detail


def test_memory_is_bounded(pool, workdir):
    before = psutil.virtual_memory().available
    with pytest.raises(EngineDied) as died:
        run_to_the_end(pool, workdir, "eat")
    assert "memory" in died.value.detail
    assert psutil.virtual_memory().available > before - (1 << 30)


def test_a_file_past_the_limit_is_bad_input(pool, workdir):
    failed = run_to_the_end(pool, workdir, "fill")
    assert isinstance(failed, StepFailed)
    assert (failed.failure.code, failed.failure.retryable) == ("input_too_large", False)


def test_a_hanging_process_is_killed_and_says_so(pool, workdir):
    with pool.start_run(request("hang"), workdir.path, lane="bulk", solo=False) as run:
        with pytest.raises(TimeoutError):
            while True:
                run.next_event(0.2)
        run.kill()
        with pytest.raises(EngineDied) as died:
            last_event(run)
    assert died.value.alone and died.value.caused_by_chunk


def test_what_native_code_printed_last_can_be_kept(pool, workdir):
    with pytest.raises(EngineDied):
        run_to_the_end(pool, workdir, "shout")
    assert b"native code says this" in workdir.stderr_tail()


def test_a_link_in_the_place_of_a_file_is_refused(pool, workdir):
    with pool.start_run(request("link", "/etc/passwd"), workdir.path, lane="bulk", solo=False) as run:
        event = last_event(run)
        assert isinstance(event, FileProduced)
        with pytest.raises(ProtocolViolation):
            workdir.take_file(event.file)


def test_a_child_does_not_run_ahead_of_the_storage(pool, workdir):
    with pool.start_run(request("files"), workdir.path, lane="bulk", solo=False) as run:
        taken = []
        waiting = 0
        while not isinstance(event := run.next_event(deadline(60)), PlanDone):
            if isinstance(event, FileProduced):
                waiting = max(waiting, len(list(workdir.path.glob("out-*"))))
                taken.append((event.name, workdir.take_file(event.file).read_bytes()[0]))
                run.send(FileStored())
    assert taken == [(f"file-{number}", number) for number in range(20)]
    assert waiting <= 5


def test_leaving_early_ends_the_process(pool, workdir):
    with pool.start_run(request("hang"), workdir.path, lane="bulk", solo=False) as run:
        assert isinstance(run.next_event(deadline(30)), Confined)
        children = psutil.Process(pool._server._process.pid).children()
        assert children
    psutil.wait_procs(children, timeout=deadline(30))
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_many_run_at_once(tmp_path, pool):
    workdirs = Workdirs(tmp_path / "scratch")
    ends = []

    def one(number):
        chunk = Chunk(
            f"chk_{number}", "j", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={}
        )
        with workdirs.create(chunk) as workdir:
            ends.append(type(run_to_the_end(pool, workdir, "import")))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [PlanDone] * 12


def test_a_fork_server_that_dies_is_replaced_and_its_chunks_are_not_the_cause(workdir, tmp_path):
    pool = SandboxPool(LIMITS, stall_s=deadline(5), environment=sandbox_environment(), fork_server=FORK_SERVER)
    try:
        assert pool.wait_until_loaded(deadline(60))
        warm_again = threading.Event()
        pool.call_when_warm(warm_again.set)
        with pool.start_run(request("hang"), workdir.path, lane="bulk", solo=False) as run:
            assert isinstance(run.next_event(deadline(30)), Confined)
            os.kill(pool._server._process.pid, signal.SIGKILL)
            with pytest.raises(EngineDied) as died:
                last_event(run)
        assert not died.value.caused_by_chunk
        assert warm_again.wait(deadline(60))
        assert pool.is_warm()
        with pool.start_run(request("import"), tmp_path, lane="bulk", solo=False) as run:
            assert isinstance(last_event(run), PlanDone)
    finally:
        pool.close()


def test_nothing_outlives_the_pool(workdir):
    pool = SandboxPool(LIMITS, stall_s=deadline(5), environment=sandbox_environment(), fork_server=FORK_SERVER)
    assert pool.wait_until_loaded(deadline(60))
    with pool.start_run(request("hang"), workdir.path, lane="bulk", solo=False) as run:
        assert isinstance(run.next_event(deadline(30)), Confined)
        server = psutil.Process(pool._server._process.pid)
        family = [server, *server.children(recursive=True)]
        pool.close()
        _, alive = psutil.wait_procs(family, timeout=deadline(30))
    assert not alive


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="only root can be a root without rights")
def test_a_root_that_cannot_become_another_user_opens_nothing():
    program = (
        "from tests.integration.test_sandbox_pool import LIMITS, SandboxPool, deadline, sandbox_environment\n"
        "pool = SandboxPool(LIMITS, stall_s=deadline(5), environment=sandbox_environment())\n"
        "assert pool.wait_until_loaded(deadline(60))\n"
        "print(pool.is_warm(), pool.failures())\n"
        "pool.close()\n"
    )
    done = subprocess.run(
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(120),
        check=True,
    )
    assert done.stdout.startswith("False")
    assert "ordinary user" in done.stdout


def test_pool_reports_what_is_installed_beside_its_restrictions(pool: SandboxPool) -> None:
    described = pool.describe()
    assert described.features == installed_features()
    assert "limits" in (described.restrictions or ())
