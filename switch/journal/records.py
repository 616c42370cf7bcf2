"""What the engine hands to the journal, as plain records. Pure: no database, no thread, no clock."""

from typing import Any

import msgspec

from switch.message import mask_pan


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A request as journalled: never its track, PIN block or CVV. `pan` is clear in memory only.

    `received` is epoch milliseconds; `amount` minor units; `kind` sale, cash, refund, balance, completion or reversal;
    `host`, `out_stan` and `out_transmission` say where and under which DE11 and DE7 it left.
    """

    txn_id: int
    dedupe: str
    received: int
    business_date: str
    interface: str
    mti: str
    kind: str
    processing_code: str
    amount: int
    currency: str
    pan: str
    stan: str
    transmission: str
    local_time: str
    local_date: str
    year: str
    rrn: str
    terminal_id: str
    merchant_id: str
    name_location: str
    country: str
    mcc: str
    entry_mode: str
    condition: str
    acquirer: str
    eci: str
    network: str
    host: str
    out_stan: str
    out_transmission: str
    captured: bool
    original: int = 0

    def __repr__(self) -> str:
        return f"Transaction({self.txn_id}, {self.kind}, pan={mask_pan(self.pan)})"


# Every record has a tag of its own: the segment log keeps it, so it never changes, and a new field has a default.


class Intent(msgspec.Struct, frozen=True, tag="intent"):
    """A transaction begins. When its `dedupe` is already there, the whole unit does nothing."""

    txn: Transaction


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome"):
    """A pending transaction ends: `state` is approved, declined, reversed or timeout.

    `reply` holds the fields of the stored answer, none of them sensitive; `references` what the network gave.
    `amount` is what was approved, in minor units, where that is not what was asked.
    """

    txn: Transaction
    state: str
    response_code: str
    answered: int
    latency_us: int
    auth_code: str = ""
    reply: dict[str, str] = {}
    references: dict[str, str] = {}
    amount: int | None = None


class Reversed(msgspec.Struct, frozen=True, kw_only=True, tag="reversed"):
    """An approval is taken back; `reply` becomes its stored answer, so that no repeat collects the approval."""

    txn_id: int
    reason: str
    reply: dict[str, str]
    response_code: str = "91"


class Completed(msgspec.Struct, frozen=True, kw_only=True, tag="completed"):
    """A pre-authorisation has its completion `by`, until that is reversed."""

    txn_id: int
    by: int


class SafPut(msgspec.Struct, frozen=True, kw_only=True, tag="saf_put"):
    """A message to deliver for certain. One per transaction and kind: a second is ignored."""

    saf_id: int
    txn_id: int
    kind: str
    host: str
    payload: dict[str, Any]
    attempts: int = 0

    def __repr__(self) -> str:
        return f"SafPut({self.saf_id}, txn {self.txn_id}, {self.kind} to {self.host})"


class SafAttempt(msgspec.Struct, frozen=True, tag="saf_attempt"):
    """The message was put on its link once more."""

    saf_id: int
    attempts: int


class SafDone(msgspec.Struct, frozen=True, kw_only=True, tag="saf_done"):
    """A queued message ends: `state` is acknowledged or dead; a dead one stays for an operator to see."""

    saf_id: int
    state: str
    response_code: str


class SafRetry(msgspec.Struct, frozen=True, kw_only=True, tag="saf_retry"):
    """An operator queues a dead letter again, its attempts forgotten. Its Ack's `saf` is the message, None when
    there is no such dead letter; then nothing is written. `at` is epoch milliseconds."""

    saf_id: int
    at: int
    operator: str


class SafDrop(msgspec.Struct, frozen=True, kw_only=True, tag="saf_drop"):
    """An operator gives up a queued or dead message; its Ack's `saf` as for SafRetry."""

    saf_id: int
    at: int
    operator: str
    reason: str


class PinTries(msgspec.Struct, frozen=True, tag="pin_tries"):
    """Wrong PINs the switch counted on the issuer's behalf, by PAN token."""

    pan_token: str
    count: int


class Tombstone(msgspec.Struct, frozen=True, tag="tombstone"):
    """A reversal came before its original: an original under this key is declined when it comes."""

    dedupe: str
    received: int


class PruneTombstones(msgspec.Struct, frozen=True, tag="prune_tombstones"):
    """Forgets those received before `before` (epoch milliseconds), and the oldest while there are more than `keep`."""

    before: int
    keep: int


class Archived(msgspec.Struct, frozen=True, tag="archived"):
    """Finished transactions that an archive holds durably: they leave the journal with what was queued for them."""

    txn_ids: list[int]


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    """Answers that were handed to their links."""

    txn_ids: list[int]


class CloseBatch(msgspec.Struct, frozen=True, tag="close_batch"):
    """Ends the open clearing batch and opens the next."""

    at: int


class Cleared(msgspec.Struct, frozen=True, kw_only=True, tag="cleared"):
    """A clearing file of a closed batch stands under its name, as do the batch's others; `sha256` in hexadecimal."""

    batch: int
    network: str
    name: str
    records: int
    sha256: str


class Lookup(msgspec.Struct, frozen=True, kw_only=True, tag="lookup"):
    """Asks for one request: by `dedupe`, else by `txn_id`, else the latest of a terminal with that `stan` or `rrn`."""

    dedupe: str = ""
    txn_id: int = 0
    interface: str = ""
    terminal_id: str = ""
    stan: str = ""
    rrn: str = ""


Record = (
    Intent
    | Outcome
    | Reversed
    | Completed
    | SafPut
    | SafAttempt
    | SafDone
    | SafRetry
    | SafDrop
    | PinTries
    | Tombstone
    | PruneTombstones
    | Archived
    | Delivered
    | CloseBatch
    | Cleared
    | Lookup
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A journalled transaction as it stands; `state` may also be pending or, with txn None, tombstone.

    `amount` is what was approved, in minor units, where that is not what was asked. `completed` is the number of its
    completion, 0 without one.
    """

    txn: Transaction | None
    state: str
    response_code: str = ""
    auth_code: str = ""
    reply: dict[str, str] = {}
    references: dict[str, str] = {}
    amount: int | None = None
    completed: int = 0

    @property
    def approved(self) -> Transaction | None:
        """The transaction over the amount that was approved; None for a tombstone."""
        if self.txn is None or self.amount is None:
            return self.txn
        return msgspec.structs.replace(self.txn, amount=self.amount)


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of a unit: `ok` is durable; `duplicate` tells that nothing was written and why."""

    ok: bool
    duplicate: Stored | None = None
    found: Stored | None = None
    closed_batch: int = 0
    saf: SafPut | None = None


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart finds: counters to go on from, and what was left open."""

    next_txn_id: int = 1
    next_saf_id: int = 1
    pending: list[Stored] = []
    undelivered: list[Stored] = []
    saf: list[SafPut] = []
    pin_tries: dict[str, int] = {}
    assumed_delivered: int = 0
