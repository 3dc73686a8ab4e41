"""HS_CERT: claims, grants and their reach."""

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.types.certificate import Certificate, Grant, certificate_claims, decode_certificate
from idis.proto.types.jws import encode_jws, encode_signed

KEY = {"kty": "RSA", "n": "_w", "e": "AQAB"}
CLAIMS: dict[str, object] = {
    "iss": "301:0.0/0.0",
    "sub": "300:0.NA/88.1",
    "publicKey": KEY,
    "perms": [{"handle": "88.1", "perm": "handlesUnderThisPrefix"}, {"perm": "everything"}],
    "exp": 200,
    "nbf": 100,
    "iat": 100,
    "org": "x",
}
CERTIFICATE = Certificate(
    issuer="301:0.0/0.0",
    subject="300:0.NA/88.1",
    public_key=KEY,
    grants=(Grant("88.1", "handlesUnderThisPrefix"), Grant("", "everything")),
    expires=200,
    not_before=100,
    issued=100,
    others={"org": "x"},
)


def decode(claims: dict[str, object]) -> Certificate:
    """The claims of a JWS that holds them."""
    return decode_certificate(encode_jws(encode_signed({"alg": "RS256"}, claims), b"s"))[1]


def test_claims_both_ways() -> None:
    """Every claim has its field; what dialects add is kept."""
    assert decode(CLAIMS) == CERTIFICATE
    assert decode(certificate_claims(CERTIFICATE)) == CERTIFICATE


@pytest.mark.parametrize(
    ("grant", "handle", "covered"),
    [
        (Grant("", "everything"), "9/x", True),
        (Grant("88.1/a", "thisHandle"), "88.1/A", True),
        (Grant("88.1/a", "thisHandle"), "88.1/b", False),
        (Grant("0.NA/88.1", "handlesUnderThisPrefix"), "88.1/b", True),
        (Grant("88.1", "handlesUnderThisPrefix"), "88.1/b", True),
        (Grant("88.1", "handlesUnderThisPrefix"), "88.10/b", False),
        (Grant("88.1", "handlesUnderThisPrefix"), "88.1.2/b", False),
        (Grant("0.NA/88.1", "derivedPrefixes"), "0.NA/88.1.2", True),
        (Grant("0.NA/88.1", "derivedPrefixes"), "88.1.2/b", True),
        (Grant("0.NA/88.1", "derivedPrefixes"), "88.1/b", False),
        (Grant("0.NA/88.1", "derivedPrefixes"), "88.12/b", False),
        (Grant("88.1", "whoKnows"), "88.1/b", False),
    ],
)
def test_reach_of_a_grant(grant: Grant, handle: str, covered: bool) -> None:
    """Names compare without case; a prefix ends at a dot or a slash, never inside a label."""
    assert grant.covers(handle) is covered


def test_one_grant_is_enough() -> None:
    """A certificate covers what any of its grants covers, and without grants nothing."""
    assert CERTIFICATE.covers("9/x")
    assert not decode(CLAIMS | {"perms": None}).covers("88.1/b")


@pytest.mark.parametrize(("now", "current"), [(99, False), (100, True), (200, False)])
def test_time_of_a_certificate(now: int, current: bool) -> None:
    """From `nbf` on, until `exp`."""
    assert CERTIFICATE.current(now) is current


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": None},
        {"sub": 1},
        {"publicKey": "x"},
        {"perms": {}},
        {"perms": [1]},
        {"perms": [{"handle": "x"}]},
        {"perms": [{"handle": 1, "perm": "everything"}]},
        {"perms": [{"perm": "everything"}] * 65},
        {"exp": "x"},
    ],
)
def test_claims_refused(changed: dict[str, object]) -> None:
    """A claim that is missing, of the wrong kind, or over its limit."""
    with pytest.raises(ProtocolError):
        decode(CLAIMS | changed)
