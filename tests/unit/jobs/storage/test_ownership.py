from __future__ import annotations

from pathlib import Path

import pytest

from jobs.errors import Misconfigured, StorageUnavailable
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.object_keys import MARKER_KEY
from jobs.storage.ownership import mark_storage, read_storage_owner, require_own_storage


def test_first_installation_marks_the_storage(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    assert mark_storage(storage, "ins_1") == "ins_1"
    assert mark_storage(storage, "ins_2") == "ins_1"
    assert (tmp_path / MARKER_KEY).read_bytes() == b"ins_1"
    require_own_storage(storage, "ins_1")


@pytest.mark.parametrize(("owner", "reason"), [(None, "no marker"), ("ins_1", "belongs to another installation")])
def test_storage_of_another_or_of_none_is_refused_with_its_setting(
    tmp_path: Path, owner: str | None, reason: str
) -> None:
    storage = DirectoryStorage(tmp_path)
    if owner:
        mark_storage(storage, owner)
    with pytest.raises(Misconfigured, match=reason) as caught:
        require_own_storage(storage, "ins_2")
    assert caught.value.field == "VOICEMILL_STORAGE_URL"


def test_marker_of_any_bytes_is_read_as_text_of_bounded_length(tmp_path: Path) -> None:
    (tmp_path / MARKER_KEY).write_bytes(b"\xff" * 10_000)
    assert read_storage_owner(DirectoryStorage(tmp_path)) == "\ufffd" * 128


def test_outage_is_not_taken_for_a_missing_marker(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path / "objects")
    (tmp_path / "objects" / MARKER_KEY).symlink_to(MARKER_KEY)
    with pytest.raises(StorageUnavailable):
        read_storage_owner(storage)
