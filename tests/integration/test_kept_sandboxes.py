"""Processes that are kept for chunks of one tenant which open no user bytes."""

import json
import math
import os

import psutil
import pytest

from jobs.job import Chunk
from jobs.settings import sandbox_environment
from jobs.states import ChunkState, Step
from tests.integration.strange_template import KIND
from tests.services.machine_speed import deadline
from workers.chunks.outcomes import Misbehaved
from workers.chunks.workdir import Scratch
from workers.engines.engine import EngineDied
from workers.engines.step_runner import PLAN_FILE
from workers.sandbox import landlock
from workers.sandbox import pool as sandbox_pool
from workers.sandbox.confinement import Limits
from workers.sandbox.pool import SandboxPool

LIMITS = Limits(memory_bytes=1 << 30, cpu_s=math.ceil(deadline(20)), file_bytes=8 << 20)


@pytest.fixture(scope="module")
def module_pool():
    made = SandboxPool(
        LIMITS,
        stall_s=deadline(5),
        environment=sandbox_environment(),
        template="tests.integration.strange_template",
        most_kept=2,
    )
    assert made.wait_until_loaded(deadline(60))
    yield made
    made.close()


@pytest.fixture
def pool(module_pool):
    """Without what earlier tests left."""
    idle, module_pool._idle = module_pool._idle, []
    for kept in idle:
        kept.close()
    return module_pool


@pytest.fixture
def scratch(tmp_path):
    made = Scratch(tmp_path / "scratch")
    yield made
    made.close()


@pytest.fixture
def boxes(scratch):
    """Directories of one chunk after the other."""
    numbers = iter(range(1000))

    def make():
        number = next(numbers)
        return scratch.files(
            Chunk(f"chk_{number}", "j", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, fence=1, units=0.0, span={})
        )

    return make


def last_event(run):
    while (event := run.next(deadline(30)))["event"] in ("confined", "progress"):
        pass
    return event


def running(pool, files, deed, path="", *, tenant="t", solo=False):
    message = {
        "step": "plan",
        "kind": KIND,
        "model": "tone",
        "params": {"deed": deed, "path": str(path)},
        "has_source": False,
        "limits": {},
        **({"shared_by": tenant} if tenant else {}),
    }
    return pool.running(message, files.box, lane="bulk", solo=solo)


@pytest.fixture
def header(pool, boxes):
    """What a chunk's plan says."""

    def run(deed, path="", **options):
        with boxes() as files:
            with running(pool, files, deed, path, **options) as chunk:
                assert last_event(chunk)["event"] == "done"
            return json.loads(files.take(PLAN_FILE).read_text().splitlines()[0])["header"]

    return run


def who(header, **options):
    return header("who", **options)["pid"]


def test_one_tenants_chunks_share_a_process_and_another_tenants_do_not(header):
    first = who(header)
    assert who(header) == first
    assert who(header, tenant="u") != first
    assert who(header) == first


def test_what_opens_user_bytes_or_runs_solo_has_a_process_of_its_own(header):
    first = who(header)
    others = [who(header, tenant=None), who(header, solo=True), who(header, tenant=None)]
    assert len({first, *others}) == 4


def test_only_so_many_are_kept_and_the_one_that_waits_longest_goes(header):
    first = who(header, tenant="a")
    who(header, tenant="b"), who(header, tenant="c")
    assert who(header, tenant="a") != first


def test_a_kept_process_sees_its_own_chunk_and_no_other(pool, header, boxes):
    who(header)
    with boxes() as other, boxes() as files:
        (other.box / "secret").write_text("another chunk's")
        (other.box / "secret").chmod(0o644)
        files.bring("mine-too", lambda path: path.write_text("x"))
        with running(pool, files, "probe", other.box / "secret") as run:
            assert last_event(run)["event"] == "done"
        probe = json.loads(files.take(PLAN_FILE).read_text().splitlines()[0])["header"]
    assert probe["own_files"] == ["box", "mine", "stderr.txt"]
    assert probe["inet"] == "PermissionError"
    if landlock.version() or os.getuid() == 0:
        assert probe["read_outside"] in ("PermissionError", "FileNotFoundError")


@pytest.mark.parametrize("deed", ["litter", "grow"])
def test_a_process_that_left_something_behind_is_not_used_again(header, deed):
    first = who(header)
    header(deed)
    assert who(header) != first


def test_a_process_is_replaced_after_so_many_chunks(header, monkeypatch):
    monkeypatch.setattr(sandbox_pool, "_MOST_CHUNKS", 3)
    assert len({who(header) for _ in range(3)}) == 1
    assert len({who(header) for _ in range(6)}) == 2


def test_a_death_is_the_chunks_own_and_its_last_words_are_kept(pool, header, boxes):
    first = who(header)
    with boxes() as files:
        with pytest.raises(EngineDied) as died, running(pool, files, "shout") as run:
            last_event(run)
        assert died.value.alone and died.value.to_blame
        assert "native code says this" in files.last_words()
    assert who(header) != first


def test_leaving_early_ends_the_process(pool, header, boxes):
    first = psutil.Process(who(header))
    with boxes() as files, running(pool, files, "hang"):
        pass
    assert who(header) != first.pid
    _, alive = psutil.wait_procs([first], timeout=deadline(30))
    assert not alive


def test_one_that_ended_while_it_waited_is_no_chunks_fault(pool, header):
    first = who(header)
    [kept] = pool._idle
    os.kill(first, 9)
    assert kept.sandbox.is_over.wait(deadline(30))
    assert who(header) != first


def test_a_directory_put_in_the_place_of_the_box_leads_nowhere(pool, header, boxes, tmp_path):
    first = who(header)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("ours")
    with boxes() as files:
        with running(pool, files, "swap", tmp_path / "precious") as run:
            assert last_event(run)["event"] == "failed"
            with pytest.raises(Misbehaved):
                files.take("file")
            files.bring("source", lambda path: path.write_text("data"))
        with pytest.raises(Misbehaved):
            files.take("file")
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["file"]
    assert who(header) != first
