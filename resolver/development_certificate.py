"""A certificate to begin with: self-signed, for the addresses a node listens on.

It lets every client try TLS at once, each told to trust this one file (`--ca`). Production puts files from an authority in
its place.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY

VALID_DAYS = 397  # as long as browsers accept one
_NAME_CHARACTERS_MAX = 64  # of a common name (RFC 5280, ub-common-name)
_BEFORE = datetime.timedelta(days=1)  # clocks differ


def make_development_certificate(directory: Path, name: str, hosts: Sequence[str], now: int) -> None:
    """Write `tls/certificate.pem` and `tls/key.pem` (mode 600) below a data directory.

    Args:
        directory: of the node.
        name: of the node, the certificate's common name.
        hosts: addresses it is reached at; `localhost` is added, addresses that stand for all are passed over.
        now: unix time.

    Raises:
        OSError: a file cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, name, hosts, datetime.datetime.fromtimestamp(now, datetime.UTC))
    (directory / DEVELOPMENT_CERTIFICATE).parent.mkdir(mode=0o750)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(directory / DEVELOPMENT_KEY, key.private_bytes(*form), 0o600)
    _write(directory / DEVELOPMENT_CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _certificate(key: ec.EllipticCurvePrivateKey, name: str, hosts: Sequence[str], now: datetime.datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_NAME_CHARACTERS_MAX])])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    addresses = [ipaddress.ip_address(host) for host in dict.fromkeys(hosts)]
    return [x509.DNSName("localhost"), *(x509.IPAddress(one) for one in addresses if not one.is_unspecified)]


def _write(path: Path, octets: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
