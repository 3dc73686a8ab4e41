"""The octets a signature or authentication code covers, by version."""

from dataclasses import replace

import pytest

from idis.proto.credential import Credential
from idis.proto.message import Message, Version
from idis.proto.signing import covered_octets, make_mac, verify_mac

MESSAGE = Message(
    100,
    b"body",
    opflags=0x10000000,
    request_id=3,
    session_id=2,
    site_serial=1,
    expiration=0x6B00EB74,
    version=(2, 11),
    suggested=(2, 11),
)
CONTENT = bytes.fromhex("00000064 00000000 10000000 0001 00 00 6b00eb74 00000004 626f6479")
KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("version", "octets"),
    [
        ((2, 11), bytes.fromhex("020b 020b 00000002 00000003 00000009") + CONTENT),
        ((2, 8), bytes.fromhex("0208 020b 00000002 00000003 00000009") + CONTENT),
        ((2, 7), bytes.fromhex("0207 00000002 00000003 00000009") + CONTENT),
        ((2, 6), None),
        ((2, 5), CONTENT),
        ((2, 1), CONTENT),
    ],
)
def test_what_a_signature_covers(version: Version, octets: bytes | None) -> None:
    """Envelope fields joined header and body over time; at 2.6 they stood at wrong places, which nobody should accept."""
    assert covered_octets(replace(MESSAGE, version=version), 9) == octets


@pytest.mark.parametrize(("version", "covered"), [((2, 6), False), ((2, 5), False), ((2, 4), True)])
def test_what_an_authentication_code_covers(version: Version, covered: bool) -> None:
    """The wrong places began at 2.5 for authentication codes."""
    assert (covered_octets(replace(MESSAGE, version=version), 9, mac=True) is not None) is covered


def test_authentication_code_by_hand() -> None:
    """HMAC-SHA256 over the covered octets, computed with another tool (openssl dgst -mac HMAC)."""
    credential = make_mac(MESSAGE, 9, KEY)

    assert credential is not None
    assert credential == Credential("HS_MAC", "HMAC-SHA256", credential.signature, 9)
    assert credential.signature.hex() == "c8167331cc221b83f88ed2f914de8164ad73047575ca1420f9a199f378a763b8"


def test_old_authentication_code_by_hand() -> None:
    """SHA-1 of key ‖ octets ‖ key, computed with another tool (openssl dgst -sha1)."""
    credential = make_mac(replace(MESSAGE, version=(2, 4)), 0, KEY)

    assert credential is not None
    assert (credential.digest_name, credential.signature.hex()) == ("\x02", "349db5646ddcc12730ed37e67b73943c08af60dd")


@pytest.mark.parametrize("version", [(2, 4), (2, 7), (2, 8), (2, 11), (3, 0)])
def test_a_code_is_verified(version: Version) -> None:
    """What one side makes the other accepts."""
    message = replace(MESSAGE, version=version)
    credential = make_mac(message, 9, KEY)

    assert credential is not None
    assert verify_mac(message, credential, KEY)


@pytest.mark.parametrize(
    "changed",
    [
        replace(MESSAGE, body=b"bodz"),
        replace(MESSAGE, opflags=0),
        replace(MESSAGE, request_id=4),
        replace(MESSAGE, session_id=4),
        replace(MESSAGE, suggested=(2, 10)),
        replace(MESSAGE, version=(2, 6)),
    ],
)
def test_a_changed_message_is_not(changed: Message) -> None:
    """Every covered field counts."""
    credential = make_mac(MESSAGE, 9, KEY)

    assert credential is not None
    assert not verify_mac(changed, credential, KEY)


def test_another_key_counter_or_type_is_not() -> None:
    """Neither a wrong key, nor a counter changed afterwards, nor a signature passes for a code."""
    credential = make_mac(MESSAGE, 9, KEY)

    assert credential is not None
    assert not verify_mac(MESSAGE, credential, bytes(32))
    assert not verify_mac(MESSAGE, replace(credential, session_counter=10), KEY)
    assert not verify_mac(MESSAGE, replace(credential, type="HS_SIGNED"), KEY)


def test_no_code_is_made_where_none_can_be_relied_on() -> None:
    """At 2.5 and 2.6 the caller refuses."""
    assert make_mac(replace(MESSAGE, version=(2, 6)), 9, KEY) is None
