"""Lexicon files: `word = pronunciation` on each line, or the JSON object that the API accepts."""

from __future__ import annotations

import json
from pathlib import Path

_FORMAT = "write each line as `word = pronunciation`"


def read_lexicon(flag: str, path: str) -> dict[str, str]:
    """Word → pronunciation. Empty lines and those that begin with `#` are skipped.

    Raises BadArgument, which names the option, the file and the line.
    """
    from framework.client.errors import BadArgument

    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise BadArgument(f"{flag} {path}: this is not a readable text file in UTF-8.") from error
    if text.lstrip().startswith("{"):
        return _parse_json(flag, path, text)
    lexicon = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, equals, pronunciation = line.partition("=")
        if not (equals and word.strip() and pronunciation.strip()):
            raise BadArgument(f"{flag} {path}, line {number}: {_FORMAT}.")
        lexicon[word.strip()] = pronunciation.strip()
    return lexicon


def _parse_json(flag: str, path: str, text: str) -> dict[str, str]:
    from framework.client.errors import BadArgument

    try:
        lexicon: dict[str, str] = json.loads(text)
    except ValueError as error:
        raise BadArgument(f"{flag} {path}: this is not JSON ({error}); or {_FORMAT}.") from error
    if not all(isinstance(pronunciation, str) for pronunciation in lexicon.values()):
        raise BadArgument(f"{flag} {path}: every value of the JSON object must be a string.")
    return lexicon
