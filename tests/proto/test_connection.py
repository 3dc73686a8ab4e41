"""Stream connections: any pieces, many frames, limits checked before anything is kept."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.connection import PIPELINE_MAX, Connection
from idis.proto.exchange import outline


def frame(number: int, size: int) -> bytes:
    """A frame of that request id and message length, whatever its content."""
    return bytes.fromhex("020b020b 00000000") + number.to_bytes(4, "big") + bytes(4) + size.to_bytes(4, "big") + b"m" * size


FRAMES = [frame(1, 24), frame(2, 0), frame(3, 1_000), frame(4, 24)]
STREAM = b"".join(FRAMES)


@pytest.mark.parametrize("piece", [1, 19, 20, 21, 500, 10_000])
def test_frames_in_any_pieces(piece: int) -> None:
    """Whole, octet by octet, or cut anywhere: the same frames in the same order."""
    connection = Connection()
    frames = [found for at in range(0, len(STREAM), piece) for found in connection.receive_data(STREAM[at : at + piece])]

    assert frames == FRAMES
    assert not connection.unfinished


@given(st.lists(st.integers(0, 60), max_size=8), st.lists(st.integers(0, 200), max_size=12))
def test_frames_in_random_pieces(sizes: list[int], cuts: list[int]) -> None:
    """However a stream is cut, its frames come out."""
    frames = [frame(number, size) for number, size in enumerate(sizes)]
    stream = b"".join(frames)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    connection = Connection()
    found = [one for start, end in pairwise(edges) for one in connection.receive_data(stream[start:end])]

    assert found == frames


def test_an_unfinished_frame_is_known() -> None:
    """At the end of the stream, or at a deadline, the caller can tell that a frame was cut."""
    connection = Connection()
    connection.receive_data(STREAM[:10])

    assert connection.unfinished


@pytest.mark.parametrize(
    "envelope", ["020b020b 00000000 00000009 00000000 00040001", "020b020b 00000000 00000009 00000000 ffffffff"]
)
def test_a_length_over_the_limit_is_refused_at_the_envelope(envelope: str) -> None:
    """Not an octet of the message is waited for."""
    connection = Connection()
    connection.receive_data(bytes.fromhex(envelope))

    assert connection.error is not None
    assert (connection.error.offset, connection.error.code) == (16, 4)
    assert not connection.unfinished


def test_compression_breaks_the_framing() -> None:
    """Nobody can tell where such a message ends."""
    connection = Connection()
    connection.receive_data(bytes.fromhex("020b820b 00000000 00000009 00000000 00000018"))

    assert connection.error is not None
    assert connection.error.offset == 2


def test_a_lower_limit() -> None:
    """A connection may be allowed less than the protocol allows."""
    connection = Connection(message_bytes_max=100)

    assert connection.receive_data(frame(1, 100)) == [frame(1, 100)]
    assert connection.receive_data(frame(2, 101)) == []
    assert connection.error is not None


def test_the_limit_may_be_raised_up_to_that_of_our_own_operations() -> None:
    """A peer that has proved who it is may send more, but never more than our own operations need."""
    connection = Connection(message_bytes_max=100)
    connection.message_bytes_max = 100_000_000

    assert connection.message_bytes_max == 4_194_304
    assert connection.receive_data(frame(2, 101)) == [frame(2, 101)]


def test_frames_in_front_of_broken_framing_are_handed_out() -> None:
    """One bad envelope costs no neighbour; what follows it is lost."""
    connection = Connection()
    frames = connection.receive_data(FRAMES[0] + bytes.fromhex("020b020b 00000000 00000009 00000000 7fffffff") + FRAMES[3])

    assert frames == [FRAMES[0]]
    assert connection.receive_data(FRAMES[3]) == []


def test_the_sender_of_broken_framing_can_be_told() -> None:
    """The envelope that broke it names the request."""
    connection = Connection(100)
    connection.receive_data(bytes.fromhex("020b020b 00000000 00000009 00000000 00000101"))
    told = outline(connection.broken_envelope)

    assert told is not None
    assert told.request_id == 9


def test_frames_under_way_are_counted() -> None:
    """Reading pauses at the limit and goes on when answers go out."""
    connection = Connection()
    connection.receive_data(frame(1, 0) * PIPELINE_MAX)
    full = connection.paused
    connection.answered()

    assert (full, connection.paused, connection.in_flight) == (True, False, PIPELINE_MAX - 1)


def test_more_answers_than_requests_are_our_own_mistake() -> None:
    """It is asserted, not tolerated."""
    with pytest.raises(AssertionError):
        Connection().answered()


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_garbage_is_framed_or_refused(chunks: list[bytes]) -> None:
    """Nothing escapes, and nothing is handed out that was not received."""
    connection = Connection()
    frames = [one for chunk in chunks for one in connection.receive_data(chunk)]

    assert b"".join(chunks).startswith(b"".join(frames))


def test_what_broke_a_connection_does_not_keep_it_alive() -> None:
    """The error carries no frames of the call that found it: nothing is left to a collector that may never run."""
    connection = Connection()
    connection.receive_data(bytes.fromhex("09090000 00000000 00000000 00000000 ffffffff"))

    assert connection.error is not None
    assert connection.error.__traceback__ is None


def test_what_is_unfinished_can_be_taken_back() -> None:
    """Handed in again with the rest, it is the frame it would have been."""
    connection = Connection()
    frame = bytes.fromhex("0203020b 00000000 00000007 00000000 00000004 aabbccdd")
    connection.receive_data(frame[:22])
    before = connection.unfinished_bytes
    taken = connection.take_unfinished()

    assert (before, taken, connection.unfinished) == (22, frame[:22], False)
    assert connection.receive_data(taken + frame[22:]) == [frame]
