"""Tells whoever started this process how it is: systemd's notification protocol, sd_notify(3). Silent without it."""

import os
import socket

# Seconds: a manager that does not read, its queue full, must not stop the service's only loop for good.
_PATIENCE = 1.0


def notify(state: str) -> None:
    """Sends `state` ("READY=1", "STOPPING=1", "STATUS=...") to NOTIFY_SOCKET; nothing happens when there is none.

    Waits a second at most for a manager that is behind.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.settimeout(_PATIENCE)
        try:
            sender.connect(address)
            sender.send(state.encode())
        except OSError:
            return  # a manager that is gone or does not read must not take the service with it
