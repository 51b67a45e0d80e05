"""Where a server is reached, and how its certificate is trusted."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_FIRST_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def address(host: str, port: int, *, tls: bool = False) -> str:
    """Return the URL at which a server that listens on `host` is reached from the same machine.

    A wildcard address becomes the loopback of its family; an IPv6 address gets its brackets (RFC 3986).
    """
    bare = host.strip("[]")
    host = _WILDCARDS.get(bare, bare)
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def trust(url: str, tls_cert: Path | None) -> "ssl.SSLContext | bool":
    """Return what to verify a server with: its own certificate where it is known, else the system's.

    Raises `OSError` when the file cannot be read or holds no certificate in PEM.
    """
    if not url.startswith("https:"):
        return False  # nothing to verify, and loading the system's certificates takes its time
    return _only(tls_cert) if tls_cert else True


def _only(tls_cert: Path) -> "ssl.SSLContext":
    """Trust this one certificate: the first of the file, for those after it may be of a public authority."""
    import ssl

    own = _FIRST_CERTIFICATE.search(tls_cert.read_text(encoding="ascii", errors="replace"))
    if own is None:
        raise ssl.SSLError(f"{tls_cert.name} holds no certificate in PEM")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=own[0])
    return context
