"""The emulated HSM as a process: host commands over TCP. Never logs a command body."""

import math

import msgspec
import structlog
import trio

from switch.hsm.commands import HostCommands, KeyTypes
from switch.hsm.lmk import TEST_LMK, check_value
from switch.notify import notify

log = structlog.get_logger()


class HsmConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Sizes in bytes, counts and seconds; `production` refuses the public test LMK, the only one emulated.

    `message_timeout` bounds the silence inside an unfinished message, and how long a peer may leave replies unread;
    between messages it may be silent for ever.
    """

    host: str = "127.0.0.1"
    port: int = 1500
    header_length: int = 4
    max_message: int = 8192
    max_connections: int = 64
    message_timeout: float = 10.0
    pci_key_types: bool = False
    production: bool = False


class HsmConfigError(ValueError):
    """A configuration the HSM does not start with."""


async def serve(
    config: HsmConfig, task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serves until cancelled; reports its addresses when it listens. Raises HsmConfigError and OSError."""
    if config.production and TEST_LMK.test:
        raise HsmConfigError("hsm.production is set, and this emulator only holds the public test LMK")
    types = KeyTypes.pci() if config.pci_key_types else KeyTypes()
    connections = _Connections(config, HostCommands(TEST_LMK, types))
    listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    addresses = [listener.socket.getsockname()[:2] for listener in listeners]
    log.info("listening", addresses=[f"{host}:{port}" for host, port in addresses], lmk_check=check_value(TEST_LMK)[:6])
    task_status.started(addresses)
    notify("READY=1")
    await trio.serve_listeners(connections.handle, listeners)


class _Connections:
    def __init__(self, config: HsmConfig, commands: HostCommands) -> None:
        self._config = config
        self._commands = commands
        self._open = 0

    async def handle(self, stream: trio.SocketStream) -> None:
        try:
            peer = str(stream.socket.getpeername()[1])
        except OSError:
            return  # gone before it was looked at
        if self._open >= self._config.max_connections:
            log.warning("refused", peer=peer, reason=f"{self._open} connections are open")
            return
        self._open += 1
        log.info("connected", peer=peer)
        reason = "closed by peer"
        try:
            reason = await self._converse(stream)
        except trio.BrokenResourceError:
            reason = "reset by peer"
        finally:
            self._open -= 1
            log.info("disconnected", peer=peer, reason=reason)

    async def _converse(self, stream: trio.SocketStream) -> str:
        """Answers everything that has arrived with one write; returns why the connection ended."""
        rest = b""
        while True:
            with trio.move_on_after(self._config.message_timeout if rest else math.inf) as silence:
                data = await stream.receive_some()
            if silence.cancelled_caught:
                return "silent inside a message"
            if not data:
                return "closed by peer"
            rest, replies, fault = self._answer(rest + bytes(data))
            with trio.move_on_after(self._config.message_timeout) as stalled:
                await stream.send_all(replies)
            if stalled.cancelled_caught:
                return "does not read its replies"
            if fault:
                return fault

    def _answer(self, buffer: bytes) -> tuple[bytes, bytes, str]:
        width, position = self._config.header_length, 0
        replies: list[bytes] = []
        while len(buffer) - position >= 2:
            length = int.from_bytes(buffer[position : position + 2], "big")
            if not width + 2 <= length <= self._config.max_message:
                return (
                    b"",
                    b"".join(replies),
                    f"message of {length} bytes, expected {width + 2} to the configured limit",
                )
            end = position + 2 + length
            if end > len(buffer):
                break
            header = buffer[position + 2 : position + 2 + width]
            reply = header + self._commands.handle(buffer[position + 2 + width : end])
            replies.append(len(reply).to_bytes(2, "big") + reply)
            position = end
        return buffer[position:], b"".join(replies), ""
