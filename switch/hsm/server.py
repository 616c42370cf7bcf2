"""The emulated HSM as a process: host commands over TCP or TLS. Never logs a command body."""

import socket
import ssl
from collections.abc import Callable

import structlog
import trio

from switch.hsm.commands import HostCommands
from switch.hsm.config import HsmConfig, HsmConfigError, open_commands
from switch.hsm.conversation import HostConversation
from switch.hsm.peer import Peer, Stream, Turns
from switch.hsm.statistics import HsmStatistics
from switch.hsm.tls import server_context
from switch.notify import notify

__all__ = ["HsmConfig", "HsmConfigError", "serve"]

log = structlog.get_logger()

# Seconds between two log lines about refused connections: a flood of them must not become a flood of lines.
_REFUSAL_PAUSE = 1.0


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
        await trio.serve_listeners(connections.handle, listeners)
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
        self._handle = handle
        self._statistics = statistics
        self._context = context
        self._turns = Turns()
        self._refused = 0
        self._refusal_logged = float("-inf")

    async def handle(self, stream: trio.SocketStream) -> None:
        try:
            host, port, *_ = stream.socket.getpeername()
            self._set_options(stream)
        except OSError:
            return  # gone before it was looked at
        peer = f"{host}:{port}"
        statistics = self._statistics
        if statistics.open >= self._config.max_connections:
            self._refuse(peer)
            return
        statistics.open = self._turns.connections = statistics.open + 1
        statistics.opened += 1
        log.info("connected", peer=peer)
        reason = "HSM stopped"
        try:
            reason = await self._serve(stream)
        except trio.BrokenResourceError:
            reason = "reset by peer"
        except Exception as bug:
            # A fault of ours costs one connection, not the others.
            reason = "fault of the HSM"
            log.exception("bug", peer=peer, error=type(bug).__name__)
        finally:
            statistics.open = self._turns.connections = statistics.open - 1
            log.info("disconnected", peer=peer, reason=reason)

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
        conversation = HostConversation(self._handle, config.header_length, config.max_message, self._statistics)
        return await Peer(stream, conversation, self._turns, config.message_timeout, config.idle_timeout).converse()

    async def _shake_hands(self, stream: trio.SSLStream[trio.SocketStream]) -> str:
        """Why the TLS handshake failed, "" when it did not."""
        with trio.move_on_after(self._config.message_timeout):
            try:
                await stream.do_handshake()
            except trio.BrokenResourceError as error:
                cause = error.__cause__
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

    def _refuse(self, peer: str) -> None:
        self._statistics.refused += 1
        self._refused += 1
        now = trio.current_time()
        if now - self._refusal_logged >= _REFUSAL_PAUSE:
            reason = f"{self._statistics.open} connections are open"
            log.warning("refused", peer=peer, reason=reason, count=self._refused)
            self._refusal_logged, self._refused = now, 0
