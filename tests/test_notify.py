"""sd_notify(3): one datagram to whoever started the process, and nothing without one."""

import os
import socket

import pytest

from switch import notify as module
from switch.notify import notify


@pytest.mark.parametrize("abstract", [True, False])
def test_a_state_reaches_the_manager(monkeypatch, tmp_path, abstract):
    name = f"@switch-test-{os.getpid()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all"])
def test_without_a_manager_nothing_happens(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")


def test_a_manager_that_does_not_read_stops_nobody(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    name = f"switch-test-full-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        for _ in range(1000):  # more than any queue holds
            notify("READY=1")
            if _is_full(name):
                break
        notify("STOPPING=1")
        assert manager.recv(100) == b"READY=1"


def _is_full(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("\0" + name)
        try:
            sender.send(b"READY=1", socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
    return False
