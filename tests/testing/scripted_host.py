"""A small host of plain sockets and pyiso8583, sound but for one planted bug; `python scripted_host.py PORT BUG`."""

import os
import socket
import sys
import threading
import time

import iso8583
from iso8583.specs import default_ascii

REPLIES = {"0100": "0110", "0200": "0210", "0800": "0810"}
state = {"last": "", "stuck": False}


def answer(bug: str, raw: bytes) -> bytes | None:
    """The reply, b"" for silence, None for closing."""
    try:
        request, _ = iso8583.decode(raw, default_ascii)
        if request["t"] not in REPLIES:
            return b"" if request["t"][2:3] in "1345" else None
    except Exception:
        return broken(bug)
    if (bug, request["t"]) == ("close", "0800"):
        return None
    if (bug, request["t"]) == ("unreadable", "0200"):
        return b"0210" + b"Z" * 16
    if (bug, request["t"]) == ("slow", "0200"):
        time.sleep(1.5)
    if bug == "silence" and "48" in request:
        return b""
    made, _ = iso8583.encode(reply_to(bug, request), default_ascii)
    return bytes(made)


def broken(bug: str) -> bytes | None:
    if bug == "crash":
        os._exit(1)
    state["stuck"] = bug == "stuck"
    return b"" if bug == "silence on broken" else None


def reply_to(bug: str, request: dict[str, str]) -> dict[str, str]:
    reply = {key: request[key] for key in ("2", "3", "4", "7", "11", "41", "42", "49", "70") if key in request}
    reply |= {"t": REPLIES[request["t"]], "39": "00"}
    wrong = {"type": {"t": request["t"]}, "stan": {"11": "999999"}, "echo": {"4": "000000000001"}}.get(bug, {})
    if bug == "other" and request["t"] == "0200" and state["last"]:
        wrong = {"11": state["last"]}
    state["last"] = request.get("11", "")
    return reply | {key: value for key, value in wrong.items() if key in reply}


def serve(connection: socket.socket, bug: str) -> None:
    rest = b""
    try:
        with connection:
            while data := connection.recv(65536):
                rest += data
                while len(rest) >= 2 and len(rest) >= 2 + int.from_bytes(rest[:2], "big"):
                    size = int.from_bytes(rest[:2], "big")
                    raw, rest = rest[2 : 2 + size], rest[2 + size :]
                    if not raw:
                        continue
                    if state["stuck"]:
                        time.sleep(1)
                        continue
                    made = answer(bug, raw)
                    if made is None:
                        return
                    if made:
                        connection.sendall(len(made).to_bytes(2, "big") + made)
    except OSError:
        pass


def main(port: int, bug: str) -> None:
    with socket.create_server(("127.0.0.1", port), backlog=128) as listener:
        sys.stdout.write("up\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            connection.settimeout(10)
            threading.Thread(target=serve, args=(connection, bug), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
