"""The certificate and the private key a node shows in TLS, and how they are renewed without losing a connection.

Handle's clients prove who they are by certificates that no authority signed: what counts is that the key in the
certificate is the key in their HS_PUBKEY value (`wire.md` §15). Python's own `ssl` refuses such certificates during the
handshake and lets nobody decide otherwise, so TLS is pyOpenSSL's here. TLS still proves that the peer holds the key; whose
key it is, `web/client_certificate.py` finds out.
"""

from __future__ import annotations

import logging
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING

from idis.proto.errors import IdisError
from idis.resolver.config import TlsSection
from idis.resolver.log import note

if TYPE_CHECKING:
    from OpenSSL.crypto import X509
    from OpenSSL.SSL import Connection, Context

EXPIRES_SOON_S = 14 * 86_400  # from then on every load of the certificate says so in the log
_OTHERS = 0o007  # a group may read a key, as Debian's ssl-cert does; everybody may not

# Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
_SESSION_CONTEXT = b"idis"  # without a name, sessions of clients with certificates cannot be resumed


class TlsKeyError(IdisError):
    """Certificate or key cannot be used; the text names the file and what to do."""


class TlsKeys:
    """What one process shows in TLS.

    Args:
        tls: the settings.
        data_dir: of the node; names of files are relative to it.

    Raises:
        TlsKeyError: they cannot be used.
    """

    def __init__(self, tls: TlsSection, data_dir: Path) -> None:
        self._tls = tls
        self._certificate = data_dir / tls.certificate
        self._key = data_dir / tls.key
        self._context: Context | None = None
        self._seen = self._stamps()
        self._check()

    @property
    def context(self) -> Context:
        """For the next connection; the first call reads the files and imports pyOpenSSL."""
        if self._context is None:
            self._context = self._load()
        return self._context

    def renew(self) -> None:
        """Take up files that have changed since they were last looked at; a bad pair is logged, the old one stays in use.

        Connections keep the certificate they began with. Costs two calls of stat(2) when nothing has changed.
        """
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self._check()
            if self._context is not None:
                self._context = self._load()
        except TlsKeyError as error:
            note(logging.ERROR, "certificate not renewed", reason=str(error))
        else:
            note(logging.INFO, "certificate renewed", certificate=str(self._certificate))

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))

    def _check(self) -> None:
        """As far as it goes without pyOpenSSL, which takes a tenth of a second to import."""
        for key, path in (("tls.certificate", self._certificate), ("tls.key", self._key)):
            try:
                mode = path.stat().st_mode
                path.read_bytes()
            except OSError as error:
                raise TlsKeyError(f"{key}: {path} cannot be read: {error.strerror}") from None
            if path == self._key and mode & _OTHERS:
                raise TlsKeyError(f"tls.key: everybody on this machine may use {path}: chmod 600 it")
        try:
            # Without a passphrase of its own the library would ask the terminal for one.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._certificate, self._key, password=_refuse_passphrase)
        except ssl.SSLError as error:
            raise TlsKeyError(_sentence(error, self._certificate, self._key)) from None

    def _load(self) -> Context:
        from OpenSSL import SSL

        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(_CIPHERS)
        context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_COMPRESSION)
        context.set_session_id(_SESSION_CONTEXT)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # sessions go on by tickets, which clients keep, not we
        try:
            context.use_certificate_chain_file(str(self._certificate))
            context.use_privatekey_file(str(self._key))
            context.check_privatekey()
        except SSL.Error as error:
            raise TlsKeyError(f"tls.certificate: {self._certificate} and {self._key} cannot be used: {error}") from None
        if self._tls.client_certificates:
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_CLIENT_ONCE, _accept_any)
        _say_when_it_ends(self._certificate)
        return context


def _accept_any(_connection: Connection, _certificate: X509, _error: int, _depth: int, _fine: int) -> bool:
    """Whoever signed it: the handshake proves the key, the HS_PUBKEY value says whose it is."""
    return True


def _refuse_passphrase() -> str:
    raise TlsKeyError("tls.key: the key is under a passphrase, which nobody can type here: store it without one, mode 0600")


def _say_when_it_ends(path: Path) -> None:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    left_s = certificate.not_valid_after_utc.timestamp() - time.time()
    if left_s < EXPIRES_SOON_S:
        event = "certificate expired" if left_s < 0 else "certificate expires soon"
        note(logging.WARNING, event, certificate=str(path), not_after=certificate.not_valid_after_utc.isoformat())


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _sentence(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"tls.key: {key} is not the key of {certificate}: name the two files that were made together"
    return f"tls.certificate: {certificate} and {key} must be a certificate and its key in PEM: {error.reason or error}"
