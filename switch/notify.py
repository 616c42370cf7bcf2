"""Tells whoever started this process how it is: systemd's notification protocol, sd_notify(3). Silent without it."""

import os
import socket


def notify(state: str) -> None:
    """Sends `state` ("READY=1", "STOPPING=1", "STATUS=...") to NOTIFY_SOCKET; nothing happens when there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.connect(address)
            sender.send(state.encode())
        except OSError:
            return  # a manager that is gone must not take the service with it
