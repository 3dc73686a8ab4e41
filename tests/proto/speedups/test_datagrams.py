"""drain: datagrams answered in batches, on loopback sockets, with the octets of the plain path."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from hot_questions import NOW, SERIAL, Damage, make_index, question, twin

from idis.proto._speedups import DATAGRAMS_MAX, TRUSTED, UNPROVEN, AnswerIndex, Counters, Gate, drain
from idis.proto.fragments import UDP_DATA_BYTES, split

Network = tuple[bytes, int]

LOOPBACK = [(bytes((127, 0, 0, 0)), 8), (bytes(15) + b"\1", 128)]
EIGHT_PACKETS_BYTES = 20 + 8 * 492  # of one answer
RECEIVED_BYTES = 513  # what of a datagram is looked at


class Pair:
    """A node's socket and an asker's, with an index, a gate and counters."""

    def __init__(self, index: AnswerIndex | None, networks: list[Network], host: str = "127.0.0.1", **rates: float) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.node = socket.socket(family, socket.SOCK_DGRAM)
        self.node.bind((host, 0))
        self.node.setblocking(False)
        self.asker = socket.socket(family, socket.SOCK_DGRAM)
        self.asker.bind((host, 0))
        self.asker.connect(self.node.getsockname())
        self.asker.setblocking(False)
        self.index = index
        self.gate = Gate(networks, bytes(16), **rates)
        self.counters = Counters()

    def ask(self, *packets: bytes, fresh: Callable[[], bool] | None = None, monotonic: float = 0.0):
        """Send packets and drain them once; what drain returns."""
        for packet in packets:
            self.asker.send(packet)
        return drain(self.index, self.gate, self.node.fileno(), NOW, monotonic, SERIAL, self.counters, fresh)

    def answers(self) -> list[bytes]:
        """The packets that came back."""
        got = []
        while True:
            try:
                got.append(self.asker.recv(65_536))
            except BlockingIOError:
                return got

    def silent(self) -> dict[str, int]:
        """The reasons that were counted."""
        return {reason: count for reason, count in self.counters.silent.items() if count}

    def close(self) -> None:
        """Close both sockets."""
        self.node.close()
        self.asker.close()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnswerIndex]:
    """The table, mapped."""
    index = make_index(tmp_path_factory.mktemp("index") / "index")
    yield index
    index.close()


@pytest.fixture
def pair(index: AnswerIndex) -> Iterator[Pair]:
    """A trusted asker."""
    pair = Pair(index, LOOPBACK)
    yield pair
    pair.close()


@pytest.fixture
def strange(index: AnswerIndex) -> Iterator[Pair]:
    """An asker whose address is not believed, within every rate."""
    pair = Pair(index, [], unproven_per_s=1e9, unproven_burst=1e9)
    yield pair
    pair.close()


def dropped_early(packet: bytes, *, believed: bool) -> bool:
    """Whether a packet is dropped before it is looked up: malformed, or the fragment of a stranger."""
    length = int.from_bytes(packet[16:20], "big") if len(packet) >= 20 else 0
    if length > UDP_DATA_BYTES:
        return not believed
    return len(packet) != 20 + length


def test_both_paths_agree_on_damaged_packets(request: pytest.FixtureRequest, pair: Pair) -> None:
    """Many packets, damaged: the same answers in the same packets, the same packets handed back."""
    count = request.config.getoption("--differential-buffers", default=20_000) // 4
    packets = Damage(7).packets(count)
    answered = 0
    while batch := list(islice(packets, DATAGRAMS_MAX)):
        received, leftovers = pair.ask(*batch)
        seen = [packet[:RECEIVED_BYTES] for packet in batch]
        admitted = [packet for packet in seen if not dropped_early(packet, believed=True)]
        replies = [twin(packet) for packet in admitted]
        answers = [reply[1] if reply and len(reply[1]) <= EIGHT_PACKETS_BYTES else None for reply in replies]
        expected = [part for answer in answers if answer for part in split(answer)]
        asker = pair.asker.getsockname()

        assert received == len(batch)
        assert pair.answers() == expected
        assert leftovers == [(packet, asker, TRUSTED) for packet, answer in zip(admitted, answers, strict=True) if not answer]
        answered += len(expected)
    assert answered > count // 10


def test_a_stranger_gets_no_more_octets_than_it_sent(strange: Pair) -> None:
    """Whatever it sends, damaged or not: nothing longer comes back, and Python is not troubled with what would be."""
    packets = Damage(8).packets(3_000)
    while batch := list(islice(packets, DATAGRAMS_MAX)):
        _, leftovers = strange.ask(*batch)
        seen = [packet[:RECEIVED_BYTES] for packet in batch]
        admitted = [packet for packet in seen if not dropped_early(packet, believed=False)]
        expected = [reply[1] for packet in admitted if (reply := twin(packet)) and len(reply[1]) <= len(packet)]

        assert strange.answers() == expected
        assert [packet for packet, _, _ in leftovers] == [packet for packet in admitted if twin(packet) is None]
        assert {standing for _, _, standing in leftovers} <= {UNPROVEN}
    assert strange.counters.silent["amplification"] > 100


def test_a_long_answer_leaves_in_fragments(pair: Pair) -> None:
    """Three packets, each with the whole envelope, the flag of a part and its own sequence number."""
    asked = question("88.118.8/ship-0001")
    pair.ask(asked)
    answers = pair.answers()

    assert answers == split(twin(asked)[1])  # type: ignore[index]
    assert [answer[2:4] + answer[12:16] for answer in answers] == [bytes.fromhex(f"220b 0000000{number}") for number in range(3)]


def test_an_answer_too_long_for_datagrams_is_left_to_python(pair: Pair) -> None:
    """More than eight packets."""
    asked = question("88.118.8/huge")

    assert pair.ask(asked) == (1, [(asked, pair.asker.getsockname(), TRUSTED)])


def test_many_at_once(pair: Pair) -> None:
    """One call takes 64 and answers them in one go; the rest wait for the next."""
    asked = [question("88.118.8/a1", request_id=number) for number in range(100)]
    first = pair.ask(*asked)
    second = pair.ask()

    assert (first, second) == ((64, []), (36, []))
    assert pair.answers() == [twin(one)[1] for one in asked]  # type: ignore[index]
    assert pair.counters.answered[1] == 100


def test_nothing_there(pair: Pair) -> None:
    """A spurious wake-up costs one call."""
    assert pair.ask(fresh=lambda: pytest.fail("nothing to be fresh for")) == (0, [])


def test_a_whole_batch_of_long_questions(pair: Pair) -> None:
    """More folded octets than one batch keeps: what does not fit is answered by Python."""
    asked = [question("88.118.8/" + "x" * 420, request_id=number) for number in range(60)]
    received, leftovers = pair.ask(*asked)

    assert (received, [packet for packet, _, _ in leftovers]) == (60, asked)


@pytest.mark.parametrize("usable", ["none", "disabled", "not fresh"])
def test_without_a_usable_index_everything_is_handed_over(index: AnswerIndex, tmp_path: Path, usable: str) -> None:
    """No index yet, one that is being filled, one that is behind the store."""
    disabled = make_index(tmp_path / "index")
    disabled.enabled = False
    pair = Pair({"none": None, "disabled": disabled, "not fresh": index}[usable], LOOPBACK)
    asked = question("88.118.8/a1")
    drained = pair.ask(asked, fresh=lambda: usable != "not fresh")

    assert drained == (1, [(asked, pair.asker.getsockname(), TRUSTED)])
    assert pair.answers() == []
    pair.close()


def test_freshness_is_asked_after_receiving(pair: Pair, tmp_path: Path) -> None:
    """A change made before a question was sent is in its answer, though it was made after drain was called."""
    index = make_index(tmp_path / "index")
    pair.index = index

    def follow() -> bool:
        index.put(b"\x0188.118.8/A1", bytes.fromhex("00000001") + b"newer")
        return True

    pair.ask(question("88.118.8/a1"), fresh=follow)

    assert pair.answers()[0].endswith(b"newer" + bytes(4))


def test_drain_is_not_entered_twice(pair: Pair) -> None:
    """Its tables serve one call at a time."""
    with pytest.raises(RuntimeError, match="at work"):
        pair.ask(question("88.118.8/a1"), fresh=lambda: bool(pair.ask()))

    pair.ask(question("88.118.8/a1"))
    assert len(pair.answers()) == 1


def test_what_fresh_raises_comes_out(pair: Pair) -> None:
    """And the next call works."""
    with pytest.raises(ZeroDivisionError):
        pair.ask(question("88.118.8/a1"), fresh=lambda: bool(1 // 0))

    pair.ask(question("88.118.8/a1"))
    assert len(pair.answers()) == 1


def test_a_fragment_is_handed_over_or_dropped(pair: Pair, strange: Pair) -> None:
    """Python puts the requests of believed sources together; a stranger's orphans cost nothing."""
    fragments = split(question("88.118.8/" + "x" * 600))

    assert [packet for packet, _, _ in pair.ask(*fragments)[1]] == fragments
    assert strange.ask(*fragments) == (len(fragments), [])
    assert strange.silent() == {"fragments": len(fragments)}


def test_malformed_packets_are_counted(pair: Pair) -> None:
    """Too short for an envelope, shorter or longer than announced, longer than a packet."""
    asked = question("88.118.8/a1")
    for packet in (b"", asked[:19], asked[:-1], asked + b"x", asked + bytes(600)):
        assert pair.ask(packet) == (1, [])

    assert pair.silent() == {"malformed": 5}
    assert pair.answers() == []


def test_a_source_over_its_rate_is_silent(index: AnswerIndex) -> None:
    """Neither C nor Python works for it, and each kind of limit is counted by its name."""
    pair = Pair(index, [], unproven_per_s=1, unproven_burst=3, proven_per_s=1, proven_burst=5)
    asked = question("88.118.8/nobody")
    assert len(pair.ask(*[asked] * 10)[1]) == 3
    pair.gate.prove(bytes((127, 0, 0, 1)), 9.0)

    assert len(pair.ask(*[asked] * 10)[1]) == 5
    assert len(pair.ask(*[asked] * 10, monotonic=2.0)[1]) == 2
    assert pair.silent() == {"rate": 20}
    assert pair.counters.limited == {"rate_proven": 13, "rate_unproven": 7}
    pair.close()


def test_a_proven_source_gets_long_answers(index: AnswerIndex) -> None:
    """Its address is its own."""
    pair = Pair(index, [])
    pair.ask(question("88.118.8/a2"))
    before = pair.answers()
    pair.gate.prove(bytes((127, 0, 0, 1)), 9.0)
    pair.ask(question("88.118.8/a2"))

    assert (before, len(pair.answers())) == ([], 1)
    pair.close()


def test_an_address_is_what_recvfrom_gives(index: AnswerIndex) -> None:
    """Of both families, so that Python can answer with it."""
    for host in ("127.0.0.1", "::1"):
        pair = Pair(index, LOOPBACK, host)
        _, ((packet, address, _),) = pair.ask(question("88.118.8/nobody"))
        pair.node.sendto(packet, address)

        assert address == pair.asker.getsockname()
        assert pair.answers() == [packet]
        pair.close()


def test_answers_over_ipv6(index: AnswerIndex) -> None:
    """The same octets."""
    pair = Pair(index, LOOPBACK, "::1")
    asked = question("88.118.8/a1")
    pair.ask(asked)

    assert pair.answers() == [twin(asked)[1]]  # type: ignore[index]
    pair.close()


def test_an_asker_that_is_gone_harms_nobody(index: AnswerIndex) -> None:
    """The ICMP error for an answer to a closed port takes nothing from the next asker."""
    pair = Pair(index, LOOPBACK)
    gone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(5):
        gone.sendto(question("88.118.8/a1"), pair.node.getsockname())
    gone.close()
    pair.ask()
    asked = question("88.118.8/a1", request_id=9)
    received, _ = pair.ask(asked)

    assert (received, pair.answers()) == (1, [twin(asked)[1]])  # type: ignore[index]
    pair.close()


def test_a_socket_that_is_none(index: AnswerIndex) -> None:
    """A closed descriptor is an error, not a loop."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        drain(index, Gate([], bytes(16)), 2**20, NOW, 0.0, SERIAL, Counters())


def test_answers_to_many_peers_reach_their_own(index: AnswerIndex, pair: Pair) -> None:
    """Packets to one peer travel together, and each peer gets its own, whole and in order, whatever their sizes."""
    askers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(5)]
    names = ("88.118.8/a1", "88.118.8/a2", "88.118.8/ship-0001", "88.118.9/absent", "88.118.8/a1")
    for asker in askers:
        asker.connect(pair.node.getsockname())
        asker.setblocking(False)
    asked = [(number % 5, question(names[number * 7 // 5 % 5], request_id=number)) for number in range(DATAGRAMS_MAX)]
    for number, packet in asked:
        askers[number].send(packet)
    pair.ask()
    wanted: list[list[bytes]] = [[] for _ in askers]
    for number, packet in asked:
        wanted[number] += split(twin(packet)[1])  # type: ignore[index]
    seen = [received_by(asker) for asker in askers]

    # Packets of other sizes travel in trains of their own, which may overtake each other.
    assert [sorted(packets) for packets in seen] == [sorted(packets) for packets in wanted]
    for asker in askers:
        asker.close()


def test_answers_of_one_size_travel_together(pair: Pair) -> None:
    """All to one peer, more than one packet through the kernel takes, are all there and in order."""
    asked = [question("88.118.8/a2", request_id=number) for number in range(DATAGRAMS_MAX)]
    pair.ask(*asked)

    assert pair.answers() == [twin(packet)[1] for packet in asked]  # type: ignore[index]


def test_a_socket_that_cannot_send_trains_sends_packets(index: AnswerIndex) -> None:
    """UDP-Lite knows none: the answers leave each for itself, and from then on all do."""
    try:
        lite = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE)
    except OSError:
        pytest.skip("this kernel has no UDP-Lite")
    pair = Pair(index, LOOPBACK)
    pair.node.close()
    pair.node = lite
    pair.node.bind(("127.0.0.1", 0))
    pair.node.setblocking(False)
    pair.asker.close()
    pair.asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE)
    pair.asker.connect(pair.node.getsockname())
    pair.asker.setblocking(False)
    asked = [question("88.118.8/a2", request_id=number) for number in range(9)]
    pair.ask(*asked)

    assert pair.answers() == [twin(packet)[1] for packet in asked]  # type: ignore[index]
    pair.close()


def received_by(asker: socket.socket) -> list[bytes]:
    """Everything that came."""
    got = []
    while True:
        try:
            got.append(asker.recv(65_536))
        except BlockingIOError:
            return got
