"""A decoded message as lines of a tree: place, name, value as it may be seen, meaning. Knows no terminal, no JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from switch.explain import emv, hide, meaning, part_meaning
from switch.explain.cards import Part
from switch.explain.elements import Element, elements
from switch.explain.meaning import Context
from switch.message import View

_LONG = 64  # characters of a value that is shown whole although its parts follow
_TRANSACTION_CURRENCY = "5F2A"


@dataclass(frozen=True, slots=True)
class Node:
    """One line. `raw` is hexadecimal, `**` for a byte that is hidden; `offset` and `length` are bytes of the frame.

    Where they are None, the part lies inside the last node above that has them.
    """

    path: str
    name: str
    offset: int | None
    length: int | None
    raw: str | None
    value: str
    meaning: str
    depth: int = field(default=0)


@dataclass(frozen=True, slots=True)
class _Tree:
    frame: bytes = field(repr=False)
    context: Context
    trusted: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Around:
    """What an element takes from what is around it."""

    mask: str
    depth: int
    currency: str


def message_nodes(view: View, trusted: frozenset[str], *, masked: bool) -> Iterator[Node]:
    """The nodes of all fields of `view`; those in `trusted` are what they are called. `head` has those before."""
    context = Context(view.mti, lambda path: _get(view, path), masked)
    tree = _Tree(view.data, context, trusted)
    for element in elements(view):
        yield from _nodes(tree, element, _Around("", 0, context.get("49")[-3:]))


def _get(view: View, path: str) -> str:
    try:
        return view.get(path, "")
    except ValueError:
        return ""


def _nodes(tree: _Tree, element: Element, around: _Around) -> Iterator[Node]:
    value = _shown(tree, element, around.mask)
    hidden = value != element.value
    inside = _Around(hide.effective_mask(element, around.mask), around.depth + 1, _currency(element) or around.currency)
    hides = _hides(tree, element, around.mask)
    # What is inside a hidden field may still be shown part by part, so only the whole is left out.
    opaque = tree.context.masked and not _is_vouched(tree, element)
    if element.parts and not opaque and (hidden or hides or len(element.value) > _LONG):
        value = ""
    yield Node(
        path=element.path,
        name=element.name or (emv.name(_tag(element)) if element.kind == "bertlv" else ""),
        offset=element.offset,
        length=element.length,
        raw=_raw(tree, element, hidden=hidden or hides),
        value=value,
        meaning="; ".join(part for part in (_words(tree, element, around, hidden=hidden), element.fault) if part),
        depth=around.depth,
    )
    if opaque:
        return
    for part in element.parts:
        yield from _nodes(tree, part, inside)
    for index, derived in enumerate(_derived(tree, element, inside.mask, hidden=hidden), 1):
        path = f"{element.path}[{index}]"
        yield Node(path, derived.name, None, None, None, derived.value, derived.meaning, inside.depth)


def _currency(element: Element) -> str:
    """The currency that chip data states for its own amounts, "" when it states none."""
    return next((part.value[-3:] for part in element.parts if _tag(part) == _TRANSACTION_CURRENCY), "")


def _shown(tree: _Tree, element: Element, inherited: str) -> str:
    if not tree.context.masked:
        return element.value
    return hide.shown(element, inherited, vouched=_is_vouched(tree, element))


def _is_vouched(tree: _Tree, element: Element) -> bool:
    return element.path.partition(".")[0] in tree.trusted


def _hides(tree: _Tree, element: Element, inherited: str) -> bool:
    """Whether anything inside `element` is not shown as it is."""
    mask = hide.effective_mask(element, inherited)
    return any(_shown(tree, part, mask) != part.value or _hides(tree, part, mask) for part in element.parts)


def _raw(tree: _Tree, element: Element, *, hidden: bool) -> str:
    if hidden:
        return "**" * element.length
    return tree.frame[element.offset : element.offset + element.length].hex()


def _tag(element: Element) -> str:
    return element.path.rpartition(".")[2].partition("#")[0]


def _words(tree: _Tree, element: Element, around: _Around, *, hidden: bool) -> str:
    value = element.value
    is_card = element.path == "2" or (element.kind == "bertlv" and _tag(element) == "5A")
    if hidden and not is_card:
        return ""
    if value in element.values:
        return element.values[value]
    if element.kind == "bertlv":
        return emv.in_words(_tag(element), value, around.currency)
    if element.kind:
        return part_meaning.in_words(element.path, element.name, value, tree.context)
    return meaning.in_words(element.path, value, tree.context)


def _derived(tree: _Tree, element: Element, mask: str, *, hidden: bool) -> tuple[Part, ...]:
    """Parts that no spec describes: bits, positions, tracks."""
    if element.kind == "bertlv":
        if mask == "remove" and tree.context.masked:
            return ()
        return emv.parts(_tag(element), element.value, masked=tree.context.masked)
    if element.kind or element.parts or (hidden and mask != "track"):
        return ()
    return meaning.parts(element.path, element.value, tree.context)
