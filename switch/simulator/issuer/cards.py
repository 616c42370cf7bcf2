"""The card file that an issuer's accounts are seeded from. Only what the issuer keeps is read."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from switch.configfile import ConfigError
from switch.resources import read_text

Status = Literal["active", "blocked", "restricted", "lost", "stolen"]


def _digits(shape: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=f"^[0-9]{shape}$")


class SeedCard(msgspec.Struct, frozen=True, kw_only=True):
    """`expiry` is YYMM, `balance` minor units of `currency`; the file's PIN and CVVs are not read."""

    pan: Annotated[str, _digits("{12,19}")]
    issuer: str
    expiry: Annotated[str, _digits("{2}(0[1-9]|1[0-2])")]
    service_code: Annotated[str, _digits("{3}")]
    balance: int
    currency: Annotated[str, _digits("{3}")]
    status: Status
    pvki: Annotated[str, _digits("")]
    pvv: Annotated[str, _digits("{4}")]

    def __repr__(self) -> str:
        return f"SeedCard(issuer={self.issuer!r})"


class _CardFile(msgspec.Struct, frozen=True):
    cards: list[SeedCard]


def load_cards(path: str, issuer: str) -> list[SeedCard]:
    """The cards of `issuer` in the file `path`, "" for the shipped one; raises ConfigError, which shows no values."""
    name = path or "cards.json"
    try:
        text = Path(path).read_text(encoding="utf-8") if path else read_text("fixtures", name)
        found = msgspec.json.decode(text, type=_CardFile)
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: expected a card file: {error}") from None
    return [card for card in found.cards if card.issuer == issuer]
