"""The records of a BASE II file as columns: 168 characters, what is not named here is spaces. No totals, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

RECORD = 168
FILE_HEADER, BATCH_TRAILER, FILE_TRAILER = "90", "91", "92"
DRAFTS = ("05", "06", "07")
REVERSAL_OF = {"05": "25", "06": "26", "07": "27"}
CREDITS = ("06", "26")


@dataclass(frozen=True, slots=True)
class Column:
    """Positions `first` to `last`, both counted from 1 and included; numeric ones are digits, filled with zeros."""

    name: str
    first: int
    last: int
    numeric: bool

    @property
    def width(self) -> int:
        return self.last - self.first + 1


Layout = tuple[Column, ...]


def _layout(table: str) -> Layout:
    columns = []
    for line in table.strip().splitlines():
        first, last, kind, name = line.split()
        columns.append(Column(name, int(first), int(last), kind == "n"))
    return tuple(columns)


_TCR0 = _layout("""
1 2 n transaction_code
3 3 n qualifier
4 4 n sequence
5 20 a account_number
21 23 a account_extension
27 49 n acquirer_reference_number
50 57 n acquirer_business_id
58 61 n purchase_date
62 73 n destination_amount
74 76 n destination_currency
77 88 n source_amount
89 91 n source_currency
92 116 a merchant_name
117 129 a merchant_city
130 132 a merchant_country
133 136 n merchant_category
147 147 n usage_code
148 149 n reason_code
150 150 n settlement_flag
151 151 a authorisation_characteristics
152 157 a authorisation_code
162 163 n pos_entry_mode
164 167 n central_processing_date
""")
_TCR1 = _layout("""
1 2 n transaction_code
3 3 n qualifier
4 4 n sequence
24 73 a member_message_text
81 95 a card_acceptor_id
96 103 a terminal_id
116 116 a moto_eci
158 166 n cashback
""")
_TCR5 = _layout("""
1 2 n transaction_code
3 3 n qualifier
4 4 n sequence
5 19 n transaction_id
20 31 n authorised_amount
32 34 n authorised_currency
35 36 a response_code
37 40 a validation_code
45 48 n clearing_sequence
""")
_HEADER = _layout("""
1 2 n transaction_code
3 8 n processing_bin
9 13 n processing_date
30 33 a test
63 70 a security_code
77 79 n file_id
""")
_TRAILER = _layout("""
1 2 n transaction_code
3 3 n qualifier
4 4 n sequence
5 10 n processing_bin
11 15 n processing_date
16 30 n destination_amount
31 42 n monetary_count
43 48 n batch_number
49 60 n record_count
67 74 a center_batch_id
75 83 n transaction_count
102 116 n source_amount
""")
_BY_SEQUENCE = {"0": _TCR0, "1": _TCR1, "5": _TCR5}


def layout_of(code: str, sequence: str) -> Layout | None:
    """The columns of a record by its positions 1-2 and 4; None for what this floor does not know."""
    if code == FILE_HEADER:
        return _HEADER
    if code in (BATCH_TRAILER, FILE_TRAILER):
        return _TRAILER if sequence == "0" else None
    if code in DRAFTS or code in REVERSAL_OF.values():
        return _BY_SEQUENCE.get(sequence)
    return None


def build(values: Mapping[str, str]) -> str:
    """The 168 characters of a record, its line feed not included.

    Columns without a value are zeros or spaces; raises ValueError naming a column whose value does not fit.
    """
    layout = layout_of(values["transaction_code"], values.get("sequence", "0"))
    assert layout is not None, "the writer knows its own records"
    line = [" "] * RECORD
    for column in layout:
        value = values.get(column.name, "")
        fits = len(value) <= column.width and value.isascii() and value.isprintable()
        if not fits or (column.numeric and value and not value.isdigit()):
            raise ValueError(column.name)
        filled = value.rjust(column.width, "0") if column.numeric else value.ljust(column.width)
        line[column.first - 1 : column.last] = filled
    return "".join(line)


def parse(text: str, layout: Layout) -> dict[str, str]:
    """The columns of a record, spaces at their ends stripped; raises ValueError naming the column that is no number."""
    values = {}
    for column in layout:
        value = text[column.first - 1 : column.last]
        if column.numeric and not (value.isascii() and value.isdigit()):
            raise ValueError(column.name)
        values[column.name] = value if column.numeric else value.rstrip()
    return values
