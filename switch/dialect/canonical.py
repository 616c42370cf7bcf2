"""The canonical messages every interface maps to: what is asked, what was answered, in 1987 terms.

Knows no wire format, no link and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from switch.message import mask_pan

ManagementFunction = Literal["sign-on", "sign-off", "echo"]

SENSITIVE = ("track2", "pin_block", "cvv2", "cavv")


class Payment(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A request, reversal or advice as one party puts it to the next.

    Amounts are minor units; `transmission` is DE7 (UTC MMDDhhmmss); `local_time` and `local_date` are DE12 and
    DE13, `year` their two-digit year; `pin_block` is 16 hex digits under the key of the link it is on;
    `name_location` is name 25, city 13 and country 2, `country` the merchant's by number. `partial` says that the
    terminal takes an approval of less than it asked. `references` holds what
    the network gave the transaction: "transaction_id", "validation_code" and "aci", or "banknet" (DE63) and
    "settlement_date" (DE15).
    """

    mti: str = ""
    pan: str = ""
    processing_code: str = ""
    amount: int = 0
    currency: str = ""
    transmission: str = ""
    stan: str = ""
    local_time: str = ""
    local_date: str = ""
    year: str = ""
    expiry: str = ""
    mcc: str = ""
    entry_mode: str = ""
    condition: str = ""
    acquirer: str = ""
    rrn: str = ""
    auth_code: str = ""
    response_code: str = ""
    terminal: str = ""
    merchant: str = ""
    name_location: str = ""
    country: str = ""
    track2: str = ""
    pin_block: str = ""
    cvv2: str = ""
    eci: str = ""
    cavv: str = ""
    financial: bool = False
    partial: bool = False
    pin_result: str = ""
    cvv_result: str = ""
    pin_tries: int = 0
    reason: str = ""
    original_mti: str = ""
    original_stan: str = ""
    original_transmission: str = ""
    original_acquirer: str = ""
    replacement: str = ""
    references: dict[str, str] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Payment(mti={self.mti!r}, stan={self.stan!r}, pan={mask_pan(self.pan)!r})"

    def without_sensitive(self) -> "Payment":
        """A copy fit to be kept: no track, PIN block, CVV2 or CAVV."""
        return msgspec.structs.replace(self, **dict.fromkeys(SENSITIVE, ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said: `key` finds the request, `response_code` is a 1987 code, `references` go to the journal.

    `amount` is DE4 in minor units, None when absent; `echoed` what came back of the request, by its name in Payment.
    """

    mti: str
    stan: str
    transmission: str
    response_code: str
    auth_code: str = ""
    additional_amounts: str = ""
    references: Mapping[str, str] = field(default_factory=dict)
    amount: int | None = None
    echoed: Mapping[str, str] = field(default_factory=dict)

    @property
    def management(self) -> bool:
        """Whether this is a network management message, request or reply."""
        return self.mti[1] == "8"

    @property
    def key(self) -> tuple[str, str]:
        """DE11 and DE7: what is unique on a link (practice: DE11 alone wraps in seconds)."""
        return self.stan, self.transmission


class HostDialect(Protocol):
    """How one kind of host is spoken to. Pure: MessageError for bad bytes and for values that cannot be sent."""

    name: str
    framing: str

    def request(self, payment: Payment) -> bytes:
        """An authorisation request (0100 or 1100)."""

    def reversal(self, payment: Payment, *, repeat: bool) -> bytes:
        """A reversal, or its repeat."""

    def advice(self, payment: Payment, *, repeat: bool) -> bytes:
        """An authorisation advice: what was decided on the host's behalf."""

    def management(self, function: ManagementFunction, stan: str, transmission: str, year: str) -> bytes:
        """A network management request."""

    def read(self, frame: bytes) -> Answer:
        """A frame from the host, whatever its MTI; of a management request only the MTI counts."""

    def answer_management(self, frame: bytes) -> bytes:
        """The reply to a management request of the host; raises MessageError for anything else."""
