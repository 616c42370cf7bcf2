"""The load generator's sockets: one epoll loop, callbacks, one send per socket and turn. Knows no messages.

It is written apart from `switch.link` and does less, so that it costs less than what it measures."""

import select
import socket
from collections.abc import Callable

_HOST = "127.0.0.1"
_READ = 1 << 18
_EVENTS = 512


class End:
    """One connection; what is sent in a turn leaves at its end. `on_data` gets the bytes as they come."""

    __slots__ = ("on_data", "out", "sock", "wire")

    def __init__(self, sock: socket.socket, wire: "Wire", on_data: Callable[["End", bytes], None]) -> None:
        self.sock = sock
        self.wire = wire
        self.on_data = on_data
        self.out: list[bytes] = []

    def send(self, data: bytes) -> None:
        if not self.out:
            self.wire.dirty.append(self)
        self.out.append(data)


class Wire:
    """All connections of the generator, those of terminals and those of hosts."""

    def __init__(self) -> None:
        self.dirty: list[End] = []
        self._epoll = select.epoll()
        self._ends: dict[int, End] = {}
        self._doors: dict[int, tuple[socket.socket, Callable[[End, bytes], None]]] = {}

    def dial(self, port: int, on_data: Callable[[End, bytes], None]) -> End:
        """A connection to a port of this machine; raises OSError."""
        return self._add(socket.create_connection((_HOST, port), 5), on_data)

    def listen(self, on_data: Callable[[End, bytes], None]) -> int:
        """Accepts on a free port, which is returned."""
        sock = socket.create_server((_HOST, 0), backlog=64)
        sock.setblocking(False)
        self._doors[sock.fileno()] = sock, on_data
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        port: int = sock.getsockname()[1]
        return port

    def _add(self, sock: socket.socket, on_data: Callable[[End, bytes], None]) -> End:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        end = self._ends[sock.fileno()] = End(sock, self, on_data)
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        return end

    def turn(self, timeout: float) -> None:
        """Reads what is there, waiting up to `timeout` seconds for it, and sends what that has caused."""
        self._flush()
        for fd, events in self._epoll.poll(timeout, _EVENTS):
            end = self._ends.get(fd)
            if end is not None:
                self._serve(end, events)
            elif fd in self._doors:
                door, on_data = self._doors[fd]
                self._add(door.accept()[0], on_data)
        self._flush()

    def _serve(self, end: End, events: int) -> None:
        if events & select.EPOLLOUT:
            self._epoll.modify(end.sock.fileno(), select.EPOLLIN)
            self.dirty.append(end)
        if events & ~select.EPOLLOUT:
            try:
                data = end.sock.recv(_READ)
            except OSError:
                data = b""
            if data:
                end.on_data(end, data)
            else:
                self.hang_up(end)

    def _flush(self) -> None:
        dirty, self.dirty = self.dirty, []
        for end in dirty:
            data = b"".join(end.out)
            end.out = []
            try:
                sent = end.sock.send(data) if data else 0
            except BlockingIOError:
                sent = 0
            except OSError:
                self.hang_up(end)
                continue
            if sent < len(data):
                end.out.append(data[sent:])
                self._epoll.modify(end.sock.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def hang_up(self, end: End) -> None:
        """Ends one connection."""
        if self._ends.pop(end.sock.fileno(), None):
            self._epoll.unregister(end.sock.fileno())
            end.sock.close()

    def close(self) -> None:
        for end in list(self._ends.values()):
            self.hang_up(end)
        for door, _ in self._doors.values():
            door.close()
        self._epoll.close()
