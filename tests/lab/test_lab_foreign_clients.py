"""Clients that share no code with the switch: pyiso8583 and plain sockets on both ports, sound and broken traffic."""

import copy
import json
import random
import re
import shlex
import socket
import struct
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import iso8583
import pytest
from iso8583.specs import default_ascii

ROOT = Path(__file__).resolve().parents[2]
VISA, MASTERCARD, ON_US = "4111111111111111", "5555555555554444", "4571990000000011"
_stans = count(1)


@pytest.fixture(scope="module")
def lab(start_lab, tmp_path_factory):
    lab = start_lab(tmp_path_factory.mktemp("foreign"), "--payments", "1", patient=True)
    for line in lab.process.stdout:
        lab.output += line
        if "up until Ctrl-C" in line:
            break
    assert lab.process.poll() is None, lab.output
    return lab


class Client:
    """A terminal of somebody else's: pyiso8583's own ASCII specification, 2 bytes of length."""

    def __init__(self, port: int, *, binary: bool) -> None:
        self.spec = copy.deepcopy(default_ascii)
        for name, width in (("p", 8), ("1", 8)):
            self.spec[name].update(data_enc="b" if binary else "ascii", max_len=width if binary else 2 * width)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.rest = b""

    def request(self, mti: str = "0200", **fields: str) -> dict[str, str]:
        message = {
            "t": mti, "3": "000000", "4": "000000000100", "7": time.strftime("%m%d%H%M%S", time.gmtime()),
            "11": f"{next(_stans):06d}", "12": "120000", "13": "1124", "22": "012", "25": "00",
            "41": "FOREIGN1", "42": "FOREIGNMERCHANT", "49": "978",
        }  # fmt: skip
        return message | {name.strip("_"): value for name, value in fields.items()}

    def frame(self, message: dict[str, str]) -> bytes:
        raw, _ = iso8583.encode(dict(message), self.spec)
        return struct.pack(">H", len(raw)) + bytes(raw)

    def send(self, *messages: dict[str, str]) -> None:
        self.socket.sendall(b"".join(self.frame(message) for message in messages))

    def receive(self) -> dict[str, str]:
        size = struct.unpack(">H", self._exactly(2))[0]
        return iso8583.decode(self._exactly(size), self.spec)[0]

    def _exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.rest += data
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def ask(self, message: dict[str, str]) -> dict[str, str]:
        self.send(message)
        return self.receive()

    def is_closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture(params=["hex", "binary"])
def client(request, lab):
    client = Client(lab.base + (request.param == "binary"), binary=request.param == "binary")
    yield client
    client.socket.close()


@pytest.mark.parametrize("pan", [VISA, MASTERCARD, ON_US])
@pytest.mark.parametrize(("mti", "reply"), [("0100", "0110"), ("0200", "0210")])
def test_a_payment_is_answered_with_what_identifies_it(client, pan, mti, reply):
    request = client.request(mti, _2=pan, _14="3012")
    answer = client.ask(request)
    assert answer["t"] == reply
    assert answer["39"] == "00"
    assert len(answer["38"]) == 6
    assert {name: answer[name] for name in ("2", "3", "4", "7", "11", "41", "42", "49")} == {
        name: request[name] for name in ("2", "3", "4", "7", "11", "41", "42", "49")
    }


@pytest.mark.parametrize("code", ["001", "002", "301"])
def test_network_management_is_answered(client, code):
    request = {"t": "0800", "7": "1124120000", "11": f"{next(_stans):06d}", "70": code}
    answer = client.ask(request)
    assert (answer["t"], answer["11"], answer["39"], answer["70"]) == ("0810", request["11"], "00", code)


def test_a_payment_is_taken_back(client):
    request = client.request(_2=VISA, _14="3012", _4="000000004321")
    assert client.ask(request)["39"] == "00"
    reversal = client.request("0400", _2=VISA, _4=request["4"])
    reversal["90"] = f"0200{request['11']}{request['7']}".ljust(42, "0")
    answer = client.ask(reversal)
    assert (answer["t"], answer["11"], answer["39"]) == ("0410", reversal["11"], "00")


def test_a_repeat_gets_the_stored_answer(client):
    request = client.request(_2=MASTERCARD, _14="3012")
    first = client.ask(request)
    again = client.ask(request | {"t": "0201"})
    assert again["39"] == "00"
    assert again["38"] == first["38"]


def test_two_hundred_requests_deep_each_gets_its_own_answer(client):
    amounts = {}
    requests = []
    for number in range(200):
        request = client.request(_2=random.choice((VISA, MASTERCARD, ON_US)), _14="3012", _4=f"{number + 1:012d}")
        amounts[request["11"]] = (request["2"], request["4"])
        requests.append(request)
    client.send(*requests)
    answers = [client.receive() for _ in requests]
    assert {answer["11"]: (answer["2"], answer["4"]) for answer in answers} == amounts
    assert {answer["39"] for answer in answers} == {"00"}


def test_a_frame_cut_at_every_byte_is_read(client):
    request = client.request(_2=VISA, _14="3012")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in client.frame(request):
        client.socket.sendall(bytes((byte,)))
    assert client.receive()["39"] == "00"


def test_two_frames_in_one_segment_are_two_messages(client):
    first, second = client.request(_2=VISA, _14="3012"), client.request(_2=MASTERCARD, _14="3012")
    client.send(first, second)
    assert {client.receive()["11"], client.receive()["11"]} == {first["11"], second["11"]}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"_2": "4111111111111112"}, "14"),
        ({"_2": "9000000000000019"}, "92"),
        ({"_2": VISA, "_4": "000000000000"}, "13"),
        ({"_2": VISA, "_3": "990000"}, "12"),
        ({"_2": VISA, "_14": "2001"}, "54"),
        ({"_2": VISA, "_14": "3012", "_49": "97X"}, "30"),
    ],
)
def test_what_cannot_be_done_is_declined_with_the_right_code(client, fields, code):
    answer = client.ask(client.request(**fields))
    assert answer["39"] == code


def test_a_malformed_field_is_30_and_the_next_message_is_served(client):
    bad = client.frame(client.request(_2=VISA, _14="3012")).replace(b"000000000100", b"00000000010X")
    good = client.request(_2=VISA, _14="3012")
    client.socket.sendall(bad + client.frame(good))
    answers = [client.receive(), client.receive()]
    assert sorted(answer["39"] for answer in answers) == ["00", "30"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff" + b"A" * 100,
        b"\x00\x10" + b"\xff" * 16,
        b"GET / HTTP/1.1\r\nHost: switch\r\n\r\n" + b"x" * 30000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 6000,
    ],
)
def test_garbage_ends_its_own_connection_only(client, lab, garbage):
    neighbour = Client(lab.base, binary=False)
    client.socket.sendall(garbage)
    assert client.is_closed()
    assert neighbour.ask(neighbour.request(_2=VISA, _14="3012"))["39"] == "00"
    neighbour.socket.close()


def test_a_peer_that_vanishes_leaves_nothing_behind(client, lab):
    client.send(*[client.request(_2=VISA, _14="3012") for _ in range(20)])
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    again = Client(lab.base, binary=False)
    assert again.ask(again.request(_2=MASTERCARD, _14="3012"))["39"] == "00"
    again.socket.close()


def test_the_purchase_of_the_readme_works_as_printed(lab):
    text = (ROOT / "README.rst").read_text(encoding="utf-8")
    command = re.search(r"switch-terminal purchase(?:.*\\\n)*.*", text)[0].replace("\\\n", " ")
    words = shlex.split(command.replace("8583", str(lab.base)))
    done = subprocess.run(
        [Path(sys.executable).with_name(words[0]), *words[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "approved (00)" in done.stdout
    assert VISA not in done.stdout
    back = re.search(r"^to take it back: (.*)$", done.stdout, re.MULTILINE)[1].split()
    again = subprocess.run(
        [Path(sys.executable).with_name(back[0]), *back[1:]], capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_wrong_pin_exits_1_and_a_closed_port_2(lab):
    card = next(card for card in json.loads((ROOT / "fixtures/cards.json").read_text())["cards"] if card["pan"] == VISA)
    terminal = Path(sys.executable).with_name("switch-terminal")
    words = ["purchase", "--pan", VISA, "--amount", "1", "--track2", card["track2"]]
    wrong = subprocess.run(
        [terminal, *words, "--pin", "9999", "--port", str(lab.base)], capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, "declined (55)" in wrong.stdout) == (1, True)
    right = subprocess.run(
        [terminal, *words, "--pin", card["pin"], "--port", str(lab.base)], capture_output=True, check=False
    )
    assert right.returncode == 0
    nobody = subprocess.run([terminal, *words, "--port", "1"], capture_output=True, text=True, check=False)
    assert (nobody.returncode, nobody.stderr.count("\n")) == (2, 1)
