"""The segment log: what makes a group of units durable. One sealed frame per group, one sync per frame.

Since a frame is only written once the one before it is durable, only the very last frame can be torn."""

from collections.abc import Callable, Iterator

import msgspec
from cryptography.exceptions import InvalidTag

from switch.crypto.datakeys import DataKeys
from switch.journal import frames
from switch.journal.disk import Disk

SUFFIX = ".seg"
Progress = Callable[[int, int], None]


class LogError(Exception):
    """The log cannot be used as it is; the message names file, offset and reason."""


class Segment(msgspec.Struct, frozen=True):
    name: str
    first: int


def segment_name(first: int) -> str:
    return f"{first:016}{SUFFIX}"


def find_segments(disk: Disk) -> list[Segment]:
    """The segments on `disk` by their names, oldest first."""
    names = [name for name in disk.list() if name.endswith(SUFFIX) and name.removesuffix(SUFFIX).isdigit()]
    return [Segment(name, int(name.removesuffix(SUFFIX))) for name in names]


class SegmentLog:
    """`log_id` tells the segments of one journal from those of another.

    `replay` comes first and once; then groups: `write`, and `accept` or `undo`.
    """

    def __init__(self, disk: Disk, keys: DataKeys, log_id: bytes, segment_bytes: int) -> None:
        self._disk, self._keys, self._log_id = disk, keys, log_id
        self._segment_bytes = segment_bytes
        self._current: Segment | None = None
        self._size = 0
        self._written = (0, 0)
        self._written_to: Segment | None = None
        self._broken = False
        self.sequence = 0

    @property
    def empty(self) -> bool:
        """There is no segment."""
        return self._current is None

    # -- opening

    def replay(self, after: int, progress: Progress | None = None) -> Iterator[tuple[int, bytes]]:
        """(sequence, group) of every frame after number `after`; cuts a torn end off, and makes the last frame durable.

        Raises LogError when something is missing or corrupt, in the middle of it too.
        """
        self.sequence = after
        found = self._usable(after)
        total = len(found)
        for number, segment in enumerate(found):
            if progress is not None:
                progress(number, total)
            yield from self._replay_one(segment, after, last=number == total - 1)

    def _usable(self, after: int) -> list[Segment]:
        """The segments from the one that holds number `after` + 1 on."""
        found = self._without_unborn(find_segments(self._disk))
        if found and found[0].first > after + 1:
            raise LogError(f"{found[0].name}: the log begins at {found[0].first}, expected at most {after + 1}")
        while len(found) > 1 and found[1].first <= after + 1:
            found = found[1:]
        return found

    def _without_unborn(self, found: list[Segment]) -> list[Segment]:
        if found and frames.is_unborn(self._disk.read(found[-1].name)):
            self._disk.remove(found[-1].name)
            return found[:-1]
        return found

    def _replay_one(self, segment: Segment, after: int, *, last: bool) -> Iterator[tuple[int, bytes]]:
        if self._current is not None and segment.first != self.sequence + 1:
            raise LogError(f"{segment.name}: expected the segment that begins at {self.sequence + 1}")
        data = self._disk.read(segment.name)
        self._check_head(segment, data)
        self._current = segment
        self.sequence, start, self._size = frames.last_frame(data, segment.first)
        self._check_end(segment, data, last=last)
        if last:
            if self.sequence < after:
                raise LogError(f"the log ends at {self.sequence}, the index is at {after}")
            self._settle(segment, data, start)
        for found in frames.read_frames(data, segment.first):
            if found.sequence > after:
                yield found.sequence, self._open(segment, found)

    def _check_head(self, segment: Segment, data: bytes) -> None:
        found = frames.parse_head(data)
        if found is None or found[1] != segment.first:
            raise LogError(f"{segment.name}: offset 0: the head of the segment is corrupt")
        if found[0] != self._log_id:
            raise LogError(f"{segment.name}: a segment of another journal")

    def _check_end(self, segment: Segment, data: bytes, *, last: bool) -> None:
        torn = self._size < len(data)
        if torn and (not last or frames.later_frame(data, self._size) is not None):
            raise LogError(f"{segment.name}: offset {self._size}: a corrupt frame with sound ones behind it")

    def _settle(self, segment: Segment, data: bytes, start: int) -> None:
        """Cuts a torn end off, and makes the last frame durable, from `start` on, before anything is built on it.

        It may have been read from memory only: a process died before its sync, or after that has failed.
        """
        if self._size < len(data):
            self._disk.truncate(segment.name, self._size)
        self._disk.rewrite(segment.name, start, data[start : self._size])

    def _open(self, segment: Segment, found: frames.Frame) -> bytes:
        try:
            return self._keys.open(found.body, self._bound_to(segment, found.offset, found.sequence))
        except InvalidTag:
            raise LogError(f"{segment.name}: offset {found.offset}: a sealed frame was changed or moved") from None

    def _bound_to(self, segment: Segment, offset: int, sequence: int) -> bytes:
        return b"log %s %d %d %d" % (self._log_id, segment.first, offset, sequence)

    # -- writing

    def write(self, group: bytes) -> int:
        """Makes `group` durable; its sequence number. After any error call `undo`."""
        if self._broken:
            self._repair()
        sequence = self.sequence + 1
        segment, size = self._segment_for(sequence)
        sealed = self._keys.seal(group, self._bound_to(segment, size, sequence))
        data = frames.frame(sequence, sealed)
        self._disk.append(segment.name, data)
        self._disk.sync(segment.name)
        self._written = (size + len(data), sequence)
        self._written_to = segment
        return sequence

    def _segment_for(self, sequence: int) -> tuple[Segment, int]:
        if self._current is not None and self._size < self._segment_bytes:
            return self._current, self._size
        segment = Segment(segment_name(sequence), sequence)
        head = frames.head(self._log_id, sequence)
        self._disk.open(segment.name, head)
        return segment, len(head)

    def accept(self) -> bool:
        """What was written counts. True when it began a new segment."""
        self._size, self.sequence = self._written
        begun, self._current = self._current is not self._written_to, self._written_to
        return begun

    def undo(self) -> None:
        """What was written, or not, does not count: it is cut off, now or before the next write."""
        self._broken = True
        try:
            self._repair()
        except (OSError, LogError):
            return  # the next write tries again and tells

    def _repair(self) -> None:
        """Cuts back to the last accepted frame and reads the segment again, for what a failed sync has left."""
        self._disk.close()
        for segment in find_segments(self._disk):
            if segment.first > self.sequence:
                self._disk.remove(segment.name)
                self._current = None if segment == self._current else self._current
        if self._current is not None:
            self._disk.truncate(self._current.name, self._size)
            self._verify(self._current)
        self._broken = False

    def _verify(self, segment: Segment) -> None:
        data = self._disk.read(segment.name)
        self._check_head(segment, data)
        _, _, end = frames.last_frame(data, segment.first)
        if end != self._size or len(data) != self._size:
            raise LogError(f"{segment.name}: offset {end}: what was acknowledged cannot be read back")

    def close(self) -> None:
        self._disk.close()
