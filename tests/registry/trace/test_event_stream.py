"""Documents of events: cut into events, whatever comes."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.trace.event import Event
from idis.registry.trace.event_problem import EventProblem
from idis.registry.trace.event_stream import PIECE_CHARACTERS_MAX, BrokenDocument, EventStream, parse_json
from idis.registry.trace.reading import read_events
from tests.registry.trace.sample_events import FIVE, OBJECT, QUERY_DOCUMENT, document, octets, read_all


class Drops(io.RawIOBase):
    """A stream that gives one octet at a time."""

    def __init__(self, whole: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(whole)

    def read(self, size: int = -1) -> bytes:
        """At most one octet."""
        return self._rest.read(1)


class Endless(io.RawIOBase):
    """A document of many events, made while it is read."""

    def __init__(self, events: int) -> None:
        super().__init__()
        head, _, tail = octets(document({"here": 1})).partition(b'{"here": 1}')
        self._parts = iter([head, *[octets(OBJECT) + b","] * (events - 1), octets(OBJECT), tail])
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        """The next octets."""
        while len(self._held) < size and (part := next(self._parts, b"")):
            self._held += part
        some, self._held = self._held[:size], self._held[size:]
        return some


def broken(text: bytes) -> str:
    """What is said of a document that cannot be read."""
    with pytest.raises(BrokenDocument) as caught:
        list(EventStream(io.BytesIO(text)).pieces())
    return f"{caught.value.problem.pointer} {caught.value.problem.message}"


class TestWays:
    """Where events are found."""

    def test_a_document(self) -> None:
        """The events of a document come with the pointers that lead to them."""
        stream = EventStream(io.BytesIO(octets(document(*FIVE))))
        assert [pointer for pointer, _ in stream.pieces()] == [f"/epcisBody/eventList/{at}" for at in range(5)]

    def test_a_query_document(self) -> None:
        """A query document holds them deeper down."""
        stream = EventStream(io.BytesIO(octets(QUERY_DOCUMENT)))
        assert next(stream.pieces())[0] == "/epcisBody/queryResults/resultsBody/eventList/0"

    def test_a_bare_event(self) -> None:
        """One event alone needs no document."""
        (event,) = read_all(OBJECT)
        assert isinstance(event, Event)

    def test_the_event_of_a_body(self) -> None:
        """A body may hold a single event."""
        (event,) = read_all(document() | {"epcisBody": {"event": OBJECT}})
        assert isinstance(event, Event)

    def test_octet_by_octet(self) -> None:
        """The same comes out when the octets come one by one."""
        whole = octets(document(*FIVE, note="标识 😀"))
        assert list(read_events(Drops(whole))) == read_all(whole)  # type: ignore[arg-type]

    def test_no_events(self) -> None:
        """An empty list is no event and no problem."""
        assert read_all(document()) == []

    def test_mark_of_byte_order(self) -> None:
        """A byte order mark, which some editors write, is passed over."""
        assert isinstance(read_all(b"\xef\xbb\xbf" + octets(OBJECT))[0], Event)


class TestBroken:
    """Documents that cannot be read, or not to the end."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (b"", "JSON object"),
            (b"[]", "JSON object"),
            (b'{"a":1} x', "follows the end"),
            (b'{"a":1,}', "name of a member"),
            (b'{"a" 1}', "colon"),
            (b'{"a":1 "b":2}', "comma"),
            (b'{"a":1,"a":2}', "twice"),
            (b'{"a":{"b":1,"b":2}}', "twice"),
            (b'{"a":NaN}', "no number"),
            (b'{"a":1e999}', "beyond measure"),
            (b'{"a":' + b"9" * 65 + b"}", "longer than 64"),
            (b'{"a":"\xff"}', "UTF-8"),
            (b'{"a":"\\ud800"}', "surrogate"),
            (b'{"a":' + b"[" * 100_000, "nested"),
            (b'{"a":tru', "no JSON"),
            (b'{"epcisBody":{"eventList":[{}', "comma or the end of the list"),
            (b'{"epcisBody":{"eventList":[{},{"x":}]', "/epcisBody/eventList/1"),
            (b'{"epcisBody":{"eventList":[]},"queryResults":{"resultsBody":{"eventList":[]}}}', "two lists"),
        ],
    )
    def test_what_is_said(self, text: bytes, said: str) -> None:
        """Each fault is named."""
        assert said in broken(text)

    def test_good_events_come_first(self) -> None:
        """Events before the fault are read, and the document is told as broken."""
        good, bad = read_all(octets(document(OBJECT, OBJECT))[:-60])
        assert isinstance(good, Event)
        assert isinstance(bad, EventProblem)
        assert bad.index is None

    def test_a_long_piece(self) -> None:
        """No event is held that is longer than the limit."""
        assert "longer than" in broken(b'{"a":"' + b"x" * (4 * PIECE_CHARACTERS_MAX))

    def test_another_type_of_document(self) -> None:
        """What is no EPCIS document is told, though its events could be read."""
        found = read_all(document(OBJECT, type="Letter"))
        assert isinstance(found[1], EventProblem)
        assert found[1].problems[0].pointer == "/type"

    def test_an_earlier_version(self) -> None:
        """EPCIS 1.2 has no JSON of this form."""
        found = read_all(document(OBJECT, schemaVersion="1.2"))
        assert isinstance(found[1], EventProblem)
        assert found[1].problems[0].pointer == "/schemaVersion"

    def test_a_context_that_comes_late(self) -> None:
        """A context behind the events explains nothing any more."""
        late = document(OBJECT)
        late["@context"] = late.pop("@context")
        found = read_all(late)
        assert isinstance(found[-1], EventProblem)
        assert found[-1].problems[0].pointer == "/@context"

    @given(st.binary(max_size=200))
    def test_garbage(self, text: bytes) -> None:
        """Whatever comes, there is an answer and no exception."""
        for found in read_events(io.BytesIO(text)):
            assert isinstance(found, (Event, EventProblem))

    @given(st.data())
    def test_cut_and_changed(self, data: st.DataObject) -> None:
        """A good document with octets changed gives events and problems, no exception."""
        whole = bytearray(octets(document(*FIVE)))
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        for found in read_events(io.BytesIO(bytes(whole[: data.draw(st.integers(0, len(whole)))]))):
            assert isinstance(found, (Event, EventProblem))


def test_bounded_memory() -> None:
    """A document of 20,000 events passes through a few hundred KiB."""
    tracemalloc.start()
    try:
        count = sum(isinstance(event, Event) for event in read_events(Endless(20_000)))  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 2 * 2**20


def test_numbers_are_kept_digit_for_digit() -> None:
    """200.50 is not 200.5 to whoever signs it."""
    assert str(parse_json("200.50")) == "200.50"
