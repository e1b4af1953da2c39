"""Holds the blocks of a DOCX file that are in tables and structured parts, until it is known how they are read.

Knows blocks, rows and parts; nothing of XML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Block, Paragraph, split_annotated
from pipelines.text.lines import join_items

#: A structured part of the document that is longer is no table of contents.
_CONTENTS_BLOCKS = 2_000
#: A longer list is passed on in parts.
_MOST_ITEMS = 100


class BlockNesting:
    """The open rows and parts, and the blocks that are complete."""

    def __init__(self) -> None:
        self._ready: list[Block] = []
        #: The cells of each open row, the innermost last, and of each cell its blocks.
        self._rows: list[list[list[Block]]] = []
        #: Blocks of each open structured part, until it is known whether it is a table of contents.
        self._parts: list[list[Block]] = []
        #: How many parts were open when one of them said that it is a table of contents; 0 where none did.
        self._contents = 0
        #: The items of a list, until it ends.
        self._items: list[AnnotatedText] = []

    @property
    def is_in_row(self) -> bool:
        """Whether a row of a table is open."""
        return bool(self._rows)

    @property
    def is_in_contents(self) -> bool:
        """Whether a structured part is open that is a table of contents, by what it says of itself."""
        return self._contents > 0

    def add_item(self, text: AnnotatedText) -> None:
        """An item of a list is complete."""
        self._items.append(text)
        if len(self._items) >= _MOST_ITEMS:
            self.end_list()

    def end_list(self) -> None:
        """What follows is no item of the list before."""
        items, self._items = self._items, []
        for text in join_items(items):
            for part in split_annotated(text):
                self._place(Paragraph.from_annotated(part))

    def emit(self, block: Block) -> None:
        """A block is complete."""
        self.end_list()
        self._place(block)

    def _place(self, block: Block) -> None:
        if self._rows:
            if not self._rows[-1]:
                self._rows[-1].append([])
            self._rows[-1][-1].append(block)
        elif self._parts:
            self._parts[-1].append(block)
            if len(self._parts[-1]) > _CONTENTS_BLOCKS:
                held, self._parts = [block for part in self._parts for block in part], []
                self._ready += held
        else:
            self._ready.append(block)

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call, in no open row or part."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def begin_row(self) -> None:
        """A row begins; it may be in a cell of another one."""
        self.end_list()
        self._rows.append([])

    def begin_cell(self) -> None:
        """A cell of the innermost row begins."""
        self.end_list()
        if self._rows:
            self._rows[-1].append([])

    def end_row(self) -> None:
        """The innermost row ends: cells of one paragraph each are one paragraph, others keep their blocks."""
        self.end_list()
        if self._rows:
            for block in _join_cells([cell for cell in self._rows.pop() if cell]):
                self.emit(block)

    def begin_part(self) -> None:
        """A structured part begins, which may be a table of contents."""
        self.end_list()
        self._parts.append([])

    def begin_contents(self) -> None:
        """The innermost part says that it is a table of contents."""
        self._contents = self._contents or len(self._parts)

    def end_contents(self) -> None:
        """What follows in the part is no table of contents."""
        self._contents = 0

    def end_part(self) -> None:
        """The innermost part ends."""
        self.end_list()
        if len(self._parts) <= self._contents:
            self._contents = 0
        if self._parts:
            for block in self._parts.pop():
                self.emit(block)

    def drop_part(self) -> None:
        """The innermost part is a table of contents: its heading is not read either."""
        self.end_list()
        if self._parts:
            self._parts[-1].clear()


def _join_cells(cells: Sequence[Sequence[Block]]) -> Iterator[Block]:
    paragraphs = [cell[0] for cell in cells if len(cell) == 1 and isinstance(cell[0], Paragraph)]
    if len(paragraphs) < len(cells) or len(cells) < 2:
        yield from (block for cell in cells for block in cell)
        return
    row = paragraphs[0].annotated
    for paragraph in paragraphs[1:]:
        row = row.join(AnnotatedText(", ")).join(paragraph.annotated)
    yield from map(Paragraph.from_annotated, split_annotated(row))
