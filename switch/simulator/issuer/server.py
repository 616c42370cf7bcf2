"""The issuer as a service: the HSM opens the keys, the database is seeded, the listeners serve until cancelled."""

from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import structlog
import trio

from switch.crypto.datakeys import DataKeys
from switch.hsm import datakeys
from switch.hsm.client import HsmClient, HsmUnavailable
from switch.hsm.requests import HsmError
from switch.notify import notify
from switch.simulator.issuer.cards import load_cards
from switch.simulator.issuer.committer import Committer
from switch.simulator.issuer.config import IssuerConfig, ListenerSettings
from switch.simulator.issuer.door import Door
from switch.simulator.issuer.host import IssuerHost
from switch.simulator.issuer.posting import Books
from switch.simulator.issuer.rates import load_rates
from switch.simulator.issuer.store import IssuerError, open_database, open_second, seed
from switch.simulator.issuer.verify import Verifier

log = structlog.get_logger()

Addresses = dict[str, tuple[str, int]]


def utc_now() -> datetime:
    return datetime.now(UTC)


async def serve(
    config: IssuerConfig,
    *,
    now: Callable[[], datetime] = utc_now,
    task_status: trio.TaskStatus[Addresses] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serves until cancelled; reports the address of each listener by its name, and READY=1.

    Raises IssuerError, configfile.ConfigError and datakeys.DataKeyError for what it cannot start with.
    """
    cards, rates = load_cards(config.cards, config.name), load_rates(config.rates)
    async with HsmClient.of(config.hsm) as hsm:
        keys = await _open_keys(hsm, config)
        database = Path(config.database)
        with closing(open_database(database, keys)) as connection, closing(open_second(database)) as look:
            added = seed(connection, cards, keys)
            log.info("database open", issuer=config.name, database=config.database, cards_added=added)
            committer = Committer(connection)
            host = IssuerHost(keys, Books(rates, config.pin_tries), committer, look, Verifier(config, hsm), now)
            try:
                await _listen(config, host, committer, task_status)
            finally:
                notify("STOPPING=1")
                log.info("stopped", issuer=config.name, operations=committer.operations, commits=committer.commits)


async def _open_keys(hsm: HsmClient, config: IssuerConfig) -> DataKeys:
    """Waits for the HSM as long as it takes; raises IssuerError when it refuses."""
    path = Path(config.data_keys)
    while True:
        try:
            return await (datakeys.load if _exists(path) else datakeys.create)(hsm, path)
        except HsmUnavailable as error:
            log.warning("waiting for the HSM", issuer=config.name, reason=str(error), retry=config.hsm.retry)
            await trio.sleep(config.hsm.retry)
        except HsmError as error:
            raise IssuerError(f"{path}: data keys cannot be made: {error}") from None


def _exists(path: Path) -> bool:
    return path.exists()


async def _listen(
    config: IssuerConfig, host: IssuerHost, committer: Committer, task_status: trio.TaskStatus[Addresses]
) -> None:
    async with AsyncExitStack() as stack:
        bound = []
        for settings in config.listeners:
            sockets = await _bind(settings)
            bound.append((settings, sockets))
            for each in sockets:
                await stack.enter_async_context(each)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(committer.run)
            addresses: Addresses = {}
            for settings, sockets in bound:
                address = sockets[0].socket.getsockname()
                addresses[settings.name] = (address[0], address[1])
                nursery.start_soon(trio.serve_listeners, Door(settings, host).handle, sockets)
                log.info("listening", issuer=config.name, listener=settings.name, address=f"{address[0]}:{address[1]}")
            notify("READY=1")
            task_status.started(addresses)


async def _bind(settings: ListenerSettings) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(settings.port, host=settings.host)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise IssuerError(f"listener {settings.name}: cannot listen on {where}: {error.strerror}") from None
