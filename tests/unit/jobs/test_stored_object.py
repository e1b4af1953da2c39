"""Objects as the database holds them: names and order of the fields do not change."""

from __future__ import annotations

import json

import pytest

from jobs.stored_object import StoredFile, StoredObject

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
