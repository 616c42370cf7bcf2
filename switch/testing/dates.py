"""Which elements hold dates and times, and strategies for real ones. Knows no wire form."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

_FORMS = {"YYMM": "%y%m", "MMDD": "%m%d", "YYMMDD": "%y%m%d", "CCYYMMDD": "%Y%m%d", "hhmmss": "%H%M%S"}
_FORMS |= {"MMDDhhmmss": "%m%d%H%M%S", "YYMMDDhhmmss": "%y%m%d%H%M%S", "CCYYMMDDhhmmss": "%Y%m%d%H%M%S"}
_BY_DIGITS = {4: "MMDD", 6: "YYMMDD", 8: "CCYYMMDD", 10: "MMDDhhmmss", 12: "YYMMDDhhmmss", 14: "CCYYMMDDhhmmss"}
# The fields of ISO 8583 that are dates in every version; EMV's tags.
_FIELDS = frozenset(("7", "12", "13", "14", "15", "16", "17", "73"))
_TAGS = {"9A": "YYMMDD", "5F24": "YYMMDD", "5F25": "YYMMDD", "9F21": "hhmmss"}
_FIRST, _LAST = dt.datetime(2026, 1, 1), dt.datetime(2035, 12, 31, 23, 59, 59)


def date_form(name: str, entry: Mapping[str, Any], digits: int, *, field: bool) -> str:
    """The form of the date that a field ("7") or an EMV tag ("9A") of so many digits holds; "" when it holds none."""
    if not field:
        return _TAGS.get(name, "")
    if name not in _FIELDS:
        return ""
    words = str(entry.get("desc", "")).lower()
    if digits == 6 and name == "12":
        return "hhmmss"
    if digits == 4 and (name == "14" or re.search(r"expir|effective", words)):
        return "YYMM"
    return _BY_DIGITS.get(digits, "")


def dates(form: str) -> st.SearchStrategy[str]:
    """Days and times that exist, from 2026 to 2035; shrink to 1 January 2026."""
    return st.datetimes(_FIRST, _LAST).map(lambda moment: moment.strftime(_FORMS[form]))
