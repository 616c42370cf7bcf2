"""Where connections come from: TCP by default, a virtual network in the simulation."""

import errno
import math
import os
import socket
from typing import Any, Protocol

import trio

from switch.link.poller import EpollPoller, Poller


class Network(Protocol):
    """Makes non-blocking sockets, and the poller that knows when they are ready."""

    def poller(self) -> Poller: ...

    async def connect(self, host: str, port: int, within: float) -> socket.socket:
        """As `connect`."""

    def bind(self, host: str, port: int) -> socket.socket:
        """As `bind`."""

    async def wait_readable(self, sock: socket.socket) -> None:
        """Until a listening socket has a connection to accept."""


class TcpNetwork:
    """The operating system's."""

    def poller(self) -> Poller:
        return EpollPoller()

    async def connect(self, host: str, port: int, within: float) -> socket.socket:
        return await connect(host, port, within)

    def bind(self, host: str, port: int) -> socket.socket:
        return bind(host, port)

    async def wait_readable(self, sock: socket.socket) -> None:
        await trio.lowlevel.wait_readable(sock)


TCP = TcpNetwork()


class AddressError(OSError):
    """An address that cannot be listened on; the message says which and why."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises AddressError."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1024)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise AddressError(f"cannot listen on {host}:{port}: {reason}") from None
    return sock


async def connect(host: str, port: int, within: float) -> socket.socket:
    """A connected, non-blocking socket to the first address of `host` that takes it; raises the last OSError.

    `within` is seconds for each address, 0 for no limit.
    """
    failure = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
    for family, kind, _, _, address in await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return await _connect(socket.socket(family, kind), address, within)
        except OSError as error:
            failure = error
    raise failure


async def _connect(sock: socket.socket, address: Any, within: float) -> socket.socket:
    sock.setblocking(False)
    try:
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        with trio.move_on_after(within or math.inf) as scope:
            await trio.lowlevel.wait_writable(sock)
        if scope.cancelled_caught:
            raise TimeoutError(f"no connection within {within:g} s")
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        if sock.getsockname() == sock.getpeername():
            # A port of the ephemeral range on which nobody listens may be given to the caller itself.
            raise OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except BaseException:
        sock.close()
        raise
    return sock
