"""Two messages compared field by field and sub-element by sub-element. What differs is shown masked."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from switch.explain.explained import Explained
from switch.explain.tree import Node, message_nodes
from switch.explain.trust import vouched

_HIDDEN = "differs, and is hidden"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; `left` and `right` are its values as they may be seen, None where it is absent."""

    path: str
    name: str
    left: str | None
    right: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Side:
    """The nodes of a message by path: as they may be seen, and as they are."""

    seen: dict[str, Node] = field(repr=False)
    real: dict[str, Node] = field(repr=False)


def differences(left: Explained, right: Explained, *, masked: bool = True) -> Iterator[Difference]:
    """What differs between two messages, in the order of their fields. What stands before them is not compared."""
    one, other = _side(left, masked=masked), _side(right, masked=masked)
    places = {path: index for index, path in reversed(list(enumerate([*one.real, *other.real])))}
    paths = sorted(places, key=lambda path: (_number(path), places[path]))
    differing = [path for path in paths if _value(one, path) != _value(other, path)]
    for path in differing:
        # The whole is told by its parts, when they tell it; parts that only one interface knows tell nothing.
        told = any(inner.startswith(f"{path}.") for inner in differing)
        if not told and not _same_around(path, one, other):
            yield _difference(path, one, other)


def _side(each: Explained, *, masked: bool) -> _Side:
    view = each.candidates[0].fit.view if each.candidates else None
    if view is None:
        return _Side({}, {})
    head = {node.path: node for node in each.nodes if node.path == "t"}
    trusted = vouched(each.candidates[0].fit)
    real = {node.path: node for node in message_nodes(view, trusted, masked=False)}
    seen = {node.path: node for node in message_nodes(view, trusted, masked=masked)}
    return _Side({**head, **_without_derived(seen)}, {**head, **_without_derived(real)})


def _without_derived(nodes: dict[str, Node]) -> dict[str, Node]:
    return {path: node for path, node in nodes.items() if "[" not in path}


def _same_around(path: str, one: _Side, other: _Side) -> bool:
    """Whether a field or part around `path` is the same in both."""
    parent = path.rpartition(".")[0]
    if not parent:
        return False
    value = _value(one, parent)
    return (value is not None and value == _value(other, parent)) or _same_around(parent, one, other)


def _value(side: _Side, path: str) -> str | None:
    node = side.real.get(path)
    if node is None:
        return None
    # A long whole is not repeated before its parts; its bytes tell.
    return node.value or node.raw or ""


def _number(path: str) -> int:
    """The field of a path, by which differences are sorted; inside it they stay as they stand in the messages."""
    top = path.partition(".")[0]
    return int(top) if top.isdigit() else 0


def _difference(path: str, one: _Side, other: _Side) -> Difference:
    left, right = one.seen.get(path), other.seen.get(path)
    node = left or right
    values = [None if each is None else each.value for each in (left, right)]
    same = left is not None and right is not None and values[0] == values[1]
    return Difference(path, node.name if node else "", values[0], values[1], _HIDDEN if same else "")
