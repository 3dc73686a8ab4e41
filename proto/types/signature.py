"""HS_SIGNATURE: a signed statement of what a record's values are (`wire.md` §14)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from idis.proto.digest import canonical_name, digest_by_name
from idis.proto.errors import ProtocolError
from idis.proto.types.jws import Jws, decode_jws
from idis.proto.value import VALUES_PER_RECORD_MAX, Value, encode_value

CHAIN_MAX = 4  # certificates between a signer and its root; the tiers are four deep
DIGESTED_FROM = 8  # the digest of a value leaves out its index and timestamp

# Digests strong enough to trust a record to; MD5 and SHA-1 are not.
TRUSTED_DIGESTS = ("SHA-256", "SM3")


@dataclass(frozen=True, slots=True)
class ValueDigest:
    """What the value of an index hashes to."""

    index: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class RecordSignature:
    """The claims of an HS_SIGNATURE.

    `issuer` is the signing key as `index:handle`, `subject` the handle signed. Times are unix seconds; None when absent.
    `chain` names, nearest first, the keys whose certificates authorise the issuer.
    """

    issuer: str
    subject: str
    digest_name: str
    digests: tuple[ValueDigest, ...]
    expires: int | None = None
    not_before: int | None = None
    issued: int | None = None
    chain: tuple[str, ...] = ()

    def current(self, now: int) -> bool:
        """Whether `now` lies in its time."""
        return (self.not_before is None or self.not_before <= now) and (self.expires is None or now < self.expires)

    def covers(self, value: Value) -> bool:
        """Whether the value is as it was when it was signed; False under a digest that is not trusted."""
        if self.digest_name not in TRUSTED_DIGESTS:
            return False
        found = digest_value(value, self.digest_name)
        return found is not None and any(
            stated.index == value.index and hmac.compare_digest(stated.digest, found) for stated in self.digests
        )


def decode_signature(octets: bytes) -> tuple[Jws, RecordSignature]:
    """Read an HS_SIGNATURE: the JWS to be verified, and its claims.

    Raises:
        ProtocolError: no compact JWS, or a claim is missing, of the wrong kind or over its limit.
    """
    jws = decode_jws(octets)
    claims = jws.claims
    stated = _object(claims.get("digests"), "digests")
    return jws, RecordSignature(
        issuer=_text(claims.get("iss"), "iss"),
        subject=_text(claims.get("sub"), "sub"),
        digest_name=canonical_name(_text(stated.get("alg"), "alg")),
        digests=tuple(_value_digest(item) for item in _list(stated.get("digests"), "digests", VALUES_PER_RECORD_MAX)),
        expires=read_time(claims, "exp"),
        not_before=read_time(claims, "nbf"),
        issued=read_time(claims, "iat"),
        chain=tuple(_text(link, "chain") for link in _list(claims.get("chain", []), "chain", CHAIN_MAX)),
    )


def signature_claims(signature: RecordSignature) -> dict[str, object]:
    """The claims as the JSON object a JWS carries."""
    claims: dict[str, object] = {
        "digests": {
            "alg": signature.digest_name,
            "digests": [
                {"index": stated.index, "digest": base64.b64encode(stated.digest).decode("ascii")} for stated in signature.digests
            ],
        },
        "iss": signature.issuer,
        "sub": signature.subject,
    }
    times = {"exp": signature.expires, "nbf": signature.not_before, "iat": signature.issued}
    claims.update({name: time for name, time in times.items() if time is not None})
    if signature.chain:
        claims["chain"] = list(signature.chain)
    return claims


def digest_value(value: Value, name: str = "SHA-256") -> bytes | None:
    """The digest of a value's octets without index and timestamp; None for a digest we do not know."""
    return digest_by_name(name, encode_value(value)[DIGESTED_FROM:])


def digest_values(values: Iterable[Value]) -> tuple[ValueDigest, ...]:
    """The SHA-256 digests a signature over these values states."""
    digests = ((value.index, digest_value(value)) for value in values)
    return tuple(ValueDigest(index, digest) for index, digest in digests if digest is not None)


def read_time(claims: Mapping[str, object], name: str) -> int | None:
    """A claim in unix seconds; fractions are cut off.

    Raises:
        ProtocolError: not a number, or none a clock shows.
    """
    found = claims.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 2**63:
        raise ProtocolError(f"the claim {name} is no time", offset=0)
    return int(found)


def _value_digest(item: object) -> ValueDigest:
    stated = _object(item, "digests")
    index = stated.get("index")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < 2**32:
        raise ProtocolError("the index of a digest is no number", offset=0)
    try:
        return ValueDigest(index, base64.b64decode(_text(stated.get("digest"), "digest"), validate=True))
    except (binascii.Error, ValueError):
        raise ProtocolError("a digest is not base64", offset=0) from None


def _object(found: object, name: str) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise ProtocolError(f"the claim {name} is no object", offset=0)
    return cast("Mapping[str, object]", found)


def _list(found: object, name: str, most: int) -> list[object]:
    if not isinstance(found, list) or len(found) > most:
        raise ProtocolError(f"the claim {name} is no list of at most {most}", offset=0)
    return cast("list[object]", found)


def _text(found: object, name: str) -> str:
    if not isinstance(found, str):
        raise ProtocolError(f"the claim {name} is no string", offset=0)
    return found
