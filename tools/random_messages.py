"""Random messages that fit a spec, down to the elements inside fields: what fuzzing and mutation begin with."""

from collections.abc import Mapping
from random import Random
from typing import Any

from switch.message import Codec, MessageError

_DIGITS, _LETTERS, _HEX = "0123456789", "ABCDEFGHXYZabc ", "0123456789ABCDEF"
_ALPHABETS = {"n": _DIGITS, "x+n": _DIGITS, "a": _LETTERS, "an": _LETTERS + _DIGITS, "anp": _LETTERS + _DIGITS}
_ALPHABETS |= {"b": _HEX, "as": _LETTERS + ".,-/", "ns": _DIGITS + ".,-/"}
_UNLISTED = {"tlv": "7", "bertlv": "DF8129", "dataset": "7A"}
# Long fields are not more interesting than middling ones, and take longer.
_LONGEST = 24


def random_message(codec: Codec, random: Random) -> bytes:
    """A message of some of the fields of the codec's spec."""
    fields = {"t": random.choice(("0100", "0110", "0200", "0400", "0800"))}
    if codec.header is not None:
        fields["h"] = random_value(codec.spec.fields["h"], random)
    chosen = random.sample(sorted(codec.ops, key=int), min(len(codec.ops), random.randint(1, 24)))
    for key in chosen:
        fields[key] = _field(codec, key, random)
    return codec.encode(fields)


def _field(codec: Codec, key: str, random: Random) -> str:
    entry = codec.spec.fields[key]
    if "sub" in entry and random.random() < 0.8:
        try:
            return codec.build_sub(key, random_elements(entry["sub"], random))
        except MessageError:
            # Not every choice of elements fits into its field.
            pass
    return random_value(entry, random)


def random_elements(sub: Mapping[str, Any], random: Random) -> dict[str, object]:
    """Some elements of a structure as Codec.build_sub takes them, in the order of the spec."""
    if "repeat" in sub:
        inner = {**sub}
        del inner["repeat"]
        return {str(number): random_elements(inner, random) for number in range(1, random.randint(2, 4))}
    names = [name for name in sub.get("parts", {}) if name != "*"]
    chosen = set(random.sample(names, random.randint(0, min(len(names), 5))))
    found = {name: _element(sub["parts"][name], random) for name in names if name in chosen}
    if sub["kind"] in _UNLISTED and random.random() < 0.3:
        found[_UNLISTED[sub["kind"]]] = "AABB"
    return found


def _element(entry: Mapping[str, Any], random: Random) -> object:
    return random_elements(entry["sub"], random) if "sub" in entry else random_value(entry, random)


def random_value(entry: Mapping[str, Any], random: Random) -> str:
    """A value of the class and length of a field or part."""
    most = entry.get("max_len", 6)
    variable = entry.get("len_type") or {"until", "rest", "tagged"} & entry.keys() or "max_len" not in entry
    size = random.randint(min(1, most), min(most, _LONGEST)) if variable else most
    kind = entry.get("class", "").partition(".")[0].rstrip("0123456789 ")
    if entry["data_enc"] == "b" and entry.get("len_count") != "nibbles":
        return "".join(random.choices(_DIGITS if kind == "n" else _HEX, k=2 * size))
    if kind == "z":
        return "".join(random.choices(_DIGITS, k=max(size - 1, 0))) + "D"
    if kind == "x+n":
        return random.choice("CD") + "".join(random.choices(_DIGITS, k=max(size - 1, 0)))
    default = _HEX if entry["data_enc"] == "b" else _LETTERS + _DIGITS
    return "".join(random.choices(_ALPHABETS.get(kind, default), k=size))
