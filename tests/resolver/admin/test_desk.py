"""Operations on records over the wire, each challenged and proved as existing clients do it."""

from __future__ import annotations

from tests.resolver.admin.wire import (
    rsa_key,
    text,
    value_octets,
    values_octets,
)

NAME = "88.118.8/N1"
CREATE = text(NAME) + values_octets(value_octets(1, "URL", b"https://example.com/n"))


async def test_a_record_is_created_after_a_challenge(admin):
    """402 with the request's opcode, a session and a nonce; then success of the original operation, under the proof's id."""
    challenge = await admin.ask(100, CREATE)
    assert (challenge.code, challenge.opcode) == (402, 100)
    created = await admin.prove(challenge, rsa_key())

    assert (created.code, created.opcode, created.content) == (1, 100, text(NAME)), created.message
