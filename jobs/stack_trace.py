"""Stack traces as text without user data: no values of variables, no messages of exceptions."""

from __future__ import annotations

import traceback

#: Frames of one exception at most: the last ones, where it was raised.
_FRAMES = 30


def format_stack(error: BaseException) -> str:
    """The types of `error` and of what caused it, each with its stack: files, lines and functions, no values.

    The first cause stands first, as in Python's own tracebacks.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.format_list(traceback.extract_tb(current.__traceback__)[-_FRAMES:])
        kind = type(current)
        parts.append("".join(frames) + f"{kind.__module__}.{kind.__qualname__}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\n".join(reversed(parts))
