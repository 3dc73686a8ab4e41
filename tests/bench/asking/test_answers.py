"""Reading answers: whole, octet by octet, garbage; the compiled reader is held to the same by `test_generator.py`."""

from __future__ import annotations

from random import Random

import pytest

from idis.bench.asking.answers import Answer, MalformedError, echoes, read_datagram, read_stream
from idis.bench.asking.plan import Dialect

# A success for "88.1/A" with no values, request id 7.
HANDLE = bytes.fromhex(
    "020b020b 00000000 00000007 00000000 0000002a"
    "00000001 00000001 99000000 0001 00 00 6b00eb74 0000000e"
    "00000006 38382e312f41 00000000 00000000"
)
ASKED = bytes.fromhex(
    "0203020b 00000000 00000007 00000000 0000002e"
    "00000001 00000000 19000000 ffff 00 00 6b00eb74 00000012"
    "00000006 38382e312f41 00000000 00000000 00000000"
)
DNS = bytes.fromhex("0007 8403 0001 0000 0000 0000 0161 00 0010 0001")
STREAMS = {
    Dialect.HANDLE: (HANDLE, Answer(7, 1, HANDLE[44:], 62)),
    Dialect.DNS: (b"\x00\x13" + DNS, Answer(7, 3, DNS[12:], 21)),
    Dialect.RESP: (b"$3\r\nabc\r\n", Answer(None, 1, b"abc", 9)),
    Dialect.HTTP: (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Answer(None, 200, b"ok", 40)),
}


@pytest.mark.parametrize("dialect", STREAMS)
def test_a_whole_answer_is_read(dialect: Dialect) -> None:
    """Id, code, body and octets; what follows is left alone."""
    octets, answer = STREAMS[dialect]

    assert read_stream(dialect, b"xy" + octets + b"rest", 2) == answer


@pytest.mark.parametrize("dialect", STREAMS)
def test_an_answer_in_part_is_waited_for(dialect: Dialect) -> None:
    """Cut anywhere it is not whole, and never malformed."""
    octets, _ = STREAMS[dialect]

    assert [read_stream(dialect, octets[:end], 0) for end in range(1, len(octets))] == [None] * (len(octets) - 1)


def test_chunks_are_put_together_by_their_sizes() -> None:
    """The body ends with the empty chunk."""
    octets = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n"

    assert read_stream(Dialect.HTTP, octets, 0) == Answer(None, 200, b"2;x=y\r\nok\r\n0\r\n\r\n", len(octets))
    assert [read_stream(Dialect.HTTP, octets[:end], 0) for end in range(50, len(octets))] == [None] * (len(octets) - 50)


@pytest.mark.parametrize(
    ("dialect", "octets"),
    [
        (Dialect.HANDLE, HANDLE[:16] + b"\xff\xff\xff\xff" + HANDLE[20:]),
        (Dialect.HANDLE, HANDLE[:16] + b"\0\0\0\x05" + HANDLE[20:]),
        (Dialect.DNS, b"\x00\x04abcd"),
        (Dialect.RESP, b"$x\r\n"),
        (Dialect.RESP, b"y" * 2_000),
        (Dialect.HTTP, b"SSH-2.0\r\n\r\n"),
        (Dialect.HTTP, b"HTTP/1.1 200 OK\r\n\r\n"),
        (Dialect.HTTP, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        (Dialect.HTTP, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        (Dialect.HTTP, b"x" * 20_000),
    ],
)
def test_what_can_be_no_answer_is_malformed(dialect: Dialect, octets: bytes) -> None:
    """Absurd lengths, other protocols, heads without an end."""
    with pytest.raises(MalformedError):
        read_stream(dialect, octets, 0)


@pytest.mark.parametrize("dialect", STREAMS)
def test_garbage_raises_nothing_else(dialect: Dialect) -> None:
    """Changed octets give an answer, none yet, or a MalformedError."""
    random = Random(dialect)
    for _ in range(500):
        octets = bytearray(STREAMS[dialect][0] * 2)
        for _ in range(random.randrange(1, 5)):
            octets[random.randrange(len(octets))] = random.randrange(256)
        for reader in (lambda o: read_stream(dialect, o, 0), lambda o: read_datagram(dialect, o)):
            try:
                answer = reader(bytes(octets[: random.randrange(len(octets)) + 1]))
            except MalformedError:
                continue
            assert answer is None or answer.size > 0


def test_a_datagram_is_a_whole_answer_or_one_packet_of_it() -> None:
    """A message over 492 octets says by its length how many packets there are."""
    first = HANDLE[:16] + (1_000).to_bytes(4, "big") + HANDLE[20:] + bytes(450)
    third = HANDLE[:12] + (2).to_bytes(4, "big") + (1_000).to_bytes(4, "big") + b"rest"

    assert read_datagram(Dialect.HANDLE, HANDLE) == Answer(7, 1, HANDLE[44:], 62)
    assert read_datagram(Dialect.HANDLE, first) == Answer(7, 1, first[44:], 512, 1, 0, 3)
    assert read_datagram(Dialect.HANDLE, third) == Answer(7, 0, b"rest", 24, 0, 2, 3)


@pytest.mark.parametrize("packet", [HANDLE[:20], HANDLE[:61], HANDLE + b"x", b""])
def test_a_datagram_of_another_length_than_announced_is_malformed(packet: bytes) -> None:
    """Cut or prolonged on the way."""
    with pytest.raises(MalformedError):
        read_datagram(Dialect.HANDLE, packet)


def test_an_answer_echoes_its_question() -> None:
    """A success names the identifier as asked; a refusal need not; another operation never does."""
    good = read_datagram(Dialect.HANDLE, HANDLE)
    other = read_datagram(Dialect.HANDLE, HANDLE.replace(b"88.1/A", b"88.1/a"))

    assert echoes(Dialect.HANDLE, True, ASKED, b"", good)
    assert not echoes(Dialect.HANDLE, True, ASKED, b"", other)
    assert echoes(Dialect.HANDLE, True, ASKED, b"", other._replace(code=100))
    assert not echoes(Dialect.HANDLE, True, ASKED, b"", good._replace(opcode=2))


def test_a_dns_answer_echoes_its_question() -> None:
    """The question section stands in it; a query sent back is no answer."""
    asked = bytes.fromhex("0007 0000 0001 0000 0000 0000 0161 00 0010 0001")

    assert echoes(Dialect.DNS, True, asked, b"", read_datagram(Dialect.DNS, DNS))
    assert not echoes(Dialect.DNS, True, asked, b"", read_datagram(Dialect.DNS, DNS.replace(b"\x01a", b"\x01b")))
    assert not echoes(Dialect.DNS, True, asked, b"", read_datagram(Dialect.DNS, asked))


def test_a_dns_answer_need_not_echo_the_opt_record() -> None:
    """It has one of its own."""
    asked = bytes.fromhex("0007 0000 0001 0000 0000 0001 0161 00 0010 0001 00 0029 04d0 00000000 0000")

    assert echoes(Dialect.DNS, True, asked, b"", read_datagram(Dialect.DNS, DNS))
    assert echoes(Dialect.DNS, False, b"\x00\x1e" + asked, b"", read_datagram(Dialect.DNS, DNS))
