"""One payment and its reversal, strategies of them, and pyiso8583 as the oracle of every host dialect."""

from collections.abc import Callable
from dataclasses import dataclass

import iso8583
import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from switch.dialect.canonical import HostDialect, Payment
from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.visa import VisaDialect
from switch.message import VISA_HEADER, load_spec

settings.register_profile("dialect", deadline=None, max_examples=40)
settings.load_profile("dialect")

PURCHASE = Payment(
    mti="0200",
    pan="4111111111111111",
    processing_code="000000",
    amount=1234,
    currency="978",
    transmission="0611191024",
    stan="000017",
    local_time="211024",
    local_date="0611",
    year="26",
    expiry="3012",
    mcc="5411",
    entry_mode="051",
    condition="00",
    acquirer="400001",
    rrn="616219000017",
    terminal="TERM0001",
    merchant="MERCHANT0000001",
    name_location="CORNER SHOP".ljust(25) + "BERLIN".ljust(13) + "DE",
    country="276",
    track2="4111111111111111=301220113765214",
    pin_block="0123456789ABCDEF",
    cvv2="798",
    eci="7",
    financial=True,
)
REVERSAL = msgspec.structs.replace(
    PURCHASE,
    mti="0400",
    transmission="0611191028",
    stan="000019",
    expiry="",
    track2="",
    pin_block="",
    cvv2="",
    eci="",
    auth_code="A12345",
    reason="timeout",
    original_mti="0100",
    original_stan="000017",
    original_transmission="0611191024",
    original_acquirer="400001",
    references={"transaction_id": "123456789012345", "banknet": "MCC123456789", "settlement_date": "0612"},
)


@dataclass(frozen=True)
class Subject:
    """A dialect and where its message begins in a frame."""

    dialect: HostDialect
    spec: str
    start: int = 0

    def oracle(self, frame: bytes) -> dict[str, str]:
        """The fields as pyiso8583 reads them, which must write the same bytes again."""
        fields = load_spec(self.spec).fields
        decoded, _ = iso8583.decode(frame[self.start :], fields)
        again, _ = iso8583.encode(dict(decoded), fields)
        assert bytes(again) == frame[self.start :]
        return {key: value for key, value in decoded.items() if key not in ("h", "p", "1")}


MAKERS: dict[str, Callable[[], Subject]] = {
    "visa": lambda: Subject(VisaDialect(), "visa", VISA_HEADER),
    "mastercard": lambda: Subject(MastercardDialect(), "mastercard"),
    "iso-1993-ascii": lambda: Subject(Iso1993Dialect(), "iso-1993-ascii"),
}


@pytest.fixture(scope="session")
def subjects() -> dict[str, Subject]:
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="session", params=list(MAKERS))
def subject(request: pytest.FixtureRequest, subjects: dict[str, Subject]) -> Subject:
    return subjects[request.param]


@pytest.fixture(scope="session")
def purchase() -> Callable[..., Payment]:
    """The purchase, with changes."""
    return lambda **changes: msgspec.structs.replace(PURCHASE, **changes)


@pytest.fixture(scope="session")
def reversed_purchase() -> Callable[..., Payment]:
    """Its reversal, with changes."""
    return lambda **changes: msgspec.structs.replace(REVERSAL, **changes)


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most or least)


def _printable(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=least, max_size=most)


@pytest.fixture(scope="session")
def payments() -> st.SearchStrategy[Payment]:
    """Whatever the engine may hand to a dialect after its checks of a terminal's request."""
    optional = {
        "expiry": digits(4),
        "track2": st.builds(lambda pan, rest: f"{pan}={rest}", digits(12, 19), digits(7, 17)),
        "pin_block": st.text("0123456789ABCDEF", min_size=16, max_size=16),
        "cvv2": digits(3, 4),
        "eci": digits(1, 2),
        "cavv": st.just("AAABBBCCCDDDEEEFFFGGGHHHIII="),
        "auth_code": st.text("ABC0123456789", min_size=6, max_size=6),
        "pin_result": st.sampled_from(["PV", "PI"]),
        "cvv_result": st.sampled_from(["M", "N"]),
        "merchant": _printable(15, 15),
        "name_location": _printable(1, 40),
        "country": st.sampled_from(["276", "250", "840", "999"]),
    }
    required = {
        "pan": digits(12, 19),
        "processing_code": st.sampled_from(["000000", "010000", "090000", "200000", "310000"]),
        "amount": st.integers(0, 999_999_999_999),
        "currency": st.sampled_from(["978", "036", "840"]),
        "transmission": digits(10),
        "stan": digits(6),
        "local_time": digits(6),
        "local_date": digits(4),
        "year": digits(2),
        "mcc": digits(4),
        "entry_mode": st.sampled_from(["000", "011", "012", "021", "051", "071", "812", "901", "911"]),
        "condition": st.sampled_from(["00", "01", "05", "08", "59"]),
        "acquirer": digits(6, 11),
        "rrn": st.text("ABC0123456789", min_size=1, max_size=12),
        "terminal": _printable(1, 8),
        "financial": st.booleans(),
        "response_code": st.sampled_from(["00", "55", "75", "82", "86"]),
        "pin_tries": st.integers(0, 9),
        "reason": st.sampled_from(["cancel", "timeout"]),
        "original_mti": st.sampled_from(["0100", "0200"]),
        "original_stan": digits(6),
        "original_transmission": digits(10),
        "original_acquirer": digits(6, 11),
        "references": st.fixed_dictionaries(
            {},
            optional={
                "transaction_id": digits(15),
                "banknet": st.text("ABC0123456789", min_size=12, max_size=12),
                "settlement_date": digits(4),
            },
        ),
    }
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: Payment(**values))
