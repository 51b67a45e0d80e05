"""Names of hosts and origins, as browsers and other clients write them."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{0,5})?", re.ASCII)
_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"", "0.0.0.0", "::"}


def host_of(header: str) -> str | None:
    """Return the host that a Host header names: in lower case, without port, brackets and final dot.

    None if it is no `host[:port]` (RFC 9110, 7.2).
    """
    match = _HOST.fullmatch(header)
    if match is None:
        return None
    return canonical(match["host"])


def canonical(host: str) -> str:
    """Return a host as it is compared: in lower case, an address in its one shortest form."""
    host = host.strip("[]").lower().removesuffix(".")
    try:
        return str(ip_address(host))
    except ValueError:
        return host


class OwnHosts:
    """The hosts that this server answers to; ports are not compared."""

    def __init__(self, host: str, allowed: tuple[str, ...]) -> None:
        self._names = {"localhost", *(canonical(name) for name in (host, *allowed))}
        self._any_address = canonical(host) in _WILDCARDS

    def __contains__(self, header: str) -> bool:
        host = host_of(header)
        if host is None:
            return False
        if host in self._names:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return self._any_address or mapped.is_loopback


def origin_of(scheme: str, host_header: str) -> str:
    """Return the origin of a page that was loaded from there, as its browser would write it (RFC 6454)."""
    return normal_origin(f"{scheme}://{host_header}")


def normal_origin(origin: str) -> str:
    """Return an origin in lower case and without the default port; what is none stays as it is."""
    try:
        parts = urlsplit(origin.lower())
        port = parts.port
    except ValueError:
        return origin
    if "@" in parts.netloc or parts.path or parts.query or parts.fragment:
        return origin
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    default = port is None or port == _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{shown}" if default else f"{parts.scheme}://{shown}:{port}"
