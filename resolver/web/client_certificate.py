"""Client certificates: whose they say they are, and whether that is so (`wire.md` §15).

A certificate needs no authority. It names an identity, `300:88.118.8/user`, in its UID or else its common name, and its key
must be the very key of that identity, its HS_PUBKEY value. That its sender holds the private half, TLS has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold
from idis.proto.value import Value
from idis.registry.identity import Identity, parse_identity
from idis.registry.keyring import PUBLIC_KEY
from idis.registry.registration.checks import Refusal
from idis.resolver.admin import public_key

_NAMED_BY = (NameOID.USER_ID, NameOID.COMMON_NAME)


def named_identity(certificate: x509.Certificate, now: datetime) -> Identity | Refusal:
    """The identity a certificate names.

    Args:
        certificate: as the client showed it.
        now: with a time zone.
    """
    for kind in _NAMED_BY:
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            name = str(attribute.value)
            if "/" not in name:  # a person's name, or a machine's
                continue
            try:
                identity = parse_identity(name)
            except IdentifierError:
                continue
            return _refuse_date(certificate, identity, now) or identity
    return _failed("the client certificate names no identity: its UID or CN must be like 300:88.118.8/user")


def holder(certificate: x509.Certificate, named: Identity, keys: Sequence[Value]) -> Identity | Refusal:
    """The identity, with the index of the very key, if one of its keys is the certificate's.

    Args:
        certificate: as the client showed it.
        named: what it names.
        keys: the HS_PUBKEY values of that identity.
    """
    try:
        shown = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return _failed("the key of the client certificate cannot be read")
    for value in keys:
        if fold(value.type) == PUBLIC_KEY and named.index in (0, value.index):
            try:
                held = public_key.load(value.data)
            except public_key.KeyUnusable:
                continue
            if held == shown:
                return Identity(value.index, named.identifier)
    return _failed(f"the key of the client certificate is not the key of {named}: make a certificate from that key")


def _refuse_date(certificate: x509.Certificate, identity: Identity, now: datetime) -> Refusal | None:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > last:
        return _failed(
            f"the client certificate of {identity} expired on {last:%Y-%m-%d %H:%M} UTC: make a new one from the same key"
        )
    if now < first:
        return _failed(
            f"the client certificate of {identity} is valid from {first:%Y-%m-%d %H:%M} UTC on, "
            f"here it is {now:%Y-%m-%d %H:%M}: set the clock of the machine that made it"
        )
    return None


def _failed(message: str) -> Refusal:
    return Refusal(ResponseCode.AUTHENTICATION_FAILED, message)
