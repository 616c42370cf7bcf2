"""The merchant of a payment: DE43 as each interface lays it out, and how card and cardholder came to the terminal.

Codes from practitioners' memory stand in one table each."""

from dataclasses import dataclass

from switch import countries
from switch.dialect.canonical import Payment

_E_COMMERCE, _ATM = "81", "6011"
# DE25 of 1987: who and what is not at the terminal.
_NO_CARDHOLDER = {"01": "1", "08": "3", "15": "5", "59": "5"}
_NO_CARD = frozenset({"01", "05", "08", "15", "59"})


@dataclass(frozen=True, slots=True)
class Acceptor:
    """Name, city and alpha-2 country; "" for what is not known."""

    name: str
    city: str
    country: str

    @property
    def visa(self) -> str:
        """Name 25, city 13, country 2."""
        return f"{self.name:25.25}{self.city:13.13}{self.country:2}"

    @property
    def mastercard(self) -> str:
        """Name 22, space, city 13, space, country 3."""
        return f"{self.name:22.22} {self.city:13.13} {countries.alpha3(self.country):3}"

    @property
    def iso1993(self) -> str:
        """Name, street and city, each behind a backslash, then postal code 10, region 3 and country 3."""
        name, city = (text.replace("\\", "/") for text in (self.name, self.city))
        return f"{name}\\\\{city}\\{' ' * 13}{countries.alpha3(self.country):3}"


def acceptor(payment: Payment) -> Acceptor:
    """From the terminal's DE43 (name 25, city 13, country 2) and the country number of its terminal table."""
    text = payment.name_location
    letters = text[38:40]
    country = countries.alpha2(payment.country) or (letters if countries.alpha3(letters) else "")
    return Acceptor(text[:25].strip(), text[25:38].strip(), country)


def e_commerce(payment: Payment) -> bool:
    """Whether the card was entered on the internet: entry mode 81, or condition 59."""
    return payment.entry_mode[:2] == _E_COMMERCE or payment.condition == "59"


def at_atm(payment: Payment) -> bool:
    """Whether an automated cash dispenser took part."""
    return payment.mcc == _ATM


def cardholder_absent(payment: Payment) -> str:
    """0 present, 1 not, 3 by telephone or mail, 5 by internet: Mastercard 61.4 and position 5 of DE22 of 1993."""
    return "5" if e_commerce(payment) else _NO_CARDHOLDER.get(payment.condition, "0")


def card_absent(payment: Payment) -> bool:
    return e_commerce(payment) or payment.condition in _NO_CARD


def entry_mode(payment: Payment, internet: str) -> str:
    """DE22 of 1987, n3; `internet` is the network's own way to say that the PAN came by internet."""
    mode = f"{payment.entry_mode:0<3.3}"
    by_internet = e_commerce(payment) and mode[:2] in ("00", "01", _E_COMMERCE)
    return internet + mode[2] if by_internet else mode
