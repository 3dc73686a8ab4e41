"""JSON Web Signatures in compact form, read and laid out but not verified (RFC 7515; `wire.md` §14).

Verification needs asymmetric cryptography, which this package leaves to its callers: `Jws.signed` are the octets the
signature covers.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from idis.proto.errors import ProtocolError

JWS_BYTES_MAX = 65_536  # a certificate with its chain is under 8 KiB; JSON is read only up to here

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS: header and claims as JSON objects, the octets that are signed, and the signature."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """`RS256`, `DS256`, `SM2256` or whatever the header says; empty when it says nothing."""
        name = self.header.get("alg")
        return name if isinstance(name, str) else ""


def decode_jws(octets: bytes) -> Jws:
    """Read a compact JWS.

    Raises:
        ProtocolError: longer than JWS_BYTES_MAX, not three parts of base64url, or parts that are no JSON objects.
    """
    if len(octets) > JWS_BYTES_MAX:
        raise ProtocolError(f"a signature of {len(octets)} octets is longer than {JWS_BYTES_MAX}", offset=0)
    parts = _COMPACT.fullmatch(octets)
    if not parts:
        raise ProtocolError("a signature is three parts of base64url", offset=0)
    return Jws(
        header=_json_object(_decode_part(parts[1], 0), 0),
        claims=_json_object(_decode_part(parts[2], parts.start(2)), parts.start(2)),
        signed=octets[: parts.end(2)],
        signature=_decode_part(parts[3], parts.start(3)),
    )


def encode_signed(header: Mapping[str, object], claims: Mapping[str, object]) -> bytes:
    """The octets a signature has to cover, in front of which nothing and behind which `.` and the signature stand."""
    return b".".join(
        _encode_part(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode("utf-8")) for part in (header, claims)
    )


def encode_jws(signed: bytes, signature: bytes) -> bytes:
    """The compact form of `encode_signed` octets and their signature."""
    return signed + b"." + _encode_part(signature)


def _encode_part(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def _decode_part(part: bytes, offset: int) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise ProtocolError("a part of a signature is not base64url", offset=offset) from None


def _json_object(octets: bytes, offset: int) -> Mapping[str, object]:
    try:
        found = json.loads(octets)
    except (ValueError, RecursionError):  # RecursionError: brackets nested without end
        raise ProtocolError("a part of a signature is not JSON", offset=offset) from None
    if not isinstance(found, dict):
        raise ProtocolError("a part of a signature is no JSON object", offset=offset)
    return cast("Mapping[str, object]", found)
