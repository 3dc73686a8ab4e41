"""The chunk handler: all plain requests at the start of a chunk, answered in one step (`performance.md` §3).

It stands in front of aiohttp and gives the octets aiohttp would have given, apart from the date's second. It stops at the
first request it does not know; from there on the chunk is aiohttp's.
"""

from __future__ import annotations

import time
from typing import Protocol

from idis.proto.codes import ResponseCode
from idis.resolver.chain import Chain
from idis.resolver.guard.sources import Standing
from idis.resolver.request import HTTP, Peer
from idis.resolver.transports.http_requests import PlainRequest, PlainRequests
from idis.resolver.web.answer_json import SERVER
from idis.resolver.web.links.lazy import LazyLinks
from idis.resolver.web.prepared_json import PreparedJson

# Of one step, before others get their turn: octets of answers, and answers that had to be made, 40 µs each.
STEP_BYTES = 1_048_576
STEP_MADE = 64

_TRUSTED = Standing.TRUSTED  # looking for a member takes as long as counting
_FOUND = HTTP, int(ResponseCode.SUCCESS)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Quick(Protocol):
    """Answers from an answer index what it knows (`quick_json.py`)."""

    def learn(self, block: bytes) -> None:
        """These header fields are plain."""

    def answer(self, octets: bytes, at: int, behind: bytes, allowed: int, octets_max: int) -> tuple[bytes, int, int]:
        """Answers to the requests from an offset on, where they end, how many; all of them records that exist."""


class Chunks:
    """Answers the plain requests of every connection of one process.

    Args:
        chain: answers what is not kept ready.
        links: answers GS1 keys, from its first request on.
        quick: answers most identifiers, where there is an answer index.
    """

    def __init__(self, chain: Chain, links: LazyLinks, quick: Quick | None = None) -> None:
        self._chain = chain
        self._links = links
        self._quick = quick
        self._clock = chain.clock
        self._answered = chain.observe.answered
        self._durations = chain.observe.durations[HTTP]
        self._prepared = PreparedJson(chain)
        self._requests = PlainRequests(None if quick is None else quick.learn)
        self._second = -1
        self._behind_length = b""

    def answer(self, octets: bytes, peer: Peer) -> tuple[bytes, int, bool]:
        """Answer what is plain.

        Args:
            octets: from the beginning of a request on.
            peer: who asks.

        Returns:
            The answers one behind the other; how many octets of the requests have been answered; whether it stopped so
            that others get their turn, and is to be asked again about the rest.
        """
        clock = self._clock
        started = clock.monotonic()
        trusted = peer.standing is _TRUSTED
        allowed = -1 if trusted else self._chain.limit.left(peer, started)
        if not allowed:
            return b"", 0, False
        now = int(clock.time())
        if now != self._second:
            self._second, self._behind_length = now, behind_length(now)
        answers, at, count = b"", 0, 0
        if self._quick is not None:
            # Mostly the index answers all there is, so that no more is done than this.
            answers, at, count = self._quick.answer(octets, 0, self._behind_length, allowed, STEP_BYTES)
            if count:
                self._answered[_FOUND] += count
                if trusted and at == len(octets):
                    self._durations.add(clock.monotonic() - started, count)
                    return answers, at, False
        step = _Step(octets, allowed, answers, at, count)
        if not step.done:
            while self._answer_one(step, peer, now) and not step.done:
                if self._quick is not None and self._answer_quickly(self._quick, step):
                    break
        if step.count:
            ended = clock.monotonic()
            self._durations.add(ended - started, step.count)
            if not trusted:
                self._chain.limit.take(peer, ended, step.count - step.made)  # what was made has taken its own
        return b"".join(step.pieces), step.at, step.full and step.at < len(octets)

    def _answer_quickly(self, quick: Quick, step: _Step) -> bool:
        """Let the index answer what it knows; whether nothing more is to be answered in this step."""
        left = step.allowed - step.count if step.allowed >= 0 else -1
        answers, step.at, count = quick.answer(step.octets, step.at, self._behind_length, left, STEP_BYTES - step.size)
        if count:
            step.pieces.append(answers)
            step.size += len(answers)
            step.count += count
            self._answered[_FOUND] += count
        return step.done

    def _answer_one(self, step: _Step, peer: Peer, now: int) -> bool:
        """Whether the next request was plain, and has been answered from what is kept ready, or was made."""
        prepared = self._prepared
        request = self._requests.read(step.octets, step.at)
        if request is None:
            return False
        if request.fields:
            return self._answer_link(request, step, peer, now)
        if not prepared.follow():
            return False
        target, header_only, end, _fields = request
        answer = prepared.kept.get(target)
        if answer is None:
            answer = prepared.make(target, peer, now)
            if answer is None:
                return False
            step.made += 1
        head, length, body, code, _key = answer
        step.pieces += (head, length, self._behind_length) if header_only else (head, length, self._behind_length, body)
        step.size += len(head) + len(body)
        step.at = end
        step.count += 1
        self._answered[HTTP, code] += 1
        return True

    def _answer_link(self, request: PlainRequest, step: _Step, peer: Peer, now: int) -> bool:
        """Whether the next request, for a GS1 key, has been answered."""
        if self._links.kept is None:
            return False
        found = self._links.kept.answer(request.target, request.fields, peer, now)
        if found is None:
            return False
        (head, length, body, code), made = found
        step.pieces += (head, length, self._behind_length) if request.header_only else (head, length, self._behind_length, body)
        step.size += len(head) + len(body)
        step.at = request.end
        step.count += 1
        step.made += made
        self._answered[HTTP, code] += 1
        return True


class _Step:
    """What has become of one chunk so far; a plain class, because one is made for every chunk."""

    __slots__ = ("allowed", "at", "count", "made", "octets", "pieces", "size")

    def __init__(self, octets: bytes, allowed: int, answers: bytes, at: int, count: int) -> None:
        self.octets = octets
        self.allowed = allowed
        self.pieces = [answers]
        self.at = at
        self.size = len(answers)
        self.count = count
        self.made = 0

    @property
    def done(self) -> bool:
        """Whether nothing more is to be answered in this step."""
        return self.at == len(self.octets) or self.count == self.allowed or self.full

    @property
    def full(self) -> bool:
        """Whether others are to get their turn."""
        return self.size >= STEP_BYTES or self.made >= STEP_MADE


def behind_length(now: int) -> bytes:
    """What stands between the length of a body and the body, at a unix time."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(now)
    date = f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year} {hour:02}:{minute:02}:{second:02} GMT"
    return f"\r\nDate: {date}\r\nServer: {SERVER}\r\n\r\n".encode()
