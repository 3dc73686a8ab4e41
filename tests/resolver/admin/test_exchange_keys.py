"""Sessions whose key travels encrypted: to the client's RSA key, to one that is named, to the server's (modes 1, 3 and 2)."""

from __future__ import annotations

import asyncio
import struct

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from idis.registry.identity import identity_of
from idis.resolver.admin import sessions as sessions_module
from idis.resolver.admin.sessions import AWAITED_S, Awaited, Sessions
from tests.resolver.admin.session_client import Session
from tests.resolver.admin.wire import (
    ADMIN,
    Admin,
    Answer,
    blob,
    dsa_key,
    dsa_octets,
    ed25519_key,
    number,
    other_rsa_key,
    pem,
    rsa_key,
    rsa_octets,
    sign,
    text,
    u32,
    value_octets,
    values_octets,
)

V211 = (2, 11, 2, 11)
PKCS1 = padding.PKCS1v15()
NO_IDENTITY = text("") + u32(0xFFFF_FFFF)
CREATE = text("88.118.8/N1") + values_octets(value_octets(1, "URL", b"https://example.com/n"))


def setup(mode: int, rest: bytes, identity: bytes = NO_IDENTITY) -> bytes:
    """The body of SESSION_SETUP; the two octets behind it are the Java encoder's."""
    return struct.pack(">HI", mode, 86_400) + identity + rest + bytes(2)


def data_of(answer: Answer, mode: int) -> bytes:
    """The data of a set-up's answer, which repeats the mode and has two octets behind it."""
    content = answer.content
    size = int.from_bytes(content[2:6], "big")
    assert (content[:2], content[6 + size :]) == (mode.to_bytes(2, "big"), bytes(2))
    return content[6 : 6 + size]


def opened(admin: Admin, answer: Answer, mode: int) -> Session:
    """The session whose key was encrypted to `rsa_key`: the number of AES, then 32 octets."""
    chosen = rsa_key().decrypt(data_of(answer, mode), PKCS1)
    assert (chosen[:4], len(chosen)) == (b"\x00\x00\x00\x03", 36)
    return Session(admin, answer.session_id, chosen[4:])


async def proves(session: Session) -> bool:
    """Whether the administrator's answer to a challenge authenticates the session for a second change."""
    challenge = await session.ask(100, CREATE)
    assert (challenge.code, challenge.session_id) == (402, session.session_id)
    answer = text("SHA-256") + blob(sign(rsa_key(), challenge.nonce + challenge.digest))
    assert (await session.ask(200, text("HS_PUBKEY") + text(ADMIN) + u32(300) + blob(answer))).code == 1
    return (await session.ask(101, text("88.118.8/N1"))).code == 1


async def bring(admin: Admin, encrypted: bytes, session_id: int) -> Answer:
    """The operation by which a client brings its key."""
    return await admin.ask(402, blob(encrypted), session_id=session_id, version=V211)


async def offered(admin: Admin, identity: bytes = NO_IDENTITY) -> tuple[Answer, rsa.RSAPublicKey]:
    """A session in mode 2, and the server's key that its answer brings."""
    answer = await admin.ask(400, setup(2, b"", identity), version=V211)
    data = data_of(answer, 2)
    head = text("RSA_PUB_KEY") + b"\x00\x00"
    assert (data[: len(head)], data[-4:]) == (head, bytes(4))
    at = len(head)
    e_size = int.from_bytes(data[at : at + 4], "big")
    e = int.from_bytes(data[at + 4 : at + 4 + e_size], "big")
    n = int.from_bytes(data[at + 8 + e_size : -4], "big")
    return answer, rsa.RSAPublicNumbers(e, n).public_key()


async def exchanged(admin: Admin, key: bytes, identity: bytes = NO_IDENTITY) -> tuple[Session, Answer]:
    """A session in mode 2 to which the client has brought a key of AES."""
    answer, public = await offered(admin, identity)
    taken = await bring(admin, public.encrypt(b"\x00\x00\x00\x03" + key, PKCS1), answer.session_id)
    return Session(admin, answer.session_id, key), taken


# Mode 1.


@pytest.mark.parametrize("octets", [rsa_octets(rsa_key()), pem(rsa_key())], ids=["binary", "PEM"])
async def test_the_key_comes_encrypted_to_the_clients_key(signing_admin, octets):
    """Whoever has the private half reads it, and the session is as good as any."""
    answer = await signing_admin.ask(400, setup(1, blob(octets), text(ADMIN) + u32(300)), version=V211)

    assert await proves(opened(signing_admin, answer, 1))


async def test_the_answer_is_signed(signing_admin, server_key):
    """Otherwise somebody on the way could have set up a session of his own."""
    answer = await signing_admin.ask(400, setup(1, blob(rsa_octets(rsa_key()))), version=V211)
    covered = b"\x02\x0b\x02\x0b" + answer.frame[4:12] + bytes(4) + answer.frame[20 : 44 + len(answer.body)]

    server_key.verify(answer.credential[-256:], covered, PKCS1, hashes.SHA256())


def rsa_numbers(e: int, n: int) -> bytes:
    """An RSA key with any numbers."""
    return text("RSA_PUB_KEY") + bytes(2) + number(e) + number(n) + bytes(4)


N = rsa_key().public_key().public_numbers().n


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (rsa_octets(other_rsa_key()), 502),
        (rsa_numbers(65_537, 2**511 + 1), 502),
        (rsa_numbers(65_537, 2**16_000 + 1), 502),
        (rsa_numbers(1, N), 502),
        (rsa_numbers(2, N), 502),
        (rsa_numbers(65_537, N - 1), 502),
        (rsa_octets(rsa_key())[:40], 502),
        (b"", 502),
        (dsa_octets(dsa_key()), 503),
        (pem(ed25519_key()), 503),
    ],
    ids=["1024 bits", "512 bits", "16000 bits", "e=1", "e=2", "even", "cut", "none", "DSA", "Ed25519"],
)
async def test_weak_keys_and_other_kinds_are_refused(signing_admin, octets, code):
    """502, and 503 where an RSA key is needed."""
    refused = await signing_admin.ask(400, setup(1, blob(octets)), version=V211)

    assert refused.code == code, refused.message


async def test_a_length_beyond_the_body_is_refused(signing_admin):
    """4."""
    refused = await signing_admin.ask(400, setup(1, u32(9_999) + b"\x00"), version=V211)

    assert refused.code == 4


async def test_old_versions_set_up_nothing(signing_admin):
    """Before 2.7 the cipher would be DES and the code SHA-1."""
    refused = await signing_admin.ask(400, setup(1, blob(rsa_octets(rsa_key()))), version=(2, 5, 2, 5))

    assert refused.code == 501


# Mode 3.


async def test_the_key_may_be_named(signing_admin):
    """The HS_PUBKEY value of the identity; IDIS leaves the session's own identity open, and it is that of the key then."""
    answer = await signing_admin.ask(400, setup(3, text(ADMIN) + u32(300)), version=V211)

    assert await proves(opened(signing_admin, answer, 3))


async def test_another_identity_than_the_key_may_be_named(signing_admin):
    """Who is to be authenticated is one thing, who reads the key another."""
    answer = await signing_admin.ask(400, setup(3, text(ADMIN) + u32(303), text(ADMIN) + u32(300)), version=V211)

    assert await proves(opened(signing_admin, answer, 3))


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (text(ADMIN) + u32(399), 502),
        (text(ADMIN) + u32(301), 502),
        (text(ADMIN) + u32(302), 503),
        (text(ADMIN) + u32(304), 503),
        (text(ADMIN) + u32(305), 502),
        (text("") + u32(300), 504),
        (text(ADMIN) + u32(0xFFFF_FFFF), 504),
        (text("no identifier/") + u32(0xFFFF_FFFE), 504),
        (text("88.999/KEY") + u32(300), 406),
    ],
    ids=["absent", "secret", "DSA", "Ed25519", "1024 bits", "nobody", "no index", "index", "elsewhere"],
)
async def test_names_of_no_usable_key_are_refused(signing_admin, named, code):
    """Each with a sentence."""
    refused = await signing_admin.ask(400, setup(3, named), version=V211)

    assert (refused.code, bool(refused.message)) == (code, True)


# Mode 2.


@pytest.mark.parametrize("size", [16, 32])
async def test_the_client_may_bring_the_key(signing_admin, size):
    """Encrypted to the key that the answer to its set-up brought; of the size that its library makes by itself."""
    session, taken = await exchanged(signing_admin, bytes(range(1, size + 1)), text(ADMIN) + u32(300))

    assert taken.code == 1
    assert await proves(session)


async def test_the_offered_key_is_not_the_one_that_signs(signing_admin, server_key):
    """So that nothing which is encrypted to it says anything about signatures."""
    _answer, public = await offered(signing_admin)

    assert public.public_numbers() != server_key.public_numbers()


async def test_a_key_is_taken_once(signing_admin):
    """505 to whoever sends the recorded message again: the session has its key."""
    answer, public = await offered(signing_admin)
    encrypted = public.encrypt(b"\x00\x00\x00\x03" + bytes(32), PKCS1)
    first = await bring(signing_admin, encrypted, answer.session_id)
    second = await bring(signing_admin, encrypted, answer.session_id)

    assert (first.code, second.code) == (1, 505)


async def test_a_recorded_key_opens_no_other_session(signing_admin):
    """What was brought for one set-up gives, in another, a session that only the owner of the key can use."""
    first, public = await offered(signing_admin)
    encrypted = public.encrypt(b"\x00\x00\x00\x03" + bytes(range(32)), PKCS1)
    await bring(signing_admin, encrypted, first.session_id)
    second, _public = await offered(signing_admin)
    await bring(signing_admin, encrypted, second.session_id)
    guess = Session(signing_admin, second.session_id, bytes(32))

    assert (await guess.ask(2, text("/"))).code == 404


@pytest.mark.parametrize(
    "plain",
    [
        b"\x00\x00\x00\x03" + bytes(15),
        b"\x00\x00\x00\x03" + bytes(33),
        b"\x00\x00\x00\x01" + bytes(32),
        b"\x00\x00\x00\x04" + bytes(16),
        b"",
    ],
    ids=["15", "33", "DES", "SM4", "empty"],
)
async def test_what_is_wrong_inside_shows_only_in_the_session(signing_admin, plain):
    """A refusal here would decrypt for whoever asks often enough: the key is one that nobody has."""
    answer, public = await offered(signing_admin)
    taken = await bring(signing_admin, public.encrypt(plain, PKCS1), answer.session_id)
    session = Session(signing_admin, answer.session_id, plain[4:] or bytes(32))

    assert taken.code == 1
    assert (await session.ask(2, text("/"))).code == 404


async def test_wrong_padding_looks_like_right_padding(signing_admin):
    """The same answer, octet for octet, but for its numbers and times."""
    answers = []
    for right in (True, False):
        answer, public = await offered(signing_admin)
        octets = public.encrypt(b"\x00\x00\x00\x03" + bytes(32), PKCS1) if right else b"\x01" * 256
        answers.append(await bring(signing_admin, octets, answer.session_id))

    assert (answers[0].code, answers[0].content) == (answers[1].code, answers[1].content)


@pytest.mark.parametrize("size", [0, 128, 255, 257, 60_000])
async def test_wrong_lengths_are_refused(signing_admin, size):
    """502: the length of what is encrypted is no secret. The session is gone with it."""
    answer, _public = await offered(signing_admin)
    refused = await bring(signing_admin, bytes(size), answer.session_id)
    again = await bring(signing_admin, bytes(256), answer.session_id)

    assert (refused.code, again.code) == (502, 500)


async def test_a_key_for_no_session_is_refused(signing_admin):
    """500."""
    assert (await bring(signing_admin, bytes(256), 77)).code == 500


async def test_before_its_key_a_session_is_none(signing_admin):
    """500 to whatever comes in it."""
    answer, _public = await offered(signing_admin)

    assert (await Session(signing_admin, answer.session_id, bytes(32)).ask(2, text("/"))).code == 500


async def test_many_at_once_share_one_key(signing_admin):
    """It is made once, however many ask while it is made."""
    found = await asyncio.gather(*(offered(signing_admin) for _ in range(8)))

    assert len({public.public_numbers().n for _answer, public in found}) == 1


# Bounds, on a table of their own.


def table() -> Sessions:
    """A table with numbers counted up in place of random ones."""
    numbers = iter(range(1, 10**9))
    return Sessions(lambda size: next(numbers).to_bytes(size, "big"))


def awaited(source: str = "192.0.2.1", now: float = 0.0) -> Awaited:
    """A session that waits for its key."""
    return Awaited(identity_of(300, ADMIN), 0, source, rsa_key(), now + AWAITED_S)


def test_a_key_must_come_within_a_minute():
    """Later there is nothing that waits for it."""
    sessions = table()
    number = sessions.expect(awaited())

    assert sessions.take_awaited(number, "192.0.2.1", AWAITED_S) is None


def test_a_key_must_come_from_the_same_address():
    """Another address takes nothing, and takes nothing away."""
    sessions = table()
    number = sessions.expect(awaited())

    assert sessions.take_awaited(number, "192.0.2.2", 1.0) is None
    assert sessions.take_awaited(number, "192.0.2.1", 1.0) is not None


def test_whoever_lets_many_be_awaited_loses_his_own(monkeypatch):
    """Another source's stays."""
    monkeypatch.setattr(sessions_module, "AWAITED_PER_SOURCE_MAX", 2)
    sessions = table()
    other = sessions.expect(awaited("192.0.2.2"))
    mine = [sessions.expect(awaited()) for _ in range(3)]

    assert [sessions.take_awaited(number, "192.0.2.1", 1.0) is not None for number in mine] == [False, True, True]
    assert sessions.take_awaited(other, "192.0.2.2", 1.0) is not None


def test_the_node_awaits_so_many(monkeypatch):
    """The oldest goes first."""
    monkeypatch.setattr(sessions_module, "AWAITED_MAX", 2)
    sessions = table()
    numbers = [sessions.expect(awaited(f"192.0.2.{source}")) for source in range(3)]
    found = [sessions.take_awaited(number, f"192.0.2.{source}", 1.0) for source, number in enumerate(numbers)]

    assert [one is not None for one in found] == [False, True, True]
