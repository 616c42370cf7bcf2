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
_PATIENT = Path(__file__).with_name("patient_lab.py")


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
    """`switch lab` in `folder`, a `patient` one with long deadlines. `output` is what it printed, once it has ended."""

    def __init__(self, folder: Path, *options: str, patient: bool = False) -> None:
        self.folder = folder
        self.base = free_port_base()
        self.output = ""
        command = [str(_PATIENT)] if patient else ["-m", "switch"]
        words = [*command, "lab", "--dir", str(folder), "--port-base", str(self.base), *options]
        self.process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
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
    """start_lab(folder, *options, patient=False): a running lab; ended at the end of the module."""
    started = []

    def start(folder: Path, *options: str, patient: bool = False) -> LabProcess:
        started.append(LabProcess(folder, *options, patient=patient))
        return started[-1]

    yield start
    for lab in started:
        lab.end()
