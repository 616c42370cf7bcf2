"""The BIN table beside a scan of all its ranges, and what its file may and may not say."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switch.engine.binfile import parse_bin_table
from switch.engine.bins import Route, RoutingError
from switch.resources import read_text

# Few different digits, so that ranges overlap, nest and meet end to end.
_DIGITS = st.text("019", min_size=1, max_size=5)


@st.composite
def _ranges(draw):
    low = draw(_DIGITS)
    if draw(st.booleans()):
        return low, low
    high = draw(st.text("019", min_size=len(low), max_size=len(low)))
    return min(low, high), max(low, high)


def _span(entry):
    low, high = entry
    return int(low.ljust(19, "0")), int(high.ljust(19, "9"))


def _width(entry):
    low, high = _span(entry)
    return high - low


def _ambiguous(ranges):
    return any(
        _width(one) == _width(other) and _span(one)[0] <= _span(other)[1] and _span(other)[0] <= _span(one)[1]
        for one, other in itertools.combinations(ranges, 2)
    )


def _line(number, entry, form):
    low, high = entry
    if form == "prefix" and low == high:
        return f"{low},,,net,host{number}"
    return f",{low},{high},net,host{number}"


def _scan(ranges, pan):
    """The position of the narrowest range that has `pan`, None when none has."""
    number = int(pan.ljust(19, "0"))
    found = [(_width(entry), position) for position, entry in enumerate(ranges) if _holds(entry, number)]
    return min(found)[1] if found else None


def _holds(entry, number):
    low, high = _span(entry)
    return low <= number <= high


@given(st.lists(_ranges(), min_size=1, max_size=12), st.sampled_from(["prefix", "range"]), st.randoms())
@example([("0", "9")], "range", None)
@example([("00", "01"), ("01", "09"), ("010", "011")], "range", None)
def test_it_finds_what_a_scan_of_all_ranges_finds(ranges, form, random):
    lines = ["prefix,range_low,range_high,network,host"]
    lines += [_line(number, entry, form) for number, entry in enumerate(ranges)]
    if _ambiguous(ranges):
        with pytest.raises(RoutingError, match=r"^bins:\d+: expected a range wider or narrower"):
            parse_bin_table(lines, "bins")
        return
    table = parse_bin_table(lines, "bins")
    assert len(table) == len(ranges)
    edges = {text for entry in ranges for text in entry}
    pans = {edge.ljust(length, digit) for edge in edges for length in (12, 16, 19) for digit in "019"}
    pans |= {f"{max(0, _span(entry)[0] - 1):019d}" for entry in ranges}
    pans |= {f"{min(10**19 - 1, _span(entry)[1] + 1):019d}" for entry in ranges}
    for pan in pans:
        expected = _scan(ranges, pan)
        route = table.route(pan)
        assert route == (None if expected is None else Route("net", f"host{expected}"))
        assert table.line(pan) == (0 if expected is None else expected + 2)


def test_blocks_of_equal_rows_are_read_as_single_rows_are():
    lines = [f"{number:06d},net{number % 3},host" for number in range(400_000, 403_000)]
    plain = parse_bin_table(lines, "bins")
    broken_up = parse_bin_table([text for line in lines for text in (line, "# a remark", "")], "bins")
    for number in range(399_990, 403_010):
        pan = f"{number}0000000000"
        assert plain.route(pan) == broken_up.route(pan)
        assert broken_up.line(pan) == (3 * plain.line(pan) - 2 if plain.line(pan) else 0)
    assert plain.route("4010020000000000") == Route("net1", "host") and plain.line("4010020000000000") == 1003


def test_marks_in_a_large_table_change_nothing(monkeypatch):
    lines = [f"{number:05d},n,h{number}" for number in range(0, 100_000, 7)]
    monkeypatch.setattr("switch.engine.bins._MARKED", 100)
    marked = parse_bin_table(lines, "bins")
    for number in range(0, 100_000, 3):
        route = marked.route(f"{number:05d}99999999999")
        assert (route.host if route else None) == (f"h{number}" if number % 7 == 0 else None)
    assert marked.route("9" * 19) is None and marked.route("0" * 12).host == "h0"


@pytest.mark.parametrize("pan", ["", "4x", "4²", "4" * 20, " 4", "4_1"])
def test_what_is_no_card_number_has_no_route(pan):
    assert parse_bin_table(["4,visa,visa"], "bins").route(pan) is None


def test_leading_zeros_stand():
    table = parse_bin_table(["0012,a,a", "12,b,b"], "bins")
    assert table.route("0012000000000000").host == "a"
    assert table.route("1200000000000000").host == "b"
    assert table.route("0120000000000000") is None


def test_ranges_of_19_digits_and_short_card_numbers():
    lines = ["range_low,range_high,network,host", "4000000000000000000,4000000000000000009,n,h"]
    table = parse_bin_table(lines, "bins")
    assert table.route("4000000000000000009").host == "h"
    assert table.route("4000000000000000010") is None
    assert table.route("400000000000") == table.route("4000000000000000000")


def test_what_a_range_says_of_its_cards():
    lines = ["prefix,network,host,country,product,funding,name", '4,visa,visa,DE,gold,debit,"Bank, a big one"']
    assert parse_bin_table(lines, "bins").route("4" * 16) == Route("visa", "visa", "276", "gold", "debit")


def test_the_lines_that_more_digits_could_choose():
    table = parse_bin_table(["4,a,a", "41,b,b", "4111,c,c", "5,d,d"], "bins")
    assert table.lines_within("41") == {2, 3} and table.lines_within("6") == set()


def test_the_shipped_table_is_read():
    table = parse_bin_table(read_text("fixtures", "bins.csv").splitlines(), "bins.csv")
    assert table.hosts == {"visa", "mastercard", "issuer-a"}
    assert table.route("4999999912300000").host == "visa"
    assert table.route("4999999900000000").host == "mastercard"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "bins: expected at least one prefix"),
        ("prefix,network,host", "bins: expected at least one prefix"),
        ("4,visa", "bins:1: expected prefix,network,host"),
        ("4,a,a\n5,visa,", "bins:2: column host: expected a name"),
        ("4,a,a\n#\n\n4x,visa,visa", "bins:4: column prefix: expected 1 to 11 digits"),
        ("4,a,a\n123456789012,visa,visa", "bins:2: column prefix: expected 1 to 11 digits"),
        ("4,a,a\n٤,visa,visa", "bins:2: column prefix: expected 1 to 11 digits"),
        ("4,a,a\n5,a,a\n4,b,b", "bins:3: expected a range wider or narrower than the one in line 1"),
        ("prefix,colour,network,host", "bins:1: column colour: expected each at most once of prefix,"),
        ("prefix,prefix,network,host", "bins:1: column prefix: expected each at most once"),
        ("prefix,host", "bins:1: expected the columns network, host and prefix"),
        ("range_low,network,host", "bins:1: expected the columns network, host and prefix, or range_low"),
        ("range_low,range_high,network,host\n40,5,a,a", "bins:2: column range_high: expected as many digits"),
        ("range_low,range_high,network,host\n50,40,a,a", "bins:2: column range_high: expected no less"),
        ("range_low,range_high,network,host\n50,,a,a", "bins:2: column range_high: expected 1 to 19 digits"),
        ("range_low,range_high,network,host\n,,a,a", "bins:2: column range_low: expected 1 to 19 digits"),
        ("prefix,range_low,range_high,network,host\n4,5,5,a,a", "bins:2: column prefix: expected either a prefix"),
        ("prefix,network,host,country\n4,a,a,XX", "bins:2: column country: expected an ISO 3166-1 code"),
        ('4,a,a\n5,a,"a\n6,a,a"', "bins:2: expected quotes to be closed on their line"),
        ('4,a,a\n5,a,"a"b', "bins:2: expected CSV"),
        ("4,a,a\n5,a,a\n6,a,a\n7,a,a", "bins:4: expected at most 3 ranges"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_column(text, message):
    with pytest.raises(RoutingError) as caught:
        parse_bin_table(text.splitlines(keepends=True), "bins", limit=3)
    assert str(caught.value).startswith(message)
