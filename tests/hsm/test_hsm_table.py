"""The command table as data: bodies made from the layouts, damaged, and answered with documented errors only."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from switch.tools import make_hsm_docs

from switch.hsm.blocklmk import TEST_BLOCK_LMK, About
from switch.hsm.commands.checkvalues import FlaggedKey, LongType, ShortType
from switch.hsm.dukptfields import Descriptor, DestinationKind, Ksn, WhenBase, ZoneKey, digits_of
from switch.hsm.emvfields import Sized
from switch.hsm.faults import CommandFault
from switch.hsm.ibmfields import Offset, ValidationData
from switch.hsm.keyfield import Key, TypeCode, WrappedKey
from switch.hsm.kinds import KINDS
from switch.hsm.layout import (
    Choice,
    ClearPin,
    Counted,
    Digits,
    Hex,
    Optional,
    PinUnderLmk,
    Refused,
    Rest,
    Text,
    Until,
    When,
)
from switch.hsm.pinformat import Account, PinBlock
from switch.hsm.quick import Plans
from switch.hsm.table import TABLE

CODES = sorted(TABLE)
TYPES = [kind.code for kind in KINDS.values()]
BLOCK = TEST_BLOCK_LMK.keep(bytes(range(1, 17)), About("P0"))
SCHEMES = {8: "Z", 16: "U", 24: "T"}
DIGITS = "0123456789"
HEX = DIGITS + "ABCDEF"


class Maker:
    """Draws the text of fields, knowing what was drawn before."""

    def __init__(self, data: Any, bench: Any) -> None:
        self.data, self.bench = data, bench
        self.values: dict[str, Any] = {"block": None}

    def draw(self, strategy: Any) -> Any:
        return self.data.draw(strategy)

    def body(self, layout: Any) -> str:
        return "".join(self.text(field) for field in layout)

    def text(self, field: Any) -> str:
        if isinstance(field, Optional):
            return field.mark + self.body(field.fields) if self.draw(st.booleans()) else ""
        if isinstance(field, WhenBase):
            return self.body(field.fields) if self.values[field.typed_by] == "009" else ""
        if isinstance(field, When):
            return self.body(field.fields) if self.values.get(field.of) in field.options else ""
        found = MAKERS[type(field)](self, field)
        if isinstance(field, PinUnderLmk | ClearPin):  # reads up to what is behind it
            self.values[field.name] = found
        else:
            field.read(found, 0, self.values)
        return found

    def of(self, alphabet: str, least: int, most: int | None = None) -> str:
        return self.draw(st.text(alphabet, min_size=least, max_size=least if most is None else most))

    def digits(self, field: Digits) -> str:
        if field.code == "23":
            return self.draw(st.sampled_from(["01", "05", "47"]))
        return self.of(DIGITS, field.count)

    def counted(self, field: Counted) -> str:
        size = 8 * self.draw(st.integers(0, 4))
        doubled = bool(field.doubled_by) and self.values[field.doubled_by] == "1"
        return f"{size // 2 if doubled else size:0{field.digits}X}{self.of(HEX, size)}{field.mark}"

    def ksn(self, field: Ksn) -> str:
        return self.of(HEX, digits_of(self.values[field.descriptor]))

    def sized(self, field: Sized) -> str:
        size = self.draw(st.integers(field.least, field.most))
        return f"{size:0{field.digits}d}{self.of(HEX, size)}{field.mark}"

    def key_type(self, field: TypeCode) -> str:
        return self.draw(st.sampled_from([KINDS[kind].code for kind in field.kinds] or TYPES))

    def key(self, field: Key) -> str:
        named = KINDS[field.kind].code if field.kind else self.values[field.typed_by]
        size = 16 if field.plain == 16 else field.plain // 2
        return self.bench.key(named or self.draw(st.sampled_from(TYPES)), SCHEMES[size])


MAKERS: dict[type, Any] = {
    Digits: Maker.digits,
    Hex: lambda maker, field: maker.of(HEX, field.count),
    PinBlock: lambda maker, field: maker.bench.block("001"),
    Account: lambda maker, field: maker.of(DIGITS, 12),
    Choice: lambda maker, field: maker.draw(st.sampled_from(field.options)),
    Text: lambda maker, field: maker.of("ZUX01", field.count),
    Until: lambda maker, field: maker.of(DIGITS, 1, field.most) + field.mark,
    Counted: Maker.counted,
    Rest: lambda maker, field: maker.of(HEX, 1, 20),
    PinUnderLmk: lambda maker, field: f"0{maker.bench.pin}",
    ClearPin: lambda maker, field: f"{maker.bench.pin}FF",
    Refused: lambda maker, field: "",
    TypeCode: Maker.key_type,
    ShortType: lambda maker, field: maker.draw(st.sampled_from(["FF", "01", "02"])),
    LongType: lambda maker, field: "" if maker.values[field.name] else ";" + maker.draw(st.sampled_from(TYPES)),
    WrappedKey: lambda maker, field: "X" + maker.of(HEX, 32),
    Key: lambda maker, field: maker.key(field),
    FlaggedKey: lambda maker, field: BLOCK if field.blocks else maker.key(field),
    ZoneKey: lambda maker, field: "" if maker.values[field.unless] else maker.key(field),
    DestinationKind: lambda maker, field: maker.draw(st.sampled_from(["", "*"])),
    Descriptor: lambda maker, field: maker.draw(st.sampled_from(["605", "A05", "906", "403"])),
    Ksn: Maker.ksn,
    Offset: lambda maker, field: maker.of(DIGITS, 4, 12).ljust(12, "F"),
    ValidationData: lambda maker, field: maker.of(HEX, 11) + "N",
    Sized: Maker.sized,
}


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_a_command_made_from_its_layout_gets_an_answer_of_its_layout(code: str, data: Any, bench: Any) -> None:
    row, maker = TABLE[code], Maker(data, bench)
    reply = bench.ask(code + maker.body(row.request))
    assert reply[:2] == row.reply_code
    assert reply[2:4] in row.all_errors
    if reply[2:4] == "00":
        row.read_reply(reply[4:], maker.values)
    else:
        assert reply[4:] == "" or code == "A6"


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_a_damaged_or_cut_command_gets_a_documented_error(code: str, data: Any, bench: Any) -> None:
    text = list(code + Maker(data, bench).body(TABLE[code].request))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(2, len(text)))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.text(HEX + "UXTYSZ;%\x19F²~", max_size=2))
    reply = bench.ask("".join(text[: data.draw(st.integers(2, len(text)))]))
    assert reply[2:4] in TABLE[code].all_errors


class WithWrongKey(Maker):
    """Puts a key of another type where the key `wanted` belongs, when the command has that one at all."""

    def __init__(self, data: Any, bench: Any, wanted: Key, wrong: str) -> None:
        super().__init__(data, bench)
        self.wanted, self.wrong, self.put = wanted, wrong, False

    def key(self, field: Key) -> str:
        if field is not self.wanted:
            return super().key(field)
        self.put = True
        return self.bench.key(self.wrong, SCHEMES[16 if field.plain == 16 else field.plain // 2])


SLOTS = [(code, key.name) for code, row in TABLE.items() for key in row.keys if key.kind]


@pytest.mark.parametrize(("code", "name"), SLOTS)
@settings(max_examples=3, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_key_of_any_other_type_is_a_parity_error_in_every_command(
    code: str, name: str, data: Any, bench: Any
) -> None:
    wanted = next(key for key in TABLE[code].keys if key.name == name)
    tried = 0
    for wrong in sorted({*TYPES} - {KINDS[wanted.kind].code}):
        maker = WithWrongKey(data, bench, wanted, wrong)
        command = code + maker.body(TABLE[code].request)
        if maker.put:
            tried += 1
            assert bench.error(command) == wanted.code, wrong
    assume(tried)


def test_every_type_is_tried_in_every_slot_and_the_slots_are_all_there_are() -> None:
    assert len(SLOTS) > 60
    assert {KINDS[key.kind].code for row in TABLE.values() for key in row.keys if key.kind} >= {
        "000", "001", "002", "003", "008", "009", "402", "109", "209"
    }  # fmt: skip


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_fields_read_at_once_are_those_read_one_by_one(code: str, data: Any, bench: Any) -> None:
    row = TABLE[code]
    text = list(code + Maker(data, bench).body(row.request))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(2, len(text)))
        text[at : at + 1] = data.draw(st.text(HEX + "UXS;²", max_size=2))
    command = "".join(text)

    def one_by_one() -> Any:
        at, values = 2, dict(row._blank)
        for field in row.request:
            at = field.read(command, at, values)
        return values

    try:
        expected = one_by_one()
    except CommandFault as fault:
        expected = fault.code
    try:
        found = row.parse(command)[0]
    except CommandFault as fault:
        found = fault.code
    assert found == expected or (isinstance(expected, dict) and found in ("13", "15"))


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_what_a_plan_reads_is_what_the_fields_read(code: str, data: Any, bench: Any) -> None:
    row, vault = TABLE[code], bench.hsm.vault("00")
    text = list(code + Maker(data, bench).body(row.request))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(2, len(text)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.text(HEX + "UXS;%\x19²", max_size=2))
    command = "".join(text)
    plans = Plans(row.request, [*row._blank], lambda _vault, *values: values)
    plan = plans[command[2 : plans.end]]
    try:
        found = plan(vault, command) if plan else None
    except CommandFault as fault:
        found = fault.code
    if found is None:
        return  # read field by field, as the other tests do
    try:
        values, number, trailer = row.parse(command)
        for name, typed_by, key in row._open:
            if values[name] is not None:
                values[name] = vault.open(values[name], key, values[typed_by] if typed_by else "")
    except CommandFault as fault:
        assert found == fault.code
    else:
        assert (found, number, trailer) == (tuple(values.values()), "00", "")


def test_the_commands_of_payments_are_read_at_once(bench: Any) -> None:
    commands, vault = bench.commands(), bench.hsm.vault("00")
    for code in ("CA", "CC", "CW", "CY", "DC", "EC", "JC", "JE", "KQ", "KU", "KW", "M6", "M8", "MS"):
        assert TABLE[code].quick(vault, commands[code]) is not None, code


@pytest.mark.parametrize("code", CODES)
def test_every_row_has_what_the_page_shows(code: str) -> None:
    row = TABLE[code]
    assert (row.title, row.evidence) > ("", "")
    assert (row.function.__doc__ or "").strip(), "the page shows it"


def test_the_page_of_commands_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "hsm_commands.rst"
    assert page.read_text() == make_hsm_docs.page(), "run: python -m switch.tools.make_hsm_docs"


def test_asking_how_to_write_the_page_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["--help"], ["--wrong"], ["a", "b"]):
        with pytest.raises(SystemExit):
            make_hsm_docs.main(arguments)
    assert not list(tmp_path.iterdir())
    make_hsm_docs.main(["page.rst"])
    assert (tmp_path / "page.rst").read_text() == make_hsm_docs.page()


@given(data=st.binary(max_size=80))
def test_an_echoed_reply_is_read_whole(data: bytes) -> None:
    text = data.decode("latin-1")
    assert TABLE["B2"].read_reply(text)["data"] == text
