"""All fields of a message at once: values are slices of a few texts made of the whole message."""

from typing import TYPE_CHECKING

from switch.message.slicing import FIXED, NIBBLES, PADDED, VARIABLE, Slicing, make_slicing, source_text

if TYPE_CHECKING:
    from switch.message.view import View


def decode_all(view: "View") -> dict[str, str]:
    """The fields with pyiso8583's keys. Raises MessageError when one has bytes that are none of its encoding."""
    plan, marks, data = view.plan, view.marks, view.data
    slicing = _slicing(view)
    result = slicing.blank.copy()
    result["t"] = view.mti
    if view.codec.header is not None:
        result["h"] = view["h"]
    try:
        texts = [source_text(name, data) for name in slicing.sources]
    except UnicodeError:
        # A byte that is none of one encoding may stand in a field of another.
        return result | {key: view[key] for key in plan.fields}
    for kind, source, times, mark, begin, end, key, run, op in slicing.slices:
        at = marks[mark]
        if kind == FIXED:
            text, base = texts[source], times * at
            for each, first, last in run:
                result[each] = text[base + first : base + last]
        elif kind == VARIABLE:
            result[key] = texts[source][times * at + begin : times * marks[mark + 1]]
        elif kind == PADDED and texts[source][2 * at + begin] == "0":
            result[key] = texts[source][2 * at + begin + 1 : 2 * at + end]
        elif kind == NIBBLES and not (op.length(data[at + begin - end : at + begin]) or 0) & 1:
            result[key] = texts[source][2 * (at + begin) : 2 * marks[mark + 1]]
        else:
            result[key] = view[key]
    if not (data.isascii() or all(map(str.isascii, map(result.__getitem__, slicing.ascii)))):
        raise view.unreadable(next(key for key in slicing.ascii if not result[key].isascii()))
    return result


def _slicing(view: "View") -> Slicing:
    plan = view.plan
    if plan.slicing is None:
        plan.slicing = make_slicing(plan.places, plan.texts, view.codec.header is not None)
    return plan.slicing
