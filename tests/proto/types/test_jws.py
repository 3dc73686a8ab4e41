"""Compact JWS: three parts, read within limits."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.types.jws import JWS_BYTES_MAX, decode_jws, encode_jws, encode_signed

OCTETS = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzMDA6MS9hIn0.qrs"  # {"alg":"RS256"} . {"iss":"300:1/a"} . aabb


def test_the_parts_of_a_jws() -> None:
    """Header, claims, what is signed, and the signature."""
    jws = decode_jws(OCTETS)

    assert (jws.header, jws.claims, jws.algorithm) == ({"alg": "RS256"}, {"iss": "300:1/a"}, "RS256")
    assert (jws.signed, jws.signature) == (OCTETS[:-4], b"\xaa\xbb")


def test_a_jws_is_laid_out() -> None:
    """Objects and signature give the compact form."""
    assert encode_jws(encode_signed({"alg": "RS256"}, {"iss": "300:1/a"}), b"\xaa\xbb") == OCTETS


def test_a_header_without_an_algorithm() -> None:
    """It says nothing; the verifier will refuse."""
    assert decode_jws(b"e30.e30.").algorithm == ""


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"a.b",
        b"e30.e30.e30.e30",
        b"e30.e30.!",
        b"e30.W10.",
        b"e30.AAAAA.",
        b"e30.eyJh.",
        b"e30." + b"e" * JWS_BYTES_MAX + b".",
    ],
)
def test_what_is_refused(octets: bytes) -> None:
    """Other counts of parts, other alphabets, no JSON, no object, too long."""
    with pytest.raises(ProtocolError):
        decode_jws(octets)


def test_endless_brackets_are_refused() -> None:
    """Nesting exhausts no stack."""
    part = encode_signed({}, {})[:3]
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 40_000).rstrip(b"=")
    with pytest.raises(ProtocolError):
        decode_jws(part + b"." + deep + b".")


@given(
    st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.none()), max_size=4),
    st.binary(max_size=9),
)
def test_claims_survive(claims: dict[str, object], signature: bytes) -> None:
    """Any object of claims comes back."""
    jws = decode_jws(encode_jws(encode_signed({"alg": "RS256"}, claims), signature))

    assert (jws.claims, jws.signature) == (json.loads(json.dumps(claims)), signature)


@given(st.binary(max_size=60))
def test_garbage_is_refused(octets: bytes) -> None:
    """Only the documented error comes out."""
    with pytest.raises(ProtocolError):
        decode_jws(octets)
