"""Is an HSM there: one NC on a connection of its own."""

import time
from dataclasses import dataclass

from switch.hsm import requests
from switch.hsm.address import parse_address
from switch.hsm.client import HsmClient
from switch.hsm.tls import ClientTls


@dataclass(frozen=True, slots=True)
class Pong:
    """The LMK's check value (16 hexadecimal digits), the firmware (9 characters), and how long NC took."""

    check_value: str
    firmware: str
    seconds: float


async def ping(address: str, *, header_length: int = 4, within: float = 2.0, tls: ClientTls | None = None) -> Pong:
    """Asks twice, so that the time is that of a command and not of connecting; `within` seconds each.

    Raises HsmUnavailable, HsmError when it answers with an error, ValueError for an address that cannot be read.
    """
    where = parse_address(address)
    async with HsmClient(where.host, where.port, header_length, within, check_interval=0, tls=tls) as hsm:
        body = (await hsm.call(requests.diagnostics())).require().body
        begun = time.perf_counter()
        await hsm.call(requests.diagnostics())
        return Pong(body[:16], body[16:], time.perf_counter() - begun)
