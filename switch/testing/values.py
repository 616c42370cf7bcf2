"""Strategies for one value of a spec's entry: its class, length and encoding. Knows nothing of what is inside."""

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from switch.testing.cards import Card, pans, track1, track2
from switch.testing.dates import date_form, dates

_CLASS = re.compile(r"(x\+n|[a-z]+) ?([0-9]*)(\.\.)?([0-9]*)")
_DIGITS, _LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKS = " .,-/'&"
_ALPHABETS = {
    "n": _DIGITS,
    "a": _LETTERS,
    "an": _DIGITS + _LETTERS,
    "anp": _DIGITS + _LETTERS + " ",
    "ans": _DIGITS + _LETTERS + _LETTERS.lower() + _MARKS,
    "as": _LETTERS + _MARKS,
    "ns": _DIGITS + _MARKS,
}
# Codes that mean something, where a spec does not list them: currencies, countries, network management.
_CODES = {"49": ("978", "840", "826"), "50": ("978", "840"), "51": ("978", "840"), "19": ("250", "276", "840")}
_CODES |= {"70": ("301", "001", "002"), "3": ("000000", "010000", "310000"), "22": ("012", "051", "901")}
# Values longer than this are as good as these.
LONGEST = 2000
_SHORT = 24


def sizes(entry: Mapping[str, Any], kind: str) -> tuple[int, int]:
    """The fewest and the most characters of the value, by the entry's length and its class."""
    most = entry.get("max_len", LONGEST)
    text = entry["data_enc"] != "b"
    if entry.get("len_count") == "nibbles":
        most = most // 2 if text else most
    elif not text:
        most *= 2
    fixed = "max_len" in entry and not entry.get("len_type") and not {"until", "rest"} & entry.keys()
    least = most if fixed else min(1, most)
    found = _CLASS.fullmatch(entry.get("class", kind))
    if found and found[4 if found[3] else 2]:
        upper = int(found[4] or found[2]) * (2 if kind == "b" else 1) + (kind == "x+n")
        lower = int(found[2] or 0) * (2 if kind == "b" else 1) + (kind == "x+n") * bool(found[2])
        if not fixed:
            least, most = max(least, lower), max(1, min(most, upper))
    return least, min(most, max(LONGEST, least))


def kind_of(entry: Mapping[str, Any]) -> str:
    """The class without its length."""
    found = _CLASS.fullmatch(entry.get("class", ""))
    return found[1] if found else "b" if entry["data_enc"] == "b" else "ans"


def plain_values(name: str, entry: Mapping[str, Any], card: Card | None, *, field: bool) -> st.SearchStrategy[str]:
    """Values of one entry that is not taken apart: field ("35") or element ("9F02"); `card` is whose message it is."""
    kind = kind_of(entry)
    least, most = sizes(entry, kind)
    if entry.get("mask") == "pan" and kind == "n" and most >= 12:
        return st.just(card.pan) if card and len(card.pan) <= most else pans(most)
    if entry.get("mask") == "track" and card:
        return _tracks(entry, kind, card, most)
    form = date_form(name, entry, most, field=field) if least == most or kind == "n" else ""
    if form:
        return st.just(card.expiry) if field and name == "14" and card and most == 4 else dates(form)
    known = _known(name, entry, least, most, field=field)
    return known if known is not None else characters(entry, kind, least, most)


def characters(entry: Mapping[str, Any], kind: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Text of a class, mostly short where the length is free."""
    if kind == "z":
        return _sized("0123456789", max(least, 1), most)
    if entry["data_enc"] == "b" and kind not in ("n", "b", "x+n"):
        kind = "b"
    if kind == "b":
        return _hexadecimal(entry, least, most)
    if entry["data_enc"] == "b" and entry.get("len_count") != "nibbles":
        return _sized(_DIGITS, least // 2, most // 2).map(lambda text: (text + text)[: 2 * len(text)])
    if kind == "x+n":
        return st.builds(str.__add__, st.sampled_from("CD"), _sized(_DIGITS, max(0, least - 1), most - 1))
    return _sized(_written_in(entry["data_enc"], _ALPHABETS[kind]), least, most)


def _hexadecimal(entry: Mapping[str, Any], least: int, most: int) -> st.SearchStrategy[str]:
    if entry["data_enc"] == "b" and entry.get("len_count") == "nibbles":
        return _sized(_DIGITS, least, most)
    return _sized("0123456789ABCDEF", -(-least // 2) * 2, most // 2 * 2).map(lambda text: text[: len(text) // 2 * 2])


def _sized(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    most = max(least, most)
    if least == most or most <= _SHORT:
        return st.text(alphabet, min_size=least, max_size=most)
    return st.one_of(
        st.text(alphabet, min_size=least, max_size=max(least, _SHORT)),
        st.text(alphabet, min_size=least, max_size=most),
    )


def _written_in(encoding: str, alphabet: str) -> str:
    if encoding == "b":
        return alphabet
    return "".join(char for char in alphabet if char.encode(encoding, "ignore"))


def _tracks(entry: Mapping[str, Any], kind: str, card: Card, most: int) -> st.SearchStrategy[str]:
    whole = track1(card, "") if kind != "z" else track2(card, "=", "")
    rest = st.text(_DIGITS, max_size=max(0, min(8, most - len(whole))))
    if kind != "z":
        return rest.map(lambda digits: track1(card, digits)[:most])
    separator = "D" if entry["data_enc"] == "b" else "="
    return rest.map(lambda digits: track2(card, separator, digits)[:most])


def _known(name: str, entry: Mapping[str, Any], least: int, most: int, *, field: bool) -> st.SearchStrategy[str] | None:
    listed = entry.get("values")
    codes = tuple(listed) if isinstance(listed, Mapping) else _CODES.get(name, ()) if field else ()
    fitting = [code for code in codes if least <= len(code) <= most]
    return st.sampled_from(fitting) if fitting else None
