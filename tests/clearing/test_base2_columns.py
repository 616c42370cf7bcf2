"""BASE II files cut by a table of columns that is written here a second time, from the reference."""

import pytest

from switch.clearing import ClearingSettings, FileRules, file_totals, read_base2

# Record: {name: (first, last)}, 1-based and inclusive, as /work/shared/reference/clearing.md lists them.
TCR0 = {
    "pan": (5, 20), "extension": (21, 23), "arn": (27, 49), "business id": (50, 57), "purchase date": (58, 61),
    "destination amount": (62, 73), "destination currency": (74, 76), "source amount": (77, 88),
    "source currency": (89, 91), "merchant": (92, 116), "city": (117, 129), "country": (130, 132), "mcc": (133, 136),
    "usage": (147, 147), "reason": (148, 149), "settlement flag": (150, 150), "auth code": (152, 157),
    "entry mode": (162, 163), "processing date": (164, 167),
}  # fmt: skip
TCR1 = {"text": (24, 73), "acceptor": (81, 95), "terminal": (96, 103), "moto/eci": (116, 116), "cashback": (158, 166)}
TCR5 = {
    "transaction id": (5, 19), "amount": (20, 31), "currency": (32, 34), "response": (35, 36), "validation": (37, 40),
    "clearing sequence": (45, 48),
}  # fmt: skip
HEADER = {"bin": (3, 8), "date": (9, 13), "test": (30, 33), "security code": (63, 70), "file id": (77, 79)}
TRAILER = {
    "bin": (5, 10), "date": (11, 15), "destination amount": (16, 30), "monetary": (31, 42), "batch": (43, 48),
    "tcrs": (49, 60), "center batch": (67, 74), "transactions": (75, 83), "source amount": (102, 116),
}  # fmt: skip


def lines_of(path):
    data = path.read_bytes()
    assert len(data) % 169 == 0
    lines = [data[start : start + 169] for start in range(0, len(data), 169)]
    assert all(line[168:] == b"\n" and b"\n" not in line[:168] for line in lines)
    return [line[:168].decode("ascii") for line in lines]


def cut(line, table):
    return {name: line[first - 1 : last] for name, (first, last) in table.items()}


def blank_outside(line, table, begin=4):
    """Nothing stands where no column is."""
    covered = {position for first, last in table.values() for position in range(first - 1, last)}
    return not "".join(
        char for position, char in enumerate(line) if position not in covered and position >= begin
    ).strip()


def test_each_column_of_a_sale_stands_where_the_reference_says(book, clear):
    txn = book.sale("visa", amount=1234, eci="07")
    header, tcr0, tcr1, tcr5, tc91, tc92 = lines_of(clear()["visa"].path)

    assert header[:2] == "90"
    assert cut(header, HEADER) == {
        "bin": "400001", "date": "30328", "test": "TEST", "security code": " " * 8, "file id": "001",
    }  # fmt: skip
    assert (tcr0[:4], tcr1[:4], tcr5[:4], tc91[:4], tc92[:4]) == ("0500", "0501", "0505", "9100", "9200")
    assert cut(tcr0, TCR0) == {
        "pan": txn.pan, "extension": "000", "arn": "24000010328000000000012", "business id": "00400001",
        "purchase date": "1123", "destination amount": "000000001234", "destination currency": "978",
        "source amount": "000000001234", "source currency": "978", "merchant": "CORNER SHOP".ljust(25),
        "city": "HAMBURG".ljust(13), "country": "DE ", "mcc": "5411", "usage": "1", "reason": "00",
        "settlement flag": "9", "auth code": "A1B2C3", "entry mode": "05", "processing date": "0328",
    }  # fmt: skip
    assert cut(tcr1, TCR1) == {
        "text": " " * 50, "acceptor": "MERCHANT0000001", "terminal": "TERM0001", "moto/eci": "7",
        "cashback": "0" * 9,
    }  # fmt: skip
    assert cut(tcr5, TCR5) == {
        "transaction id": "301234567890123", "amount": "000000001234", "currency": "978", "response": "00",
        "validation": "A1B2", "clearing sequence": "0000",
    }  # fmt: skip
    trailer = {
        "bin": "400001", "date": "30328", "destination amount": f"{1234:015}", "monetary": f"{1:012}",
        "batch": "000001", "tcrs": f"{4:012}", "center batch": "00000001", "transactions": f"{2:09}",
        "source amount": f"{1234:015}",
    }  # fmt: skip
    assert cut(tc91, TRAILER) == trailer
    assert cut(tc92, TRAILER) == trailer | {"tcrs": f"{5:012}", "transactions": f"{3:09}"}


def test_position_151_is_the_only_thing_outside_the_columns_of_the_reference(book, clear):
    book.sale("visa")
    header, tcr0, tcr1, tcr5, tc91, tc92 = lines_of(clear()["visa"].path)
    assert tcr0[150] == "A"
    assert blank_outside(tcr0, TCR0 | {"aci": (151, 151)})
    assert blank_outside(tcr1, TCR1)
    assert blank_outside(tcr5, TCR5)
    assert blank_outside(header, HEADER)
    assert blank_outside(tc91, TRAILER)
    assert blank_outside(tc92, TRAILER)


def test_sales_credits_and_cash_have_their_codes_and_so_have_their_reversals(book, clear):
    txns = [book.sale("visa"), book.refund("visa"), book.cash("visa")]
    codes = [line[:2] for line in lines_of(clear()["visa"].path) if line[3] == "0"]
    assert codes == ["90", "05", "06", "07", "91", "92"]
    for txn in txns:
        book.take_back(txn)
    lines = lines_of(clear()["visa"].path)
    assert [line[:2] for line in lines[1:-2]] == ["25"] * 3 + ["26"] * 3 + ["27"] * 3
    assert [line[3] for line in lines[1:-2]] == ["0", "1", "5"] * 3


def test_without_references_of_the_network_there_is_no_tcr5(book, clear):
    book.end(book.transaction("visa"), references={})
    lines = lines_of(clear()["visa"].path)
    assert [line[:4] for line in lines[1:-2]] == ["0500", "0501"]


def test_a_card_number_of_19_digits_goes_on_in_the_extension(book, clear):
    txn = book.sale("visa", pan="4000000000000000121")
    path = clear()["visa"].path
    assert cut(lines_of(path)[1], TCR0)["extension"] == "121"
    assert [record.pan for record in read_base2(path) if record.sequence == "0" and record.pan] == [txn.pan]


def test_a_card_number_of_13_digits_is_followed_by_spaces(book, clear):
    book.sale("visa", pan="4222222222222")
    assert cut(lines_of(clear()["visa"].path)[1], TCR0)["pan"] == "4222222222222   "


@pytest.mark.parametrize("count", [True, False])
@pytest.mark.parametrize("net", [True, False])
def test_trailers_count_and_add_up_as_the_rules_say(book, clear, count, net):
    taken = [book.sale("visa", amount=50), book.refund("visa", amount=7)]
    book.close_batch()
    for txn in taken:
        book.take_back(txn)
    book.sale("visa", amount=1000)
    book.refund("visa", amount=300)
    rules = FileRules(trailers_count=count, net_totals=net)
    path = clear(settings=ClearingSettings(rules=rules))["visa"].path
    tc91, tc92 = (cut(line, TRAILER) for line in lines_of(path)[-2:])
    assert (
        int(tc91["source amount"])
        == int(tc92["source amount"])
        == (1000 - 300 - 50 + 7 if net else 1000 + 300 + 50 + 7)
    )
    assert (int(tc91["tcrs"]), int(tc92["tcrs"])) == ((13, 14) if count else (12, 12))
    assert (int(tc91["transactions"]), int(tc92["transactions"])) == ((5, 6) if count else (4, 4))
    assert file_totals(path, rules).currencies == {"978": (4, 1357)}
