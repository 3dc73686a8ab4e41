"""Answers to Digital Links kept ready: made once for a path and what the client would rather have, sent until something changes.

They follow the store as those of `prepared_json.py` do. An answer hangs on the records it was made of, and on the names that were
looked up: a record that takes one of those names is news for it, too. Only answers that say the same to everybody who shows no
credential are kept, and only of keys that are known, once the same is asked for again: of others there is no end.
"""

from __future__ import annotations

from collections import OrderedDict
from http import HTTPStatus
from typing import NamedTuple

from idis.registry.journal import Entry, EntryKind
from idis.registry.links import SCHEME
from idis.registry.store.base import ReadTxn
from idis.resolver.chain import Chain
from idis.resolver.request import Peer
from idis.resolver.web.following import Following
from idis.resolver.web.links.answering import Page
from idis.resolver.web.links.reply import Reply
from idis.resolver.web.links.resolver import LinkResolver, Seen, code_of

KEPT_BYTES_MAX = 16 * 2**20  # some 10,000 redirects
KEPT_OCTETS = 600  # what one takes beside its own octets: entries of tables and their objects
BODY_BYTES_MAX = 65_536  # a longer one is made anew each time
CLIENTS_MAX = 256  # kinds of clients by their headers; when there are more, all are forgotten
ONCE_MAX = 16_384  # answers that were made once; most labels are scanned once, and nothing is gained by keeping what they got

_FIELDS = (b"host", b"accept", b"accept-language")
# What changes no answer here: documents are not part of any that is kept, and the rest is about other things.
_NO_MATTER = (EntryKind.AUDIT, EntryKind.EVENT, EntryKind.DOCUMENT)
_LINE = "HTTP/1.1 {status} {phrase}\r\n"
_NAME = b"\x00"  # before a name that was looked up; no key of a record begins like it

# An answer as it is sent: what stands before the length of its content, that length, the content; and its response code. Plain
# tuples of octets and numbers, here and below: the garbage collector passes over them, however many there are.
Octets = tuple[bytes, bytes, bytes, int]


class Client(NamedTuple):
    """What a client's header fields say that matters here; `mark` is the same in octets."""

    host: str
    accept: str
    languages: str
    mark: bytes


class KeptReplies(Following):
    """The answers of one process.

    Args:
        chain: of the node.
        resolver: makes answers that are not kept.
        bytes_max: octets that all answers kept may take.
    """

    def __init__(self, chain: Chain, resolver: LinkResolver, bytes_max: int = KEPT_BYTES_MAX) -> None:
        super().__init__(chain.store)
        self._chain = chain
        self._resolver = resolver
        self._bytes_max = bytes_max
        self._bytes = 0
        # By target and client: the answer, and what it hangs on. Oldest first.
        self._kept: OrderedDict[bytes, tuple[Octets, tuple[bytes, ...]]] = OrderedDict()
        self._places: dict[bytes, bytes | set[bytes]] = {}  # what they hang on → an answer, or several
        self._once: set[int] = set()
        self._clients: dict[bytes, Client] = {}  # header fields → what they say

    def answer(self, target: bytes, fields: bytes, peer: Peer, now: int) -> tuple[Octets, bool] | None:
        """The answer to a plain request.

        Args:
            target: path and query as they came.
            fields: the lines of its header.
            peer: who asks.
            now: unix time.

        Returns:
            The octets, and whether they were made just now; None when it is for aiohttp.
        """
        if not self.follow():
            return None
        client = self._clients.get(fields) or self._learn(fields)
        secure = peer.link is not None and peer.link.secure
        place = target + (b"\ns" if secure else b"\n") + client.mark
        kept = self._kept.get(place)
        return (kept[0], False) if kept is not None else self._make(place, target, client, secure, peer, now)

    def _make(
        self, place: bytes, target: bytes, client: Client, secure: bool, peer: Peer, now: int
    ) -> tuple[Octets, bool] | None:
        if self._chain.limit(peer, self._chain.clock.monotonic()) is not None:
            return None
        path, _, query = target.decode("ascii").partition("?")
        origin = f"{'https' if secure else 'http'}://{client.host}"
        known = self._resolver.at_once(Seen(path, query, origin, client.accept, client.languages), peer, now)
        if known is None or isinstance(known.answer, Page):
            return None
        if known.answer.status >= HTTPStatus.BAD_REQUEST and "text/html" in client.accept:
            return None  # what went wrong is told people on a page
        octets = octets_of(known.answer)
        if known.lasting and known.answer.lasting and len(octets[2]) <= BODY_BYTES_MAX and self._asked_before(place):
            self._keep(place, octets, (*known.keys, *[_NAME + name.encode() for name in known.names]))
        return octets, True

    def _learn(self, fields: bytes) -> Client:
        lines = (line.partition(b":") for line in fields.split(b"\r\n"))
        said = {name.lower(): text.strip() for name, _, text in lines if name.lower() in _FIELDS}
        texts = [said.get(name, b"") for name in _FIELDS]
        host, accept, languages = (text.decode("ascii") for text in texts)
        client = Client(host, accept, languages, b"\n".join(texts))
        if len(self._clients) >= CLIENTS_MAX:
            self._clients.clear()
        self._clients[fields] = client
        return client

    def _asked_before(self, place: bytes) -> bool:
        """Whether the same was asked for lately."""
        mark = hash(place)
        if mark in self._once:
            self._once.discard(mark)
            return True
        if len(self._once) >= ONCE_MAX:
            self._once.clear()
        self._once.add(mark)
        return False

    def _keep(self, place: bytes, octets: Octets, hangs_on: tuple[bytes, ...]) -> None:
        self._kept[place] = (octets, hangs_on)
        for thing in hangs_on:
            known = self._places.setdefault(thing, place)
            if isinstance(known, set):
                known.add(place)
            elif known != place:
                self._places[thing] = {known, place}
        self._bytes += _size(place, octets)
        while self._bytes > self._bytes_max:
            self._forget(next(iter(self._kept)))

    def _forget(self, place: bytes) -> None:
        octets, hangs_on = self._kept.pop(place)
        self._bytes -= _size(place, octets)
        for thing in hangs_on:
            places = self._places.get(thing)
            if isinstance(places, set):
                places.discard(place)
            if places == place or not places:
                self._places.pop(thing, None)

    def _forget_all(self, thing: bytes) -> None:
        places = self._places.get(thing, ())
        for place in (places,) if isinstance(places, bytes) else tuple(places):
            self._forget(place)

    def _holds(self) -> bool:
        return bool(self._kept)

    def _forget_everything(self) -> None:
        self._kept.clear()
        self._places.clear()
        self._bytes = 0

    def _take_in(self, txn: ReadTxn, entry: Entry) -> None:
        if entry.kind in (EntryKind.PUT, EntryKind.DELETE):
            self._forget_all(entry.key)
            record = txn.record(entry.key)
            for alias in () if record is None else record.aliases:
                if alias.scheme == SCHEME:
                    self._forget_all(_NAME + alias.local_id.encode())
        elif entry.kind not in _NO_MATTER:
            self._forget_everything()


def octets_of(reply: Reply) -> Octets:
    """A reply as it is sent."""
    status = HTTPStatus(reply.status)
    lines = [_LINE.format(status=status.value, phrase=status.phrase)]
    lines += [f"{name}: {text}\r\n" for name, text in reply.headers]
    head = "".join(lines) + "Content-Length: "
    return head.encode("latin-1"), b"%d" % len(reply.body), reply.body, code_of(reply)


def _size(place: bytes, octets: Octets) -> int:
    head, _length, body, _code = octets
    return len(head) + len(body) + 2 * len(place) + KEPT_OCTETS
