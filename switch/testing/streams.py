"""A strategy of framed streams: several messages, keep-alives between them, cut into portions anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from switch.message import Framing, make_framer
from switch.testing.message import Message

Draw = Callable[[st.SearchStrategy[Any]], Any]
_TPDU = bytes.fromhex("6000000000")
_MOST_CUTS = 6


@dataclass(frozen=True, slots=True)
class Stream:
    """`chunks` in the order they are sent; `frames` what a reader must find in them, TPDU and header included."""

    chunks: tuple[bytes, ...]
    frames: tuple[bytes, ...]
    keep_alives: int

    def __repr__(self) -> str:
        sizes = "+".join(str(len(chunk)) for chunk in self.chunks)
        return f"<{len(self.frames)} frames and {self.keep_alives} keep-alives in chunks of {sizes} bytes>"


def frames(
    message: st.SearchStrategy[Message] | st.SearchStrategy[bytes],
    framing: str | Framing = "len2",
    most: int = 4,
    keep_alives: bool = True,
) -> st.SearchStrategy[Stream]:
    """Streams of 1 to `most` messages; a TPDU is 6000000000, a header zeros. Raises ValueError for a bad framing."""
    framer = make_framer(framing)
    before = (_TPDU if framer.framing.tpdu else b"") + bytes(framer.framing.header)

    @st.composite
    def draw_stream(draw: Draw) -> Stream:
        whole, found, alive = b"", [], 0
        for _ in range(draw(st.integers(1, most))):
            if keep_alives and draw(st.booleans()):
                whole, alive = whole + framer.wrap(b""), alive + 1
            made = draw(message)
            found.append(before + (made.raw if isinstance(made, Message) else made))
            whole += framer.wrap(found[-1])
        cuts = sorted(draw(st.sets(st.integers(1, len(whole) - 1), max_size=_MOST_CUTS)))
        edges = [0, *cuts, len(whole)]
        chunks = tuple(whole[a:b] for a, b in pairwise(edges))
        return Stream(chunks, tuple(found), alive)

    return draw_stream()
