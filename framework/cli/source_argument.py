"""What the argument of `speak` stands for: a file, or the text itself. What only looks like a file is refused.

A missing file must not be read aloud by its name, and a sentence must not be taken for a file: so a text is whatever no
file system would have, and a doubt is an error that names the cure.
"""

from __future__ import annotations

import re
from pathlib import Path

#: Suffixes of files that people speak, transcribe or have beside them. No suffix that is also a common domain or the
#: end of a name, such as `.com`, `.ai` or `.js`: "example.com" and "Node.js" are texts.
_FILE_SUFFIX = re.compile(
    r"""
    txt | text | md | markdown | mkd | rst | adoc | tex | log | html? | xhtml | mhtml | xml | ssml | jsonl? | ya?ml
    | toml | csv | tsv | ini | pdf | epub | mobi | azw3? | kfx | fb2 | djvu | cbz | doc[xm]? | dotx | odt | ott | rtf
    | pages | wpd | xlsx? | ods | pptx? | odp | wav | mp3 | m4[abv] | aac | flac | og[ga] | opus | wma | aiff? | amr
    | mka | mp4 | mkv | webm | avi | mpe?g | srt | vtt | ass | lrc | jpe?g | png | gif | webp | svg | tiff? | bmp | zip
    | gz | tgz | bz2 | xz | 7z | rar | tar | bak
    """,
    re.IGNORECASE | re.VERBOSE,
)
#: `./a`, `../a`, `~/a`, `~ann/a`, `C:\a`, `C:/a`, `\\server\a`, `file://…`: no text begins like this.
_PATH_START = re.compile(r"\.{1,2}[/\\]|~([A-Za-z_][\w.-]*)?[/\\]|[A-Za-z]:[/\\]|\\\\\w|file://", re.IGNORECASE)
_MAX_NAME_BYTES = 255
_CURE = "correct it, or add --text to have these words spoken"


def find_document(argument: str) -> Path | None:
    """The file that the argument names, None if it is the text itself.

    Raises BadArgument for what looks like a path and is no file that can be read.
    """
    from framework.client.errors import BadArgument

    path = Path(argument)
    try:
        if argument and path.is_file():
            return path
        if argument and path.is_dir():
            raise BadArgument(f"{argument} is a directory; name a file, or add --text to have these words spoken.")
        is_special = bool(argument) and path.exists()
    except PermissionError as error:
        raise BadArgument(f"{argument} is not a file that can be read: permission denied; {_CURE}.") from error
    except (OSError, ValueError):
        is_special = False  # too long for a file name, or with a NUL byte
    if is_special or looks_like_path(argument):
        raise BadArgument(f"{argument.strip()} is not a file that can be read; {_CURE}.")
    return None


def looks_like_path(argument: str) -> bool:
    """Whether somebody who writes this means a file: by its beginning, its suffix, or a directory that exists."""
    text = argument.strip()
    if not text or len(text.splitlines()) > 1 or text.startswith("<"):
        return False
    if _PATH_START.match(text):
        return True
    name = re.split(r"[/\\]", text)[-1]
    stem, dot, suffix = name.rpartition(".")
    if dot and _FILE_SUFFIX.fullmatch(suffix):
        # ".pdf" alone is a text about a format, as is a whole paragraph that ends with a file's name.
        return bool(stem) and not stem[-1].isspace() and len(name.encode()) <= _MAX_NAME_BYTES
    if text.startswith("/") and "/" in text[1:] and _is_directory("/" + text.split("/")[1]):
        return True
    if any(character.isspace() for character in text):
        return False
    if text.startswith("/") or text.endswith("/"):
        return True
    return "\\" in text or ("/" in text and _is_directory(text.rpartition("/")[0]))


def _is_directory(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False
