"""The name of a worker process, as text and as a value."""

from __future__ import annotations

import os
import platform

import pytest

from workers.worker_id import WorkerId


@pytest.mark.parametrize("host", ["box", "a.example.com", "fe80::1", ""])
def test_what_is_written_is_read_again_whatever_the_host_is_called(host: str) -> None:
    worker = WorkerId("ins_1", host, "tts.espeak", 17)
    assert str(worker) == f"ins_1:{host}:tts.espeak:17"
    assert WorkerId.parse(str(worker)) == worker


@pytest.mark.parametrize("text", ["", "ins_1", "ins_1:host:cpu", "ins_1:host:cpu:pid"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not enough values|invalid literal"):
        WorkerId.parse(text)


def test_this_process_is_named_by_its_host_and_number() -> None:
    worker = WorkerId.of_this_process("ins_1", "cpu")
    assert (worker.host, worker.pid) == (platform.node(), os.getpid())


def test_names_begin_with_the_prefix_of_their_installation_and_host() -> None:
    name = str(WorkerId("ins_1", "box", "cpu", 17))
    assert name.startswith(WorkerId.prefix("ins_1"))
    assert name.startswith(WorkerId.prefix("ins_1", "box"))
    assert not name.startswith(WorkerId.prefix("ins_1", "bo"))
    assert not name.startswith(WorkerId.prefix("ins_"))
