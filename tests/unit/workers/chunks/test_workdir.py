"""Working directories of a child that is not trusted."""

import os
import stat

import pytest

from jobs.chunk import Chunk
from jobs.states import ChunkState, Step
from workers.chunks.workdir import Workdirs
from workers.engines.protocol import ProtocolViolation


@pytest.fixture
def workdir(tmp_path):
    workdirs = Workdirs(tmp_path / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={})
    with workdirs.create(chunk) as made:
        yield made
    assert not made.path.exists()
    workdirs.close()


def test_an_added_file_lies_in_the_working_directory(workdir):
    assert workdir.add_file("source", lambda path: path.write_bytes(b"x")) == "source"
    assert (workdir.path / "source").read_bytes() == b"x"


def test_a_file_that_is_taken_is_out_of_reach(workdir):
    (workdir.path / "part").write_bytes(b"x")
    path = workdir.take_file("part")
    assert path.read_bytes() == b"x"
    assert path.parent != workdir.path
    assert not (workdir.path / "part").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "/etc/passwd", "a/b", "nul\0byte", "missing"])
def test_what_is_no_file_of_the_working_directory_is_refused(workdir, name, tmp_path):
    (tmp_path / "secret").write_text("s")
    with pytest.raises(ProtocolViolation):
        workdir.take_file(name)
    assert (tmp_path / "secret").exists()


def test_a_symbolic_link_is_not_followed_out(workdir, tmp_path):
    (tmp_path / "secret").write_text("s")
    (workdir.path / "part").symlink_to(tmp_path / "secret")
    with pytest.raises(ProtocolViolation):
        workdir.take_file("part")


def test_a_hard_link_to_a_file_outside_is_refused(workdir, tmp_path):
    (tmp_path / "secret").write_text("s")
    os.link(tmp_path / "secret", workdir.path / "part")
    with pytest.raises(ProtocolViolation):
        workdir.take_file("part")


def test_a_directory_and_a_pipe_are_refused(workdir):
    (workdir.path / "directory").mkdir()
    os.mkfifo(workdir.path / "pipe")
    for name in ("directory", "pipe"):
        with pytest.raises(ProtocolViolation):
            workdir.take_file(name)


def test_a_symbolic_link_is_not_written_through(workdir, tmp_path):
    (tmp_path / "victim").write_text("precious")
    (workdir.path / "source").symlink_to(tmp_path / "victim")
    workdir.add_file("source", lambda path: path.write_text("data"))
    assert (tmp_path / "victim").read_text() == "precious"
    assert (workdir.path / "source").read_text() == "data"


def test_a_directory_in_the_way_is_the_childs_fault(workdir):
    (workdir.path / "source" / "full").mkdir(parents=True)
    with pytest.raises(ProtocolViolation):
        workdir.add_file("source", lambda path: path.write_text("data"))


def test_what_dead_workers_left_is_removed_and_what_live_ones_use_is_kept(tmp_path):
    root = tmp_path / "scratch"
    (root / "999999999" / "chunk").mkdir(parents=True)
    (root / str(os.getppid())).mkdir()
    Workdirs(root).close()
    assert not (root / "999999999").exists()
    assert (root / str(os.getppid())).exists()


def test_what_the_last_children_printed_is_kept_for_the_operator_alone(tmp_path):
    workdirs = Workdirs(tmp_path / "scratch")
    kept = []
    for fence in range(1, 26):
        chunk = Chunk("chk_1", "job_1", "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=fence, units=1.0, span={})
        with workdirs.create(chunk) as workdir:
            (workdir.path / "stderr.txt").write_bytes(b"x" * 20_000 + b"the end")
            kept.append(workdirs.keep_stderr(chunk, workdir))
    assert [file.path.exists() for file in kept] == [False] * 5 + [True] * 20
    last = kept[-1]
    assert last.path.read_bytes().endswith(b"the end")
    assert last.bytes == last.path.stat().st_size == 16_000
    assert stat.S_IMODE(last.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(last.path.parent.stat().st_mode) == 0o700
    workdirs.close()
    assert not last.path.exists()


def test_a_child_that_printed_nothing_leaves_no_file(tmp_path):
    workdirs = Workdirs(tmp_path / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={})
    with workdirs.create(chunk) as workdir:
        assert workdirs.keep_stderr(chunk, workdir) is None
        (workdir.path / "stderr.txt").mkdir()
        assert workdirs.keep_stderr(chunk, workdir) is None
