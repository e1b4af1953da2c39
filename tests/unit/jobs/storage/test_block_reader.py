from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from jobs.storage.block_reader import BlockReader


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_reads_cross_the_borders_of_blocks(size: int) -> None:
    reader = io.BufferedReader(BlockReader(iter([b"ab", b"", b"cde", b"f"])), buffer_size=4)
    pieces = []
    while piece := reader.read(size):
        pieces.append(piece)
    assert b"".join(pieces) == b"abcdef"
    assert all(len(piece) == size for piece in pieces[:-1])


def test_end_of_the_blocks_is_the_end_of_the_file() -> None:
    reader = BlockReader(iter([]))
    assert reader.readable()
    assert reader.read(1) == b""
    assert reader.read(1) == b""


def test_closing_it_closes_the_generator() -> None:
    closed: list[bool] = []

    def blocks() -> Iterator[bytes]:
        try:
            yield b"ab"
            yield b"cd"
        finally:
            closed.append(True)

    with BlockReader(blocks()) as reader:
        assert reader.read(1) == b"a"
    assert closed == [True]


def test_error_of_the_blocks_reaches_the_reader() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"ab"
        raise OSError("gone")

    reader = BlockReader(blocks())
    assert reader.read(2) == b"ab"
    with pytest.raises(OSError, match="gone"):
        reader.read(1)
