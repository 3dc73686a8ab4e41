"""HS_CERT: a signed statement that a key may act for identifiers (`wire.md` §14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from idis.proto.errors import ProtocolError
from idis.proto.identifier import fold
from idis.proto.types.jws import Jws, decode_jws
from idis.proto.types.signature import read_time

GRANTS_MAX = 64  # a certificate for more names is several certificates

EVERYTHING = "everything"
THIS_HANDLE = "thisHandle"
DERIVED_PREFIXES = "derivedPrefixes"
HANDLES_UNDER_THIS_PREFIX = "handlesUnderThisPrefix"


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission of a certificate; `permission` is one of the four names above, an unknown one grants nothing."""

    handle: str
    permission: str

    def covers(self, handle: str) -> bool:
        """Whether records of `handle` may be signed under this grant."""
        wanted, named = fold(handle), fold(self.handle)
        prefix = named.removeprefix("0.NA/")
        match self.permission:
            case "everything":
                return True
            case "thisHandle":
                return wanted == named
            case "handlesUnderThisPrefix":
                return wanted.startswith(prefix + "/")
            case "derivedPrefixes":
                return wanted.startswith(("0.NA/" + prefix + ".", prefix + "."))
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Certificate:
    """The claims of an HS_CERT.

    `issuer` and `subject` are keys as `index:handle`; `public_key` is the subject's key as a JWK. Times are unix seconds.
    `others` are claims the dialects add (`org`, `sn`, `exts`, `ca`).
    """

    issuer: str
    subject: str
    public_key: Mapping[str, object]
    grants: tuple[Grant, ...]
    expires: int | None = None
    not_before: int | None = None
    issued: int | None = None
    others: Mapping[str, object] = field(default_factory=dict)

    def current(self, now: int) -> bool:
        """Whether `now` lies in its time."""
        return (self.not_before is None or self.not_before <= now) and (self.expires is None or now < self.expires)

    def covers(self, handle: str) -> bool:
        """Whether its subject may sign records of `handle`."""
        return any(grant.covers(handle) for grant in self.grants)


def decode_certificate(octets: bytes) -> tuple[Jws, Certificate]:
    """Read an HS_CERT: the JWS to be verified, and its claims.

    Raises:
        ProtocolError: no compact JWS, or a claim is missing, of the wrong kind or over its limit.
    """
    jws = decode_jws(octets)
    claims = jws.claims
    issuer, subject, key, grants = (claims.get(name) for name in ("iss", "sub", "publicKey", "perms"))
    if not isinstance(issuer, str) or not isinstance(subject, str) or not isinstance(key, dict):
        raise ProtocolError("a certificate names its issuer, subject and public key", offset=0)
    if grants is None:
        grants = []
    if not isinstance(grants, list) or len(grants) > GRANTS_MAX:
        raise ProtocolError(f"the claim perms is no list of at most {GRANTS_MAX}", offset=0)
    return jws, Certificate(
        issuer=issuer,
        subject=subject,
        public_key=key,
        grants=tuple(_grant(item) for item in grants),
        expires=read_time(claims, "exp"),
        not_before=read_time(claims, "nbf"),
        issued=read_time(claims, "iat"),
        others={name: claim for name, claim in claims.items() if name not in _KNOWN_CLAIMS},
    )


def certificate_claims(certificate: Certificate) -> dict[str, object]:
    """The claims as the JSON object a JWS carries."""
    times = {"exp": certificate.expires, "nbf": certificate.not_before, "iat": certificate.issued}
    return {
        "perms": [{"handle": grant.handle, "perm": grant.permission} for grant in certificate.grants],
        "publicKey": dict(certificate.public_key),
        "iss": certificate.issuer,
        "sub": certificate.subject,
        **{name: time for name, time in times.items() if time is not None},
        **certificate.others,
    }


_KNOWN_CLAIMS = ("iss", "sub", "publicKey", "perms", "exp", "nbf", "iat")


def _grant(item: object) -> Grant:
    if not isinstance(item, dict) or not isinstance(item.get("handle", ""), str) or not isinstance(item.get("perm"), str):
        raise ProtocolError("a permission of a certificate names a handle and what is permitted", offset=0)
    return Grant(item.get("handle", ""), item["perm"])
