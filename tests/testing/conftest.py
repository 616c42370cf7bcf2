"""Scripted hosts in processes of their own, on free ports, each with one planted bug."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

HOST = Path(__file__).with_name("scripted_host.py")


class ScriptedHost:
    """A host process; `become` restarts it on the same port with another bug, or none."""

    def __init__(self, bug: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.become(bug)

    def become(self, bug: str) -> None:
        self.end()
        words = [sys.executable, str(HOST), str(self.port), bug]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "up\n"

    def end(self) -> None:
        if hasattr(self, "process"):
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


@pytest.fixture
def host_with():
    """host_with(bug): a running scripted host."""
    started = []

    def start(bug: str) -> ScriptedHost:
        started.append(ScriptedHost(bug))
        return started[-1]

    yield start
    for host in started:
        host.end()
