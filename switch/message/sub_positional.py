"""Parts one behind the other, in the order of the spec: fixed, with a length, up to a delimiter, or what is left."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from switch.message.ops import Op
from switch.message.structure import Element, Part, Sub, SubError, delimiter, domain_of, opaque, too_many

# Where a part's data begins and ends, where the next part begins, and its count.
_Place = tuple[int, int, int, int]
_Find = Callable[[bytes, int, int], _Place]


def compile_positional(sub: Mapping[str, Any], parent: Mapping[str, Any], parts: dict[str, Part]) -> Sub:
    """The structure of kind positional; with `repeat`, elements 1, 2 ... that hold it."""
    finders = [(name, _finder(part.op)) for name, part in parts.items()]
    inner_encoding = "ascii" if domain_of(sub, parent) == "digits" else parent["data_enc"]
    order = {name: place for place, name in enumerate(parts)}
    fillers = {name: _filler(part.op, sub.get("fill")) for name, part in parts.items()}

    def split(data: bytes, position: int, size: int, most: int) -> list[Element]:
        found: list[Element] = []
        for name, find in finders:
            if position >= size:
                return found
            begin, end, stop, count = _find(find, data, position, size, name)
            found.append((name, position, begin, end, stop, count))
            position = stop
        if position != size:
            raise SubError("expected whole sub-fields", "", position)
        if len(found) > most:
            raise too_many(most)
        return found

    def wrap(name: str, data: bytes, count: int) -> bytes:
        part = _known(parts, name)
        return part.op.lead(data, count) + data + delimiter(part.op)

    def join(elements: Sequence[tuple[str, bytes]], short: bool) -> bytes:
        given = dict(elements)
        for name in given:
            _known(parts, name)
        last = max((order[name] for name in given), default=-1) if short else len(order)
        return b"".join(given[name] if name in given else fillers[name]() for name in parts if order[name] <= last)

    whole = Sub("positional", domain_of(sub, parent), split, wrap, join, parts, None)
    if "repeat" not in sub:
        return whole
    return _repeated(whole, sub["repeat"], opaque(inner_encoding))


def _repeated(whole: Sub, times: int, plain: Part) -> Sub:
    """The parts again and again: each round is an element of its own."""
    group = Part(plain.op, Sub("positional", "raw", whole.split, whole.wrap, whole.join, whole.parts, None), "")
    parts = {str(number): group for number in range(1, times + 1)}

    def split(data: bytes, position: int, size: int, most: int) -> list[Element]:
        found: list[Element] = []
        while position < size:
            if len(found) >= min(times, most):
                raise SubError(f"more than {times} times the sub-fields", "", position)
            end = position
            for name, find in finders:
                if end >= size:
                    break
                _, _, end, _ = _find(find, data, end, size, name)
            found.append((str(len(found) + 1), position, position, end, end, end - position))
            position = end
        return found

    def join(elements: Sequence[tuple[str, bytes]], _short: bool) -> bytes:
        return b"".join(data for name, data in sorted(elements, key=lambda element: _round(parts, element[0])))

    finders = [(name, _finder(part.op)) for name, part in whole.parts.items()]
    return Sub("positional", whole.domain, split, lambda _name, data, _count: data, join, parts, None)


def _round(parts: Mapping[str, Part], name: str) -> int:
    _known(parts, name)
    return int(name)


def _known(parts: Mapping[str, Part], name: str) -> Part:
    part = parts.get(name)
    if part is None:
        raise SubError(f"expected sub-fields of {', '.join(parts)}", name[:24])
    return part


def _find(find: _Find, data: bytes, position: int, size: int, name: str) -> _Place:
    place = find(data, position, size)
    if place[1] > size:
        raise SubError("expected whole sub-fields", name, position, place[1] - position, size - position)
    return place


def _finder(op: Op) -> _Find:
    """Finds the part that begins at a position; an end beyond the data means that it is cut off."""
    entry = op.entry
    if entry.get("rest"):
        return lambda _data, position, size: (position, size, size, size - position)
    if "until" in entry:
        return _until(delimiter(op))
    if not op.prefix:
        width, count = op.size, op.count
        return lambda _data, position, _size: (position, position + width, position + width, count)

    def counted(data: bytes, position: int, size: int) -> _Place:
        begin = position + op.prefix
        raw = data[position : min(begin, size)]
        width, count = op.sizes(raw), op.length(raw)
        if width is None or count is None:
            raise SubError("expected a length", op.key, position)
        return begin, begin + width, begin + width, count

    return counted


def _until(mark: bytes) -> _Find:
    def find(data: bytes, position: int, size: int) -> _Place:
        end = data.find(mark, position, size)
        if end < 0:
            return position, size, size, size - position
        return position, end, end + len(mark), end - position

    return find


def _filler(op: Op, fill: str | None) -> Callable[[], bytes]:
    """What stands for a part that is not given: its width of `fill`, or nothing where it may be empty."""
    if op.prefix or "until" in op.entry or op.entry.get("rest"):
        return lambda: op.lead(b"", 0) + delimiter(op)
    if fill is None:
        # Nothing in a place of digits is zeros, in one of text spaces.
        fill = "0" if op.kind.startswith(("n", "b", "x")) and not op.kind.startswith("ns") else " "
    width = op.count * (2 if op.entry["data_enc"] == "b" and not op.nibbles else 1)
    digit = fill if op.entry["data_enc"] != "b" or fill in "0123456789ABCDEF" else "0"
    return lambda: op.encode(digit * width)
