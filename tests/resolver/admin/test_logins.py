"""The IDIS login in its quirks, in octets as the two public SDKs send them (`wire.md` §9, §17)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time

import gmssl_pyx
import pytest

from idis.registry import tokens
from idis.registry.caller import tool
from idis.registry.identity import identity_of
from idis.registry.token import TokenTerms
from idis.resolver.admin import sm2
from idis.resolver.admin.proven import LOOK_S
from tests.resolver.admin.wire import (
    ADMIN,
    REC,
    Admin,
    Answer,
    other_rsa_key,
    request,
    rsa_key,
    sign,
    text,
    u32,
    value_octets,
    values_octets,
)
from tests.waiting import until

# id-pointer: version 2.10 suggests 2.11, session 10001 of its own choice, no credential length; "0.NA/88.118.8", index 303
# (a key in PEM form). Length 45 = 24 + 21; flags REC|RD; expiration in 2033.
LOGIN = bytes.fromhex(
    "020a020b 00002711 00000007 00000000 0000002d"
    "000007d1 00000000 10800000 ffff 00 00 77359400 00000015"
    "0000000d 302e4e412f38382e3131382e38"
    "0000012f"
)
# ID-SDK: version 2.3 suggests 2.10, no session, with a credential length.
LOGIN_OF_ID_SDK = bytes.fromhex(
    "0203020a 00000000 00000002 00000000 00000031"
    "000007d1 00000000 10800000 ffff 00 00 77359400 00000015"
    "0000000d 302e4e412f38382e3131382e38"
    "0000012f"
    "00000000"
)
# What id-pointer asks before it logs in: GET_SITE_INFO of "/" in its session.
PROLOGUE = bytes.fromhex(
    "020a020b 00002711 00000006 00000000 0000001d00000002 00000000 10000000 ffff 00 00 77359400 0000000500000001 2f"
)
# id-pointer's create after the login: the same session, no credential. "88.118.8/N1", value 2000 "name" = "cell", 1110.
CREATE = bytes.fromhex(
    "020a020b 00002711 00000009 00000000 0000004d"
    "00000064 00000000 10000000 ffff 00 00 77359400 00000035"
    "0000000b 38382e3131382e382f4e31"
    "00000001"
    "000007d0 00000000 00 00015180 0e 00000004 6e616d65 00000004 63656c6c 00000000"
)
HEARTBEAT = bytes.fromhex(
    "020a020b 00002711 00000020 00000000 00000025"
    "00000001 00000000 10000000 ffff 00 00 77359400 0000000d"
    "00000001 30 00000000 00000000"
)
URL = values_octets(value_octets(1, "URL", b"https://example.com/n"))


def proof(challenge: Answer, *, request_id: int = 8, version: str = "020a020b", digest: str = "SHA256", key=None) -> bytes:
    """Op 200 as id-pointer writes it, under the name it has for the digest."""
    signature = sign(key or rsa_key(), challenge.nonce + challenge.digest)
    answer = text(digest) + u32(len(signature)) + signature
    body = text("HS_PUBKEY") + text(ADMIN) + u32(303) + u32(len(answer)) + answer
    head = bytes.fromhex(version)
    return request(200, body, request_id=request_id, session_id=challenge.session_id, version=tuple(head), credential=None)


@pytest.fixture
async def pointer(admin_node) -> Admin:
    """A connection as id-pointer pools it."""
    return await Admin(admin_node.port).connect()


@pytest.fixture
async def logged_in(pointer: Admin) -> Admin:
    """The same after its login."""
    assert (await pointer.send(proof(await pointer.send(LOGIN)))).code == 1
    return pointer


async def test_the_challenge_keeps_opcode_session_and_request(pointer):
    """402 with opcode 2001, the client's own session, SHA-256 of header and body, a nonce of sixteen octets."""
    challenge = await pointer.send(LOGIN)

    assert challenge.frame[:20].hex() == "020b020b00002711000000070000000000000051"
    assert challenge.frame[20:32].hex() == "000007d10000019290800000"
    assert challenge.frame[44:81] == b"\x03" + hashlib.sha256(LOGIN[20:]).digest() + b"\x00\x00\x00\x10"
    assert len(challenge.frame) == 101


async def test_the_success_carries_the_opcode_of_the_login(pointer):
    """With opcode 200 both SDKs fail; the request id is that of the proof, and the rest is empty."""
    done = await pointer.send(proof(await pointer.send(LOGIN)))

    assert done.frame[:20].hex() == "020b020b0000271100000008000000000000003d"
    assert done.frame[20:28].hex() == "000007d100000001"
    assert done.content == b""


async def test_the_prologue_is_answered_before_the_login(pointer):
    """GET_SITE_INFO in a session nobody set up is no error; its body is one raw site record."""
    answer = await pointer.send(PROLOGUE)

    assert (answer.code, answer.session_id, answer.body[:2]) == (1, 10_001, b"\x00\x01")


async def test_id_sdk_logs_in_without_a_session_of_its_own(admin_node):
    """The challenge names a session, in which version 2.10 answers."""
    client = await Admin(admin_node.port).connect()
    challenge = await client.send(LOGIN_OF_ID_SDK)
    done = await client.send(proof(challenge, request_id=3, version="020a020a", digest="SHA-256"))

    assert challenge.session_id != 0
    assert (challenge.version, done.opcode, done.code) == ((2, 10), 2001, 1)


async def test_what_follows_needs_no_proof(logged_in):
    """A create without credential, in octets."""
    created = await logged_in.send(CREATE)

    assert (created.code, created.opcode, created.content) == (1, 100, text("88.118.8/N1"))


async def test_the_whole_cycle_needs_no_proof(logged_in):
    """Create, add, modify, remove, list, delete over the same connection."""
    name = text("88.118.8/C")
    two = values_octets(value_octets(2, "EMAIL", b"a@example.com"))
    steps = [
        (100, name + URL),
        (102, name + two),
        (104, name + two),
        (103, name + u32(1) + u32(2)),
        (105, text(ADMIN)),
        (101, name),
    ]

    assert [(await logged_in.ask(opcode, body, credential=None)).code for opcode, body in steps] == [1] * 6


async def test_two_writes_with_one_number_are_not_made_twice(logged_in):
    """505: its clients count their requests, so the same number again is a repetition."""
    first, again = await logged_in.send(CREATE), await logged_in.send(CREATE)

    assert (first.code, again.code) == (1, 505)


async def test_a_login_is_of_its_connection(logged_in, admin_node):
    """The same session number elsewhere is not logged in: 408 to a client that speaks IDIS."""
    other = await Admin(admin_node.port).connect()
    refused = await other.send(CREATE)

    assert refused.code == 408
    assert "log in" in refused.message


async def test_a_handle_client_is_challenged_instead(admin):
    """408 is a code hdllib throws on."""
    assert (await admin.ask(100, text("88.118.8/N1") + URL, session_id=10_001)).code == 402


async def test_a_second_login_is_told_so(logged_in):
    """407."""
    assert (await logged_in.send(LOGIN)).code == 407


async def test_a_login_with_a_wrong_key_fails(pointer):
    """403, under the opcode of the proof; the connection can try again."""
    failed = await pointer.send(proof(await pointer.send(LOGIN), key=other_rsa_key()))
    again = LOGIN[:11] + b"\x09" + LOGIN[12:]

    assert failed.code == 403
    assert (await pointer.send(proof(await pointer.send(again), request_id=10))).code == 1


async def test_a_challenge_of_one_connection_is_not_answered_over_another(pointer, admin_node):
    """The session number is the client's, and two of its processes use the same."""
    challenge = await pointer.send(LOGIN)
    other = await Admin(admin_node.port).connect()

    assert (await other.send(proof(challenge))).code == 405
    assert (await pointer.send(proof(challenge))).code == 1


async def test_two_processes_with_the_same_numbers_do_not_meet(admin_node):
    """Session 10001 and request 7 of two connections are two challenges."""
    one, other = await Admin(admin_node.port).connect(), await Admin(admin_node.port).connect()
    first, second = await one.send(LOGIN), await other.send(LOGIN)

    assert first.nonce != second.nonce
    assert (await one.send(proof(first))).code == 1
    assert (await other.send(proof(second))).code == 1


async def test_the_end_of_the_connection_ends_the_login(logged_in, admin_node):
    """Nothing is kept of it."""
    await logged_in.close()

    assert await until(lambda: not len(admin_node._office.desk.logins))
    assert len(admin_node._office.desk.challenges) == 0


async def test_the_end_of_the_connection_ends_its_challenges(pointer, admin_node):
    """Whoever opens a login and leaves holds nothing."""
    await pointer.send(LOGIN)
    assert len(admin_node._office.desk.challenges) == 1
    await pointer.close()

    assert await until(lambda: not len(admin_node._office.desk.challenges))
    assert admin_node._office.desk.challenges.octets == 0


async def test_a_known_connection_sees_what_its_reader_may(logged_in):
    """Restricted values without a challenge, though the question is a common one."""
    shown = await logged_in.ask(1, text("88.118.8/secret") + u32(0) + u32(0) + u32(0), credential=None)

    assert (shown.code, b"HS_SECKEY" in shown.body) == (1, True)


async def test_strangers_do_not_see_what_a_known_connection_does(logged_in, admin):
    """Nothing of it is cached for others."""
    await logged_in.ask(1, text("88.118.8/secret") + u32(0) + u32(0), credential=None)

    assert (await admin.ask(1, text("88.118.8/secret") + u32(0) + u32(0))).code == 402


async def test_the_heartbeat_is_answered(logged_in):
    """A resolution of "0", with any code."""
    assert (await logged_in.send(HEARTBEAT)).code == 100


async def test_a_key_that_is_changed_ends_the_login(logged_in, admin):
    """Whoever holds the old key is asked to log in again."""
    new = values_octets(value_octets(303, "HS_PUBKEY", b"-"))
    assert (await admin.do(104, text(ADMIN) + new)).code == 1
    await asyncio.sleep(LOOK_S)

    assert (await logged_in.send(CREATE)).code == 408


async def test_user_and_password_are_not_offered(pointer):
    """Operation 2000 has no layout that is known: 5."""
    assert (await pointer.ask(2000, text("user") + text("password"))).code == 5


@pytest.mark.parametrize("handle", ["88.118.8", "0.NA/88.118.8", "0.na/88.118.8"])
async def test_every_spelling_of_a_prefix_is_one_identity(pointer, handle):
    """IDIS writes prefixes bare, Handle as prefix handles."""
    challenge = await pointer.ask(2001, text(handle) + u32(303), session_id=10_001, credential=None)
    signature = sign(rsa_key(), challenge.nonce + challenge.digest)
    answer = text("SHA-256") + u32(len(signature)) + signature
    body = text("HS_PUBKEY") + text(handle) + u32(303) + u32(len(answer)) + answer

    assert (await pointer.ask(200, body, session_id=10_001, credential=None)).code == 1


# SM2 with SM3: the vector of `wire.md` §9.

SM2_NONCE = bytes.fromhex("8b2ced7d30095aa3373b10ea5deba169")
SM2_DIGEST = bytes.fromhex("da9d4c888eda81839d9f220f5512c60b1d1266ec6035d0887d4f9599cb6d1445")
SM2_POINT = bytes.fromhex(
    "f9bc045cb910ff9f6dcb75517450ba084798e0d4577daa3ca7a93b4e88f6c4b8"
    "4204a7a79aaa169054f99c21c8a1c6ffb2ed006ac9eacb062103c35f4006ad57"
)
SM2_SIGNATURE = bytes.fromhex(
    "3046 022100 b6267e4d586d9f1bbcb99e615f71713bd5b36760d78999fddfd0687150e7e287"
    "022100 cf5faa740e29ff401dde06d622763d9d58dc7b598c6fe1e243151ae806a3a567"
)


@pytest.mark.parametrize(
    ("user", "signature", "valid"),
    [
        ("88.888.1024/admin", SM2_SIGNATURE, True),
        ("88.888.1024/Admin", SM2_SIGNATURE, False),
        ("88.888.1024/admin", SM2_SIGNATURE[:-1] + b"\x66", False),
        ("88.888.1024/admin", b"\x30\x00", False),
        ("88.888.1024/admin", b"", False),
    ],
)
def test_an_sm2_signature_covers_user_nonce_and_digest(user, signature, valid):
    """Right as it is; wrong under another user, changed, or no signature at all."""
    key = sm2.load(SM2_POINT)

    assert sm2.verifies(key, signature, SM2_NONCE + SM2_DIGEST, user=user) is valid


def test_a_point_off_the_curve_verifies_nothing():
    """Whatever was put into an HS_PUBKEY value."""
    key = sm2.load(bytes(64))

    assert sm2.verifies(key, SM2_SIGNATURE, SM2_NONCE + SM2_DIGEST, user="88.888.1024/admin") is False


def test_without_its_library_sm2_is_refused_clearly(monkeypatch):
    """One sentence that says what to install."""
    monkeypatch.setattr(sm2, "gmssl_pyx", None)

    with pytest.raises(sm2.Missing, match=r"idis\[gm\]"):
        sm2.load(SM2_POINT)


async def test_an_sm2_key_logs_in(pointer, admin):
    """A PEM key on sm2p256v1, digest SM3, the user's handle as the SM2 user id; everything after it as with RSA."""
    public, private = gmssl_pyx.sm2_key_generate()
    info = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004") + public
    pem = b"-----BEGIN PUBLIC KEY-----\r\n" + base64.b64encode(info) + b"\r\n-----END PUBLIC KEY-----\r\n"
    assert (await admin.do(102, text(ADMIN) + values_octets(value_octets(320, "HS_PUBKEY", pem)))).code == 1
    challenge = await pointer.ask(2001, text(ADMIN) + u32(320), session_id=10_001, credential=None)
    digest = gmssl_pyx.sm3_hash(challenge.nonce + challenge.digest)
    signature = gmssl_pyx.sm2_sign(private, public, digest, signer_id=ADMIN.encode())
    answer = text("SM3") + u32(len(signature)) + signature
    body = text("HS_PUBKEY") + text(ADMIN) + u32(320) + u32(len(answer)) + answer
    done = await pointer.ask(200, body, session_id=10_001, credential=None)

    assert (done.code, done.opcode) == (1, 2001), done.message


# Tokens in authBytes.


def token_of(node, **terms) -> str:
    """A token of the node that stands for its administrator."""

    def make(txn):
        wanted = TokenTerms(label="test", identity=identity_of(300, ADMIN), **terms)
        return tokens.create(txn, tool("test"), wanted, int(time.time()))

    made = node._store.write(make, actor="test").result().result
    return made[1]


async def test_a_token_shows_what_its_bearer_may_see(pointer, admin_node):
    """Flag 4 and authBytes behind the types, as id-pointer carries an identity."""
    token = token_of(admin_node)
    asked = text("88.118.8/secret") + u32(0) + u32(0) + text(token)
    shown = await pointer.ask(1, asked, flags=REC | 4, credential=None)

    assert (shown.code, b"HS_SECKEY" in shown.body) == (1, True), shown.message


@pytest.mark.parametrize("flags", [REC, REC | 4 | 0x0100_0000])
async def test_a_token_without_its_flag_is_passed_over(pointer, admin_node, flags):
    """And one that asks for public values gets those."""
    asked = text("88.118.8/secret") + u32(0) + u32(0) + text(token_of(admin_node))
    answer = await pointer.ask(1, asked, flags=flags, credential=None)

    assert b"HS_SECKEY" not in answer.body


async def test_a_token_that_is_none_is_told_so(pointer):
    """3001 to a client that speaks IDIS."""
    asked = text("88.118.8/secret") + u32(0) + u32(0) + text("idis_" + 43 * "A")

    assert (await pointer.ask(1, asked, flags=REC | 4, credential=None)).code == 3001


async def test_what_other_nodes_gave_is_carried_on(pointer):
    """Authbytes that are no token of ours are not judged here."""
    asked = text("88.118.8/A1") + u32(0) + u32(0) + text("somebody else's")

    assert (await pointer.ask(1, asked, flags=REC | 4, credential=None)).code == 1
