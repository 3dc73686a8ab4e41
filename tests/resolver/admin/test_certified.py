"""Certified answers: signed with the server's key, over streams only, within a budget."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from idis.resolver.admin import letters
from idis.resolver.config import GuardSection
from tests.resolver.admin.wire import CT, RD, REC, request, rsa_key, rsa_octets, text, u32, value_octets, values_octets

QUESTION = text("88.118.8/A1") + u32(0) + u32(0)


def covered(answer) -> bytes:
    """What the signature of an answer of 2.8 and later covers."""
    return answer.frame[:12] + bytes(4) + answer.frame[20 : 44 + len(answer.body)]


async def test_an_answer_is_signed_on_request(signing_admin, server_key):
    """RSA with SHA-256 over versions, ids, header and body; the credential says so in words."""
    answer = await signing_admin.ask(1, QUESTION, flags=REC | RD | CT)
    section = text("SHA-256") + b"\x00\x00\x01\x00"

    assert (answer.code, answer.flags & CT) == (1, CT)
    assert answer.credential[:-256] == bytes(12) + text("HS_SIGNED") + u32(len(section) + 256) + section
    server_key.verify(answer.credential[-256:], covered(answer), padding.PKCS1v15(), hashes.SHA256())


async def test_a_signature_covers_the_answer(signing_admin, server_key):
    """An octet changed on the way is seen."""
    answer = await signing_admin.ask(1, QUESTION, flags=REC | RD | CT)
    changed = covered(answer)[:-1] + bytes((covered(answer)[-1] ^ 1,))

    with pytest.raises(InvalidSignature):
        server_key.verify(answer.credential[-256:], changed, padding.PKCS1v15(), hashes.SHA256())


async def test_refusals_and_challenges_are_signed_too(signing_admin, server_key):
    """Whoever asks for certainty gets it for every answer."""
    missing = await signing_admin.ask(1, text("88.118.8/absent") + u32(0) + u32(0), flags=REC | CT)
    create = text("88.118.8/N") + values_octets(value_octets(1, "URL", b"https://example.com"))
    challenge = await signing_admin.ask(100, create, flags=REC | RD | CT)

    assert (missing.code, challenge.code) == (100, 402)
    for answer in (missing, challenge):
        server_key.verify(answer.credential[-256:], covered(answer), padding.PKCS1v15(), hashes.SHA256())


async def test_the_key_stands_in_the_site_record(signing_admin):
    """In Handle's binary form, so that existing clients find it."""
    site = await signing_admin.ask(2, text("/"))

    assert rsa_octets(rsa_key()) in site.body


async def test_without_a_key_nothing_is_signed(admin):
    """5, and the sentence says what to ask for."""
    refused = await admin.ask(1, QUESTION, flags=REC | CT)

    assert refused.code == 5
    assert "certify" in refused.message


async def test_signatures_have_a_budget(start_signing, monkeypatch):
    """Code 3 beyond it, unsigned; what needs no signature is answered as before."""
    monkeypatch.setattr(letters, "SIGNATURES_PER_SOURCE_PER_S", 2)
    client = await start_signing(guard=GuardSection())
    codes = [(await client.ask(1, QUESTION, flags=REC | RD | CT)).code for _ in range(8)]

    assert codes[:5] == [1] * 5
    assert 3 in codes
    assert (await client.ask(1, QUESTION)).code == 1


async def test_datagrams_are_never_signed(admin_node, client_of):
    """Silence: an unsigned answer would look like an attack to whoever asked for a signed one."""
    frame = request(1, QUESTION, request_id=5, flags=REC | CT)

    assert await client_of(admin_node).ask_udp(frame, wait_s=0.2) == []
