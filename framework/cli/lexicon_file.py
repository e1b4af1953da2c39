"""A lexicon from a file: `word = how it is said` on each line, or the JSON object that the API takes."""

from __future__ import annotations

import json
from pathlib import Path

_FORM = "write each line as `word = how it is said`"


def read_lexicon(flag: str, path: str) -> dict[str, str]:
    """Word → how it is said. Empty lines and those that begin with `#` are passed over. Raises BadArgument."""
    from framework.client.errors import BadArgument

    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise BadArgument(f"{flag} {path}: this is not a text file in UTF-8 that can be read.") from error
    if text.lstrip().startswith("{"):
        return _from_json(flag, path, text)
    words = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, equals, said = line.partition("=")
        if not (equals and word.strip() and said.strip()):
            raise BadArgument(f"{flag} {path}, line {number}: {_FORM}.")
        words[word.strip()] = said.strip()
    return words


def _from_json(flag: str, path: str, text: str) -> dict[str, str]:
    from framework.client.errors import BadArgument

    try:
        words = json.loads(text)
    except ValueError as error:
        raise BadArgument(f"{flag} {path}: this is not JSON ({error}); or {_FORM}.") from error
    if not all(isinstance(said, str) for said in words.values()):
        raise BadArgument(f"{flag} {path}: every word of the JSON object is to have a text.")
    return words
