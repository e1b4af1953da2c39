from __future__ import annotations

from jobs.ids import new_id


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [new_id("job") for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert all(each.startswith("job_") for each in ids)
