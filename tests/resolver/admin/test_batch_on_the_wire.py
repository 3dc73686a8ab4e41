"""BATCH over the binary protocol: logged in, or proved for one message."""

from __future__ import annotations

import struct

from tests.resolver.admin.wire import ADMIN, Admin, blob, request, rsa_key, text, u32, value_octets, values_octets

BATCH = 9001
URL = values_octets(value_octets(1, "URL", b"https://example.com/1"))
KEY = bytes(range(16))


def packed(octets: bytes) -> bytes:
    """Octets as msgpack has them."""
    return b"\xc5" + struct.pack(">H", len(octets)) + octets


def item(verb: int, name: str, payload: bytes = b"") -> bytes:
    """One change."""
    spelled = name.encode()
    return b"\x93" + bytes((verb,)) + bytes((0xA0 | len(spelled),)) + spelled + packed(payload)


def batch(*items: bytes, key: bytes = b"") -> bytes:
    """The body."""
    return b"\x93\x01" + packed(key) + b"\xdc" + struct.pack(">H", len(items)) + b"".join(items)


async def log_in(admin: Admin) -> Admin:
    """A connection that an IDIS login has made known."""
    await admin.connect()
    challenge = await admin.ask(2001, text(ADMIN) + u32(300), session_id=10_001, credential=None)
    answer = await admin.prove(challenge, rsa_key())
    assert (answer.opcode, answer.code) == (2001, 1)
    return admin


async def test_a_batch_over_a_login(admin: Admin):
    """Each item has its result, in order."""
    await log_in(admin)
    answer = await admin.ask(BATCH, batch(item(1, "88.118.8/b1", URL), item(3, "88.118.8/none")), session_id=10_001)
    await admin.close()

    assert (answer.opcode, answer.code) == (BATCH, 1)
    # [1, false, [[1, "88.118.8/b1", 1, ""], [100, "88.118.8/none", 0, "…"]]]
    first = bytes.fromhex("9301c2 92 9401ab") + b"88.118.8/b1"
    assert answer.content.startswith(first + bytes.fromhex("01a0 9464ad") + b"88.118.8/none\x00")


async def test_a_batch_sent_again_gives_the_first_results(admin: Admin):
    """Also over another connection: the answer to the first may have been lost."""
    body = batch(item(1, "88.118.8/b1", URL), item(3, "88.118.8/b1"), key=KEY)
    answers = []
    for _ in range(2):
        again = await log_in(Admin(admin.port))
        answers.append(await again.ask(BATCH, body, session_id=10_001))
        await again.close()

    assert [answer.code for answer in answers] == [1, 1]
    assert [answer.content[:3] for answer in answers] == [b"\x93\x01\xc2", b"\x93\x01\xc3"]
    assert answers[0].content[3:] == answers[1].content[3:]


async def test_a_batch_with_a_proof_of_its_own(admin: Admin):
    """A Handle client answers a challenge for it."""
    answer = await admin.do(BATCH, batch(item(1, "88.118.8/b1", URL)))

    assert (answer.opcode, answer.code) == (BATCH, 1)


async def test_two_thousand_and_one_items_are_refused(admin: Admin):
    """The sentence says what to do, and the connection goes on."""
    await log_in(admin)
    refused = await admin.ask(BATCH, batch(*(item(3, f"88.118.8/{number}") for number in range(2_001))), session_id=10_001)
    after = await admin.ask(BATCH, batch(item(3, "88.118.8/x")), session_id=10_001)
    await admin.close()

    assert (refused.code, "split it" in refused.message, after.code) == (4, True, 1)


async def test_a_known_peer_may_send_a_large_batch(admin: Admin):
    """Half a mebioctet, which nobody anonymous may send."""
    await log_in(admin)
    large = values_octets(value_octets(1, "text", bytes(2_000)))
    answer = await admin.ask(BATCH, batch(*(item(1, f"88.118.8/l{number}", large) for number in range(250))), session_id=10_001)
    await admin.close()

    assert answer.code == 1
    assert answer.content.count(b"88.118.8/l") == 250


async def test_a_batch_that_is_none_is_refused(admin: Admin):
    """Code 4, and nothing is asked to be proved."""
    answer = await admin.send(request(BATCH, b"\x93\x01", request_id=1))

    assert answer.code == 4


async def test_a_batch_without_a_login_is_challenged(admin: Admin):
    """Nothing of it is done before."""
    answer = await admin.ask(BATCH, batch(item(1, "88.118.8/b1", URL)))

    assert answer.code == 402
    assert (await admin.ask(1, text("88.118.8/b1") + u32(0) + u32(0), flags=0x1900_0000)).code == 100


async def test_a_payload_that_is_none_harms_no_neighbour(admin: Admin):
    """Its item is told so."""
    answer = await admin.do(BATCH, batch(item(1, "88.118.8/b1", b"\x00"), item(1, "88.118.8/b2", URL)))

    assert answer.code == 1
    assert (await admin.ask(1, text("88.118.8/b2") + u32(0) + u32(0), flags=0x1900_0000)).code == 1


def test_the_helper_writes_what_msgpack_reads():
    """The octets above are written by hand; this is what they mean."""
    import msgpack

    assert msgpack.unpackb(batch(item(3, "88.1/a"), key=KEY)) == [1, KEY, [[3, "88.1/a", b""]]]
    assert blob(b"") == bytes(4)
