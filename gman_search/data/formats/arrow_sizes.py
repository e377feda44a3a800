"""What the batches of an Arrow file announce that they unpack to, read from their headers before pyarrow allocates it.

A packed buffer begins with its unpacked size, so a file of a few bytes may ask for any memory. The headers are
flatbuffers; of those only the few fields that are needed are followed here.
"""

import struct
from collections.abc import Iterator

__all__ = ["announced"]

DICTIONARY, RECORDS = 2, 3
"""Kinds of messages that have data."""


def announced(kind_and_header: bytes, body: memoryview) -> tuple[int, int]:
    """(rows, unpacked bytes) that a message announces; (0, 0) of one without data.

    Args:
        kind_and_header: the message's flatbuffer.
        body: its buffers.

    Raises:
        struct.error: a header that points outside of itself.
    """
    message = _Table(kind_and_header, struct.unpack_from("<I", kind_and_header, 0)[0])
    kind = message.scalar(1, "B")
    if kind not in (DICTIONARY, RECORDS):
        return 0, 0
    batch = message.table(2)
    if kind == DICTIONARY and batch is not None:
        batch = batch.table(1)
    if batch is None:
        return 0, 0
    rows = batch.scalar(0, "q")
    if batch.table(3) is None:  # not packed
        return rows, len(body)
    unpacked = 0
    for offset, length in batch.pairs(2):
        if length >= 8:
            # -1: kept as it was.
            unpacked += max(struct.unpack_from("<q", body, offset)[0], length - 8)
    return rows, unpacked


class _Table:
    """A table of a flatbuffer: a position, before which stands the way to its fields' offsets."""

    def __init__(self, content: bytes, position: int) -> None:
        self.content = content
        self.position = position
        self.fields = position - struct.unpack_from("<i", content, position)[0]
        if self.fields < 0:
            raise struct.error("a table without fields")
        self.size = struct.unpack_from("<H", content, self.fields)[0]

    def _at(self, field: int) -> int | None:
        place = 4 + 2 * field
        if place + 2 > self.size:
            return None
        offset = struct.unpack_from("<H", self.content, self.fields + place)[0]
        return self.position + offset if offset else None

    def scalar(self, field: int, kind: str) -> int:
        """A number; 0 where it is left out."""
        place = self._at(field)
        value: int = 0 if place is None else struct.unpack_from("<" + kind, self.content, place)[0]
        return value

    def table(self, field: int) -> "_Table | None":
        """A table within this one."""
        place = self._at(field)
        return None if place is None else _Table(self.content, place + struct.unpack_from("<I", self.content, place)[0])

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of (offset, length)."""
        place = self._at(field)
        if place is None:
            return
        place += struct.unpack_from("<I", self.content, place)[0]
        count = struct.unpack_from("<I", self.content, place)[0]
        for index in range(count):
            yield struct.unpack_from("<qq", self.content, place + 4 + 16 * index)
