"""UDP packets: cutting, putting together, and fragments nobody finishes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.fragments import (
    MESSAGES_MAX,
    MESSAGES_PER_SOURCE_MAX,
    UDP_DATA_BYTES,
    UDP_FRAGMENTS_MAX,
    Reassembly,
    split,
)

HERE = ("192.0.2.1", 5_000)
THERE = ("192.0.2.2", 5_000)


def frame(number: int, size: int, flags: str = "02") -> bytes:
    """A frame of that request id and message length with octets that tell their place."""
    head = bytes.fromhex(f"020b{flags}0b 00000007") + number.to_bytes(4, "big") + bytes(4) + size.to_bytes(4, "big")
    return head + bytes(place // 7 % 251 for place in range(size))


def fragment(number: int, sequence: int, size: int, data: bytes, flags: str = "22") -> bytes:
    """A packet by hand."""
    head = bytes.fromhex(f"020b{flags}0b 00000007") + number.to_bytes(4, "big")
    return head + sequence.to_bytes(4, "big") + size.to_bytes(4, "big") + data


@pytest.mark.parametrize("size", [0, 24, 492])
def test_a_short_message_is_one_packet(size: int) -> None:
    """It is sent as it is, without the flag."""
    assert split(frame(1, size)) == [frame(1, size)]


def test_a_long_message_is_cut() -> None:
    """Every packet repeats the envelope with its own sequence number, the whole length and the flag."""
    octets = frame(1, 1_000)

    assert split(octets) == [
        fragment(1, 0, 1_000, octets[20:512]),
        fragment(1, 1, 1_000, octets[512:1_004]),
        fragment(1, 2, 1_000, octets[1_004:]),
    ]


@pytest.mark.parametrize(("size", "count"), [(0, 1), (492, 1), (493, 2), (984, 2), (985, 3), (262_144, 533)])
def test_a_frame_takes_as_few_packets_as_it_can(size: int, count: int) -> None:
    """492 octets of it in each; an empty message is a packet too."""
    assert len(split(frame(1, size))) == count


@pytest.mark.parametrize("size", [24, 492])
def test_a_whole_packet_is_handed_back(size: int) -> None:
    """The usual case costs nothing."""
    packet = frame(1, size)

    assert Reassembly().receive(packet, HERE, 0.0) is packet


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 0, 1, 1, 2]])
def test_fragments_in_any_order(order: list[int]) -> None:
    """Out of order or resent, the last missing packet completes the frame; the flag and sequence number are gone."""
    packets = split(frame(1, 1_000))
    table = Reassembly()
    found = [table.receive(packets[number], HERE, 0.0) for number in order]

    assert found == [*[None] * (len(order) - 1), frame(1, 1_000)]
    assert len(table) == 0


def test_the_flag_is_not_needed() -> None:
    """Old servers forget it; the length decides."""
    octets = frame(1, 600)
    table = Reassembly()
    table.receive(fragment(1, 0, 600, octets[20:512], "02"), HERE, 0.0)

    assert table.receive(fragment(1, 1, 600, octets[512:], "02"), HERE, 0.0) == octets


def test_sources_and_requests_do_not_mix() -> None:
    """The same request id from elsewhere is another message, and so is another id from here."""
    table = Reassembly()
    packets = split(frame(1, 600))
    table.receive(packets[0], HERE, 0.0)

    assert table.receive(packets[1], THERE, 0.0) is None
    assert table.receive(split(frame(2, 600))[1], HERE, 0.0) is None
    assert table.receive(packets[1], HERE, 0.0) == frame(1, 600)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"short", "short"),
        (fragment(1, 2, 600, b"x" * 108), "bad sequence"),
        (fragment(1, 0xFFFFFFFF, 600, b"x" * 108), "bad sequence"),
        (fragment(1, 0, 600, b"x" * 491), "bad sequence"),
        (fragment(1, 1, 600, b"x" * 109), "bad sequence"),
        (fragment(1, 0, 492 * UDP_FRAGMENTS_MAX + 1, b"x" * 492), "too long"),
        (fragment(1, 0, 0xFFFFFFFF, b"x" * 492), "too long"),
    ],
)
def test_packets_that_cannot_be_part_of_a_message(packet: bytes, reason: str) -> None:
    """They are dropped and counted, and take no place."""
    table = Reassembly()

    assert table.receive(packet, HERE, 0.0) is None
    assert (table.dropped, len(table)) == ({reason: 1}, 0)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (fragment(1, 0, 600, b"y" * 492), "overlap"),
        (fragment(1, 1, 601, b"y" * 109), "changed envelope"),
        (bytes.fromhex("020a220b") + fragment(1, 1, 600, b"y" * 108)[4:], "changed envelope"),
        (fragment(1, 1, 600, b"y" * 108)[:7] + b"\x08" + fragment(1, 1, 600, b"y" * 108)[8:], "changed envelope"),
    ],
)
def test_contradictions_drop_the_message(second: bytes, reason: str) -> None:
    """Overlapping octets, another length, version or session: nobody can tell which packet is right."""
    table = Reassembly()
    table.receive(fragment(1, 0, 600, b"x" * 492), HERE, 0.0)
    table.receive(second, HERE, 0.0)

    assert (table.dropped, len(table)) == ({reason: 1}, 0)


def test_the_longest_message_taken() -> None:
    """Eight packets are put together."""
    octets = frame(1, UDP_DATA_BYTES * UDP_FRAGMENTS_MAX)
    table = Reassembly()

    assert [table.receive(packet, HERE, 0.0) for packet in split(octets)][-1] == octets


def test_orphans_expire() -> None:
    """After two seconds an unfinished message is gone, and a late packet begins anew."""
    table = Reassembly()
    packets = split(frame(1, 600))
    table.receive(packets[0], HERE, 10.0)
    table.expire(11.9)
    before = len(table)

    assert table.receive(packets[1], HERE, 12.0) is None
    assert (before, table.dropped, len(table)) == (1, {"expired": 1}, 1)


def test_orphans_of_one_source_cost_others_nothing() -> None:
    """A flood from one source stays within its own share; another's message is finished."""
    table = Reassembly()
    ours = split(frame(1, 600))
    table.receive(ours[0], HERE, 0.0)
    for number in range(1_000):
        table.receive(split(frame(number, 600))[0], THERE, 0.1)

    assert len(table) == MESSAGES_PER_SOURCE_MAX + 1
    assert table.receive(ours[1], HERE, 0.2) == frame(1, 600)


def test_the_newest_of_a_source_stay() -> None:
    """When a source has too many, its oldest goes: honest packets come together."""
    table = Reassembly()
    for number in range(MESSAGES_PER_SOURCE_MAX + 1):
        table.receive(split(frame(number, 600))[0], HERE, 0.0)

    assert table.receive(split(frame(0, 600))[1], HERE, 0.0) is None
    assert table.receive(split(frame(MESSAGES_PER_SOURCE_MAX, 600))[1], HERE, 0.0) == frame(MESSAGES_PER_SOURCE_MAX, 600)


def test_the_table_is_bounded_over_all_sources() -> None:
    """Spoofed sources fill it no further, and a message whose packets come together still gets through."""
    table = Reassembly()
    first = split(frame(1, 600))[0]
    for number in range(MESSAGES_MAX + 500):
        table.receive(first, number, 0.0)
    packets = split(frame(2, 600))

    assert table.receive(packets[0], HERE, 0.0) is None
    assert table.receive(packets[1], HERE, 0.0) == frame(2, 600)
    assert len(table) == MESSAGES_MAX - 1
    assert table.dropped["too many"] == 501


@given(st.integers(1, UDP_DATA_BYTES * UDP_FRAGMENTS_MAX), st.randoms(use_true_random=False))
def test_every_message_survives(size: int, shuffle: object) -> None:
    """Any size in any order comes back."""
    octets = frame(5, size)
    packets = split(octets)
    shuffle.shuffle(packets)  # type: ignore[attr-defined]
    table = Reassembly()

    assert [table.receive(packet, HERE, 0.0) for packet in packets][-1] == octets


@given(st.lists(st.binary(max_size=530), max_size=10))
def test_garbage_is_dropped_or_handed_back(packets: list[bytes]) -> None:
    """No packet raises, and the table stays within its share."""
    table = Reassembly()
    for packet in packets:
        table.receive(packet, HERE, 0.0)

    assert len(table) <= len(packets)
