"""The careful way through a message, field by field: for what the fast way cannot read, and to say what is wrong."""

from typing import TYPE_CHECKING

from switch.message.errors import MessageError
from switch.message.ops import Op
from switch.message.plan import Plan
from switch.message.view import View

if TYPE_CHECKING:
    from switch.message.codec import Codec


def walk(codec: "Codec", data: bytes, start: int) -> View:
    """The view of the message that begins at `start`; raises MessageError as Codec.view does."""
    if len(data) > codec.limits.size:
        raise MessageError(codec.name, "end", "message is too long", codec.limits.size, len(data), codec.limits.size)
    head = start if codec.header is None else _end(codec, codec.header.op, data, start)
    mti = codec.read_mti(data, head)
    plan, marks = Plan((), {}, (), 0, special=True), [head + codec.mti_size]
    sound: list[str] = []
    try:
        plan, marks[0] = _plan(codec, data, marks[0])
        _measure(codec, plan, data, marks, sound)
        _check_end(codec, plan, marks[-1] + plan.tail, len(data))
    except MessageError as error:
        error.partial = View(codec, data, start, mti, plan.narrowed(sound), marks, head).sound()
        raise
    return View(codec, data, start, mti, plan, marks, head)


def _plan(codec: "Codec", data: bytes, position: int) -> tuple[Plan, int]:
    """The layout that the bitmaps at `position` tell, and where they end."""
    bitmaps = codec.bitmaps
    present = bitmaps.read(data, position)
    raw = data[position : present.end]
    if not (bitmaps.third_in_field and 65 in present.numbers):
        plan = codec.remembered(raw)
        if plan is None:
            plan = codec.layout(present.numbers)
            plan.texts = present.texts
            codec.remember(raw, plan)
        return plan, present.end
    # What follows field 64 is known only when its place is.
    low = [number for number in present.numbers if number < 65]
    before, marks = codec.layout(low), [present.end]
    _measure(codec, before, data, marks, [])
    if before.unknown:
        return before, present.end
    more = bitmaps.read_third(data, marks[-1] + before.tail)
    plan = codec.layout((*low, *(number for number in present.numbers if number > 65), *more), bitmaps.more_size)
    plan.texts = present.texts
    return plan, present.end


def _measure(codec: "Codec", plan: Plan, data: bytes, marks: list[int], sound: list[str]) -> None:
    """Finds the ends of the fields; those that are whole go to `sound`."""
    for key, (mark, distance, _, _, op) in plan.places.items():
        end = _end(codec, op, data, marks[mark] + distance)
        if op.prefix:
            marks.append(end)
        sound.append(key)


def _check_end(codec: "Codec", plan: Plan, end: int, size: int) -> None:
    if plan.unknown:
        raise MessageError(codec.name, plan.unknown, "field is not part of the interface", end)
    if end != size:
        raise MessageError(codec.name, "end", "bytes after the last field", end, 0, size - end)


def _end(codec: "Codec", op: Op, data: bytes, position: int) -> int:
    """Where the field that begins at `position` ends."""
    size = len(data)
    if not op.prefix:
        end = position + op.size
        if end > size:
            raise MessageError(codec.name, op.key, "field is cut off", position, op.size, size - position)
        return end
    begin = position + op.prefix
    if begin > size:
        raise MessageError(codec.name, op.key, "length is cut off", position, op.prefix, size - position)
    raw = data[position:begin]
    count = op.length(raw)
    if count is None:
        raise MessageError(codec.name, op.key, "length is no number", position)
    width = op.sizes(raw)
    if width is None:
        raise MessageError(codec.name, op.key, f"length exceeds {op.count}", position, count, op.count)
    if op.measure is not None:
        measured = op.measure(data, begin, count)
        if measured is None:
            raise MessageError(codec.name, op.key, "field is cut off", begin, count, size - begin)
        width = measured
    if begin + width > size:
        raise MessageError(codec.name, op.key, "field is cut off", begin, width, size - begin)
    return begin + width
