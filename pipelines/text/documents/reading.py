"""What a reader of documents is asked to read, and what it left out. Values only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

#: Whether notes are left out, read where they are referred to, or read at the end of their page or chapter.
NotesMode = Literal["skip", "inline", "end"]
#: Whether code blocks are read, left out, or named only.
CodeMode = Literal["read", "skip", "summary"]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """The options of a request that readers know."""

    notes: NotesMode = "skip"
    code: CodeMode = "read"
    #: BCP 47; None = what the document declares.
    language: str | None = None
    #: The encoding of a text file; None = detected.
    encoding: str | None = None


DEFAULT_OPTIONS = ReadingOptions()


@dataclass(slots=True)
class Reading:
    """The state of one document's reading, shared by its pages."""

    options: ReadingOptions = field(default_factory=ReadingOptions)
    #: BCP 47, of the document.
    language: str | None = None
    #: What was left out, in the plural → how often.
    omissions: Counter[str] = field(default_factory=Counter)
    #: Addresses ("page#id") that note references lead to.
    note_addresses: set[str] = field(default_factory=set)
    #: The texts of notes by their addresses, where they are read at their references: collected before that.
    notes: dict[str, str] = field(default_factory=dict)
    #: Notes that were referred to, and are read at the end of their chapter.
    pending_notes: list[str] = field(default_factory=list)
    is_collecting: bool = False
    #: Pictures that were passed.
    pictures: int = 0

    def __post_init__(self) -> None:
        self.is_collecting = self.options.notes == "inline"

    def finish_collecting(self) -> None:
        """The document was read once; now it is read again, with the notes at their references."""
        self.is_collecting = False
        self.omissions.clear()
        self.pictures = 0

    def warnings(self) -> list[str]:
        """A sentence about what was left out; none where nothing was."""
        counts = [f"{name} ({count})" for name, count in sorted(self.omissions.items()) if count > 0]
        return [f"Left out: {', '.join(counts)}."] if counts else []
