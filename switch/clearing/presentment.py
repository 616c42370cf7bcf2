"""One presented transaction as both networks need it, made from its journal row alone. Knows no file format.

What the row later becomes (a reversal changes its response code and stored answer) is never looked at."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from switch import countries
from switch.clearing.currency import exponent
from switch.clearing.errors import ClearingError
from switch.clearing.settings import ClearingSettings
from switch.journal.records import Stored, Transaction
from switch.message import luhn_check_digit

SALE, CASH, REFUND = "sale", "cash", "refund"
# The first two digits of DE3 that give money to the cardholder.
CREDIT_CODES = ("20", "28")
_MOST = 999_999_999_999
_FILM_LOCATORS = 10**11


@dataclass(frozen=True, slots=True)
class Presentment:
    """`local` is the terminal's date and time, `country` alpha-2, `arn` 23 digits, `settled` DE15 (MMDD) or ""."""

    txn: Transaction
    reversal: bool
    flow: str
    exponent: int
    local: datetime
    arn: str
    auth_code: str
    mcc: str
    name: str
    city: str
    country: str
    references: Mapping[str, str]

    @property
    def credit(self) -> bool:
        """Whether the presentment gives money to the cardholder; a reversal turns it round."""
        return self.flow == REFUND


def make_presentment(stored: Stored, reversal: bool, bin_: str, settings: ClearingSettings) -> Presentment:
    """What is presented of a journalled transaction; `bin_` is the acquirer's at the network.

    Raises ClearingError naming the transaction and the field that no file could carry.
    """
    txn = stored.txn
    assert txn is not None, "the journal yields transactions only"
    decimals = exponent(txn.currency)
    if decimals is None:
        raise _refuse(txn, "currency", "expected an ISO 4217 numeric code")
    if not 0 <= txn.amount <= _MOST:
        raise _refuse(txn, "amount", "expected 0 to 12 digits of minor units")
    country = _country(txn, settings)
    return Presentment(
        txn=txn,
        reversal=reversal,
        flow=_flow(txn),
        exponent=decimals,
        local=_local(txn),
        arn=_arn(txn, bin_, settings.arn_format),
        auth_code=printable(stored.auth_code, 6),
        mcc=txn.mcc if len(txn.mcc) == 4 and _digits(txn.mcc) else settings.mcc,
        name=printable(txn.name_location[:25] or txn.merchant_id or txn.terminal_id, 25) or txn.terminal_id,
        city=printable(txn.name_location[25:38], 13),
        country=country,
        references=stored.references,
    )


def printable(text: str, most: int) -> str:
    """`text` in printable ASCII without a backslash (DE43's separator), stripped, at most `most` characters."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text[:most].strip()
    plain = unicodedata.normalize("NFKD", text).replace("\\", "/")
    kept = (char if char.isprintable() else " " for char in plain if not unicodedata.combining(char))
    return "".join(char if char.isascii() else "?" for char in kept)[:most].strip()


def _refuse(txn: Transaction, field: str, expected: str) -> ClearingError:
    return ClearingError(f"journal: transaction {txn.txn_id}", expected, field=field)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _flow(txn: Transaction) -> str:
    """By the first two digits of DE3: 00 to 18 and 50 debit the cardholder, 01 in cash; 20 and 28 credit him."""
    code = txn.processing_code[:2]
    if code == "01":
        return CASH
    if code in CREDIT_CODES:
        return REFUND
    if _digits(code) and ("00" <= code <= "18" or code == "50"):
        return SALE
    raise _refuse(txn, "processing_code", "expected 00 to 18, 20, 28 or 50")


def _local(txn: Transaction) -> datetime:
    """The terminal's clock; the switch's (UTC) where the terminal's digits are no date and time."""
    text = txn.year[-2:] + txn.local_date + txn.local_time
    if len(text) == 12 and _digits(text):
        try:
            return datetime.strptime(text, "%y%m%d%H%M%S")
        except ValueError:
            pass
    return datetime.fromtimestamp(txn.received // 1000, UTC).replace(tzinfo=None)


def _country(txn: Transaction, settings: ClearingSettings) -> str:
    """The terminal's country by number, else by the letters that end DE43, else the acquirer's."""
    letters = txn.name_location[38:40]
    found = countries.alpha2(txn.country) or (letters if countries.alpha3(letters) else "")
    found = found or countries.alpha2(settings.country)
    if not found:
        raise _refuse(txn, "country", "expected an ISO 3166 numeric code, here or in the settings")
    return found


def _arn(txn: Transaction, bin_: str, arn_format: str) -> str:
    """Format, acquirer BIN, business date as YDDD, film locator, check digit: the same in a later reversal."""
    try:
        day = date.fromisoformat(txn.business_date)
    except ValueError:
        raise _refuse(txn, "business_date", "expected YYYY-MM-DD") from None
    digits = f"{arn_format}{bin_}{day.year % 10}{day.timetuple().tm_yday:03d}{txn.txn_id % _FILM_LOCATORS:011d}"
    return digits + luhn_check_digit(digits)
