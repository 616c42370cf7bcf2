"""An issuer host: cards, accounts and decisions behind ISO 8583:1993 ASCII, as a process of its own."""

from switch.simulator.issuer.books import holdings
from switch.simulator.issuer.config import IssuerConfig, load_config
from switch.simulator.issuer.server import serve
from switch.simulator.issuer.store import IssuerError

__all__ = ["IssuerConfig", "IssuerError", "holdings", "load_config", "serve"]
