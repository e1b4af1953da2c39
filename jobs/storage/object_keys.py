"""Object keys: how they are built and which are valid. Knows names only, no bytes and no storage.

    jobs/<tenant>/<job>/input/<upload>                                        input that the caller sent
    jobs/<tenant>/<job>/plan/<name>                                           file of the plan for later chunks
    jobs/<tenant>/<job>/parts/<step>-<round>-<idx>-<fence>-<sha256[:16]>      part of a chunk
    jobs/<tenant>/<job>/result/<fence>/<name>                                 file of the result
    voices/<tenant>/<voice>/reference/<upload>                                recording of an enrolled voice
    installation                                                              id of the owning installation
    storage-ids/<id>                                                          id that the database is paired with

Keys are ids and server-made names: no segment begins with a dot, so `..`, hidden files and absolute paths are
impossible, and all objects of a tenant or a job have one prefix.
"""

from __future__ import annotations

import re

from jobs.errors import InvalidKey

#: All keys of objects that are written in pieces begin so.
OBJECT_PREFIXES = ("jobs/", "voices/")
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
    """The key itself, if every segment is valid. Raises InvalidKey."""
    if len(key) > _MAX_KEY:
        raise InvalidKey(f"an object key has at most {_MAX_KEY} characters, not {len(key)}")
    for segment in key.split("/"):
        check_segment(segment)
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself, if it ends in "/" and has at least two levels, so that no mistake deletes a whole storage.

    Raises InvalidKey.
    """
    if not prefix.endswith("/"):
        raise InvalidKey(f'the prefix {prefix[:80]!r} must end in "/"')
    if prefix.count("/") < 2:
        raise InvalidKey(f"the prefix {prefix[:80]!r} is too wide to delete")
    check_key(prefix[:-1])
    return prefix


def storage_id_key(storage_id: str) -> str:
    """The object that only the storage of this id has."""
    return f"storage-ids/{check_segment(storage_id)}"


def job_prefix(tenant_id: str, job_id: str) -> str:
    """The prefix of all objects of a job."""
    return check_key(f"jobs/{check_segment(tenant_id)}/{check_segment(job_id)}") + "/"


def part_prefixes(tenant_id: str, job_id: str) -> tuple[str, str]:
    """The prefixes of the parts of a job's chunks, and of the files of its plan."""
    prefix = job_prefix(tenant_id, job_id)
    return prefix + "parts/", prefix + "plan/"


def input_key(tenant_id: str, job_id: str, upload: str) -> str:
    """`upload`: the SHA-256 of the bytes, or an id where they are not hashed yet."""
    return job_prefix(tenant_id, job_id) + "input/" + check_segment(upload)


def is_input(key: str) -> bool:
    """Whether the key is that of an input, which only the caller can send again."""
    return key.startswith("jobs/") and key.split("/")[3:4] == ["input"]


def tenant_of(key: str) -> str:
    """The tenant whose object has this key. Raises InvalidKey."""
    segments = key.split("/")
    if not key.startswith(OBJECT_PREFIXES) or len(segments) < 3:
        raise InvalidKey(f"{key[:80]!r} is no object of a tenant")
    return segments[1]


def plan_key(tenant_id: str, job_id: str, name: str, *, fence: int) -> str:
    """A file that the plan chunk stores for later chunks. Each attempt writes its own: `fence` is in the key."""
    return job_prefix(tenant_id, job_id) + f"plan/{fence}/" + check_segment(name)


def part_key(tenant_id: str, job_id: str, *, step: str, round: int, idx: int, fence: int, sha256: str) -> str:
    """The part of one attempt; two attempts, or two contents, never share a key."""
    return job_prefix(tenant_id, job_id) + "parts/" + check_segment(f"{step}-{round}-{idx}-{fence}-{sha256[:16]}")


def result_key(tenant_id: str, job_id: str, name: str, *, fence: int) -> str:
    """A file of the result, written by the stitch attempt of this fence."""
    return job_prefix(tenant_id, job_id) + f"result/{fence}/" + check_segment(name)


def voice_prefix(tenant_id: str, voice_id: str) -> str:
    """The prefix of all objects of an enrolled voice."""
    return check_key(f"voices/{check_segment(tenant_id)}/{check_segment(voice_id)}") + "/"


def reference_key(tenant_id: str, voice_id: str, upload: str) -> str:
    """The recording of an enrolled voice. `upload`: as in `input_key`."""
    return voice_prefix(tenant_id, voice_id) + "reference/" + check_segment(upload)
