"""Which of a checkpoint's languages is meant: its own names ("fr-fr") and the BCP 47 tags of requests."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.errors import UnsupportedOption


def language_number(numbers: Mapping[str, int], tag: str, *, name: str) -> int:
    """The number of the language: the same tag, else the same primary language; "" is the first.

    Raises `UnsupportedOption` on `language` naming the choices. `name` is the model's.
    """
    if not tag:
        return min(numbers.values())
    small = {own.lower(): number for own, number in numbers.items()}
    wanted = tag.lower().replace("_", "-")
    if wanted in small:
        return small[wanted]
    primary = wanted.partition("-")[0]
    found = next((number for own, number in small.items() if own.partition("-")[0] == primary), None)
    if found is None:
        raise UnsupportedOption(f"{name} does not speak {tag!r}; it speaks: {', '.join(numbers)}.", field="language")
    return found
