"""Words put in the place of figures and signs, with the spaces that they need. Knows no language."""

from __future__ import annotations

from pipelines.text.aligned_text import Change


def spaced(text: str, start: int, end: int, said: str) -> Change:
    """Words beside letters or digits get a space ("3D" is "three D"), words beside spaces no second one.

    `said` with spaces at both ends keeps one at each.
    """
    before, after = text[start - 1 : start], text[end : end + 1]
    said = f" {said.strip()} " if said[:1] == said[-1:] == " " else said
    if not before or before.isspace():
        said = said.lstrip()
    elif before.isalnum() and said[:1].isalnum():
        said = " " + said
    if not after or after.isspace():
        said = said.rstrip()
    elif after.isalnum() and said[-1:].isalnum():
        said += " "
    return Change(start, end, said)
