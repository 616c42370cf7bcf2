"""What every run has in common: addresses, cards, keys, and the settings of the switch."""

import functools
import json

from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.visa import VisaDialect
from switch.engine.config import EngineSettings, HostSettings, QueueLimits, TerminalSettings
from switch.engine.rulesettings import OnUs
from switch.resources import read_text
from switch.switching.runtime import SwitchSettings
from switch.switching.settings import HostLinkSettings, HsmLinkSettings, ListenerSettings

HOSTS = {"visa": ("visa", 7001), "mastercard": ("mastercard", 7002), "issuer-a": ("issuer", 7003)}
BINS = ("4,visa,visa", "5,mastercard,mastercard", "2,mastercard,mastercard", "411111,on-us,issuer-a")
VERIFIED = frozenset(("4111111111111111",))  # on-us: the switch knows whether their PIN is right
_PANS = ("4111111111111111", "4242424242424242", "5555555555554444", "2223003122003222")
HSM_PORT = 1500


@functools.cache
def fixtures() -> tuple[dict[str, str], dict[str, str], list[dict[str, str]]]:
    """Keys under the LMK, clear keys, and the cards that pay."""
    under = {name: key["under_lmk"] for name, key in json.loads(read_text("fixtures", "keys.json"))["keys"].items()}
    clear = dict(json.loads(read_text("fixtures", "clear_keys.json"))["keys"])
    cards = [card for card in json.loads(read_text("fixtures", "cards.json"))["cards"] if card["pan"] in _PANS]
    return under, clear, cards


@functools.cache
def settings() -> SwitchSettings:
    """The switch of the simulation, with short pauses in its queue."""
    under = fixtures()[0]
    hosts = {
        "visa": HostSettings("visa", VisaDialect(), under["zpk.visa"]),
        "mastercard": HostSettings("mastercard", MastercardDialect(), under["zpk.mastercard"]),
        "issuer-a": HostSettings(
            "issuer-a", Iso1993Dialect(), on_us=OnUs(under["pvk.issuer-a"], under["cvk.issuer-a"])
        ),
    }
    return SwitchSettings(
        engine=EngineSettings(
            hosts=hosts,
            default_terminal=TerminalSettings(tpk=under["tpk.lab"]),
            queue=QueueLimits(longest_retry=4.0, attempts=200),
        ),
        listeners=[
            ListenerSettings(name="hex", port=9000),
            ListenerSettings(name="binary", port=9001, spec="pos-1987-ascii-binary"),
        ],
        hosts={name: HostLinkSettings(host="virtual", port=port) for name, (_, port) in HOSTS.items()},
        hsm=HsmLinkSettings(host="virtual", port=HSM_PORT),
    )
