"""The framer of a link: what it reads is bounded by its settings, what it writes only by the format."""

from switch.message import make_framer

_FORMAT_LIMIT = 0xFFFF


class LinkFramer:
    """An answer is longer than its request: one that was just short enough to read must still be answered."""

    def __init__(self, kind: str, max_frame: int) -> None:
        self._incoming = make_framer(kind, max_frame)
        self.feed = self._incoming.feed
        self.wrap = make_framer(kind, _FORMAT_LIMIT).wrap

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return self._incoming.pending
