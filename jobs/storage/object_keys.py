"""Object keys: how they are built and which ones are accepted. Knows names only, never bytes or a storage.

    jobs/<tenant>/<job>/input/<upload>                                        what the caller sent
    jobs/<tenant>/<job>/plan/<name>                                           what `plan` left for its chunks
    jobs/<tenant>/<job>/parts/<step>-<round>-<idx>-<fence>-<sha256[:16]>      what a chunk left
    jobs/<tenant>/<job>/result/<fence>/<name>                                 what the caller gets
    voices/<tenant>/<voice>/reference/<upload>                                what an enrolled voice was taken from
    incoming/<YYYY-MM-DD>/<tenant>/<upload>                                   sent before any job names it
    installation                                                              whose storage this is

Keys are ids and server-made names: no segment begins with a dot, so `..`, hidden files and absolute paths cannot be
written down, and everything of a tenant or a job lies under one prefix.
"""

from __future__ import annotations

import re
from datetime import date

from jobs.errors import InvalidKey

#: Holds the id of the installation that owns the storage.
MARKER_KEY = "installation"

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~-]{0,127}")
_MAX_KEY = 512


def check_segment(segment: str) -> str:
    """The segment itself, if it is an id or a plain file name of at most 128 characters. Raises InvalidKey."""
    if not _SEGMENT.fullmatch(segment):
        raise InvalidKey(
            f"{segment[:80]!r} cannot be part of an object key: letters, digits and ._~- only, no leading dot"
        )
    return segment


def check_key(key: str) -> str:
    """The key itself, if every segment is acceptable. Raises InvalidKey."""
    if len(key) > _MAX_KEY:
        raise InvalidKey(f"an object key has at most {_MAX_KEY} characters, not {len(key)}")
    for segment in key.split("/"):
        check_segment(segment)
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself, if it ends in "/" and names at least two levels, so that no slip deletes a whole storage.

    Raises InvalidKey.
    """
    if not prefix.endswith("/"):
        raise InvalidKey(f'the prefix {prefix[:80]!r} must end in "/"')
    if prefix.count("/") < 2:
        raise InvalidKey(f"the prefix {prefix[:80]!r} is too wide to delete")
    check_key(prefix[:-1])
    return prefix


def job_prefix(tenant_id: str, job_id: str) -> str:
    """Everything that a job ever stored."""
    return check_key(f"jobs/{check_segment(tenant_id)}/{check_segment(job_id)}") + "/"


def input_key(tenant_id: str, job_id: str, upload: str) -> str:
    """`upload`: the SHA-256 of the bytes, or an id where they are not hashed yet."""
    return job_prefix(tenant_id, job_id) + "input/" + check_segment(upload)


def plan_key(tenant_id: str, job_id: str, name: str, *, fence: int) -> str:
    """A file that the plan chunk leaves for later chunks. Each attempt writes its own: `fence` is in the name."""
    return job_prefix(tenant_id, job_id) + f"plan/{fence}/" + check_segment(name)


def part_key(tenant_id: str, job_id: str, *, step: str, round: int, idx: int, fence: int, sha256: str) -> str:
    """The part of one attempt; two attempts, or two contents, never share a key."""
    return job_prefix(tenant_id, job_id) + "parts/" + check_segment(f"{step}-{round}-{idx}-{fence}-{sha256[:16]}")


def result_key(tenant_id: str, job_id: str, name: str, *, fence: int) -> str:
    """A file of the result, written by the stitch attempt of this fence."""
    return job_prefix(tenant_id, job_id) + f"result/{fence}/" + check_segment(name)


def voice_prefix(tenant_id: str, voice_id: str) -> str:
    """Everything that is stored of an enrolled voice."""
    return check_key(f"voices/{check_segment(tenant_id)}/{check_segment(voice_id)}") + "/"


def reference_key(tenant_id: str, voice_id: str, upload: str) -> str:
    """The recording of an enrolled voice. `upload`: as in `input_key`."""
    return voice_prefix(tenant_id, voice_id) + "reference/" + check_segment(upload)


def incoming_prefix(day: date) -> str:
    """Uploads of one day (UTC) that no job has taken over."""
    return f"incoming/{day.isoformat()}/"


def incoming_key(day: date, tenant_id: str, upload: str) -> str:
    """An upload before acceptance."""
    return incoming_prefix(day) + f"{check_segment(tenant_id)}/{check_segment(upload)}"


def tenant_of(key: str) -> str | None:
    """The tenant that a key belongs to; None for keys of no tenant. Raises InvalidKey."""
    segments = check_key(key).split("/")
    if segments[0] in ("jobs", "voices") and len(segments) > 3:
        return segments[1]
    if segments[0] == "incoming" and len(segments) == 4:
        return segments[2]
    return None
