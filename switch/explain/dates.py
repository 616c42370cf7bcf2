"""Dates and times of message fields in words, and whether they can be. Knows no clock: no year is guessed."""

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Field and number of digits -> the form of its value. ISO 8583:1987 and :1993, table of data elements.
_FORMS = {
    ("7", 10): "MDhms",
    ("12", 6): "hms",
    ("12", 10): "MDhms",
    ("12", 12): "YMDhms",
    ("12", 14): "CYMDhms",
    ("13", 4): "MD",
    ("14", 4): "YM",
    ("15", 4): "MD",
    ("15", 6): "YMD",
    ("15", 8): "CYMD",
    ("16", 4): "MD",
    ("17", 4): "MD",
    ("28", 6): "YMD",
    ("73", 6): "YMD",
}
# Tags of EMV 4.3 book 3, annex A.
_TAGS = {"9A": "YMD", "5F24": "YMD", "5F25": "YMD", "9F21": "hms"}
_UTC = ("7",)


def form_of(path: str, value: str, mti: str) -> str:
    """The form of the date or time at `path`, "" when that field holds none."""
    if path == "13" and mti[:1] not in ("0", ""):
        return "YM" if len(value) == 4 else ""
    if path == "28" and mti[:1] in ("0", ""):
        return ""
    return _FORMS.get((path, len(value)), "")


def tag_form(tag: str) -> str:
    """The form of an EMV tag that holds a date or time, else ""."""
    return _TAGS.get(tag, "")


def split(form: str, value: str) -> dict[str, int] | None:
    """The numbers in `value`; None when a date or time of this form cannot have them."""
    if not (value.isascii() and value.isdigit()) or len(value) != 2 * len(form):
        return None
    found = {unit: int(value[2 * index : 2 * index + 2]) for index, unit in enumerate(form)}
    month, day = found.get("M", 1), found.get("D", 1)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
        return None
    fits = found.get("h", 0) < 24 and found.get("m", 0) < 60 and found.get("s", 0) < 60
    return found if fits else None


def in_words(form: str, value: str, path: str = "") -> str:
    """ "06-11 19:10:24 UTC", "20:30 ..."; says so when it is no date."""
    if value and not value.strip("0") and form != "hms":
        return "none given"
    found = split(form, value)
    if found is None:
        return "no such date or time"
    date = "-".join(f"{found[unit]:02d}" for unit in "YMD" if unit in found)
    date = f"{found['C']:02d}{date}" if "C" in found else f"20{date}" if "Y" in found else date
    time = ":".join(f"{found[unit]:02d}" for unit in "hms" if unit in found)
    return " ".join(part for part in (date, time, "UTC" if path in _UTC else "") if part)
