"""Which process listens where, and the configuration file of each. The files are as an operator would write them."""

import socket
from dataclasses import dataclass, fields
from pathlib import Path

import msgspec

from switch.lab.errors import LabError
from switch.resources import read_text

HOST = "127.0.0.1"
ISSUERS = ("issuer-a", "issuer-b")
SCHEMES = ("visa", "mastercard")


@dataclass(frozen=True, slots=True)
class Ports:
    """One TCP port per listener of the lab."""

    terminals_hex: int = 8583
    terminals_binary: int = 8584
    hsm: int = 1500
    visa: int = 8591
    mastercard: int = 8592
    issuer_a_switch: int = 8601
    issuer_a_visa: int = 8602
    issuer_a_mastercard: int = 8603
    issuer_b_switch: int = 8604
    issuer_b_visa: int = 8605
    issuer_b_mastercard: int = 8606

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """Consecutive ports from `base` on, in the order above."""
        return cls(*(base + index for index in range(len(fields(cls)))))

    def of_issuer(self, issuer: str, peer: str) -> int:
        port: int = getattr(self, f"{issuer.replace('-', '_')}_{peer}")
        return port


def check_ports(ports: Ports) -> None:
    """Raises LabError naming the first port that cannot be listened on."""
    for field in fields(ports):
        port = getattr(ports, field.name)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                name = field.name.replace("_", " ")
                raise LabError(f"port {port} ({name}): {reason}; choose others with --port-base") from None


def prepare_folder(folder: Path) -> None:
    """Creates the lab's folders; raises LabError when that is not possible."""
    try:
        for part in (folder, folder / "log", folder / "clearing"):
            part.mkdir(parents=True, exist_ok=True)
            part.chmod(0o700)
    except OSError as error:
        raise LabError(f"{error.filename or folder}: {error.strerror}; choose another with --dir") from None


def write_files(folder: Path, ports: Ports) -> None:
    """The configuration files of all processes; raises LabError."""
    keys = _keys_under_lmk()
    files = {
        "hsm.toml": f'host = "{HOST}"\nport = {ports.hsm}\nstatus_socket = "hsm.sock"\n',
        "switch.toml": _switch(ports, keys),
    }
    for issuer in ISSUERS:
        files[f"{issuer}.toml"] = _issuer(issuer, ports, keys)
    for scheme in SCHEMES:
        files[f"{scheme}.toml"] = _node(scheme, ports, keys)
    try:
        for name, text in files.items():
            (folder / name).write_text(f"# Written by `switch lab`.\n{text}", encoding="utf-8")
    except OSError as error:
        raise LabError(f"{error.filename}: {error.strerror}; choose another folder with --dir") from None


def _keys_under_lmk() -> dict[str, str]:
    table = msgspec.json.decode(read_text("fixtures", "keys.json"))["keys"]
    return {name: key["under_lmk"] for name, key in table.items()}


def _switch(ports: Ports, keys: dict[str, str]) -> str:
    return f"""
journal = "journal.db"
data_keys = "data-keys.json"
acquirer = "400001"

[admin]
socket = "switch.sock"

[hsm]
host = "{HOST}"
port = {ports.hsm}

[terminal]
tpk = "{keys["tpk.lab"]}"

[[listeners]]
name = "terminals-hex"
host = "{HOST}"
port = {ports.terminals_hex}
spec = "pos-1987-ascii"

[[listeners]]
name = "terminals-binary"
host = "{HOST}"
port = {ports.terminals_binary}
spec = "pos-1987-ascii-binary"

[hosts.visa]
dialect = "visa"
zpk = "{keys["zpk.visa"]}"
link = {{ host = "{HOST}", port = {ports.visa} }}

[hosts.mastercard]
dialect = "mastercard"
zpk = "{keys["zpk.mastercard"]}"
link = {{ host = "{HOST}", port = {ports.mastercard} }}

[hosts.issuer-a]
dialect = "iso-1993-ascii"
link = {{ host = "{HOST}", port = {ports.issuer_a_switch} }}
on_us = {{ pvk = "{keys["pvk.issuer-a"]}", cvk = "{keys["cvk.issuer-a"]}" }}
"""


def _issuer(issuer: str, ports: Ports, keys: dict[str, str]) -> str:
    text = f"""
name = "{issuer}"
database = "{issuer}.db"
data_keys = "{issuer}.keys.json"
pvk = "{keys[f"pvk.{issuer}"]}"
cvk = "{keys[f"cvk.{issuer}"]}"

[hsm]
host = "{HOST}"
port = {ports.hsm}
"""
    for peer in ("switch", *SCHEMES):
        zpk = keys.get(f"zpk.{peer}.{issuer}", "")
        text += f"""
[[listeners]]
name = "{peer}"
host = "{HOST}"
port = {ports.of_issuer(issuer, peer)}
zpk = "{zpk}"
"""
    return text


def _node(scheme: str, ports: Ports, keys: dict[str, str]) -> str:
    text = f"""
scheme = "{scheme}"
zpk = "{keys[f"zpk.{scheme}"]}"

[listen]
host = "{HOST}"
port = {getattr(ports, scheme)}

[hsm]
host = "{HOST}"
port = {ports.hsm}
"""
    for issuer in ISSUERS:
        text += f"""
[issuers.{issuer}]
host = "{HOST}"
port = {ports.of_issuer(issuer, scheme)}
zpk = "{keys[f"zpk.{scheme}.{issuer}"]}"
"""
    return text
