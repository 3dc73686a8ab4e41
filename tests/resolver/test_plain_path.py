"""process without a compiler: frames, limits and order as the compiled one keeps them, for any way to answer."""

from __future__ import annotations

import random

from idis.proto.connection import Connection
from idis.resolver.plain_path import process


def frame(number: int, size: int = 8) -> bytes:
    """An envelope of request `number`, and so many octets behind it."""
    return bytes.fromhex("0203020b00000000") + number.to_bytes(4, "big") + bytes(4) + size.to_bytes(4, "big") + b"m" * size


def ready(octets: bytes) -> bytes | None:
    """Answers even numbers."""
    number = int.from_bytes(octets[8:12], "big")
    return None if number % 2 else b"answer %d" % number


def test_common_frames_are_answered_and_others_handed_back():
    """Answers one behind the other; where the others begin and end; the unfinished frame is left."""
    stream = frame(2) + frame(3) + frame(4) + frame(6)[:-1]

    assert process(ready, stream) == (b"answer 2answer 4", 84, [(28, 56)], 2, False)


def test_it_frames_as_a_connection_does():
    """Damaged streams, cut anywhere: the same frames, and it stops where the connection would."""
    choose = random.Random(5)
    for _ in range(3_000):
        octets = bytearray(b"".join(frame(choose.randrange(9), choose.randrange(40)) for _ in range(choose.randrange(5))))
        for _ in range(choose.randrange(3)):
            if octets:
                octets[choose.randrange(len(octets))] = choose.choice((0, 1, 128, 255))
        stream = bytes(octets[: choose.randrange(len(octets) + 1)])
        seen: list[bytes] = []
        _, consumed, leftovers, answered, more = process(lambda one, seen=seen: seen.append(one), stream)  # type: ignore[func-returns-value]
        frames = Connection(65_536).receive_data(stream)

        assert (seen, consumed, answered, more) == (frames, sum(map(len, frames)), 0, False)
        assert [stream[start:end] for start, end in leftovers] == frames


def test_every_limit_stops_in_front_of_a_frame():
    """Octets written, frames handed back, frames looked at: the caller comes back with the rest."""
    stream = frame(2) * 10

    assert process(ready, stream, octets_max=9)[1:] == (56, [], 2, True)
    assert process(ready, stream, frames_max=4)[1:] == (112, [], 4, True)
    assert process(ready, frame(1) * 3, unanswered_max=2)[1:] == (56, [(0, 28), (28, 56)], 0, True)


def test_what_is_not_allowed_is_handed_back():
    """The chain refuses it aloud."""
    assert process(ready, frame(2) * 3, allowed=1)[2:] == ([(28, 56), (56, 84)], 1, False)
    assert process(ready, frame(2), allowed=0)[2:] == ([(0, 28)], 0, False)


def test_broken_framing_is_left_to_the_connection():
    """Too long, or compressed."""
    compressed = frame(2)[:2] + b"\x82" + frame(2)[3:]

    assert process(ready, frame(2) + frame(2, 65_537))[1:] == (28, [], 1, False)
    assert process(ready, frame(2) + compressed)[1:] == (28, [], 1, False)
