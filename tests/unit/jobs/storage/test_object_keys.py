"""Object keys: built from ids, refused when they could lead anywhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import InvalidKey
from jobs.storage import object_keys


def test_every_key_of_a_job_lies_under_its_prefix() -> None:
    prefix = object_keys.job_prefix("acme", "job_1")
    keys = [
        object_keys.input_key("acme", "job_1", "0a1b"),
        object_keys.plan_key("acme", "job_1", "plan.jsonl", fence=1),
        object_keys.part_key("acme", "job_1", step="work", round=1, idx=7, fence=2, sha256="ab" * 32),
        object_keys.result_key("acme", "job_1", "audio.m4b", fence=3),
    ]
    assert prefix == "jobs/acme/job_1/"
    assert all(key.startswith(prefix) for key in keys)
    assert keys[2] == "jobs/acme/job_1/parts/work-1-7-2-abababababababab"


def test_the_recording_of_a_voice_lies_under_its_tenant() -> None:
    key = object_keys.reference_key("acme", "voice_1", "u1")
    assert key == "voices/acme/voice_1/reference/u1"
    assert key.startswith(object_keys.voice_prefix("acme", "voice_1"))


HOSTILE = ["", ".", "..", "../x", "/etc/passwd", ".hidden", "a\\b", "a\x00", "a b", "ü", "a\n", "%2e", "x" * 129, "-rf"]


@pytest.mark.parametrize("name", [*HOSTILE, "a/b"])
def test_ids_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(InvalidKey):
        object_keys.job_prefix(name, "job_1")
    with pytest.raises(InvalidKey):
        object_keys.job_prefix("acme", name)
    with pytest.raises(InvalidKey):
        object_keys.result_key("acme", "job_1", name, fence=1)


@pytest.mark.parametrize("name", HOSTILE)
def test_keys_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(InvalidKey):
        object_keys.check_key(f"jobs/acme/{name}")


@pytest.mark.parametrize("prefix", ["", "/", "jobs/", "jobs/acme", "jobs/acme/../", "voices/", "//"])
def test_prefixes_that_delete_too_much_are_refused(prefix: str) -> None:
    with pytest.raises(InvalidKey):
        object_keys.check_prefix(prefix)


def test_long_keys_are_refused() -> None:
    with pytest.raises(InvalidKey, match="512"):
        object_keys.check_key("/".join(["x" * 100] * 6))


@given(st.text(max_size=60))
def test_an_accepted_key_never_climbs(text: str) -> None:
    try:
        object_keys.check_key(text)
    except InvalidKey:
        return
    assert not text.startswith("/")
    assert all(part not in ("", ".", "..") for part in text.split("/"))
    assert "\x00" not in text
    assert "\\" not in text


def test_the_tenant_of_an_object_is_in_its_key() -> None:
    assert object_keys.tenant_of(object_keys.result_key("acme", "job_1", "audio.m4b", fence=3)) == "acme"
    with pytest.raises(InvalidKey):
        object_keys.tenant_of(object_keys.MARKER_KEY)
