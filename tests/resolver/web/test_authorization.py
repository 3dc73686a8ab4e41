"""The `Authorization` header, read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.resolver.web.authorization import BadAuthorization, Basic, Bearer, HandleScheme, read_authorization


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Basic MzAwJTNBMC5OQS84OC4xMTguODpzM2NyZXQ=", Basic("300:0.NA/88.118.8", b"s3cret")),
        ("basic MzAwJTNBMC5OQS84OC4xMTguODpzM2NyZXQ=", Basic("300:0.NA/88.118.8", b"s3cret")),
        ("Basic YTpiOmM=", Basic("a", b"b:c")),
        ("Basic OmI=", Basic("", b"b")),
        ("Bearer idis_x", Bearer("idis_x")),
        ('Handle sessionId="ab"', HandleScheme(session_id="ab")),
        ('Handle version="0", sessionid=ab , CNONCE="AAE="', HandleScheme(session_id="ab", cnonce=b"\x00\x01")),
        ('Handle clientCert="true"', HandleScheme(client_certificate=True)),
        ('Handle id="300%3A88.118.8%2Fa",type="HS_PUBKEY"', HandleScheme(identity="300:88.118.8/a", type="HS_PUBKEY")),
        ('Handle sessionId="a\\"b"', HandleScheme(session_id='a"b')),
        ("Handle cnonce=_-8", HandleScheme(cnonce=b"\xff\xef")),
        ('Handle unknown="x", iterations=10', HandleScheme(iterations=10)),
        ("Handle", HandleScheme()),
    ],
)
def test_headers_are_read(header, said):
    """Schemes and names in any case, quoted or not, percent-encoding of identities undone once, unknown fields passed over."""
    assert read_authorization(header) == said


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Digest x",
        "Basic",
        "Basic !!!",
        "Basic YQ==",
        "Basic JUZGOmI=",
        'Handle version="1"',
        'Handle sessionId="a',
        "Handle a b",
        'Handle sessionId="a" cnonce="b"',
        "Handle cnonce=!",
        "Handle iterations=-1",
        "Handle iterations=99999999999",
    ],
)
def test_what_cannot_be_read_is_refused(header):
    """With a sentence."""
    with pytest.raises(BadAuthorization, match=r"\w+ "):
        read_authorization(header)


@given(st.text(max_size=200))
def test_no_header_breaks_the_reader(header):
    """Anything else than these outcomes is a defect."""
    for scheme in ("", "Basic ", "Bearer ", "Handle "):
        try:
            read_authorization(scheme + header)
        except BadAuthorization:
            continue


@given(st.binary(min_size=1, max_size=60).filter(lambda octets: b":" not in octets))
def test_a_long_run_of_one_character_takes_no_longer(octets):
    """The patterns look at each character once."""
    with pytest.raises(BadAuthorization):
        read_authorization("Handle " + '"\\' * 4_000 + octets.decode("latin-1"))


def test_secrets_are_not_shown():
    """What is printed of a credential is not the credential."""
    assert "s3cret" not in repr(Basic("300:a/b", b"s3cret"))
    assert "idis_x" not in repr(Bearer("idis_x"))
    assert "sign" not in repr(HandleScheme(signature=b"sign")).replace("signature", "")
