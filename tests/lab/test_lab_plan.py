"""The lab's preparations: ports, folders and one clear line when either is not to be had."""

import socket

import pytest

from switch import configfile
from switch.hsm.server import HsmConfig
from switch.lab import plan
from switch.lab.errors import LabError
from switch.simulator import issuer, network


def test_ports_from_a_base_are_consecutive_and_each_is_used_once():
    ports = plan.Ports.from_base(20_000)
    assert (ports.terminals_hex, ports.terminals_binary, ports.hsm) == (20_000, 20_001, 20_002)
    assert ports.of_issuer("issuer-b", "mastercard") == 20_010


def test_a_taken_port_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind((plan.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=rf"port {port} \(hsm\): Address already in use; choose others"):
            plan.check_ports(plan.Ports(hsm=port, terminals_hex=0, terminals_binary=0))


@pytest.mark.parametrize("kind", ["file", "below a file"])
def test_a_folder_that_cannot_be_is_named_with_the_way_out(tmp_path, kind):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" if kind == "file" else tmp_path / "file" / "lab"
    with pytest.raises(LabError, match="choose another with --dir"):
        plan.prepare_folder(folder)


def test_folders_are_private(tmp_path):
    plan.prepare_folder(tmp_path / "lab")
    for part in ("", "log", "clearing"):
        assert (tmp_path / "lab" / part).stat().st_mode & 0o777 == 0o700


def test_every_process_reads_its_file(tmp_path):
    plan.prepare_folder(tmp_path)
    plan.write_files(tmp_path, plan.Ports())
    assert configfile.load(tmp_path / "hsm.toml", HsmConfig).port == 1500
    for name in plan.ISSUERS:
        assert issuer.load_config(tmp_path / f"{name}.toml").name == name
    for scheme in plan.SCHEMES:
        assert network.load_config(tmp_path / f"{scheme}.toml").scheme == scheme
