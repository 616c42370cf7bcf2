"""What a message says, taken apart: what may be kept, what must be verified, what is answered. Pure."""

from dataclasses import dataclass

from switch.message import View

KINDS = {"00": "sale", "09": "sale", "01": "cash", "20": "refund", "30": "balance", "31": "balance"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the database may keep of a message. `amount` is minor units of `currency`; `local` is DE12.

    `key` tells repeats, `reference` names the request: this one, or the one that a reversal takes back.
    """

    key: str
    reference: str
    listener: str
    mti: str
    stan: str
    transmission: str
    local: str
    acquirer: str
    token: str
    masked: str
    processing_code: str
    amount: int
    currency: str

    @property
    def kind(self) -> str:
        """sale, cash, refund or balance; "" for what is not supported."""
        return KINDS.get(self.processing_code[:2], "")


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """What must be verified and never kept. `input_mode` is position 7 of DE22; the results are 48.80 and 48.87."""

    pan: str
    expiry: str
    track2: str
    cvv2: str
    pin_block: str
    input_mode: str
    pin_result: str
    cvv_result: str


@dataclass(frozen=True, slots=True, repr=False)
class Management:
    """A 1804; `function` is DE24."""

    view: View
    function: str


@dataclass(frozen=True, slots=True, repr=False)
class Authorisation:
    """A 1100 or 1101."""

    view: View
    entry: Entry
    evidence: Evidence


@dataclass(frozen=True, slots=True, repr=False)
class Advice:
    """A 1120 or 1121: `action` is what was decided elsewhere, `pin_tries` the wrong PINs counted there (48.81)."""

    view: View
    entry: Entry
    action: str
    pin_tries: int


@dataclass(frozen=True, slots=True, repr=False)
class Reversal:
    """A 1420 or 1421; `full` is false for a partial one."""

    view: View
    entry: Entry
    full: bool


@dataclass(frozen=True, slots=True, repr=False)
class Unsupported:
    """A request of a kind that this host does not serve."""

    view: View


@dataclass(frozen=True, slots=True)
class Answer:
    """Action code (DE39), authorisation code (DE38) and balances (DE54)."""

    action: str
    auth_code: str = ""
    amounts: str = ""


Message = Management | Authorisation | Advice | Reversal | Unsupported
