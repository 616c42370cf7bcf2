"""Card numbers in any text, found and cut to first six and last four digits (PCI DSS 3.4). Knows no message, no log.

A card number has 12 to 19 digits (ISO/IEC 7812-1), of which the last is its check digit. It never begins with 0, for
no issuer has such a number, and never is one digit repeated: both are amounts, fillers and counters. Inside a longer
run of digits, where a number has no edge, it is only looked for with a beginning that payment cards have (`_ISSUERS`).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

# Airline cards of UATP (1) and petrol cards (7) are masked where they stand alone, and not looked for in longer runs.
_ISSUERS = re.compile(r"[2-6]|8[12]|9792")  # 2 to 6: the schemes; 81, 82: RuPay; 9792: Troy
_SIZES = range(13, 20)
# A fraction's digits are no card number; twelve digits are one only where nothing stands around them.
_ALONE = re.compile(r"(?<![0-9])(?<![0-9]\.)0*[0-9]{13,19}(?![0-9])|(?<![0-9A-Fa-f.\-])[0-9]{12}(?![0-9A-Fa-f])")
_GROUPED = re.compile(r"(?<![0-9])[0-9]{4}([ -])(?:[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}|[0-9]{6}\1[0-9]{4,5})(?![0-9])")
_LONG = re.compile(r"[0-9]{15,}")
_LENGTH = re.compile(r"(?=(1[3-9]))")
_CHAIN = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")
# A track: what stands behind its separator is the issuer's, whether or not the number has its check digit.
_TRACK = re.compile(
    r"(?<![0-9])([0-9]{12,}+)(?:([=D])([0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3,}|[0-9]+)[0-9=DF?]*|(\^)[^^]{2,26}\^[^\s?]*)"
)
_HEX = re.compile(r"(?<![0-9A-Za-z])[UTXYS]?(?:(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{16,}|[0-9]{32,})(?![0-9A-Za-z])")
_LEAST_TRACK = 7  # digits of expiry and service code
_DOUBLED = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
_Range = tuple[int, int]


def luhn_valid(digits: str) -> bool:
    """Whether `digits` ends in its own check digit (ISO/IEC 7812-1 annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """Whether `digits`, 0 to 9 only, can be a card number: see the module."""
    return 12 <= len(digits) <= 19 and digits[0] != "0" and len(set(digits)) > 1 and luhn_valid(digits)


def mask_text(text: str) -> str:
    """`text` without card numbers and tracks, alone or behind their length, and with long hex runs removed.

    For logs: numbers of other kinds stay readable.
    """
    text = _TRACK.sub(_mask_track, text)
    text = _hide(text, _alone(text))
    text = _hide(text, [found.span() for found in _GROUPED.finditer(text) if is_card_number(_bare(found[0]))])
    return _HEX.sub(_remove_hex, _hide(text, _behind_lengths(text)))


def mask_free(text: str) -> str:
    """As `mask_text`, for a field of which nobody says what is in it: hides whatever could be a card number, also
    between other digits, spaces and dashes. It rather hides too much."""
    text = _TRACK.sub(_mask_track, text)
    return mask_text(_hide(text, _anywhere(text)))


def _alone(text: str) -> Iterator[_Range]:
    """Runs of digits that are a card number, perhaps filled up with zeros in front."""
    for run in _ALONE.finditer(text):
        digits = run[0].lstrip("0")
        if is_card_number(digits):
            yield run.end() - len(digits), run.end()


def _mask_track(found: re.Match[str]) -> str:
    digits = found[1]
    hidden = _hide(digits, _anywhere(digits))
    if hidden == digits and is_card_number(digits.lstrip("0")):
        hidden = _hide(digits, [(0, len(digits))])
    if hidden == digits:
        if not found[4] and len(found[3]) < _LEAST_TRACK:
            return found[0]
        hidden = _hide(digits, [(0, len(digits))])
    return f"{hidden}{found[2] or found[4]}[removed]"


def _remove_hex(found: re.Match[str]) -> str:
    return found[0] if len(set(found[0])) == 1 else "[hex removed]"


def _behind_lengths(text: str) -> Iterator[_Range]:
    """The card numbers in longer runs of digits that stand behind their own length, as elements of a field do."""
    for run in _LONG.finditer(text):
        for length in _LENGTH.finditer(run[0]):
            begin = length.end(1)
            digits = run[0][begin : begin + int(length[1])]
            if len(digits) == int(length[1]) and _ISSUERS.match(digits) and is_card_number(digits):
                yield run.start() + begin, run.start() + begin + len(digits)


def _anywhere(text: str) -> list[_Range]:
    """Where between digits, single spaces and dashes a card number could lie; those that overlap are one."""
    found: list[_Range] = []
    for chain in _CHAIN.finditer(text):
        places = [at for at in range(chain.start(), chain.end()) if text[at].isdigit()]
        for first, last in _windows(_bare(chain[0])):
            begin, end = places[first], places[last - 1] + 1
            if found and begin < found[-1][1]:
                found[-1] = found[-1][0], max(found[-1][1], end)
            else:
                found.append((begin, end))
    return found


def _windows(digits: str) -> Iterator[_Range]:
    """Begin and end of all that could be a card number in a run of digits, in order of their begins."""
    # Check sums up to each place, with every even or every odd digit doubled: a window's is a difference of two.
    once, twice = [int(digit) for digit in digits], [_DOUBLED[digit] for digit in digits]
    even = list(
        accumulate((b if i % 2 == 0 else a for i, (a, b) in enumerate(zip(once, twice, strict=True))), initial=0)
    )
    odd = list(accumulate((b if i % 2 else a for i, (a, b) in enumerate(zip(once, twice, strict=True))), initial=0))
    length = len(digits)
    for begin in range(length - _SIZES[0] + 1):
        if not _ISSUERS.match(digits, begin):
            continue
        for end in range(begin + _SIZES[0], min(begin + _SIZES[-1], length) + 1):
            sums = odd if end % 2 else even  # the last digit is not doubled
            if (sums[end] - sums[begin]) % 10 == 0 and len(set(digits[begin:end])) > 1:
                yield begin, end


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _hide(text: str, ranges: Iterable[_Range]) -> str:
    """`text` with stars for the digits of each range but its first six and last four."""
    characters = list(text)
    for begin, end in list(ranges):
        digits = [at for at in range(begin, end) if text[at].isdigit()]
        for at in digits[6:-4]:
            characters[at] = "*"
    return "".join(characters)
