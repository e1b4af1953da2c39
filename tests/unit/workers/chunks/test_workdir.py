"""Files of a child that is not trusted."""

import os

import pytest

from jobs.job import Chunk
from jobs.states import ChunkState, Step
from workers.chunks.outcomes import Misbehaved
from workers.chunks.workdir import Scratch


@pytest.fixture
def files(tmp_path):
    scratch = Scratch(tmp_path / "scratch")
    chunk = Chunk("chk_1", "job_1", "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={})
    with scratch.files(chunk) as made:
        yield made
    assert not made.box.exists()
    scratch.close()


def test_a_file_that_is_brought_lies_in_the_box(files):
    assert files.bring("source", lambda path: path.write_bytes(b"x")) == "source"
    assert (files.box / "source").read_bytes() == b"x"


def test_a_file_that_is_taken_is_out_of_reach(files):
    (files.box / "part").write_bytes(b"x")
    path = files.take("part")
    assert path.read_bytes() == b"x"
    assert path.parent != files.box
    assert not (files.box / "part").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "/etc/passwd", "a/b", "nul\0byte", "missing"])
def test_what_is_no_file_of_the_box_is_refused(files, name, tmp_path):
    (tmp_path / "secret").write_text("s")
    with pytest.raises(Misbehaved):
        files.take(name)
    assert (tmp_path / "secret").exists()


def test_a_symbolic_link_is_not_followed_out(files, tmp_path):
    (tmp_path / "secret").write_text("s")
    (files.box / "part").symlink_to(tmp_path / "secret")
    with pytest.raises(Misbehaved):
        files.take("part")


def test_a_hard_link_to_a_file_outside_is_refused(files, tmp_path):
    (tmp_path / "secret").write_text("s")
    os.link(tmp_path / "secret", files.box / "part")
    with pytest.raises(Misbehaved):
        files.take("part")


def test_a_directory_and_a_pipe_are_refused(files):
    (files.box / "directory").mkdir()
    os.mkfifo(files.box / "pipe")
    for name in ("directory", "pipe"):
        with pytest.raises(Misbehaved):
            files.take(name)


def test_a_symbolic_link_is_not_written_through(files, tmp_path):
    (tmp_path / "victim").write_text("precious")
    (files.box / "source").symlink_to(tmp_path / "victim")
    files.bring("source", lambda path: path.write_text("data"))
    assert (tmp_path / "victim").read_text() == "precious"
    assert (files.box / "source").read_text() == "data"


def test_a_directory_in_the_way_is_the_childs_fault(files):
    (files.box / "source" / "full").mkdir(parents=True)
    with pytest.raises(Misbehaved):
        files.bring("source", lambda path: path.write_text("data"))


def test_what_dead_workers_left_is_removed_and_what_live_ones_use_is_kept(tmp_path):
    root = tmp_path / "scratch"
    (root / "999999999" / "chunk").mkdir(parents=True)
    (root / str(os.getppid())).mkdir()
    Scratch(root).close()
    assert not (root / "999999999").exists()
    assert (root / str(os.getppid())).exists()
