"""Credentials and the octets they cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.credential import (
    Credential,
    decode_credential,
    encode_credential,
    mac_digest_name,
    signature_digest_name,
)
from idis.proto.errors import ProtocolError
from idis.proto.message import Version

SIGNED_OCTETS = bytes.fromhex(
    "00 00 0000 00000000 00000000 00000009 48535f5349474e4544 00000011 00000007 5348412d323536 00000002 aabb"
)
SIGNED = Credential("HS_SIGNED", "SHA-256", b"\xaa\xbb")
MAC_OCTETS = bytes.fromhex("00 00 0000 00000000 00000005 00000006 48535f4d4143 0000000b 00000001 02 00000002 aabb")
MAC = Credential("HS_MAC", "\x02", b"\xaa\xbb", session_counter=5)
ODD_OCTETS = bytes.fromhex("01 02 0003 00000001 7a 00000005 00000006 48535f4d4143 0000000b 00000000 00000001 aa 9999 88")
ODD = Credential("HS_MAC", "", b"\xaa", 5, b"z", (1, 2), 3, b"\x99\x99", b"\x88")


@pytest.mark.parametrize(("octets", "credential"), [(SIGNED_OCTETS, SIGNED), (MAC_OCTETS, MAC), (ODD_OCTETS, ODD)])
def test_a_credential_both_ways(octets: bytes, credential: Credential) -> None:
    """The fields stand where the specification puts them, appended octets included."""
    assert decode_credential(octets) == credential
    assert encode_credential(credential) == octets


@pytest.mark.parametrize("octets", [SIGNED_OCTETS[:size] for size in range(len(SIGNED_OCTETS))])
def test_a_cut_credential_is_refused(octets: bytes) -> None:
    """Every proper beginning is."""
    with pytest.raises(ProtocolError):
        decode_credential(octets)


def test_fields_do_not_leave_their_section() -> None:
    """A signature that runs past the section is refused though octets follow."""
    with pytest.raises(ProtocolError):
        decode_credential(SIGNED_OCTETS[:29] + bytes.fromhex("00000010") + SIGNED_OCTETS[33:])


@pytest.mark.parametrize(("credential", "mac", "digest"), [(SIGNED, False, "SHA-256"), (MAC, True, "SHA1")])
def test_kind_and_digest(credential: Credential, mac: bool, digest: str) -> None:
    """Type and digest in one spelling, one-octet codes included."""
    assert (credential.is_mac, credential.digest) == (mac, digest)


@pytest.mark.parametrize(
    ("version", "name"), [((2, 11), "HMAC-SHA256"), ((2, 7), "HMAC-SHA256"), ((2, 6), "SHA1"), ((2, 5), "\x02")]
)
def test_how_a_mac_names_its_digest(version: Version, name: str) -> None:
    """A string from 2.6, an octet before."""
    assert mac_digest_name(version) == name


@pytest.mark.parametrize(
    ("version", "dsa", "name"),
    [((2, 6), False, "SHA1"), ((2, 7), False, "SHA-256"), ((2, 10), True, "SHA1"), ((2, 11), True, "SHA-256")],
)
def test_digest_of_a_signature(version: Version, dsa: bool, name: str) -> None:
    """DSA was late."""
    assert signature_digest_name(version, dsa=dsa) == name


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out; what is read encodes to the same octets."""
    try:
        credential = decode_credential(octets)
    except ProtocolError:
        return

    assert encode_credential(credential) == octets
