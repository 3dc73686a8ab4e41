"""HS_SIGNATURE: claims, digests of values, and what they cover."""

import base64
from dataclasses import replace

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.types.jws import encode_jws, encode_signed
from idis.proto.types.signature import (
    RecordSignature,
    ValueDigest,
    decode_signature,
    digest_value,
    digest_values,
    signature_claims,
)
from idis.proto.value import Value

URL = Value(1, "URL", b"https://example.com/p/1", 86_400, timestamp=0x6B0042B3)
URL_DIGEST = "rEvRyoMrpjfWkNREFNALvQ8pSgUCKy5/DR2feXI4vE8="
DIGESTS = {"alg": "SHA-256", "digests": [{"index": 1, "digest": URL_DIGEST}]}
CLAIMS: dict[str, object] = {
    "digests": DIGESTS,
    "iss": "301:1/a",
    "sub": "1/b",
    "exp": 200,
    "nbf": 100,
    "iat": 100.5,
    "chain": ["400:1/a"],
}
SIGNATURE = RecordSignature(
    issuer="301:1/a",
    subject="1/b",
    digest_name="SHA-256",
    digests=(ValueDigest(1, base64.b64decode(URL_DIGEST)),),
    expires=200,
    not_before=100,
    issued=100,
    chain=("400:1/a",),
)


def decode(claims: dict[str, object]) -> RecordSignature:
    """The claims of a JWS that holds them."""
    return decode_signature(encode_jws(encode_signed({"alg": "RS256"}, claims), b"s"))[1]


def test_recorded_digest_of_a_value() -> None:
    """Index and timestamp play no part; the rest gives the digest of existing software."""
    assert digest_value(URL) == base64.b64decode(URL_DIGEST)
    assert digest_value(replace(URL, index=9, timestamp=0)) == base64.b64decode(URL_DIGEST)


def test_claims_are_read() -> None:
    """Every claim has its field; fractions of seconds are cut off."""
    assert decode(CLAIMS) == SIGNATURE


def test_claims_are_written() -> None:
    """What is written is read again."""
    assert decode(signature_claims(SIGNATURE)) == SIGNATURE


def test_absent_claims() -> None:
    """Times and chain may be left out, both ways."""
    bare = RecordSignature("301:1/a", "1/b", "SHA-256", ())

    assert decode(signature_claims(bare)) == bare
    assert set(signature_claims(bare)) == {"digests", "iss", "sub"}


@pytest.mark.parametrize(
    ("value", "covered"),
    [
        (URL, True),
        (replace(URL, timestamp=5), True),
        (replace(URL, data=b"x"), False),
        (replace(URL, permissions=12), False),
        (replace(URL, index=2), False),
    ],
)
def test_what_a_signature_covers(value: Value, covered: bool) -> None:
    """A value at its index with its content; the time of writing may change."""
    assert SIGNATURE.covers(value) is covered


def test_weak_digests_cover_nothing() -> None:
    """SHA-1 and MD5 are not trusted with a record."""
    assert not replace(SIGNATURE, digest_name="SHA1", digests=(ValueDigest(1, digest_value(URL, "SHA1") or b""),)).covers(URL)


def test_sm3_covers() -> None:
    """IDIS signs with SM3."""
    assert replace(SIGNATURE, digest_name="SM3", digests=(ValueDigest(1, digest_value(URL, "SM3") or b""),)).covers(URL)


@pytest.mark.parametrize(("now", "current"), [(99, False), (100, True), (199, True), (200, False)])
def test_time_of_a_signature(now: int, current: bool) -> None:
    """From `nbf` on, until `exp`."""
    assert SIGNATURE.current(now) is current


def test_digests_of_values() -> None:
    """What a signer states."""
    assert digest_values([URL]) == SIGNATURE.digests


@pytest.mark.parametrize(
    "changed",
    [
        {"digests": None},
        {"digests": []},
        {"digests": {"alg": 1, "digests": []}},
        {"digests": {"alg": "SHA-256"}},
        {"digests": {"alg": "SHA-256", "digests": [1]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": "1", "digest": ""}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": True, "digest": ""}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": "!"}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1}] * 2_049}},
        {"iss": None},
        {"sub": 7},
        {"exp": "soon"},
        {"exp": -1},
        {"exp": True},
        {"exp": 1e30},
        {"chain": "400:1/a"},
        {"chain": [7]},
        {"chain": ["400:1/a"] * 5},
    ],
)
def test_claims_refused(changed: dict[str, object]) -> None:
    """A claim that is missing, of the wrong kind, or over its limit."""
    with pytest.raises(ProtocolError):
        decode(CLAIMS | changed)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_times_that_are_no_numbers(number: str) -> None:
    """Python's JSON reads them; they are no time."""
    payload = b'{"iss":"1:a","sub":"a","digests":{"alg":"SHA-256","digests":[]},"exp":' + number.encode() + b"}"
    part = base64.urlsafe_b64encode(payload).rstrip(b"=")
    with pytest.raises(ProtocolError):
        decode_signature(b"e30." + part + b".")
