"""Long attacks in short: replays, wrong answers, half-open challenges. Their length is an option of the run."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter

import pytest

from idis.registry.store.keys import record_key
from idis.resolver.admin.challenges import CHALLENGES_PER_SOURCE_MAX
from idis.resolver.config import GuardSection
from idis.resolver.node import Node
from tests.resolver.admin.session_client import set_up
from tests.resolver.admin.wire import (
    ADMIN,
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

URL = values_octets(value_octets(1, "URL", b"https://example.com/n"))
AGAIN = values_octets(value_octets(1, "URL", b"https://example.com/again"))
NAME = text("88.118.8/N1")
SESSION = {"session_id": 10_001, "credential": None}
LANES = 16  # connections that send at once


async def storm(node: Node, frames: list[bytes], *, connect_each: bool = False) -> Counter[int]:
    """Send every frame, over connections of their own or over a few; how often each code came back."""
    codes: Counter[int] = Counter()

    async def lane(own: list[bytes]) -> None:
        client = Admin(node.port)
        if not connect_each:
            await client.connect()
        for frame in own:
            answer = await client.send(frame)
            codes[0 if answer.sealed else answer.code] += 1
        await client.close()

    await asyncio.gather(*(lane(frames[start::LANES]) for start in range(LANES)))
    return codes


def version_of(node: Node) -> tuple[int, bytes]:
    """The version and the values of the record that is attacked."""
    with node._store.read() as txn:
        record = txn.record(record_key("88.118.8", "N1", True))
        assert record is not None
        return record.version, record.public


@pytest.fixture
def replays(pytestconfig: pytest.Config) -> int:
    """How often each captured message is sent again."""
    return int(pytestconfig.getoption("--admin-replays"))


class Captured:
    """Everything that crossed the wire while an administrator worked in each of the ways there are."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    async def send(self, admin: Admin, frame: bytes) -> Answer:
        """Send, and keep."""
        self.frames.append(frame)
        return await admin.send(frame)


async def work(node: Node) -> Captured:
    """A create, modifications and a removal: by challenge, by login, in a session, plain and encrypted."""
    captured = Captured()
    admin = Admin(node.port)
    challenge = await captured.send(admin, request(100, NAME + URL, request_id=11))
    assert (await captured.send(admin, admin.proof(challenge, rsa_key()))).code == 1

    pointer = await Admin(node.port).connect()
    challenge = await captured.send(pointer, request(2001, text(ADMIN) + u32(300), request_id=1, **SESSION))
    assert (await captured.send(pointer, pointer.proof(challenge, rsa_key()))).code == 1
    assert (await captured.send(pointer, request(104, NAME + AGAIN, request_id=3, **SESSION))).code == 1
    await pointer.close()

    session, _ = await set_up(admin, ADMIN, 300)
    frame = session.frame(104, NAME + URL)
    challenge = await captured.send(admin, frame)
    signature = sign(rsa_key(), challenge.nonce + challenge.digest)
    answer = text("SHA-256") + u32(len(signature)) + signature
    body = text("HS_PUBKEY") + text(ADMIN) + u32(300) + u32(len(answer)) + answer
    assert (await captured.send(admin, session.frame(200, body))).code == 1
    assert (await captured.send(admin, session.frame(104, NAME + AGAIN))).code == 1
    await captured.send(admin, session.frame(104, NAME + URL, sealed=True))
    return captured


async def test_no_captured_write_is_accepted_again(start_signing, replays):
    """Neither over new connections nor over lasting ones, nor after a restart, whatever the way it was proved."""
    node, captured, before = await attacked(start_signing)
    attack = captured.frames * replays
    codes = await storm(node, attack, connect_each=True) + await storm(node, attack)

    assert version_of(node) == before
    assert 1 not in codes
    await node.stop()

    restarted = Node(node.config)
    await restarted.start()
    try:
        codes = await storm(restarted, attack)
        assert version_of(restarted) == before
        assert 1 not in codes
    finally:
        await restarted.stop()


async def attacked(start_signing) -> tuple[Node, Captured, tuple[int, bytes]]:
    """A node, what was captured at it, and the record as it was left."""
    admin = await start_signing()
    node = admin.node
    captured = await work(node)
    return node, captured, version_of(node)


async def test_no_wrong_answer_is_accepted(start_signing, pytestconfig):
    """Guesses in every form: others' keys, other secrets, changed signatures, answers to other challenges; one owner works on."""
    admin = await start_signing()
    node, guesses = admin.node, int(pytestconfig.getoption("--admin-guesses"))
    codes: Counter[int] = Counter()

    async def guess(lane: int) -> None:
        client = Admin(node.port)
        stale = await client.ask(100, text("88.118.8/stale") + URL)
        for turn in range(guesses // LANES):
            challenge = await client.ask(100, text(f"88.118.8/guess{lane}") + URL)
            match turn % 4:
                case 0:
                    answer = await client.prove(challenge, other_rsa_key())
                case 1:
                    answer = await client.prove_secret(challenge, b"guess")
                case 2:
                    proof = bytearray(client.proof(challenge, rsa_key()))
                    proof[-10] ^= 1
                    answer = await client.send(bytes(proof))
                case _:
                    proof = client.proof(stale, rsa_key())
                    answer = await client.send(proof[:4] + u32(challenge.session_id) + proof[8:])
            codes[answer.code] += 1

    async def own() -> None:
        """The owner, with another key of his own, from the same address."""
        client = Admin(node.port)
        for turn in range(20):
            created = await client.do(100, text(f"88.118.8/own{turn}") + URL, rsa_key(), index=303)
            assert created.code == 1, created.message

    await asyncio.gather(own(), *(guess(lane) for lane in range(LANES)))

    assert set(codes) <= {403, 405}
    assert node.metrics.admin["failures.delayed"] > 0


async def test_half_open_challenges_are_bounded(start_signing, pytestconfig):
    """Whoever opens many and answers none holds as much as he may, and the owner is served as before."""
    admin = await start_signing(guard=GuardSection(trusted_networks=("10.0.0.0/8",), validated_per_s=10**6, network_per_s=10**6))
    node, many = admin.node, int(pytestconfig.getoption("--admin-half-open"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    frames = [request(100, text(f"88.118.8/h{number}") + URL + bytes(2_000), request_id=number + 1) for number in range(many)]
    codes = await storm(node, frames)
    own = await admin.do(100, NAME + URL)

    assert codes == {402: many}
    assert len(node._office.desk.challenges) <= CHALLENGES_PER_SOURCE_MAX
    assert node._office.desk.challenges.octets < 2**20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 64 * 1_024  # KiB
    assert own.code == 1, own.message
