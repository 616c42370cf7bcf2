"""What the clearing files say of this acquirer, and the choices public descriptions leave open."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileRules:
    """What writer and reader of a file must agree on.

    `max_record` bounds an IPM record in bytes. TC91 and TC92 count themselves with `trailers_count`; their amounts are
    unsigned sums, or with `net_totals` debits less credits without a sign.
    """

    max_record: int = 6000
    trailers_count: bool = True
    net_totals: bool = False


@dataclass(frozen=True, slots=True)
class ClearingSettings:
    """The acquirer's names at the networks, all digits; raises ValueError naming the setting and what it must be.

    `visa_bin` and `mastercard_bin` (6) stand in the acquirer reference numbers behind `arn_format` (1), `visa_bin`
    also in TC90 to TC92. `endpoint` (at most 11) is PDS0105's, `originator` DE94, `forwarder` DE33.
    `country` (ISO 3166 numeric) and `mcc` stand in where a transaction has none that can be used. `test` marks the
    files as test files. `max_messages` bounds one file, its header and trailers included; `blocked` writes IPM in
    1014-byte blocks.
    """

    visa_bin: str = "400001"
    mastercard_bin: str = "500001"
    business_id: str = "00400001"
    endpoint: str = "500001"
    originator: str = "500001"
    forwarder: str = "500001"
    arn_format: str = "2"
    settlement_flag: str = "9"
    country: str = "276"
    mcc: str = "5999"
    test: bool = True
    blocked: bool = False
    max_messages: int = 99_999_999
    rules: FileRules = field(default_factory=FileRules)

    def __post_init__(self) -> None:
        exact = {"visa_bin": 6, "mastercard_bin": 6, "business_id": 8, "arn_format": 1, "settlement_flag": 1}
        exact |= {"country": 3, "mcc": 4}
        for name, length in exact.items():
            self._digits(name, length, length)
        for name in ("endpoint", "originator", "forwarder"):
            self._digits(name, 1, 11)
        if not 4 <= self.max_messages <= 99_999_999:
            raise ValueError("max_messages: expected 4 to 99999999")

    def _digits(self, name: str, least: int, most: int) -> None:
        value = getattr(self, name)
        if not (value.isascii() and value.isdigit() and least <= len(value) <= most):
            count = str(most) if least == most else f"{least} to {most}"
            raise ValueError(f"{name}: expected {count} digits")
