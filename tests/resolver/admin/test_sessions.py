"""Sessions of Handle clients: set up, authenticated once, counted, encrypted, bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from idis.proto.session import oakley_public_key
from idis.registry.identity import identity_of
from idis.registry.registration.checks import Refusal
from idis.resolver.admin import sessions as sessions_module
from idis.resolver.admin.sessions import SESSION_FAILURES_MAX, Sessions
from idis.resolver.config import AdminSection
from tests.resolver.admin.session_client import PRIME, Session, set_up, setup_body
from tests.resolver.admin.wire import ADMIN, Admin, rsa_key, sign, text, u32, value_octets, values_octets

CREATE = text("88.118.8/N1") + values_octets(value_octets(1, "URL", b"https://example.com/n"))
PROOF_TYPE = text("HS_PUBKEY") + text(ADMIN) + u32(300)


def proof_body(challenge) -> bytes:
    """The body that answers a challenge with the administrator's key."""
    answer = text("SHA-256") + len(s := sign(rsa_key(), challenge.nonce + challenge.digest)).to_bytes(4, "big") + s
    return PROOF_TYPE + len(answer).to_bytes(4, "big") + answer


@pytest.fixture
async def session(signing_admin: Admin) -> Session:
    """A session set up for the administrator, not yet authenticated."""
    return (await set_up(signing_admin, ADMIN, 300))[0]


async def authenticated(session: Session) -> Session:
    """The same after its first privileged request."""
    challenge = await session.ask(100, CREATE)
    assert (challenge.code, challenge.session_id) == (402, session.session_id)
    assert (await session.ask(200, proof_body(challenge))).code == 1
    return session


async def test_the_set_up_is_signed_with_the_server_key(signing_admin, server_key):
    """A client takes the server's half of the key only under the signature of the key in its HS_SITE."""
    _session, answer = await set_up(signing_admin)
    covered = b"\x02\x0b\x02\x0b" + answer.frame[4:12] + bytes(4) + answer.frame[20 : 44 + len(answer.body)]

    server_key.verify(answer.credential[-256:], covered, padding.PKCS1v15(), hashes.SHA256())


async def test_the_first_privileged_request_is_challenged_and_the_next_is_not(session):
    """The right answer of the identity it was set up for authenticates the session."""
    await authenticated(session)

    assert (await session.ask(101, text("88.118.8/N1"))).code == 1


async def test_every_answer_carries_the_code_of_the_session(session):
    """Over the counter of its request."""
    challenge = await session.ask(100, CREATE)

    assert session.verifies(challenge, session.counter)


async def test_a_common_question_in_a_session_is_answered_in_it(session):
    """With the code, though the same question without one has its octets ready."""
    answer = await session.ask(1, text("88.118.8/A1") + u32(0) + u32(0), flags=0x1900_0000)

    assert answer.code == 1
    assert session.verifies(answer, session.counter)


async def test_another_identity_does_not_authenticate_the_session(signing_admin):
    """It proves its one request, and is asked again for the next."""
    session, _ = await set_up(signing_admin, "0.NA/88.118.9", 300)
    challenge = await session.ask(100, CREATE)
    assert (await session.ask(200, proof_body(challenge))).code == 1

    assert (await session.ask(101, text("88.118.8/N1"))).code == 402


async def test_messages_may_be_encrypted(session):
    """What came encrypted is answered so."""
    await authenticated(session)
    answer = await session.admin.send(session.frame(1, text("88.118.8/N1") + u32(0) + u32(0), sealed=True))

    assert answer.frame[2] & 0x40
    assert b"https://example.com/n" in session.unseal(answer.frame)


async def test_encryption_may_be_asked_for(session):
    """The encrypt flag alone asks for an encrypted answer."""
    answer = await session.admin.send(session.frame(1, text("88.118.8/A1") + u32(0) + u32(0), flags=0x2900_0000))

    assert answer.frame[2] & 0x40


async def test_a_message_is_taken_once(session):
    """505 for the same message again, over the same connection or another one."""
    await authenticated(session)
    frame = session.frame(101, text("88.118.8/N1"))
    first, again = await session.admin.send(frame), await session.admin.send(frame)

    assert (first.code, again.code) == (1, 505)


async def test_a_counter_older_than_the_window_is_refused(session):
    """505 beyond the last two hundred."""
    await authenticated(session)
    for _ in range(202):
        await session.ask(1, text("88.118.8/A1") + u32(0) + u32(0))

    assert (await session.ask(101, text("88.118.8/N1"), counter=1)).code == 505


async def test_a_change_without_a_counter_is_refused(session):
    """Counter 0 is not checked for questions; a change under it could be repeated for ever."""
    await authenticated(session)

    assert (await session.ask(1, text("88.118.8/A1") + u32(0) + u32(0), counter=0)).code == 1
    assert (await session.ask(101, text("88.118.8/N1"), counter=0)).code == 505


async def test_a_wrong_code_is_refused(session):
    """404, and nothing is done."""
    await authenticated(session)
    wrong = replace(session, key=bytes(32))

    assert (await wrong.ask(101, text("88.118.8/N1"))).code == 404


async def test_garbage_under_encryption_is_refused_like_a_wrong_code(session):
    """One code for all that can be wrong with ciphertext."""
    frame = bytearray(session.frame(1, text("88.118.8/A1") + u32(0) + u32(0), sealed=True))
    frame[-1] ^= 1

    assert (await session.admin.send(bytes(frame))).code == 404


async def test_an_unknown_session_is_told(session):
    """500 for a message whose code belongs to a session that is not here, as after a restart."""
    other = replace(session, session_id=session.session_id ^ 1)

    assert (await other.ask(101, text("88.118.8/N1"))).code == 500
    assert (await session.admin.send(other.frame(101, text("88.118.8/N1"), sealed=True))).code == 500


async def test_a_session_ends_when_it_is_told_to(session):
    """Operation 401; what comes afterwards is of an unknown session."""
    await authenticated(session)
    ended = await session.ask(401, text("/"))

    assert (ended.code, (await session.ask(101, text("88.118.8/N1"))).code) == (1, 500)


async def test_a_session_number_alone_is_worth_nothing(session):
    """Without the code a message is a stranger's, whatever session it names."""
    await authenticated(session)

    assert (await session.admin.ask(101, text("88.118.8/N1"), session_id=session.session_id)).code == 402


async def test_a_session_shows_what_its_reader_may_see(session):
    """Restricted values, without another challenge."""
    await authenticated(session)
    shown = await session.ask(1, text("88.118.8/secret") + u32(0) + u32(0))

    assert b"HS_SECKEY" in shown.body


async def test_two_challenges_of_one_session_are_both_answered(session):
    """A client with threads sends its next request before the first is proved."""
    one = await session.ask(100, CREATE)
    other = await session.ask(100, CREATE.replace(b"N1", b"N2"))
    second = await session.ask(200, proof_body(other))
    first = await session.ask(200, proof_body(one))

    assert (first.code, first.content[4:]) == (1, b"88.118.8/N1")
    assert (second.code, second.content[4:]) == (1, b"88.118.8/N2")


@pytest.mark.parametrize("mode", [0, 5, 0xFFFF])
async def test_other_modes_are_refused(signing_admin, mode):
    """501, and the sentence says what to use."""
    refused = await signing_admin.ask(400, mode.to_bytes(2, "big") + setup_body(4)[2:14])

    assert refused.code == 501
    assert "Diffie-Hellman" in refused.message


@pytest.mark.parametrize("public", [0, 1, PRIME - 1, PRIME], ids=["0", "1", "p-1", "p"])
async def test_a_public_key_that_gives_the_secret_away_is_refused(signing_admin, public):
    """502."""
    assert (await signing_admin.ask(400, setup_body(public))).code == 502


async def test_without_a_server_key_there_are_no_sessions(admin):
    """5: an unsigned half of a key could be anybody's."""
    assert (await admin.ask(400, setup_body(4))).code == 5


async def test_sessions_can_be_switched_off(start_signing):
    """The group is small for today."""
    admin = await start_signing(admin=AdminSection(sessions=False))

    assert (await admin.ask(400, setup_body(4))).code == 5


# Bounds, on a table of their own.

PUBLIC = oakley_public_key(2**255 + 1)
WHO = identity_of(300, ADMIN)


def table() -> Sessions:
    """A table with numbers counted up in place of random ones."""
    numbers = iter(range(1, 10**9))
    return Sessions(lambda size: next(numbers).to_bytes(size, "big"))


def opened(sessions: Sessions, now: float = 0.0, identity=WHO):
    """A session in a table."""
    made = sessions.set_up(PUBLIC, identity, 0, now)
    assert not isinstance(made, Refusal)
    return made[0]


def test_a_session_ends_after_an_idle_hour():
    """An hour without a message."""
    sessions = table()
    session = opened(sessions)

    assert sessions.find(session.session_id, 3_599.0) is session
    assert sessions.find(session.session_id, 3_600.0) is None


def test_a_busy_session_ends_after_half_a_day():
    """Whatever it was used for."""
    sessions = table()
    session = opened(sessions)
    for hour in range(13):
        sessions.use(session, hour * 3_599.0) if sessions.find(session.session_id, hour * 3_599.0) else None

    assert sessions.find(session.session_id, 43_200.0) is None
    assert len(sessions) == 0


def test_whoever_tries_out_codes_ends_the_session():
    """After so many wrong ones."""
    sessions = table()
    session = opened(sessions)
    for _ in range(SESSION_FAILURES_MAX):
        sessions.fail(session)

    assert sessions.find(session.session_id, 1.0) is None


def test_sessions_nobody_proved_make_room(monkeypatch):
    """A full table drops the longest unused of them, never one that is authenticated."""
    monkeypatch.setattr(sessions_module, "SESSIONS_MAX", 3)
    sessions = table()
    proven, first, second = (opened(sessions) for _ in range(3))
    proven.proven = object()  # type: ignore[assignment]
    newest = opened(sessions)

    assert sessions.find(proven.session_id, 1.0) is proven
    assert sessions.find(first.session_id, 1.0) is None
    assert sessions.find(second.session_id, 1.0) is second
    assert sessions.find(newest.session_id, 1.0) is newest


def test_one_identity_has_so_many_sessions(monkeypatch):
    """Others are not harmed by whoever names an identity, and neither are its authenticated sessions."""
    monkeypatch.setattr(sessions_module, "SESSIONS_PER_IDENTITY_MAX", 2)
    sessions = table()
    other = opened(sessions, identity=identity_of(300, "0.NA/88.118.9"))
    proven = opened(sessions)
    proven.proven = object()  # type: ignore[assignment]
    unproven = opened(sessions)
    opened(sessions)

    assert sessions.find(other.session_id, 1.0) is other
    assert sessions.find(proven.session_id, 1.0) is proven
    assert sessions.find(unproven.session_id, 1.0) is None


def test_a_table_of_authenticated_sessions_takes_no_more(monkeypatch):
    """A clear refusal."""
    monkeypatch.setattr(sessions_module, "SESSIONS_MAX", 1)
    sessions = table()
    opened(sessions).proven = object()  # type: ignore[assignment]
    refused = sessions.set_up(PUBLIC, None, 0, 0.0)

    assert isinstance(refused, Refusal)
    assert refused.code == 3
