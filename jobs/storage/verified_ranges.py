"""Ranges of objects, verified: no byte leaves that is not the one that was written.

Only the SHA-256 of a whole object is recorded. So the first range of an object costs a read of all of it; the checksums
of its blocks are kept, and further ranges are verified block by block.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from jobs.errors import CorruptObject
from jobs.stored_object import StoredObject

from .storage import Storage

_BLOCK = 1 << 20
#: Objects whose checksums are kept: 32 bytes for each megabyte of them.
_MOST_OBJECTS = 256


def is_intact(storage: Storage, source: StoredObject) -> bool:
    """Read the whole object; whether it has the recorded size and SHA-256. Raises NotFound, StorageUnavailable."""
    try:
        _block_digests(storage, source)
    except CorruptObject:
        return False
    return True


class VerifiedRanges:
    """Reads ranges of the objects of one storage. Safe to share between threads."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._digests: OrderedDict[StoredObject, Sequence[bytes]] = OrderedDict()

    def read(self, source: StoredObject, start: int, stop: int) -> Iterator[bytes]:
        """The bytes [start, stop) in blocks. Raises CorruptObject before it yields a wrong byte; NotFound."""
        digests = self._digests_of(source)
        first, last = start // _BLOCK, -(-stop // _BLOCK)
        blocks = _blocks(self._storage, source, offset=first * _BLOCK, length=(last - first) * _BLOCK)
        for number, block in enumerate(blocks, first):
            if number >= len(digests) or hashlib.sha256(block).digest() != digests[number]:
                raise CorruptObject
            begin = number * _BLOCK
            yield block[max(0, start - begin) : stop - begin]

    def _digests_of(self, source: StoredObject) -> Sequence[bytes]:
        with self._lock:
            if source in self._digests:
                self._digests.move_to_end(source)
                return self._digests[source]
        # Without the lock: it may take seconds, and a second thread that does the same finds the same.
        digests = _block_digests(self._storage, source)
        with self._lock:
            self._digests[source] = digests
            while len(self._digests) > _MOST_OBJECTS:
                self._digests.popitem(last=False)
        return digests


def _block_digests(storage: Storage, source: StoredObject) -> Sequence[bytes]:
    """The SHA-256 of each block of the whole object. Raises CorruptObject unless it is what was written."""
    whole, size, digests = hashlib.sha256(), 0, []
    for block in _blocks(storage, source, offset=0, length=None):
        size += len(block)
        whole.update(block)
        digests.append(hashlib.sha256(block).digest())
    if size != source.bytes or whole.hexdigest() != source.sha256:
        raise CorruptObject
    return digests


def _blocks(storage: Storage, source: StoredObject, *, offset: int, length: int | None) -> Iterator[bytes]:
    """Blocks of exactly `_BLOCK` bytes but for the last one, whatever sizes the storage gives."""
    rest = b""
    for data in storage.read(source.key, offset=offset, length=length, block=_BLOCK):
        rest += data
        while len(rest) >= _BLOCK:
            yield rest[:_BLOCK]
            rest = rest[_BLOCK:]
    if rest:
        yield rest
