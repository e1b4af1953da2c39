"""The Markdown pages of the repository, and their code blocks. Knows no page by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.S | re.M)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block, without its indentation."""

    page: str
    language: str
    code: str


def code_blocks(language: str) -> Iterator[CodeBlock]:
    """All blocks of one language, page by page."""
    for path in PAGES:
        for indent, found, code in _BLOCK.findall(path.read_text(encoding="utf-8")):
            if found == language:
                lines = [line.removeprefix(indent) for line in code.splitlines()]
                yield CodeBlock(str(path.relative_to(ROOT)), found, "\n".join(lines) + "\n")
