"""Objects against the record. The invariants themselves are the store's, and tested there."""

import json
from types import SimpleNamespace

import pytest

from jobs.storage.directory_storage import DirectoryStorage
from jobs.store.maintenance import ExpectedObject
from workers.maintenance import audit


class Record:
    """A maintenance port whose invariants hold, with objects that it expects."""

    def __init__(self, *expected, violations=None, of_voices=()):
        self._expected = expected
        self._of_voices = of_voices
        self._violations = violations or {"01_x": []}

    def audit(self):
        return self._violations

    def stored_objects(self, *, after="", limit=100):
        return self._page("job", self._expected, after, limit)

    def stored_voice_objects(self, *, after="", limit=100):
        return self._page("voice", self._of_voices, after, limit)

    def _page(self, owner, sources, after, limit):
        page = [(f"{owner}_{number}", [source]) for number, source in enumerate(sources)]
        return [entry for entry in page if entry[0] > after][:limit]


@pytest.fixture
def storage(tmp_path):
    return DirectoryStorage(tmp_path / "objects")


def stored(storage, name="a", data=b"data"):
    part = storage.put_bytes(f"jobs/t/j/{name}", data)
    return ExpectedObject(part.key, part.sha256, part.bytes)


def problems(record, storage, *, deep=False):
    return [row["problem"] for row in audit.check(record, storage, deep=deep)[audit.OBJECTS]]


def test_what_is_there_is_well(storage):
    assert problems(Record(stored(storage)), storage, deep=True) == []


def test_a_missing_object_is_found(storage):
    assert problems(Record(ExpectedObject("jobs/t/j/none", "0" * 64, 1)), storage) == ["missing"]


def test_another_size_is_found_without_reading(storage):
    source = stored(storage)
    assert problems(Record(ExpectedObject(source.key, source.sha256, 3)), storage) == ["4 bytes instead of 3"]


def test_other_bytes_are_found_by_the_deep_look_only(storage):
    source = stored(storage)
    other = ExpectedObject(source.key, "0" * 64, source.bytes)
    assert problems(Record(other), storage) == []
    assert problems(Record(other), storage, deep=True) == ["other bytes than were written"]


def test_twenty_violations_are_enough(storage):
    missing = [ExpectedObject(f"jobs/t/j/none-{number}", None, None) for number in range(50)]
    assert len(problems(Record(*missing), storage)) == 20


def test_every_page_of_objects_is_looked_at(storage, monkeypatch):
    monkeypatch.setattr(audit, "_PAGE", 2)
    missing = [ExpectedObject(f"jobs/t/j/none-{number}", None, None) for number in range(5)]
    assert len(problems(Record(*missing), storage)) == 5


def test_recordings_of_voices_are_looked_at_too(storage):
    kept = stored(storage, "voice", b"speech")
    gone = ExpectedObject("voices/t/voice_1/reference/none", "0" * 64, 1)
    found = audit.check(Record(stored(storage), of_voices=(kept, gone)), storage, deep=True)[audit.OBJECTS]
    assert found == [{"voice": "voice_1", "key": gone.key, "problem": "missing"}]


class Services:
    def __init__(self, store, storage):
        self.store, self.storage = SimpleNamespace(maintenance=store), storage


@pytest.mark.parametrize(("violations", "status"), [({"01_x": []}, 0), ({"01_x": [{"id": 7}]}, 1)])
def test_the_exit_code_says_whether_all_is_well(storage, monkeypatch, capsys, violations, status):
    monkeypatch.setattr(audit, "wire", lambda _: Services(Record(violations=violations), storage))
    assert audit.main(["--json"]) == status
    assert json.loads(capsys.readouterr().out)["01_x"] == violations["01_x"]


def test_people_read_what_is_violated(storage, monkeypatch, capsys):
    monkeypatch.setattr(audit, "wire", lambda _: Services(Record(violations={"01_x": [{"id": 7}]}), storage))
    audit.main([])
    out = capsys.readouterr().out
    assert "01_x: 1" in out and '{"id": 7}' in out and "1 violated" in out
