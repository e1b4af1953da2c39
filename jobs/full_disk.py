"""Tells whether an exception comes from a full disk or an exhausted quota. Knows exceptions; measures nothing."""

from __future__ import annotations

import errno
from collections.abc import Iterator

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full_disk(error: BaseException) -> bool:
    """Whether this exception, or one that led to it, says that the disk has no room; libraries wrap what they get."""
    # Not only OSError: the exceptions of PyAV have the kernel's number too.
    return any(getattr(each, "errno", None) in _FULL for each in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
