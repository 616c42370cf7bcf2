"""The one task that moves bytes: a nested epoll under trio, frames handed on by plain calls, one write per tick.

No task, event, lock or cancel scope per frame; what is not hot stays ordinary trio."""

import select
import socket
from collections.abc import Callable

import structlog
import trio

from switch.link.connection import Connection, Framer, Handler, Limits

log = structlog.get_logger()

_EVENTS_PER_TICK = 256


class Reactor:
    """`tick_end` runs after the frames of a tick and before its writes: journal hand-over, delivery marks.

    A handler that raises loses its connection with a logged reason; with `strict` the error ends the reactor.
    """

    def __init__(self, clock: Callable[[], float] = trio.current_time, *, strict: bool = False) -> None:
        self.clock = clock
        self.tick_end: list[Callable[[], None]] = []
        self._strict = strict
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._watched: dict[int, Callable[[], None]] = {}
        self._touched: dict[Connection, None] = {}
        # Output made outside a tick, by an ordinary task or a timer, wakes the reactor through this pair.
        self._waker, self._wakee = socket.socketpair()
        self._waker.setblocking(False)
        self._wakee.setblocking(False)
        self._epoll.register(self._wakee, select.EPOLLIN)
        self._in_tick = False
        self._woken = False

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, sock: socket.socket, name: str, framer: Framer, handler: Handler, limits: Limits) -> Connection:
        """Takes over a connected, non-blocking socket."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection = Connection(sock, name, framer, handler, limits, self._touch, self.clock())
        self._connections[connection.fd] = connection
        self._epoll.register(connection.fd, select.EPOLLIN)
        return connection

    def watch(self, fd: int, then: Callable[[], None]) -> None:
        """Calls `then` in a tick whenever `fd` is readable."""
        self._watched[fd] = then
        self._epoll.register(fd, select.EPOLLIN)

    def unwatch(self, fd: int) -> None:
        if self._watched.pop(fd, None):
            self._epoll.unregister(fd)

    def pause(self, connection: Connection, *, paused: bool) -> None:
        """Stops or resumes reading: back-pressure on one peer."""
        if connection.paused != paused and not connection.closed:
            connection.paused = paused
            self._register(connection)

    def wake(self) -> None:
        """A tick is wanted although nothing arrived."""
        if not self._in_tick and not self._woken:
            self._woken = True
            self._waker.send(b"w")

    def _touch(self, connection: Connection) -> None:
        self._touched[connection] = None
        self.wake()

    async def run(self) -> None:
        """Until cancelled; then every connection is closed."""
        try:
            while True:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                self.tick()
        finally:
            for connection in list(self._connections.values()):
                connection.close("switch stopped")
            self._settle()

    def tick(self) -> None:
        """One round: read, hand on, `tick_end`, write."""
        self._in_tick = True
        try:
            now = self.clock()
            for fd, events in self._epoll.poll(0, _EVENTS_PER_TICK):
                self._dispatch(fd, events, now)
            self._end_tick()
            self._settle()
            self._end_tick()  # what the ends of connections have caused
        finally:
            self._in_tick = False

    def _end_tick(self) -> None:
        for then in self.tick_end:
            then()

    def _dispatch(self, fd: int, events: int, now: float) -> None:
        connection = self._connections.get(fd)
        if connection is not None:
            if events & select.EPOLLOUT:
                self._touched[connection] = None
            if events & ~select.EPOLLOUT and not connection.closed:
                self._guarded(connection, now)
        elif fd in self._watched:
            self._watched[fd]()
        elif fd == self._wakee.fileno():
            self._woken = False
            self._wakee.recv(64)

    def _guarded(self, connection: Connection, now: float) -> None:
        try:
            connection.readable(now)
        except Exception:
            if self._strict:
                raise
            log.exception("handler failed", link=connection.name)
            connection.close("internal error")

    def _settle(self) -> None:
        """Writes what was gathered and releases what was closed, until neither makes more."""
        while self._touched:
            touched, self._touched = self._touched, {}
            for connection in touched:
                if not connection.closed:
                    connection.write()
                if connection.closed:
                    self._release(connection)
                elif bool(connection.pending_out) != connection.blocked:
                    connection.blocked = bool(connection.pending_out)
                    self._register(connection)

    def _register(self, connection: Connection) -> None:
        reading = 0 if connection.paused or connection.half_closed else select.EPOLLIN
        self._epoll.modify(connection.fd, reading | (select.EPOLLOUT if connection.blocked else 0))

    def half_closed(self, connection: Connection) -> None:
        """Stops asking for input that will never come."""
        self._register(connection)

    def _release(self, connection: Connection) -> None:
        if self._connections.pop(connection.fd, None) is None:
            return
        self._epoll.unregister(connection.fd)
        connection.released()

    def sweep(self) -> None:
        """Closes connections that are silent in mid-frame or idle for too long; called by the timer task."""
        now = self.clock()
        for connection in self._connections.values():
            reason = connection.overdue(now)
            if reason:
                connection.close(reason)

    def close(self) -> None:
        """Frees what is left after `run`."""
        self._epoll.close()
        self._waker.close()
        self._wakee.close()


def describe_peer(sock: socket.socket) -> str:
    """host:port of the other end, for logs."""
    try:
        host, port, *_ = sock.getpeername()
    except OSError:
        return "gone"
    return f"{host}:{port}"
