"""A client of the REST interface that knows HTTPS, and the credentials the tests use."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from yarl import URL

from idis.resolver.config import DEVELOPMENT_CERTIFICATE
from idis.resolver.node import Node


class Rest:
    """Asks one node over HTTPS, or HTTP, paths exactly as spelled."""

    def __init__(self, session: aiohttp.ClientSession, node: Node, *, tls: ssl.SSLContext | bool = True) -> None:
        self._session = session
        self._tls = trust(node) if tls is True else tls
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{node.http_port}"

    async def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, JSON and headers; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        octets = raw if raw is not None or body is None else json.dumps(body).encode()
        if octets is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(self.base + path, encoded=True)
        async with self._session.request(method, url, data=octets, headers=sent, ssl=self._tls, allow_redirects=False) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None, answer.headers


def trust(node: Node) -> ssl.SSLContext:
    """What a client that was given the node's certificate uses."""
    return ssl.create_default_context(cafile=str(node.config.data_dir / DEVELOPMENT_CERTIFICATE))


def basic(identity: str, secret: str) -> str:
    """The header of Basic."""
    return "Basic " + base64.b64encode(f"{quote(identity, safe='')}:{secret}".encode()).decode()


def client_certificate(
    folder: Path, key: Any, common_name: str, *, uid: str = "", days: int = 1, from_days: int = -1
) -> tuple[Path, Path]:
    """A self-signed certificate of a key, and the key, as files."""
    names = [x509.NameAttribute(NameOID.USER_ID, uid)] if uid else []
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=from_days))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    certificate_file, key_file = folder / "client.pem", folder / "client_key.pem"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file


def in_thread(function: Any, *arguments: Any, **named: Any) -> Any:
    """Run what blocks beside the node's event loop."""
    return asyncio.to_thread(function, *arguments, **named)
