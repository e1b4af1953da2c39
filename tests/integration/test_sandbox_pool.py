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

from jobs.job import Chunk
from jobs.settings import sandbox_environment
from jobs.states import ChunkState, Step
from tests.integration.strange_template import KIND
from tests.services.machine_speed import Patience, deadline
from workers.chunks.workdir import Scratch
from workers.engines.engine import EngineDied
from workers.engines.step_runner import PLAN_FILE
from workers.sandbox import landlock, seccomp
from workers.sandbox.confinement import Limits
from workers.sandbox.pool import SandboxPool

ROOT = Path(__file__).parents[2]
LIMITS = Limits(memory_bytes=1 << 30, cpu_s=math.ceil(deadline(2)), file_bytes=8 << 20)


@pytest.fixture(scope="module")
def pool():
    made = SandboxPool(
        LIMITS, stall_s=deadline(5), environment=sandbox_environment(), template="tests.integration.strange_template"
    )
    assert made.wait_until_loaded(deadline(60))
    yield made
    made.close()


@pytest.fixture
def files(tmp_path):
    scratch = Scratch(tmp_path / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={})
    with scratch.files(chunk) as made:
        yield made
    scratch.close()


def message(deed, path=""):
    return {
        "step": "plan",
        "kind": KIND,
        "model": "tone",
        "params": {"deed": deed, "path": str(path)},
        "has_source": False,
        "limits": {},
    }


def last_event(run):
    """Serve nothing; return the first event that is not mere progress."""
    patience = Patience(60)
    while not patience.is_over():
        with contextlib.suppress(TimeoutError):
            event = run.next(1.0)
            if event["event"] not in ("progress", "confined"):
                return event
    raise AssertionError("no end within the deadline")


def run_to_the_end(pool, files, deed, path=""):
    with pool.running(message(deed, path), files.box, lane="bulk", solo=False) as run:
        return last_event(run)


@pytest.fixture(scope="module")
def probe(pool, tmp_path_factory):
    directory = tmp_path_factory.mktemp("probe")
    secret = directory / "secret"
    secret.write_text("another chunk's")
    secret.chmod(0o644)
    scratch = Scratch(directory / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={})
    with scratch.files(chunk) as made:
        assert run_to_the_end(pool, made, "probe", secret)["event"] == "done"
        return json.loads((made.box / PLAN_FILE).read_text().splitlines()[0])["header"]


def test_a_well_behaved_plan_is_done(pool, files):
    assert run_to_the_end(pool, files, "import") == {
        "event": "done",
        "units_total": 1.0,
        "unit": "characters",
        "spans": 1,
    }


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
def test_a_death_is_the_chunks_own(pool, files, deed, said):
    with pytest.raises(EngineDied) as died:
        run_to_the_end(pool, files, deed)
    assert died.value.alone
    assert died.value.to_blame
    assert said in died.value.detail


def test_memory_is_bounded(pool, files):
    before = psutil.virtual_memory().available
    with pytest.raises(EngineDied) as died:
        run_to_the_end(pool, files, "eat")
    assert "memory" in died.value.detail
    assert psutil.virtual_memory().available > before - (1 << 30)


def test_a_file_past_the_limit_is_bad_input(pool, files):
    failed = run_to_the_end(pool, files, "fill")
    assert (failed["event"], failed["code"], failed["retryable"]) == ("failed", "input_too_large", False)


def test_a_hanging_process_is_killed_and_says_so(pool, files):
    with pool.running(message("hang"), files.box, lane="bulk", solo=False) as run:
        with pytest.raises(TimeoutError):
            while True:
                run.next(0.2)
        run.kill()
        with pytest.raises(EngineDied) as died:
            last_event(run)
    assert died.value.alone and died.value.to_blame


def test_what_native_code_printed_last_is_kept_for_the_log(pool, files):
    with pytest.raises(EngineDied):
        run_to_the_end(pool, files, "shout")
    assert "native code says this" in files.last_words()


def test_a_link_for_a_file_is_seen_through(pool, files):
    from workers.chunks.outcomes import Misbehaved

    with pool.running(message("link", "/etc/passwd"), files.box, lane="bulk", solo=False) as run:
        event = last_event(run)
        assert event["event"] == "file"
        with pytest.raises(Misbehaved):
            files.take(event["file"])


def test_a_child_does_not_run_ahead_of_the_storage(pool, files):
    with pool.running(message("files"), files.box, lane="bulk", solo=False) as run:
        taken = []
        waiting = 0
        while (event := run.next(deadline(60)))["event"] != "done":
            if event["event"] == "file":
                waiting = max(waiting, len(list(files.box.glob("out-*"))))
                taken.append((event["name"], files.take(event["file"]).read_bytes()[0]))
                run.send({"op": "stored"})
    assert taken == [(f"file-{number}", number) for number in range(20)]
    assert waiting <= 5


def test_leaving_early_ends_the_process(pool, files):
    with pool.running(message("hang"), files.box, lane="bulk", solo=False) as run:
        assert run.next(deadline(30))["event"] == "confined"
        children = psutil.Process(pool._template._process.pid).children()
        assert children
    psutil.wait_procs(children, timeout=deadline(30))
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_many_run_at_once(tmp_path, pool):
    scratch = Scratch(tmp_path / "scratch")
    ends = []

    def one(number):
        chunk = Chunk(
            f"chk_{number}", "j", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={}
        )
        with scratch.files(chunk) as files:
            ends.append(run_to_the_end(pool, files, "import")["event"])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["done"] * 12


def test_a_template_that_dies_is_replaced_and_its_chunks_are_not_to_blame(files, tmp_path):
    pool = SandboxPool(
        LIMITS, stall_s=deadline(5), environment=sandbox_environment(), template="tests.integration.strange_template"
    )
    try:
        assert pool.wait_until_loaded(deadline(60))
        warm_again = threading.Event()
        pool.call_when_warm(warm_again.set)
        with pool.running(message("hang"), files.box, lane="bulk", solo=False) as run:
            assert run.next(deadline(30))["event"] == "confined"
            os.kill(pool._template._process.pid, signal.SIGKILL)
            with pytest.raises(EngineDied) as died:
                last_event(run)
        assert not died.value.to_blame
        assert warm_again.wait(deadline(60))
        assert pool.is_warm()
        with pool.running(message("import"), tmp_path, lane="bulk", solo=False) as run:
            assert last_event(run)["event"] == "done"
    finally:
        pool.close()


def test_nothing_outlives_the_pool(files):
    pool = SandboxPool(
        LIMITS, stall_s=deadline(5), environment=sandbox_environment(), template="tests.integration.strange_template"
    )
    assert pool.wait_until_loaded(deadline(60))
    with pool.running(message("hang"), files.box, lane="bulk", solo=False) as run:
        assert run.next(deadline(30))["event"] == "confined"
        template = psutil.Process(pool._template._process.pid)
        family = [template, *template.children(recursive=True)]
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
