"""Whose address a request comes from, for limits: a customer's whole network is one client."""

from ipaddress import IPv6Address, ip_address
from typing import Final

from fastapi import Request

# What one customer is given in IPv6; whoever counted single addresses would count nobody.
_CUSTOMER_BITS: Final = 64


def client_of(request: Request) -> str:
    """Return the client's address as limits count it.

    It is the connection's. Behind a proxy uvicorn has put the proxy's client there, if
    FORWARDED_ALLOW_IPS names the proxy; the header itself anybody can write.
    """
    return network_of(request.client.host if request.client else "")


def network_of(host: str) -> str:
    """Return an IPv4 address as it is and of an IPv6 address its /64; all else is one client."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> _CUSTOMER_BITS << _CUSTOMER_BITS))
