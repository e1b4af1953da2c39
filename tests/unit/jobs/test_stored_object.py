"""Objects as the database holds them: names and order of the fields do not change."""

from __future__ import annotations

import json

import pytest

from jobs.stored_object import StoredBytes, StoredFile, StoredObject

STORED = StoredObject("jobs/t/job_1/result/1/audio.wav", "f" * 64, 12)


def test_an_object_reads_back_as_it_was_written() -> None:
    value = STORED.to_json()
    assert list(value) == ["key", "sha256", "bytes"]
    assert StoredObject.from_json({**value, "name": "of a later version"}) == STORED


def test_an_object_without_its_digest_is_no_object() -> None:
    with pytest.raises(KeyError):
        StoredObject.from_json({"key": STORED.key, "bytes": 12})


def test_a_file_of_a_result_keeps_the_object_beside_its_name() -> None:
    file = StoredFile("audio.wav", "audio/wav", STORED)
    assert json.dumps(file.to_json()) == json.dumps(
        {
            "name": "audio.wav",
            "content_type": "audio/wav",
            "bytes": 12,
            "sha256": "f" * 64,
            "key": "jobs/t/job_1/result/1/audio.wav",
        }
    )
    assert StoredFile.from_json(file.to_json()) == file


def test_sizes_are_written_and_read_as_json() -> None:
    stored = StoredBytes(5, {"input": 1, "part": 2, "result": 3, "voice": 4})
    assert StoredBytes.from_json(stored.to_json()) == stored


@pytest.mark.parametrize("value", [None, 7, {}, {"at_ms": "5", "by_kind": {}}, {"at_ms": 5, "by_kind": []}])
def test_what_another_version_reports_is_no_sum_of_sizes(value: object) -> None:
    assert StoredBytes.from_json(value) is None


def test_kinds_that_another_version_lacks_or_writes_differently_are_zero() -> None:
    found = StoredBytes.from_json({"at_ms": 5, "by_kind": {"input": 1, "part": "2", "new": 9}})
    assert found == StoredBytes(5, {"input": 1, "part": 0, "result": 0, "voice": 0})
