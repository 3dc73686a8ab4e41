"""Operations on records over the wire, each challenged and proved as existing clients do it."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time

import aiohttp
import pytest

from idis.registry.audit.line import decode_line
from idis.resolver.config import GuardSection
from tests.resolver.admin.session_client import set_up
from tests.resolver.admin.wire import (
    ADMIN,
    MN,
    OW,
    RD,
    REC,
    SECRET,
    Admin,
    Answer,
    admin_octets,
    blob,
    dsa_key,
    ed25519_key,
    other_rsa_key,
    request,
    rsa_key,
    text,
    u32,
    value_octets,
    values_octets,
)
from tests.waiting import until

NAME = "88.118.8/N1"
URL = value_octets(1, "URL", b"https://example.com/n")
CREATE = text(NAME) + values_octets(URL)


async def read(admin, name: str = NAME) -> bytes:
    """The values of a record as the public sees them."""
    answer = await admin.ask(1, text(name) + u32(0) + u32(0), flags=0x1900_0000)
    return answer.body if answer.code == 1 else b""


async def test_a_record_is_created_after_a_challenge(admin):
    """402 with the request's opcode, a session and a nonce; then success of the original operation, under the proof's id."""
    challenge = await admin.ask(100, CREATE)
    assert (challenge.code, challenge.opcode, len(challenge.nonce)) == (402, 100, 16)
    assert 0 < challenge.session_id < 2**31
    created = await admin.prove(challenge, rsa_key())

    assert (created.code, created.opcode, created.content) == (1, 100, text(NAME)), created.message


async def test_the_challenge_digests_the_request(admin):
    """SHA-256 of header and body, so that the client knows what it is about to prove."""
    frame = request(100, CREATE, request_id=7)
    challenge = await admin.send(frame)

    assert challenge.digest == hashlib.sha256(frame[20:-4]).digest()


async def test_the_answer_digests_the_original_request(admin):
    """The digest in front of the success is of the create, not of the proof."""
    frame = request(100, CREATE, request_id=7)
    created = await admin.prove(await admin.send(frame), rsa_key())

    assert created.digest == hashlib.sha256(frame[20:-4]).digest()


@pytest.mark.parametrize(
    ("key", "index", "digest"),
    [
        (rsa_key, 300, "SHA-256"),
        (rsa_key, 300, "SHA256"),
        (rsa_key, 300, "SHA1"),
        (dsa_key, 302, "SHA1"),
        (dsa_key, 302, "SHA-256"),
        (rsa_key, 303, "SHA-256"),
        (ed25519_key, 304, "ED25519"),
    ],
)
async def test_every_kind_of_key_proves_its_identity(admin, key, index, digest):
    """RSA and DSA in Handle's binary form, RSA in IDIS's PEM, Ed25519; the digest under each name peers use."""
    created = await admin.prove(await admin.ask(100, CREATE), key(), index=index, digest=digest)

    assert created.code == 1, created.message


async def test_a_secret_proves_its_identity(admin):
    """PBKDF2 with the salt and rounds that the client chose."""
    created = await admin.prove_secret(await admin.ask(100, CREATE), SECRET)

    assert created.code == 1, created.message


async def test_index_zero_tries_every_key(admin):
    """A client that names no index is known by whichever key it used."""
    created = await admin.prove(await admin.ask(100, CREATE), ed25519_key(), index=0, digest="ED25519")

    assert created.code == 1, created.message


async def test_the_old_forms_of_secrets_are_off(admin):
    """A plain SHA-1 over secret and nonce is refused, and the sentence says what to use."""
    challenge = await admin.ask(100, CREATE)
    octets = SECRET + challenge.nonce + challenge.digest + SECRET
    answer = b"\x02" + hashlib.sha1(octets).digest()
    body = text("HS_SECKEY") + text(ADMIN) + u32(301) + blob(answer)
    refused = await admin.ask(200, body, session_id=challenge.session_id)

    assert refused.code == 406
    assert "switched off" in refused.message


async def test_md5_signs_nothing(admin):
    """An answer over MD5 is refused, whatever it says."""
    refused = await admin.prove(await admin.ask(100, CREATE), rsa_key(), digest="MD5")

    assert refused.code == 406
    assert "SHA-256" in refused.message


@pytest.mark.parametrize("code", [1, 200])
async def test_values_are_added_modified_and_removed(admin, code):
    """The whole life of a record; what is not there is not modified."""
    await admin.do(100, CREATE)
    added = await admin.do(102, text(NAME) + values_octets(value_octets(2, "EMAIL", b"a@example.com")))
    modified = await admin.do(104, text(NAME) + values_octets(value_octets(2 if code == 1 else 9, "EMAIL", b"b@example.com")))
    removed = await admin.do(103, text(NAME) + u32(1) + u32(2))

    assert (added.code, modified.code, removed.code) == (1, code, 1)
    assert b"EMAIL" not in await read(admin)


async def test_a_record_is_deleted(admin):
    """And is not found any more."""
    await admin.do(100, CREATE)
    deleted = await admin.do(101, text(NAME))

    assert (deleted.code, deleted.opcode) == (1, 101)
    assert await read(admin) == b""


async def test_a_record_that_exists_is_not_created(admin):
    """101, after the proof: only who may register here learns that a name is taken."""
    await admin.do(100, CREATE)
    other = text(NAME) + values_octets(value_octets(1, "URL", b"https://example.com/other"))

    assert (await admin.do(100, other)).code == 101


async def test_overwriting_is_told_in_the_answer(admin):
    """The overwrite flag replaces the record, and stands in the answer because something was replaced."""
    await admin.do(100, CREATE)
    other = text(NAME) + values_octets(value_octets(1, "URL", b"https://example.com/other"))
    replaced = await admin.do(100, other, flags=REC | RD | OW)

    assert (replaced.code, replaced.flags & OW) == (1, OW)
    assert b"/other" in await read(admin)


async def test_overwriting_nothing_is_not_told(admin):
    """The flag of the request alone is no sign that something stood there."""
    assert (await admin.do(100, CREATE, flags=REC | RD | OW)).flags & OW == 0


async def test_a_suffix_is_minted(admin):
    """With the mint flag the server completes the name, and says it."""
    created = await admin.do(100, text("88.118.8/part-") + values_octets(URL), flags=REC | RD | MN)
    name = created.content[4:].decode()

    assert created.code == 1, created.message
    assert name.startswith("88.118.8/part-")
    assert len(name) == len("88.118.8/part-") + 36
    assert await read(admin, name) != b""


async def test_a_value_that_is_taken_is_not_added(admin):
    """201, and the sentence says what to do."""
    await admin.do(100, CREATE)
    refused = await admin.do(102, text(NAME) + values_octets(value_octets(1, "URL", b"https://example.com/other")))

    assert refused.code == 201


async def test_an_unknown_prefix_is_refused_without_a_challenge(admin):
    """301 at once: no proof would help."""
    assert (await admin.ask(100, text("99.1/x") + values_octets(URL))).code == 301


async def test_an_absent_record_is_not_challenged_for_its_deletion(admin):
    """100 comes before rights."""
    assert (await admin.do(101, text("88.118.8/absent"))).code == 100


async def test_a_wrong_key_is_told_so(admin):
    """403 and one sentence that says what to check."""
    refused = await admin.prove(await admin.ask(100, CREATE), other_rsa_key())

    assert refused.code == 403
    assert "check the key" in refused.message


async def test_an_unknown_identity_fails(admin):
    """An identity below this node's prefixes that has no key."""
    assert (await admin.prove(await admin.ask(100, CREATE), rsa_key(), user="88.118.8/nobody")).code == 403


async def test_an_identity_elsewhere_that_cannot_be_asked_for_is_an_error(admin):
    """406: nobody is known who has its key."""
    refused = await admin.prove(await admin.ask(100, CREATE), rsa_key(), user="0.NA/99.9")

    assert refused.code == 406
    assert "resolver" in refused.message


async def test_an_administrator_without_the_right_is_refused(admin):
    """401: it may register, and nothing else."""
    await admin.do(100, CREATE)

    assert (await admin.do(101, text(NAME), other_rsa_key(), index=305)).code == 401


async def test_a_key_that_is_no_administrator_is_refused(admin):
    """400: the record names its own administrator, and it is another one."""
    owner = value_octets(100, "HS_ADMIN", admin_octets(ADMIN, 300))
    await admin.do(100, text(NAME) + values_octets(URL, owner))

    assert (await admin.prove(await admin.ask(101, text(NAME)), ed25519_key(), index=304, digest="ED25519")).code == 400


async def test_a_proof_is_good_once(admin):
    """The same proof again finds no challenge: 405."""
    challenge = await admin.ask(100, CREATE)
    proof = admin.proof(challenge, rsa_key())
    first, second = await admin.send(proof), await admin.send(proof)

    assert (first.code, second.code) == (1, 405)


async def test_a_wrong_proof_spends_the_challenge(admin):
    """Nobody tries twice on one nonce."""
    challenge = await admin.ask(100, CREATE)
    await admin.prove(challenge, other_rsa_key())

    assert (await admin.prove(challenge, rsa_key())).code == 405


async def test_a_proof_for_another_session_is_refused(admin):
    """The session number links the proof to its challenge, and cannot be guessed."""
    challenge = await admin.ask(100, CREATE)
    proof = bytearray(admin.proof(challenge, rsa_key()))
    proof[7] ^= 1

    assert (await admin.send(bytes(proof))).code == 405


async def test_a_request_sent_again_gets_the_same_challenge(admin):
    """A client that heard nothing repeats its request; both answers ask for one proof."""
    frame = request(100, CREATE, request_id=77)
    one, other = await admin.send(frame), await admin.send(frame)

    assert (one.nonce, one.session_id) == (other.nonce, other.session_id)


async def test_sessions_of_challenges_are_not_counted_up(admin):
    """Their numbers are random."""
    numbers = {(await admin.ask(100, text(f"88.118.8/{n}") + values_octets(URL))).session_id for n in range(4)}

    assert len(numbers) == 4
    assert max(numbers) - min(numbers) > 1_000


async def test_guessing_is_slowed_down(admin):
    """After five wrong answers within a minute a right one is not looked at either, and the sentence says how long."""
    for _ in range(5):
        assert (await admin.prove(await admin.ask(100, CREATE), other_rsa_key())).code == 403
    delayed = await admin.prove(await admin.ask(100, CREATE), rsa_key())

    assert delayed.code == 403
    assert "wait" in delayed.message


async def test_a_restricted_value_is_read_after_a_challenge(admin):
    """Without the public-only flag, a record with a secret is challenged for, and shown to its administrator."""
    asked = text("88.118.8/secret") + u32(0) + u32(0)
    challenge = await admin.ask(1, asked, flags=REC | RD)
    shown = await admin.prove(challenge, rsa_key())

    assert (challenge.code, challenge.opcode) == (402, 1)
    assert (shown.code, b"HS_SECKEY" in shown.body) == (1, True)


async def test_values_with_public_write_are_modified_by_anybody(admin):
    """Nobody is challenged where everybody may."""
    await admin.do(100, text(NAME) + values_octets(value_octets(1, "note", b"a", 0x0F)))

    assert (await admin.ask(104, text(NAME) + values_octets(value_octets(1, "note", b"b", 0x0F)))).code == 1


async def test_identifiers_are_listed_in_pages(admin):
    """Fifty to a message, the continuous flag on all but the last, every name once."""
    for number in range(2, 106):
        await admin.do(100, text(f"88.118.8/L{number:03}") + values_octets(URL))
    challenge = await admin.ask(105, text(ADMIN))
    pages = await admin.send_all(admin.proof(challenge, rsa_key()))
    counts = [int.from_bytes(page.content[:4], "big") for page in pages]
    listed = b"".join(page.content for page in pages)

    assert counts[:-1] == [50] * (len(counts) - 1)
    assert sum(counts) == 104 + 5  # and the records of the fixture
    assert all(listed.count(f"88.118.8/L{number:03}".encode()) == 1 for number in range(2, 106))


async def test_only_who_may_list_lists(admin):
    """401 for an administrator that may only register."""
    assert (await admin.do(105, text(ADMIN), other_rsa_key(), index=305)).code == 401


async def test_a_key_of_the_prefix_is_changed(admin):
    """The record of a prefix is changed value by value."""
    changed = await admin.do(102, text(ADMIN) + values_octets(value_octets(310, "HS_PUBKEY", b"-")))

    assert changed.code == 1, changed.message
    assert b"HS_PUBKEY" in await read(admin, ADMIN)


async def test_a_body_that_breaks_off_is_told(admin):
    """4, on the same connection, and the next request is served."""
    await admin.connect()
    broken = await admin.ask(100, b"\x00\x00\x00\x40abc")

    assert broken.code == 4
    assert (await admin.ask(100, CREATE)).code == 402


async def test_an_operation_nobody_offers(admin):
    """5 for the transaction log and the like."""
    assert (await admin.ask(1003, text("/"))).code == 5


@pytest.mark.parametrize(("secret", "valid"), [(SECRET, 1), (b"guess", 0)])
async def test_another_node_has_an_answer_verified(admin, secret, valid):
    """Operation 201: whether an answer was made with the secret that this node holds."""
    nonce, digest, salt = b"N" * 16, b"D" * 32, b"S" * 16
    mac = hmac.new(hashlib.pbkdf2_hmac("sha1", secret, salt, 1_000, 20), nonce + digest, "sha1").digest()
    answer = b"\x22" + blob(salt) + u32(1_000) + u32(160) + blob(mac)
    body = text(ADMIN) + u32(301) + blob(nonce) + b"\x03" + digest + blob(answer)
    verified = await admin.ask(201, body)

    assert (verified.code, verified.opcode, verified.content) == (1, 201, bytes((valid,)))


async def test_nothing_is_administered_over_datagrams(admin_node, client_of):
    """A datagram's source may be forged: silence."""
    assert await client_of(admin_node).ask_udp(request(100, CREATE, request_id=1), wait_s=0.2) == []


async def test_a_question_over_a_datagram_is_proved_over_either_way(admin_node, client_of, admin):
    """A client asks over UDP first; the proof may come as a datagram too, or over TCP when that is where it goes next."""
    asked = request(1, text("88.118.8/secret") + u32(0) + u32(0), request_id=5)
    datagrams = client_of(admin_node)
    (challenge,) = await datagrams.ask_udp(asked)
    (shown,) = await datagrams.ask_udp(admin.proof(Answer(challenge), rsa_key()))
    (other,) = await datagrams.ask_udp(asked)
    over_tcp = await admin.prove(Answer(other), rsa_key())

    assert (Answer(challenge).code, Answer(shown).code, over_tcp.code) == (402, 1, 1)
    assert b"HS_SECKEY" in shown
    assert b"HS_SECKEY" in over_tcp.body


async def test_who_may_be_forged_is_not_challenged(start_node, client_of):
    """An unproven address gets silence; over TCP it is served."""
    node = await start_node(guard=GuardSection(trusted_networks=()))
    asked = request(1, text("88.118.8/secret") + u32(0) + u32(0), request_id=5)

    assert await client_of(node).ask_udp(asked, wait_s=0.2) == []
    assert len(node._office.desk.challenges) == 0


@pytest.mark.parametrize("off_s", [-86_400, 0, 86_400])
async def test_a_clock_that_is_off_by_a_day_does_no_harm(admin, off_s):
    """An expiration a day too early or too late is echoed or replaced; the answer is never past its own."""
    frame = bytearray(request(100, CREATE, request_id=9))
    frame[36:40] = u32(int(time.time()) + 43_200 + off_s)
    challenge = await admin.send(bytes(frame))
    proof = bytearray(admin.proof(challenge, rsa_key()))
    proof[36:40] = frame[36:40]
    created = await admin.send(bytes(proof))

    assert created.code == 1, created.message
    assert int.from_bytes(created.frame[36:40], "big") > time.time()


async def test_the_tunnel_serves_what_takes_one_message(admin_node):
    """Challenge and proof through HTTP; lists, which take many, are told where to go."""
    url = f"http://127.0.0.1:{admin_node.http_port}/"
    headers = {"Content-Type": "application/x-hdl-message", "Accept": "application/x-hdl-message"}
    client = Admin(0)

    async with aiohttp.ClientSession() as http:

        async def send(frame: bytes) -> Answer:
            async with http.post(url, data=frame, headers=headers) as answer:
                return Answer(await answer.read())

        challenge = await send(request(100, CREATE, request_id=1))
        created = await send(client.proof(challenge, rsa_key()))
        listed = await send(request(105, text(ADMIN), request_id=2))
        login = await send(request(2001, text(ADMIN) + u32(300), request_id=3, session_id=10_001))

    assert (challenge.code, created.code, listed.code, login.code) == (402, 1, 5, 5)


def lines_of(node) -> list[tuple[str, str, str, int]]:
    """The audit trail: actor, act, subject, code."""
    with node._store.read() as txn:
        lines = [decode_line(octets) for _, octets in txn.audits(None, 100)]
    return [(line.actor, line.act, line.subject, line.code) for line in lines]


async def test_the_trail_tells_of_proofs_and_logins(admin_node, admin):
    """A wrong answer with the identity it was for, a login, and what was changed by whom."""
    await admin.prove(await admin.ask(100, CREATE), other_rsa_key())
    await admin.do(100, CREATE)
    pointer = await Admin(admin_node.port).connect()
    await pointer.prove(await pointer.ask(2001, text(ADMIN) + u32(300), session_id=10_001, credential=None), rsa_key())
    await pointer.close()

    told = lines_of(admin_node)
    assert ("", "prove identity", f"300:{ADMIN}", 403) in told
    assert (f"300:{ADMIN}", "create", NAME, 1) in told
    assert await until(lambda: (f"300:{ADMIN}", "log in", f"300:{ADMIN}", 1) in lines_of(admin_node))


async def test_nothing_secret_is_logged(start_signing, caplog):
    """At the most talkative level: no secret, no key of a session, no signature."""
    caplog.set_level(logging.DEBUG)
    client = await start_signing()
    await client.prove_secret(await client.ask(100, CREATE), SECRET)
    await client.prove_secret(await client.ask(100, CREATE), b"wrong guess")
    session, _ = await set_up(client, ADMIN, 300)
    await session.ask(100, b"\x00\x00\x00\x40")
    await client.send(session.frame(1, b"", sealed=True)[:-16] + bytes(16))

    for secret in (SECRET, b"wrong guess", session.key):
        assert secret.hex() not in caplog.text
        assert repr(secret)[2:-1] not in caplog.text
