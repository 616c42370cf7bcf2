"""Strategies for what stands inside a field, one per kind: elements by name, as Codec.build_sub takes them."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from switch.testing.cards import Card
from switch.testing.values import plain_values

Elements = Mapping[str, object]
Inside = st.SearchStrategy[object]
# Elements of one structure; more are as good as these.
_MOST = 4
# Tags that every EMV kernel has, for BER-TLV whose spec lists none: bytes of their values.
_EMV = {"9F26": 8, "9F02": 6, "9A": 3, "95": 5, "82": 2, "9F36": 2, "9F27": 1, "9F37": 4}


def elements(sub: Mapping[str, Any], around: Mapping[str, Any], card: Card | None) -> st.SearchStrategy[Elements]:
    """What may stand in the structure `sub` of the field or element `around`."""
    return _KINDS[sub["kind"]](sub, around, card)


def _inside(name: str, entry: Mapping[str, Any], card: Card | None) -> Inside:
    """The value of one element, or what is inside it."""
    if "sub" in entry:
        return elements(entry["sub"], entry, card)
    return plain_values(name, entry, card, field=False)


def _positional(sub: Mapping[str, Any], _around: Mapping[str, Any], card: Card | None) -> st.SearchStrategy[Elements]:
    parts = {name: _without(_inside(name, part, card), part) for name, part in sub["parts"].items()}
    one = st.fixed_dictionaries(parts)
    if "repeat" not in sub:
        return one
    rounds = st.lists(one, min_size=1, max_size=min(sub["repeat"], _MOST))
    return rounds.map(lambda found: {str(number): inner for number, inner in enumerate(found, 1)})


def _without(strategy: Inside, part: Mapping[str, Any]) -> Inside:
    """Values that do not hold the text that ends them."""
    until = part.get("until")
    return strategy.filter(lambda value: not isinstance(value, str) or until not in value) if until else strategy


def _tlv(sub: Mapping[str, Any], around: Mapping[str, Any], card: Card | None) -> st.SearchStrategy[Elements]:
    encoding = sub.get("tag_enc", around["data_enc"])
    most = _most_said(sub, around)
    return _tagged(sub, around, card, _free_tags(encoding, sub["tag"]), most)


def _dataset(sub: Mapping[str, Any], around: Mapping[str, Any], card: Card | None) -> st.SearchStrategy[Elements]:
    width = sub.get("id", 1)
    return _tagged(sub, {**around, "data_enc": "b"}, card, _hex_tags(width), 60)


def _tagged(
    sub: Mapping[str, Any], around: Mapping[str, Any], card: Card | None, free: st.SearchStrategy[str], most: int
) -> st.SearchStrategy[Elements]:
    parts = dict(sub.get("parts", {}))
    others = parts.pop("*", {"data_enc": around["data_enc"]})
    head = parts.pop("0", {"data_enc": around["data_enc"], "max_len": sub["head"]}) if sub.get("head") else None
    others = {**others, "len_type": 1, "max_len": min(others.get("max_len", most), most, 40)}
    values = {name: _inside(name, part, card) for name, part in parts.items()}
    unlisted = st.dictionaries(free.filter(lambda tag: tag not in values), _inside("", others, card), max_size=2)
    made = _some(values, unlisted)
    if head is None:
        return made
    return st.builds(lambda first, rest: {"0": first, **rest}, _inside("0", head, card), made)


def _some(values: Mapping[str, Inside], unlisted: st.SearchStrategy[Elements]) -> st.SearchStrategy[Elements]:
    """A few of the elements that are known, and others; never none at all, which is no structure."""

    @st.composite
    def draw(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Elements:
        names = draw(st.lists(st.sampled_from(list(values)), unique=True, max_size=_MOST)) if values else []
        found = {name: draw(values[name]) for name in names}
        return {**found, **draw(unlisted)}

    return draw().filter(bool)


def _bertlv(sub: Mapping[str, Any], _around: Mapping[str, Any], card: Card | None) -> st.SearchStrategy[Elements]:
    parts = sub.get("parts") or {tag: {"data_enc": "b", "max_len": size} for tag, size in _EMV.items()}
    values = {tag: _inside(tag, _bounded(part), card) for tag, part in parts.items() if tag != "*"}
    unlisted = st.dictionaries(st.sampled_from(("DF8101", "DF02", "9F7C")), _bytes(8), max_size=1)
    return _some(values, unlisted)


def _bitmap(sub: Mapping[str, Any], around: Mapping[str, Any], card: Card | None) -> st.SearchStrategy[Elements]:
    parts = dict(sub["parts"])
    head = parts.pop("0", {"data_enc": around["data_enc"], "max_len": sub["head"]}) if sub.get("head") else None
    made = _some({name: _inside(name, part, card) for name, part in parts.items()}, st.just({}))
    if head is None:
        return made
    return st.builds(lambda first, rest: {"0": first, **rest}, _inside("0", head, card), made)


def _bounded(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return part if "max_len" in part or "sub" in part else {**part, "max_len": 8, "len_type": 1}


def _most_said(sub: Mapping[str, Any], around: Mapping[str, Any]) -> int:
    """The longest value that the length of an element can say."""
    encoding = sub.get("len_enc", around["data_enc"])
    base: int = {"b": 256, "bcd": 100, "hex": 16}.get(encoding, 10)
    tag, length = int(sub["tag"]), int(sub["len"])
    return int(base**length) - 1 - tag - length


def _free_tags(encoding: str, width: int) -> st.SearchStrategy[str]:
    if encoding in ("b", "hex"):
        return _hex_tags(width if encoding == "b" else width // 2 or 1)
    if encoding == "text":
        return st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=width, max_size=width)
    return st.integers(1, 10 ** (2 * width if encoding == "bcd" else width) - 1).map(str)


def _hex_tags(width: int) -> st.SearchStrategy[str]:
    return st.integers(1, 256**width - 1).map(lambda number: f"{number:0{2 * width}X}")


def _bytes(most: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=1, max_size=most).map(lambda raw: raw.hex().upper())


_KINDS: dict[str, Callable[..., st.SearchStrategy[Elements]]] = {
    "positional": _positional,
    "tlv": _tlv,
    "dataset": _dataset,
    "bertlv": _bertlv,
    "bitmap": _bitmap,
}
