"""Who may have a connection: so many in all, and so many of one peer, so that none can take every seat."""

import ipaddress

# Of all seats one peer may have a quarter, where the configuration does not say; of few seats it may have them all.
_SHARE, _LEAST = 4, 16
# A host of IPv6 has at least this much of the address to choose from (RFC 6177).
_IPV6_NETWORK = 64


def peer_of(host: str) -> str:
    """Whom an address counts for: an IPv4 address itself, of IPv6 its network of 64 bits."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address)


class Seats:
    """`most` connections in all; `most_of_peer` of one peer, 0 for a quarter of all and at least 16."""

    def __init__(self, most: int, most_of_peer: int) -> None:
        self._most = most
        self._most_of_peer = most_of_peer or max(_LEAST, most // _SHARE)
        self._taken: dict[str, int] = {}
        self.open = 0

    def take(self, peer: str) -> str:
        """Takes a seat for `peer` and returns "", or why there is none."""
        if self.open >= self._most:
            return f"{self.open} connections are open"
        held = self._taken.get(peer, 0)
        if held >= self._most_of_peer:
            return f"{held} connections of {peer} are open"
        self._taken[peer] = held + 1
        self.open += 1
        return ""

    def give_back(self, peer: str) -> None:
        """The seat of a connection that ended."""
        self.open -= 1
        left = self._taken[peer] - 1
        if left:
            self._taken[peer] = left
        else:
            del self._taken[peer]
