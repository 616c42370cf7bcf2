"""A lab as a user starts it: its own processes, a folder of its own, ports that are free."""

import random
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from switch.lab import plan

# Below the range from which the kernel gives out ports for connections.
_LOWEST, _HIGHEST = 12_000, 31_000


def free_port_base() -> int:
    """The first of as many consecutive free ports as a lab needs."""
    count = len(fields(plan.Ports))
    for base in random.sample(range(_LOWEST, _HIGHEST, count), 200):
        if all(_is_free(base + index) for index in range(count)):
            return base
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((plan.HOST, port))
        except OSError:
            return False
    return True


class LabProcess:
    """`switch lab` in `folder`; `output` is what it has printed when it has ended."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.base = free_port_base()
        self.output = ""
        words = ["lab", "--dir", str(folder), "--port-base", str(self.base), *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "switch", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def wait(self, within: float = 120.0) -> int:
        self.output += self.process.communicate(timeout=within)[0]
        return self.process.returncode

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.wait(30)


@pytest.fixture(scope="module")
def start_lab():
    """start_lab(folder, *options): a running lab; ended at the end of the module."""
    started = []

    def start(folder: Path, *options: str) -> LabProcess:
        started.append(LabProcess(folder, *options))
        return started[-1]

    yield start
    for lab in started:
        lab.end()
