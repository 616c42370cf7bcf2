"""One field's value out of a message, as one call made for its place: this is what reading a field costs."""

import codecs
from collections.abc import Callable
from typing import TYPE_CHECKING

from switch.message.ops import Op
from switch.message.plan import Place
from switch.message.values import ValueFault, latin_table

if TYPE_CHECKING:
    from switch.message.view import View

Reader = Callable[["View"], str]


def make_reader(key: str, place: Place) -> Reader:
    """Reads the field `key` of views with this place for it; raises MessageError when its bytes are not readable."""
    mark, distance, prefix, size, op = place
    begin, encoding = distance + prefix, op.entry["data_enc"]
    if encoding == "b" and not _may_have_pad(op):
        return _hex(mark, begin, size)
    if encoding != "b" and (codecs.lookup(encoding).name in ("ascii", "iso8859-1") or latin_table(encoding) is None):
        return _text(key, mark, begin, size, codecs.lookup(encoding).name)
    return _other(key, place)


def _may_have_pad(op: Op) -> bool:
    return op.nibbles and (op.prefix > 0 or op.count % 2 == 1)


def _hex(mark: int, begin: int, size: int | None) -> Reader:
    if size is None:
        return lambda view: view.data[view.marks[mark] + begin : view.marks[mark + 1]].hex().upper()

    def read(view: "View") -> str:
        start = view.marks[mark] + begin
        return view.data[start : start + size].hex().upper()

    return read


def _text(key: str, mark: int, begin: int, size: int | None, name: str) -> Reader:
    def read_variable(view: "View") -> str:
        try:
            return view.data[view.marks[mark] + begin : view.marks[mark + 1]].decode(name)
        except UnicodeError:
            raise view.unreadable(key) from None

    def read_fixed(view: "View") -> str:
        start = view.marks[mark] + begin
        try:
            return view.data[start : start + (size or 0)].decode(name)
        except UnicodeError:
            raise view.unreadable(key) from None

    return read_variable if size is None else read_fixed


def _other(key: str, place: Place) -> Reader:
    mark, distance, prefix, size, op = place
    decode, length = op.decode, op.length if op.nibbles else None
    packed = op.entry["data_enc"] == "b" and not op.entry.get("len_unit")

    def read_variable(view: "View") -> str:
        start, end = view.marks[mark] + distance, view.marks[mark + 1]
        begin = start + prefix
        count = end - begin
        if length is not None:
            count = length(view.data[start:begin]) or 0
            if packed and not count & 1:
                return view.data[begin:end].hex().upper()
        try:
            return decode(view.data[begin:end], count)
        except (ValueFault, UnicodeError):
            raise view.unreadable(key) from None

    def read_fixed(view: "View") -> str:
        start = view.marks[mark] + distance
        try:
            return decode(view.data[start : start + (size or 0)], op.count)
        except (ValueFault, UnicodeError):
            raise view.unreadable(key) from None

    return read_variable if size is None else read_fixed
