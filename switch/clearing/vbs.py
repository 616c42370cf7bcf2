"""The framing of an IPM file: 4-byte lengths and records (VBS), plain or in blocks of 1014 bytes. Knows no messages."""

from typing import BinaryIO

from switch.clearing.errors import ClearingError

_DATA, _BLOCK, _PAD = 1012, 1014, b"\x40"
_END = bytes(4)


class VbsWriter:
    """Writes records to a binary file; `close` ends the file's data, not the file."""

    def __init__(self, out: BinaryIO, *, blocked: bool) -> None:
        self._out = out
        self._blocked = blocked
        self._filled = 0

    def write(self, record: bytes) -> None:
        self._put(len(record).to_bytes(4, "big") + record)

    def close(self) -> None:
        """The zero length that ends the records; the last block is filled up."""
        self._put(_END)
        if self._blocked and self._filled:
            self._out.write(_PAD * (_BLOCK - self._filled))

    def _put(self, data: bytes) -> None:
        if not self._blocked:
            self._out.write(data)
            return
        while data:
            part = data[: _DATA - self._filled]
            self._out.write(part)
            self._filled += len(part)
            data = data[len(part) :]
            if self._filled == _DATA:
                self._out.write(_PAD * (_BLOCK - _DATA))
                self._filled = 0


class VbsReader:
    """Reads records from a seekable binary file called `name`; whether it is blocked shows in its last byte."""

    def __init__(self, source: BinaryIO, name: str, max_record: int) -> None:
        self._source = source
        self._name = name
        self._max = max_record
        self._size = source.seek(0, 2)
        if not self._size:
            raise ClearingError(name, "expected a file with records, it is empty", offset=0)
        source.seek(self._size - 1)
        self.blocked = source.read(1) == _PAD
        source.seek(0)
        if self.blocked and self._size % _BLOCK:
            raise ClearingError(name, "expected a zero length, or blocks of 1014 bytes, to its end", offset=self._size)
        self._data = b""
        self._taken = 0
        self.records = 0

    @property
    def offset(self) -> int:
        """Where in the file the next byte of data lies."""
        return self.place(self._taken)

    def place(self, position: int) -> int:
        """The byte of the file where a `position` in the data lies."""
        return position + (_BLOCK - _DATA) * (position // _DATA) if self.blocked else position

    @property
    def position(self) -> int:
        """How many bytes of data were read."""
        return self._taken

    def read(self) -> bytes | None:
        """The next record, None at the zero length that ends them; raises ClearingError for anything else."""
        length = int.from_bytes(self._take(4, "a length of 4 bytes"), "big")
        if not length:
            self._finish()
            return None
        if length > self._max:
            raise self._refuse(f"expected a record of at most {self._max} bytes")
        record = self._take(length, f"a record of {length} bytes")
        self.records += 1
        return record

    def _refuse(self, expected: str, offset: int | None = None) -> ClearingError:
        place = self.offset if offset is None else offset
        return ClearingError(self._name, expected, record=self.records + 1, offset=place)

    def _take(self, count: int, what: str) -> bytes:
        if not self.blocked:
            data = self._source.read(count)
        else:
            while len(self._data) < count and self._next_block():
                pass
            data, self._data = self._data[:count], self._data[count:]
        if len(data) != count:
            raise self._refuse(f"expected {what}, the file ends after {len(data)}")
        self._taken += count
        return data

    def _next_block(self) -> bool:
        block = self._source.read(_BLOCK)
        if block and block[_DATA:] != _PAD * (_BLOCK - _DATA):
            end = self._source.tell() - (_BLOCK - _DATA)
            raise self._refuse("expected two bytes X'40' at the end of each block", end)
        self._data += block[:_DATA]
        return bool(block)

    def _finish(self) -> None:
        """Behind the last record stands nothing; in blocks the fill, and one block of it where nothing was to fill."""
        rest = self._data + self._source.read(_BLOCK + 1)
        if self.blocked:
            most = len(self._data) or _BLOCK
            if len(rest) > most or rest.strip(_PAD):
                raise self._refuse("expected X'40' up to the end of the block and no more")
        elif rest:
            raise self._refuse("expected the end of the file behind the zero length")
