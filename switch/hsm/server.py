"""The emulated HSM as a process: host commands over TCP or TLS. Never logs a command body."""

import socket
import ssl
from collections.abc import Callable

import structlog
import trio

from switch.hsm.accepting import Acceptor
from switch.hsm.commands import HostCommands
from switch.hsm.config import HsmConfig, HsmConfigError, open_commands
from switch.hsm.connectionlog import ConnectionLog
from switch.hsm.conversation import HostConversation
from switch.hsm.peer import Peer, Stream, Timeouts, Turns
from switch.hsm.seats import Seats, peer_of
from switch.hsm.statistics import HsmStatistics
from switch.hsm.tls import send_alert, server_context
from switch.notify import notify

__all__ = ["HsmConfig", "HsmConfigError", "serve"]

log = structlog.get_logger()


async def serve(
    config: HsmConfig,
    statistics: HsmStatistics | None = None,
    commands: HostCommands | None = None,
    task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serves until cancelled; reports its addresses when it listens. Raises HsmConfigError and OSError.

    `commands` are those of `open_commands(config)` when passphrases had to be asked for before.
    """
    commands = commands or open_commands(config)
    context = server_context(config.tls) if config.tls else None
    counted = statistics or HsmStatistics()
    connections = _Connections(config, commands.handle, counted, context)
    listeners = await _listen(config.host, config.port)
    addresses = [listener.socket.getsockname()[:2] for listener in listeners]
    shown = [f"{host}:{port}" for host, port in addresses]
    check = commands.handle(b"NC")[4:10].decode()
    log.info("listening", addresses=shown, tls=context is not None, lmks=config.lmk_names, lmk_check=check)
    task_status.started(addresses)
    notify("READY=1")
    try:
        await connections.serve(listeners)
    finally:
        log.info("stopped", **counted.snapshot())


async def _listen(host: str, port: int) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


class _Connections:
    def __init__(
        self,
        config: HsmConfig,
        handle: Callable[[bytes], bytes],
        statistics: HsmStatistics,
        context: ssl.SSLContext | None,
    ) -> None:
        self._config = config
        self._commands = handle
        self._statistics = statistics
        self._context = context
        self._timeouts = Timeouts(
            message=config.message_timeout, first=config.first_message_timeout, idle=config.idle_timeout
        )
        self._turns = Turns()
        self._seats = Seats(config.max_connections, config.max_connections_per_peer)
        self._lines = ConnectionLog(config.log_lines_per_peer)

    async def serve(self, listeners: list[trio.SocketListener]) -> None:
        """Runs until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._lines.run)
                nursery.start_soon(Acceptor(self._handle_one).accept, listeners)
        finally:
            self._lines.summarise()

    async def _handle_one(self, stream: trio.SocketStream) -> None:
        try:
            host, port, *_ = stream.socket.getpeername()
            self._set_options(stream)
        except OSError:
            return  # gone before it was looked at
        peer, shown = peer_of(host), f"{host}:{port}"
        refusal = self._seats.take(peer)
        if refusal:
            self._statistics.refused += 1
            self._lines.note("refused", peer, peer=shown, reason=refusal)
            return
        self._count()
        self._statistics.opened += 1
        self._lines.note("connected", peer, peer=shown)
        reason = "HSM stopped"
        try:
            reason = await self._serve(stream)
        except trio.BrokenResourceError:
            reason = "reset by peer"
        except Exception as bug:
            # A fault of ours costs one connection, not the others.
            reason = "fault of the HSM"
            log.exception("bug", peer=shown, error=type(bug).__name__)
        finally:
            self._seats.give_back(peer)
            self._count()
            self._lines.note("disconnected", peer, peer=shown, reason=reason)

    def _count(self) -> None:
        self._statistics.open = self._turns.connections = self._seats.open

    async def _serve(self, stream: trio.SocketStream) -> str:
        """Returns why the connection ended."""
        if self._context is None:
            return await self._converse(stream)
        secure = trio.SSLStream(stream, self._context, server_side=True, https_compatible=True)
        fault = await self._shake_hands(secure)
        if fault:
            self._statistics.handshakes_failed += 1
            return fault
        reason = await self._converse(secure)
        with trio.move_on_after(self._config.message_timeout):
            await secure.aclose()
        return reason

    async def _converse(self, stream: Stream) -> str:
        config = self._config
        conversation = HostConversation(self._commands, config.header_length, config.max_message, self._statistics)
        return await Peer(stream, conversation, self._turns, self._timeouts).converse()

    async def _shake_hands(self, stream: trio.SSLStream[trio.SocketStream]) -> str:
        """Why the TLS handshake failed, "" when it did not."""
        with trio.move_on_after(self._config.message_timeout):
            try:
                await stream.do_handshake()
            except trio.BrokenResourceError as error:
                cause = error.__cause__
                await send_alert(stream)
                return f"TLS handshake failed: {getattr(cause, 'reason', None) or 'connection lost'}"
            return ""
        return "TLS handshake unfinished"

    def _set_options(self, stream: trio.SocketStream) -> None:
        config = self._config
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(config.nodelay))
        if config.keepalive_idle:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, config.keepalive_idle)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, config.keepalive_interval)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, config.keepalive_count)
