"""The operator's socket: one JSON request per line, one JSON answer per line. A Unix socket with mode 0600."""

import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio

from switch.daemon.config import AdminConfig

log = structlog.get_logger()

# A verb takes the arguments of its request by name; those that have secrets in them never reach a log.
Verbs = Mapping[str, Callable[..., Awaitable[dict[str, Any]]]]
_CHUNK = 65536
# Who asks, as the kernel says; for the verbs that keep it.
operator: ContextVar[str] = ContextVar("operator", default="")


class AdminError(Exception):
    """The daemon could not be asked, or refused; the message says why."""


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    verb: str
    arguments: dict[str, str] = {}


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of at most 107 bytes for `path`, which is all that a Unix socket's address holds."""
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def bind(path: Path) -> socket.socket:
    """Listens on `path`; what a killed daemon left behind is replaced: the journal's lock tells that it is dead."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        with _short(path) as name:
            sock.bind(name)
        sock.listen(16)
    except OSError as error:
        sock.close()
        raise AdminError(f"{path}: {error.strerror or error}") from None
    finally:
        os.umask(mask)
    return sock


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """`bind`, and at the end the file goes, unless another daemon has put its own there meanwhile."""
    with bind(path) as sock:
        own = _identity(path)
        try:
            yield sock
        finally:
            if own and _identity(path) == own:
                path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def serve(sock: socket.socket, config: AdminConfig, verbs: Verbs) -> None:
    """Answers until cancelled."""

    room = trio.CapacityLimiter(config.max_connections)

    async def handle(stream: trio.SocketStream) -> None:
        if not room.available_tokens:
            await trio.aclose_forcefully(stream)
            return
        async with room:
            await converse(stream)

    async def converse(stream: trio.SocketStream) -> None:
        try:
            operator.set(_peer(stream))
            with trio.move_on_after(config.timeout):
                line = await _line(stream, config.max_request)
                await stream.send_all(msgspec.json.encode(await _answer(line, verbs)) + b"\n")
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # whoever asked is gone
        finally:
            await trio.aclose_forcefully(stream)

    await trio.serve_listeners(handle, [trio.SocketListener(trio.socket.from_stdlib_socket(sock))])


def _peer(stream: trio.SocketStream) -> str:
    """The name of the user on the other end, or his number when he has none."""
    credentials = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


async def _answer(line: bytes, verbs: Verbs) -> dict[str, Any]:
    try:
        request = msgspec.json.decode(line, type=_Request)
    except msgspec.MsgspecError as error:
        return {"error": f"expected a JSON object with a verb: {error}"}
    verb = request.verb
    if verb not in verbs:
        return {"error": f"expected a verb among {', '.join(sorted(verbs))}"}
    log.info("operator", verb=verb, operator=operator.get())
    try:
        return {"ok": await verbs[verb](**request.arguments)}
    except AdminError as error:
        return {"error": str(error)}
    except Exception as error:
        log.exception("operator request failed", verb=verb)
        return {"error": str(error)}


async def ask(
    path: Path, verb: str, within: float = 10.0, arguments: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the daemon that listens on `path` answers to `verb` with its arguments; raises AdminError."""
    answer = b""
    with trio.move_on_after(within) as waited:
        try:
            with _short(path) as name:
                stream = await trio.open_unix_socket(name)
            async with stream:
                await stream.send_all(msgspec.json.encode(_Request(verb, dict(arguments or {}))) + b"\n")
                answer = await _line(stream, 1 << 24)
        except (OSError, trio.BrokenResourceError) as error:
            reason = getattr(error, "strerror", None) or "connection lost"
            raise AdminError(f"{path}: no daemon answers here: {reason}") from None
    if waited.cancelled_caught or not answer:
        raise AdminError(f"{path}: the daemon did not answer within {within:g} s")
    found: dict[str, Any] = msgspec.json.decode(answer)
    if "error" in found:
        raise AdminError(found["error"])
    result: dict[str, Any] = found["ok"]
    return result


async def _line(stream: trio.SocketStream, most: int) -> bytes:
    """Up to the first line feed, or the end, or `most` bytes."""
    data = b""
    while b"\n" not in data and len(data) < most:
        more = await stream.receive_some(_CHUNK)
        if not more:
            break
        data += bytes(more)
    return data.partition(b"\n")[0]
