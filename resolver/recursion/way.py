"""The way of a stream to a server: plain TCP, TLS, or the HTTP tunnel that passes where nothing else does (`wire.md` §8)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

DEFAULT_TLS_PORT = 2642
_TUNNEL_PORTS = {"http": 8_000, "https": 8_000}


@dataclass(frozen=True, slots=True)
class Way:
    """How frames travel.

    Attributes:
        name: tcp, tls, http or https.
        context: of TLS; None without.
        host: the server's name, which its certificate must have and HTTP tells it.
        tunnelled: whether frames are bodies of HTTP requests.
    """

    name: str
    context: ssl.SSLContext | None = None
    host: str = ""
    tunnelled: bool = False


PLAIN = Way("tcp")


def split_scheme(server: str) -> tuple[str, str]:
    """The scheme of `https://HOST:PORT` or `http://HOST:PORT`, empty for neither, and what stands behind it.

    Raises:
        ValueError: a path, which names no server.
    """
    for scheme in _TUNNEL_PORTS:
        if server.lower().startswith(f"{scheme}://"):
            rest = server[len(scheme) + 3 :].removesuffix("/")
            if "/" in rest:
                raise ValueError(f"{server!r} has a path: name the server only, {scheme}://HOST:PORT")
            return scheme, rest
    return "", server


def default_port(scheme: str, *, tls: bool, plain: int) -> int:
    """The port where none is named; `plain` is that of the binary protocol."""
    return _TUNNEL_PORTS.get(scheme, DEFAULT_TLS_PORT if tls else plain)


def way_to(host: str, scheme: str, *, tls: bool, ca: str | None) -> Way:
    """The way to a server.

    Args:
        host: its name or address.
        scheme: https or http for the tunnel, empty for the binary port.
        tls: encrypted, on the binary port.
        ca: PEM file of the certificates to trust; those of the system without.

    Raises:
        ValueError: the file cannot be used.
    """
    tunnelled = bool(scheme)
    if not (tls or scheme == "https"):
        return Way(scheme or "tcp", host=host, tunnelled=tunnelled)
    return Way(scheme or "tls", _context(ca), host, tunnelled)


def tls_sentence(error: ssl.SSLError, host: str) -> str:
    """What a failed handshake means, and what to do."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
            return "the server does not speak TLS on this port: leave TLS out, or name its TLS port"
        return f"the TLS handshake failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    told = error.verify_message
    if "expired" in told:
        return "the certificate of the server has expired: its operator must renew it (check the clock of this machine first)"
    if "not yet valid" in told:
        return "the certificate of the server is not valid yet: check the clock of this machine"
    if "mismatch" in told.lower() or "doesn't match" in told:
        return f"the certificate of the server is not for {host}: use a name it is for, or another server"
    if "self-signed" in told or "self signed" in told or "issuer" in told:
        return "nobody this machine trusts has signed the certificate of the server: name its file with --ca if you trust it"
    return f"the certificate of the server is not accepted: {told}"


def _context(ca: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except FileNotFoundError:
        raise ValueError(f"there is no file {ca} with certificates to trust") from None
    except (OSError, ssl.SSLError):
        raise ValueError(f"{ca} holds no certificates in PEM form") from None
    if ca is not None and not Path(ca).is_file():
        raise ValueError(f"{ca} is no file")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
