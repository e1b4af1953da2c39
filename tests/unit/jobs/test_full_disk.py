"""Exceptions of a full disk, also of libraries that wrap them."""

from __future__ import annotations

import errno

import pytest

from jobs.full_disk import is_full_disk


class LibraryError(Exception):
    """As PyAV's: no OSError, but with the kernel's number."""

    errno = errno.ENOSPC


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, ""), OSError(errno.EDQUOT, ""), LibraryError()])
def test_a_full_disk_is_recognised_beneath_what_libraries_raise(error: Exception) -> None:
    assert is_full_disk(error)
    try:
        try:
            raise error
        except Exception as inner:
            raise ValueError("cannot write") from inner
    except ValueError as outer:
        assert is_full_disk(outer)


def test_other_exceptions_are_not_of_a_full_disk() -> None:
    assert not is_full_disk(OSError(errno.EFBIG, ""))
    assert not is_full_disk(ValueError("No space left on device"))
