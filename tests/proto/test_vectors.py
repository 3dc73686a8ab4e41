"""The golden messages decode to what they say and encode again octet for octet."""

from collections.abc import Callable

import pytest

from idis.proto.bodies import Login, Name, Opaque, Resolve, read_request
from idis.proto.digest import SHA256, RequestDigest
from idis.proto.errors import ProtocolError
from idis.proto.message import Message, decode_message, encode_message
from idis.proto.responses import ChallengeBody, ErrorBody, ReferralBody, Resolved, read_response
from idis.proto.types.site import decode_site, encode_site
from idis.proto.value import Value

Vector = Callable[[str], bytes]

REQUESTS = {
    "e1_resolution_request": Resolve("20.500.9999/A1"),
    "e6_idis_prefix_query": Resolve("20.500.9999", types=("HS_SITE",), auth=b""),
    "e7_idis_login": Login("88.888.1024/admin", 300),
}
RESPONSES = {
    "e2_two_values": Resolved(
        "20.500.9999/A1",
        (
            Value(1, "URL", b"https://example.com/p/1", 86_400, timestamp=0x6B0042B3),
            Value(2, "EMAIL", b"a@example.com", 86_400, timestamp=0x6B0042B3),
        ),
    ),
    "e3_not_found": ErrorBody(""),
    "e5_challenge": ChallengeBody(bytes.fromhex("774090fed791d75e4dbbd3a70938ffca")),
    "e7_idis_login_challenge": ChallengeBody(bytes.fromhex("33c1e1f3b763db568f31f87c0060ae7f")),
    "e7_idis_login_success": Opaque(b""),
    "x1_explained": ErrorBody("", None, bytes.fromhex("95 01 a1 6e a5 6361636865 05 90")),
}
MESSAGES = [*REQUESTS, *RESPONSES, "e4_prefix_referral"]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_golden_message_encodes_again(name: str, vector: Vector) -> None:
    """Envelope, header, body and credential come back octet for octet."""
    octets = vector(name)

    assert encode_message(decode_message(octets)) == octets


@pytest.mark.parametrize(("name", "body"), REQUESTS.items())
def test_a_golden_request_says(name: str, body: Resolve | Login | Name, vector: Vector) -> None:
    """The body of a golden request is what its comments tell."""
    assert read_request(decode_message(vector(name))) == body


@pytest.mark.parametrize(("name", "body"), REQUESTS.items())
def test_a_golden_request_body_encodes_again(name: str, body: Resolve | Login | Name, vector: Vector) -> None:
    """The fields alone give the octets of the body."""
    assert body.encode() == decode_message(vector(name)).body


@pytest.mark.parametrize(("name", "body"), RESPONSES.items())
def test_a_golden_response_says(name: str, body: Resolved | ErrorBody, vector: Vector) -> None:
    """The body of a golden response behind its digest is what its comments tell."""
    assert read_response(decode_message(vector(name)))[1] == body


@pytest.mark.parametrize(("name", "body"), RESPONSES.items())
def test_a_golden_response_body_encodes_again(name: str, body: Resolved | ErrorBody, vector: Vector) -> None:
    """The fields alone give the octets of the body behind the digest."""
    assert decode_message(vector(name)).body.endswith(body.encode())


def test_e1_header_fields(vector: Vector) -> None:
    """Every field of envelope and header is where the specification puts it."""
    message = decode_message(vector("e1_resolution_request"))

    assert message == Message(
        opcode=1,
        body=bytes.fromhex("0000000e 32302e3530302e393939392f4131 00000000 00000000"),
        response_code=0,
        opflags=0x19000000,
        request_id=0x134B6A8B,
        session_id=0,
        site_serial=0xFFFF,
        recursion_count=0,
        expiration=0x6B00EB74,
        version=(2, 3),
        suggested=(2, 11),
        credential=b"",
    )


def test_e4_carries_a_site_record(vector: Vector) -> None:
    """The referral names no handle and holds one HS_SITE.PREFIX value with three interfaces."""
    body = read_response(decode_message(vector("e4_prefix_referral")))[1]

    assert isinstance(body, ReferralBody)
    assert body.handle == ""
    assert body.values is not None
    assert [value.type for value in body.values] == ["HS_SITE.PREFIX"]
    site = decode_site(body.values[0].data)
    assert [(way.type, way.protocol, way.port) for way in site.servers[0].interfaces] == [
        (3, 1, 22641),
        (2, 0, 22641),
        (3, 2, 22641),
    ]


def test_e7_digest_is_of_the_login(vector: Vector) -> None:
    """The digest in the challenge is that of the login's header and body."""
    digest, _ = read_response(decode_message(vector("e7_idis_login_challenge")))

    assert digest is not None
    assert digest.matches(decode_message(vector("e7_idis_login")))


def test_e7_success_carries_a_digest(vector: Vector) -> None:
    """Behind the digest of the success reply nothing is left."""
    digest, _ = read_response(decode_message(vector("e7_idis_login_success")))

    assert digest == RequestDigest(SHA256, bytes.fromhex("090274735b2dcdde4b628f6a76042bcd64b8121fe3ba1581038536509d6cc362"))


def test_e7_login_has_no_credential_length(vector: Vector) -> None:
    """A left-out credential length is told apart from an empty credential."""
    assert decode_message(vector("e7_idis_login")).credential is None


def test_e8_site_record_encodes_again(vector: Vector) -> None:
    """A site record comes back octet for octet."""
    octets = vector("e8_site_record")

    assert encode_site(decode_site(octets)) == octets


@pytest.mark.parametrize("name", MESSAGES)
def test_a_cut_message_is_refused(name: str, vector: Vector) -> None:
    """Every proper beginning of a golden message is refused, and by the documented error only."""
    octets = vector(name)

    for size in range(len(octets)):
        with pytest.raises(ProtocolError):
            decode_message(octets[:size])
