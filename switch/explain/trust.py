"""How far what was read of a message is what it is called, and where secrets may lie. It shows nothing."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from switch.explain.elements import announced
from switch.explain.hide import card_ranges
from switch.explain.score import Fit, version
from switch.message import Mti, View

# So many values that can be told right from wrong, and are right, are no chance.
_SURE = 3
_TELLING = ("2", "7", "12", "13", "14", "15", "16", "17", "18", "39", "49", "50", "51", "70", "73")
_NO_CARDS = "58"  # reconciliation and network management
# Bytes behind a message that are too few for a secret.
_TRAILER = 4


def vouched(read: Fit) -> frozenset[str]:
    """The fields that are surely what the codec calls them.

    All of a whole message whose values are of their classes, or are right more often than by chance; all of one that
    has no field for secrets and nothing like a card number. Before a fault, those up to the last right value.
    """
    view = read.view
    if view is None:
        return frozenset()
    fields = frozenset(view.fields)
    if (read.error is None and not read.wrong) or _harmless(read, view):
        return fields
    # A date of zeros says that there is none, and stands wherever bytes of zero are.
    right = [path for path, right in read.judged if right and path in _TELLING and view.get(path, "").strip("0")]
    wrong = {path for path, is_right in read.judged if not is_right}
    if len(right) < _SURE or len(right) <= len(wrong):
        return frozenset()
    if read.error is None:
        return fields
    return (
        frozenset(path for path in fields if int(path) <= int(right[-1])) - wrong
        if _gapless(view, right[-1])
        else frozenset()
    )


def is_odd(read: Fit) -> bool:
    """Whether a message is not read to its end, or has a type that is none."""
    return read.error is not None or read.view is None or bool(Mti(read.view.mti).reserved)


def may_be_secret(read: Fit, trusted: frozenset[str], begin: int) -> bool:
    """Whether a secret may lie in the bytes from `begin` on, where reading ended."""
    view, error = read.view, read.error
    if view is None or error is None:
        return True
    if error.path == "end":
        return len(view.data) - begin > _TRAILER
    fields, named = view.codec.spec.fields, announced(view)
    if error.path not in named or error.path not in fields:
        return True
    # Behind the last field that is vouched for, what lies where is not sure.
    last = max(trusted, key=int, default="")
    if not last and not _harmless(read, view):
        return True
    behind = named[named.index(last) + 1 if last in named else 0 :]
    return any(_masks(fields.get(key, {"mask": "remove"})) for key in behind)


def _harmless(read: Fit, view: View) -> bool:
    """Whether the message is of a kind that has no card data, surely enough, and has no field for any."""
    fields, named = view.codec.spec.fields, announced(view)
    known = Mti(view.mti)
    if known.reserved or view.mti[1] not in _NO_CARDS or view.mti[0] != version(view.codec):
        return False
    if read.wrong or not read.judged or not all(right for _, right in read.judged) or not _gapless(view, named[-1]):
        return False
    secret = any(_masks(fields.get(key, {"mask": "remove"})) for key in named)
    return not secret and not card_ranges(view.data)


def _gapless(view: View, last: str) -> bool:
    """Whether `view` has every field up to `last`: those of another class are left out of it."""
    places = [view.range("p"), *(view.range(key) for key in view.fields if int(key) <= int(last))]
    return all(before.end == after.start for before, after in pairwise(places))


def _masks(entry: Mapping[str, Any]) -> bool:
    return entry.get("mask", "show") != "show" or any(
        mask != "show" for mask in entry.get("sub", {}).get("mask", {}).values()
    )
