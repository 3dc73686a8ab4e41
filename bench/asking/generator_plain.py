"""The plain generator: asks as planned, checks every answer, counts; the twin of `_generator.pyx` without a compiler.

It does the same and counts the same, at a tenth of the speed: one core of it asks some tens of thousands of questions a
second, and beyond that measures itself, which the report says.
"""

from __future__ import annotations

import select
import socket
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field

from idis.bench.asking.answers import BUFFER_BYTES, SUCCESS, Answer, MalformedError, echoes, read_datagram, read_stream
from idis.bench.asking.histogram import index_of
from idis.bench.asking.plan import BATCH_MAX, DNS_SLOTS_MAX, SLOTS_MAX, Dialect, Plan
from idis.bench.asking.tally import CODES, SERIES_BITS, SERIES_BUCKETS, Count, Tally

_TICK_NS = 1_000_000
_SPIN_NS = 60_000  # shorter than epoll sleeps
_REOPEN_NS = 10_000_000
_LOST_IDS_MAX = 65_536
_PACKET_BYTES = 2_048
_ID_MAX = {Dialect.DNS: 0xFFFF}
_IN_ORDER = (Dialect.RESP, Dialect.HTTP)


def digest(octets: bytes, sequence: int = 0) -> int:
    """The digest of the body of an answer, or of the part in one of its packets; never 0."""
    return 1 << 32 | zlib.crc32(octets, sequence)


def generate(plan: Plan, tally: Tally) -> None:
    """Do what `plan` says and count in `tally`."""
    generator = _Generator(plan, tally)
    try:
        generator.run()
    finally:
        generator.close()


@dataclass(slots=True)
class _Question:
    key: int
    due: int
    sent: int
    size: int
    packets_left: int = 0
    code: int = 0
    digest: int = 0
    echoed: bool = True


@dataclass(slots=True, eq=False)
class _Connection:
    link: socket.socket | None = None
    connecting: bool = False
    blocked: bool = False
    reopen_ns: int = 0
    under_way: OrderedDict[int, _Question] = field(default_factory=OrderedDict)
    unread: bytes = b""
    unwritten: bytes = b""

    @property
    def is_open(self) -> bool:
        return self.link is not None and not self.connecting


class _Generator:
    """One run."""

    def __init__(self, plan: Plan, tally: Tally) -> None:
        self._plan = plan
        self._tally = tally
        self._counts = tally.counts
        self._poll = select.epoll()
        self._connections = [_Connection() for _ in range(plan.connections)]
        self._by_descriptor: dict[int, _Connection] = {}
        self._next_key = self._next_due = self._rotor = self._asked = self._last_id = self._under_way = 0
        self._id_max = _ID_MAX.get(plan.dialect, 0x7FFF_FFFF)
        self._in_order = plan.dialect in _IN_ORDER
        self._reconnect = plan.reconnect and not plan.datagrams
        self._pipeline = 1 if self._reconnect else plan.pipeline
        self._slots_max = DNS_SLOTS_MAX if plan.dialect is Dialect.DNS else SLOTS_MAX
        self._lost_ids: OrderedDict[int, None] = OrderedDict()
        self._sending = self._held = False
        self._held_upto = 0
        self._idle = 0

    def run(self) -> None:
        """Until everything planned is sent and answered, or timed out."""
        for connection in self._connections:
            self._open(connection, 0)
        while time.monotonic_ns() + 2 * _TICK_NS < self._plan.start_ns:
            self._turn(_TICK_NS, False)
        while time.monotonic_ns() < self._plan.start_ns:
            pass
        self._sending = True
        for connection in self._connections:
            self._fill(connection)
        tick = 0
        while True:
            now = self._now()
            worked = self._ask_due(now)
            if now >= tick:
                tick = now + _TICK_NS
                self._look_after(now)
            if self._sending and self._has_sent_all(now):
                self._sending = False
                self._counts[Count.IDLE_NS] += self._idle
                self._counts[Count.LOOP_NS] += now
            if not self._sending and not self._under_way:
                break
            self._turn(0 if worked or self._plan.spin else self._wait(now), worked)
        self._count_offered()

    def close(self) -> None:
        """Give every descriptor back."""
        for connection in self._connections:
            if connection.link is not None:
                connection.link.close()
        self._poll.close()

    def _now(self) -> int:
        return max(time.monotonic_ns() - self._plan.start_ns, 0)

    def _has_sent_all(self, now: int) -> bool:
        plan = self._plan
        if plan.due:
            return self._next_due >= len(plan.due) or (self._held and now >= plan.duration_ns)
        return now >= plan.duration_ns or 0 < plan.questions_max <= self._asked

    def _wait(self, now: int) -> int:
        until, due = now + _TICK_NS, self._plan.due
        if due and self._sending and not self._held:
            until = min(until, due[self._next_due])
        return until - now if until > now + _SPIN_NS else 0

    def _turn(self, wait: int, worked: bool) -> None:
        before = self._now()
        events = self._poll.poll(wait / 1e9)
        now = self._now()
        if wait or not (events or worked):
            self._idle += now - before
        for descriptor, event in events:
            connection = self._by_descriptor.get(descriptor)
            if connection is None:
                continue
            if connection.connecting:
                self._finish_connecting(connection, now)
                continue
            if event & select.EPOLLOUT:
                self._write(connection, now)
            if event & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
                self._receive(connection)
            self._fill(connection)

    def _count_offered(self) -> None:
        plan, now = self._plan, self._now()
        if not plan.due:
            self._counts[Count.OFFERED] += self._counts[Count.SENT]
            return
        for number, due in enumerate(plan.due):
            if due < plan.warm_up_ns:
                continue
            self._counts[Count.OFFERED] += 1
            if number >= self._next_due:
                self._counts[Count.UNSENT] += 1
                self._record_response(due, max(plan.timeout_ns, now - due))

    # Asking

    def _ask_due(self, now: int) -> bool:
        due, worked = self._plan.due, False
        while due and self._sending and self._next_due < len(due) and due[self._next_due] <= now:
            connection = self._free_connection()
            if connection is None or not self._ask(connection, now):
                self._held, self._held_upto = True, now
                break
            worked, self._held = True, False
            now = self._now()
        return worked

    def _free_connection(self) -> _Connection | None:
        for _ in self._connections:
            connection = self._connections[self._rotor]
            self._rotor = (self._rotor + 1) % len(self._connections)
            if self._has_room(connection):
                return connection
        return None

    def _has_room(self, connection: _Connection) -> bool:
        return connection.is_open and not connection.blocked and len(connection.under_way) < self._pipeline

    def _fill(self, connection: _Connection) -> None:
        while not self._plan.due and self._sending and self._has_room(connection):
            now = self._now()
            if self._has_sent_all(now) or not self._ask(connection, now):
                return

    def _ask(self, connection: _Connection, now: int) -> bool:
        """Send the next question; whether it could be sent."""
        plan = self._plan
        if self._under_way >= self._slots_max:
            return False
        key = plan.keys[self._next_key]
        number = self._fresh_id(connection)
        frame = _with_id(plan, plan.frames.of(key), number)
        if plan.datagrams:
            if not self._send_datagram(connection, frame, now):
                return False
        else:
            connection.unwritten += frame
        due = plan.due[self._next_due] if plan.due else now
        self._next_due += bool(plan.due)
        self._next_key = (self._next_key + 1) % len(plan.keys)
        self._asked += 1
        self._under_way += 1
        connection.under_way[number] = _Question(key, due, now, len(frame))
        if due >= plan.warm_up_ns:
            self._counts[Count.SENT] += 1
            self._counts[Count.SENT_OCTETS] += len(frame)
            if self._held_upto and due <= self._held_upto:
                self._counts[Count.HELD] += 1
            elif plan.due:
                self._tally.slip.record(now - due)
        if not plan.datagrams:
            self._write(connection, now)
        return True

    def _fresh_id(self, connection: _Connection) -> int:
        while True:
            self._last_id = self._last_id % self._id_max + 1
            if self._last_id not in connection.under_way:
                return self._last_id

    def _send_datagram(self, connection: _Connection, frame: bytes, now: int) -> bool:
        assert connection.link is not None
        for _attempt in ("the error may belong to a former datagram", "now it is this one's"):
            try:
                connection.link.send(frame)
                return True
            except ConnectionRefusedError:
                self._counts[Count.CONNECT_FAILED] += 1
            except BlockingIOError:
                self._watch(connection, writing=True)
                return False
            except OSError:
                self._counts[Count.SEND_FAILED] += 1
                self._lose(connection, now)
                return False
        return False

    def _write(self, connection: _Connection, now: int) -> None:
        """Send what of a stream is unwritten, as far as the socket takes it."""
        if connection.link is None:
            return
        try:
            sent = connection.link.send(connection.unwritten) if connection.unwritten else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._counts[Count.SEND_FAILED] += 1
            self._lose(connection, now)
            return
        connection.unwritten = connection.unwritten[sent:]
        if bool(connection.unwritten) != connection.blocked:
            self._watch(connection, writing=bool(connection.unwritten))

    # Answers

    def _receive(self, connection: _Connection) -> None:
        if self._plan.datagrams:
            self._receive_datagrams(connection)
        else:
            self._receive_stream(connection)

    def _receive_datagrams(self, connection: _Connection) -> None:
        for _ in range(BATCH_MAX):
            assert connection.link is not None
            try:
                packet = connection.link.recv(_PACKET_BYTES)
            except BlockingIOError:
                return
            except OSError:
                self._counts[Count.CONNECT_FAILED] += 1
                return
            now = self._now()
            try:
                self._take(connection, read_datagram(self._plan.dialect, packet), now)
            except MalformedError:
                self._counts[Count.MALFORMED] += 1

    def _receive_stream(self, connection: _Connection) -> None:
        if connection.link is None:
            return
        try:
            octets = connection.link.recv(BUFFER_BYTES)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        now = self._now()
        if not octets:
            self._lose(connection, now)
            return
        buffer, at, closes = connection.unread + octets, 0, False
        try:
            while at < len(buffer) and (answer := read_stream(self._plan.dialect, buffer, at)) is not None:
                self._take(connection, answer, now)
                at += answer.size
                closes |= answer.closes
            if len(buffer) - at >= BUFFER_BYTES:
                raise MalformedError("an answer without an end")
        except MalformedError:
            self._counts[Count.MALFORMED] += 1
            closes = True
        connection.unread = buffer[at:]
        if closes or (self._reconnect and at):
            self._lose(connection, now)

    def _take(self, connection: _Connection, answer: Answer, now: int) -> None:
        """Give an answer to its question."""
        plan = self._plan
        number = next(iter(connection.under_way), 0) if answer.id is None else answer.id
        question = connection.under_way.get(number)
        if question is None:
            known = self._lost_ids.pop(number, self) is None
            self._counts[Count.LATE if known else Count.STRAY] += 1
            if answer.id is None:
                raise MalformedError("an answer that nobody asked for")
            return
        question.packets_left = (question.packets_left or answer.packets) - 1
        frames = plan.frames
        question.echoed &= echoes(plan.dialect, plan.datagrams, frames.of(question.key), frames.echo_of(question.key), answer)
        question.digest ^= digest(answer.body, answer.sequence) if plan.expected else 0
        question.code = question.code if answer.sequence else answer.code
        if not question.packets_left:
            self._settle(question, answer.size, now)
            del connection.under_way[number]
            self._under_way -= 1

    def _settle(self, question: _Question, octets: int, now: int) -> None:
        plan, counts = self._plan, self._counts
        measured = question.due >= plan.warm_up_ns
        success = question.code == SUCCESS[plan.dialect]
        expected = plan.expected[question.key] if plan.expected and success else 0
        counts[Count.RECEIVED_OCTETS] += octets if measured else 0
        if plan.learn and success and question.echoed:
            plan.expected[question.key] = question.digest
            expected = 0
        if not question.echoed:
            counts[Count.WRONG_ECHO] += measured
        elif expected and expected != question.digest:
            counts[Count.WRONG_DIGEST] += measured
        elif measured:
            counts[Count.ANSWERED] += 1
            self._tally.codes[min(question.code, CODES - 1)] += 1
            self._tally.service.record(now - question.sent)
            self._record_response(question.due, now - question.due)

    def _record_response(self, due: int, response_ns: int) -> None:
        self._tally.response.record(response_ns)
        interval = due // self._plan.interval_ns
        if interval < self._tally.intervals:
            self._tally.series[interval * SERIES_BUCKETS + index_of(response_ns, SERIES_BITS)] += 1

    # Connections

    def _open(self, connection: _Connection, now: int) -> None:
        plan = self._plan
        family = socket.AF_INET6 if ":" in plan.address else socket.AF_INET
        link = socket.socket(family, socket.SOCK_DGRAM if plan.datagrams else socket.SOCK_STREAM)
        link.setblocking(False)
        if plan.datagrams:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        else:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            link.connect((plan.address, plan.port))
        except BlockingIOError:
            pass
        except OSError:
            link.close()
            self._counts[Count.CONNECT_FAILED] += 1
            connection.reopen_ns = now + _REOPEN_NS
            return
        connection.link, connection.connecting, connection.blocked = link, not plan.datagrams, not plan.datagrams
        connection.reopen_ns = now + plan.timeout_ns
        self._by_descriptor[link.fileno()] = connection
        self._poll.register(link, select.EPOLLIN | (select.EPOLLOUT if connection.connecting else 0))
        self._counts[Count.CONNECTS] += plan.datagrams

    def _finish_connecting(self, connection: _Connection, now: int) -> None:
        assert connection.link is not None
        if connection.link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._counts[Count.CONNECT_FAILED] += 1
            self._shut(connection)
            connection.reopen_ns = now + _REOPEN_NS
            return
        connection.connecting = False
        self._counts[Count.CONNECTS] += 1
        self._watch(connection, writing=False)
        self._fill(connection)

    def _watch(self, connection: _Connection, *, writing: bool) -> None:
        assert connection.link is not None
        connection.blocked = writing
        self._poll.modify(connection.link, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def _shut(self, connection: _Connection) -> None:
        if connection.link is not None:
            del self._by_descriptor[connection.link.fileno()]
            connection.link.close()
        connection.link, connection.connecting = None, False
        connection.unread = connection.unwritten = b""

    def _lose(self, connection: _Connection, now: int) -> None:
        failed = bool(connection.under_way)
        self._under_way -= len(connection.under_way)
        self._counts[Count.BROKEN] += sum(q.due >= self._plan.warm_up_ns for q in connection.under_way.values())
        connection.under_way.clear()
        self._shut(connection)
        connection.reopen_ns = now + _REOPEN_NS
        if self._sending and not failed:
            self._open(connection, now)

    def _look_after(self, now: int) -> None:
        for connection in self._connections:
            if connection.is_open:
                self._time_out(connection, now)
            elif now >= connection.reopen_ns:
                if connection.connecting:
                    self._counts[Count.CONNECT_FAILED] += 1
                    self._shut(connection)
                if self._sending:
                    self._open(connection, now)
            self._fill(connection)

    def _time_out(self, connection: _Connection, now: int) -> None:
        timeout, expired = self._plan.timeout_ns, False
        while connection.under_way:
            number, question = next(iter(connection.under_way.items()))
            if question.sent + timeout > now:
                break
            if question.due >= self._plan.warm_up_ns:
                self._counts[Count.TIMED_OUT] += 1
                self._tally.service.record(timeout)
                self._record_response(question.due, question.sent - question.due + timeout)
                self._lost_ids[number] = None
                if len(self._lost_ids) > _LOST_IDS_MAX:
                    self._lost_ids.popitem(last=False)
            del connection.under_way[number]
            self._under_way -= 1
            expired = True
        if expired and self._in_order:
            self._lose(connection, now)  # without ids the next answer could not be told from the missing one


def _with_id(plan: Plan, frame: bytes, number: int) -> bytes:
    match plan.dialect:
        case Dialect.HANDLE:
            return b"".join((frame[:8], number.to_bytes(4, "big"), frame[12:]))
        case Dialect.DNS:
            at = 0 if plan.datagrams else 2
            return b"".join((frame[:at], number.to_bytes(2, "big"), frame[at + 2 :]))
    return frame
