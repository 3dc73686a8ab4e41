"""Datagrams against a live node."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from idis.resolver.config import GuardSection

E1 = bytes.fromhex(
    "0203020b 00000000 134b6a8b 00000000 00000036"
    "00000001 00000000 19000000 ffff 00 00 7735 9400 0000001a"
    "0000000e 32302e3530302e393939392f4131"
    "00000000 00000000"
    "00000000"
)
# The same question for a record that exists: "88.118.8/A1", eleven octets.
FOUND = bytes.fromhex(
    "0203020b 00000000 00000007 00000000 00000033"
    "00000001 00000000 19000000 ffff 00 00 77359400 00000017"
    "0000000b 38382e3131382e382f4131"
    "00000000 00000000"
    "00000000"
)
STRANGERS = GuardSection(trusted_networks=())


async def test_a_question_written_by_hand_is_answered(client):
    """E1 asks for a prefix this node knows nothing of: 301, its own request id, version 2.11, nothing but what it must echo."""
    (answer,) = await client.ask_udp(E1)

    assert answer[:16].hex() == "020b020b00000000134b6a8b00000000"
    assert answer[20:32].hex() == "000000010000012d99000000"


async def test_a_found_record_is_answered_octet_for_octet(client):
    """The answer holds the spelling and both values of the record, as `wire.md` lays them out."""
    (answer,) = await client.ask_udp(FOUND)

    values = (
        "00000002"
        "00000001 6553f100 00 00015180 0e 00000003 55524c 00000017 68747470733a2f2f6578616d706c652e636f6d2f702f31 00000000"
        "00000002 6553f100 00 00015180 0e 00000005 454d41494c 0000000d 61406578616d706c652e636f6d 00000000"
    )
    assert answer == bytes.fromhex(
        "020b020b 00000000 00000007 00000000 0000008f"
        "00000001 00000001 99000000 0001 00 00 77359400 00000073"
        "0000000b 38382e3131382e382f4131" + values + "00000000"
    )


async def test_a_long_answer_travels_in_packets(client, frame):
    """2,048 octets of data come in five packets with one envelope, each marked, numbered, of at most 512 octets."""
    packets = await client.ask_udp(frame("88.118.8/big", 9), answers=5)

    data = b"".join(packet[20:] for packet in sorted(packets, key=lambda packet: packet[12:16]))
    assert [packet[12:16] for packet in sorted(packets)] == [bytes((0, 0, 0, number)) for number in range(5)]
    assert all(packet[2] == 0x22 and len(packet) <= 512 for packet in packets)
    assert len(data) == int.from_bytes(packets[0][16:20], "big")
    assert bytes(range(256)) * 8 in data


async def test_a_question_may_come_in_packets(client, frame):
    """A request over 492 octets is put together, also when its packets arrive in the wrong order."""
    whole = frame("88.118.8/" + "x" * 600, 5)
    head = whole[:2] + b"\x22" + whole[3:12]
    first = head + b"\x00\x00\x00\x00" + whole[16:20] + whole[20:512]
    second = head + b"\x00\x00\x00\x01" + whole[16:20] + whole[512:]

    (answer,) = await client.ask_udp(second, first)

    assert answer[20:28].hex() == "0000000100000064"


async def test_orphan_fragments_leave_service_unharmed(client):
    """220 first packets whose rest never comes stopped Handle.Net for five seconds; here the next question is answered."""
    orphan = bytes.fromhex("0203220b 00000000")
    orphans = [orphan + number.to_bytes(4, "big") + bytes(4) + b"\x00\x00\x40\x00" + bytes(492) for number in range(1, 221)]

    (answer,) = await client.ask_udp(*orphans, FOUND)

    assert answer[8:12] == FOUND[8:12]


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\x02", bytes(19), bytes(600), b"\xff" * 512, FOUND[:-1], FOUND + b"\x00"],
    ids=["empty", "one octet", "short envelope", "too long", "all ones", "cut", "one octet too many"],
)
async def test_garbage_is_dropped(client, datagram):
    """What cannot be framed gets no answer and disturbs nobody."""
    answers = await client.ask_udp(datagram, FOUND, answers=2, wait_s=0.15)

    assert [answer[8:12] for answer in answers] == [FOUND[8:12]]


async def test_an_answer_is_never_answered(client, frame):
    """A datagram that carries a response code could bounce between two nodes for ever."""
    bounced = FOUND[:24] + b"\x00\x00\x00\x64" + FOUND[28:]

    assert await client.ask_udp(bounced, wait_s=0.15) == []


@pytest.mark.parametrize(
    ("opcode", "flags"), [(1, 0x5900_0000), (400, 0), (100, 0), (105, 0)], ids=["CT", "session", "create", "list"]
)
async def test_what_costs_more_than_the_question_is_not_served_over_udp(client, frame, opcode, flags):
    """Signatures, sessions, writes and lists get silence, because the source may be forged."""
    assert await client.ask_udp(frame("88.118.8/A1", opcode=opcode, flags=flags), wait_s=0.15) == []


async def test_a_stranger_gets_no_more_octets_than_it_sent(start_node, client_of, frame):
    """Found records are longer than the question and stay away; a short 'not found' is answered."""
    client = client_of(await start_node(guard=STRANGERS))

    assert await client.ask_udp(FOUND, wait_s=0.15) == []
    (absent,) = await client.ask_udp(frame("88.118.8/absent"))
    assert len(absent) <= len(frame("88.118.8/absent"))


async def test_fragments_of_a_stranger_are_refused(start_node, client_of, frame):
    """No state is kept for a source that may be forged."""
    running = await start_node(guard=STRANGERS)
    whole = frame("88.118.8/" + "x" * 600)

    assert await client_of(running).ask_udp(whole[:512], wait_s=0.15) == []
    assert running.metrics.gathered().silent == {"fragments": 1}


async def test_a_tcp_exchange_proves_a_source(start_node, client_of):
    """After one answer over TCP the same address is answered over UDP at full length."""
    client = client_of(await start_node(guard=STRANGERS))
    await client.ask_tcp(FOUND)

    (answer,) = await client.ask_udp(FOUND)

    assert len(answer) > len(FOUND)


async def test_a_proof_can_be_switched_off(start_node, client_of):
    """With validation_s = 0 a source stays unproven whatever it did over TCP."""
    client = client_of(await start_node(guard=replace(STRANGERS, validation_s=0)))
    await client.ask_tcp(FOUND)

    assert await client.ask_udp(FOUND, wait_s=0.15) == []


async def test_a_stranger_is_held_to_its_rate(start_node, client_of, frame):
    """Beyond the burst, questions of an unproven source fall silent and are counted."""
    running = await start_node(guard=replace(STRANGERS, unvalidated_per_s=1, unvalidated_burst=3))
    absent = frame("88.118.8/absent")

    answers = await client_of(running).ask_udp(*[absent] * 10, answers=10, wait_s=0.2)

    assert len(answers) == 3
    assert running.metrics.gathered().limited["rate_unproven"] == 7


async def test_ipv6_is_served(start_node, make_config, client_of):
    """A node listens on both families; UDP over IPv6 answers as over IPv4."""
    config = make_config()
    running = await start_node(listen=replace(config.listen, hosts=("127.0.0.1", "::1")))

    (answer,) = await client_of(running, "::1").ask_udp(FOUND)

    assert answer[24:28] == b"\x00\x00\x00\x01"


async def test_a_burst_is_answered_whole(client, frame):
    """Three batches of datagrams that wait in the socket are all answered."""
    questions = [frame("88.118.8/A1", number) for number in range(1, 193)]

    answers = await client.ask_udp(*questions, answers=192)

    assert sorted(int.from_bytes(answer[8:12], "big") for answer in answers) == list(range(1, 193))
    await asyncio.sleep(0)


async def test_a_failure_of_ours_costs_one_batch(node, client, monkeypatch):
    """Nothing escapes into the loop, and the next datagram is answered."""
    real = node._store.read
    monkeypatch.setattr(node._store, "read", lambda: 1 / 0)
    assert await client.ask_udp(FOUND, wait_s=0.15) == []
    monkeypatch.setattr(node._store, "read", real)

    assert node.metrics.silent["failure"] == 1
    assert len(await client.ask_udp(FOUND)) == 1
