"""The structures inside one message, opened when asked for; how many elements may be found in all is bounded."""

from typing import TYPE_CHECKING

from switch.message.errors import MessageError
from switch.message.nodes import Node, open_field, open_inside
from switch.message.structure import Part, SubError, TooManyError

if TYPE_CHECKING:
    from switch.message.view import View


class Inside:
    """Opened structures by path; None where the bytes have none."""

    __slots__ = ("_left", "_nodes", "_view")

    def __init__(self, view: "View") -> None:
        self._view = view
        self._nodes: dict[str, Node | None] = {}
        self._left = view.codec.limits.elements

    def node(self, path: str) -> Node | None:
        """The structure at `path`; None when there is none."""
        if path in self._nodes:
            return self._nodes[path]
        try:
            node = self._opened(path, self._left)
        except TooManyError:
            # So many were looked at in vain. What follows may have a quarter of it: a message made to wear down gets
            # no more than a third over the limit looked at in all, and what is sound behind it is still opened.
            node, self._left = None, self._left // 4
        except SubError:
            node = None
        if node is not None:
            self._left -= len(node.elements)
        self._nodes[path] = node
        return node

    def add_paths(self, path: str, found: list[str]) -> None:
        """Adds the paths of all elements inside `path`, each before what is inside it."""
        node = self.node(path)
        if node is None:
            return
        for name in node.elements:
            if name[0] == ".":
                continue
            inner = f"{path}.{name}"
            found.append(inner)
            if node.sub.inside(name) is not None:
                self.add_paths(inner, found)

    def part(self, path: str) -> Part | None:
        """What the spec says of the element at `path`."""
        parent, _, name = path.rpartition(".")
        node = self.node(parent)
        return node.sub.part(name) if node else None

    def fault(self, path: str) -> MessageError | None:
        """Why the bytes at `path` have no structure, when the spec gives them one."""
        codec = self._view.codec
        try:
            self._opened(path, codec.limits.elements)
        except SubError as error:
            where = f"{path}.{error.name}" if error.name else path
            reason = f"structure: {error}"
            return MessageError(codec.name, where, reason, error.position, error.needed, error.available)
        return None

    def _opened(self, path: str, most: int) -> Node | None:
        """The structure at `path`; None where nothing is or no structure is known. Raises SubError."""
        view = self._view
        parent, dot, name = path.rpartition(".")
        if not dot:
            part = view.codec.parts.get(path)
            if part is None or part.sub is None or path not in view.plan.places:
                return None
            begin, end, count = view.counted(path)
            return open_field(part, view.data, begin, end, count, most)
        node = self.node(parent)
        if node is None or name not in node.elements or node.sub.inside(name) is None:
            return None
        if path.count(".") > view.codec.limits.depth:
            raise SubError("structures nested too deep", "", node.offset(node.elements[name][2]))
        return open_inside(node, name, most)
