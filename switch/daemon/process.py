"""What every process of the house does around its work: logging, no core dumps, an orderly end on a signal."""

import resource
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import trio

from switch import logs

log = structlog.get_logger()

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StartError(Exception):
    """The process cannot start; the message is one clear line."""


def prepare(name: str) -> None:
    """Logs to standard error as `name`; a crash leaves no memory image with keys in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logs.configure(name)


async def until_signalled(work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work` until it ends by itself or SIGTERM or SIGINT cancels it."""

    async def run_work() -> None:
        await work()
        nursery.cancel_scope.cancel()

    with trio.open_signal_receiver(*_SIGNALS) as received:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_work)
            async for number in received:
                log.info("stopping", signal=signal.Signals(number).name)
                nursery.cancel_scope.cancel()
                break


async def on_signals(stop: Callable[[], None], abandon: Callable[[], None]) -> None:
    """Calls `stop` on the first SIGTERM or SIGINT and `abandon` on the second; runs until cancelled."""
    with trio.open_signal_receiver(*_SIGNALS) as received:
        calls = iter((stop, abandon))
        async for number in received:
            log.info("stopping", signal=signal.Signals(number).name)
            next(calls, abandon)()


def first_reason(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def flush_output() -> None:
    """Before a hard exit, which skips it."""
    sys.stdout.flush()
    sys.stderr.flush()
