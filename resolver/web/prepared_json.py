"""JSON answers kept ready: made once for a version of a record, sent as they are until the record changes.

Kept by what stands behind `/api/handles/`, so a client that asks again costs a look-up; what was made of a record is forgotten
when it changes (`following.py`).

Only names whose prefix is answered here are taken, and of their outcomes those that say the same to every asker who shows
no credential. Names that do not exist are answered but not kept: there is no end of them.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from idis.proto.exchange import request_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, outcome_code
from idis.proto.query import Query
from idis.registry import authority
from idis.registry.journal import Entry, EntryKind
from idis.registry.prefix import PrefixState
from idis.registry.store.base import ReadTxn, StoreError
from idis.registry.store.keys import record_key
from idis.resolver.chain import Chain
from idis.resolver.request import HTTP, Peer, Request
from idis.resolver.web.answer_json import json_text, outcome_document
from idis.resolver.web.following import Following
from idis.resolver.web.target import question_of

KEPT_BYTES_MAX = 32 * 2**20  # in each process that has HTTP: some 30,000 records of two values
SPELLINGS_MAX = 8  # of one record: a name can be spelled in more ways than there is memory
KEPT_OCTETS = 512  # what is kept beside target and body: three entries of tables and their objects
BODY_BYTES_MAX = 262_144  # a longer one is made anew each time

_HEADS = {
    200: b"HTTP/1.1 200 OK\r\nIdis-Source: authority\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"X-Content-Type-Options: nosniff\r\nContent-Length: ",
    404: b"HTTP/1.1 404 Not Found\r\nIdis-Source: authority\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"X-Content-Type-Options: nosniff\r\nContent-Length: ",
}
FOUND_HEAD = _HEADS[200]  # up to the length of the body


class PreparedAnswer(NamedTuple):
    """One answer.

    Attributes:
        head: of HTTP, up to the length of the body.
        length: that length, as text.
        body: the JSON.
        code: the response code it tells.
        key: of the record it shows; empty when it shows a prefix.
    """

    head: bytes
    length: bytes
    body: bytes
    code: int
    key: bytes


class PreparedJson(Following):
    """The answers of one process.

    Args:
        chain: answers what is not kept.
        bytes_max: octets that all answers kept may take.

    Attributes:
        kept: target → answer, current after `follow`; to be read only.
    """

    def __init__(self, chain: Chain, bytes_max: int = KEPT_BYTES_MAX) -> None:
        super().__init__(chain.store)
        self.kept: OrderedDict[bytes, PreparedAnswer] = OrderedDict()  # oldest first
        self._chain = chain
        self._bytes_max = bytes_max
        self._bytes = 0
        self._targets: dict[bytes, tuple[bytes, ...]] = {}  # key of a record → targets whose answers show it

    def make(self, target: bytes, peer: Peer, now: int) -> PreparedAnswer | None:
        """The answer to a question that is not kept.

        Args:
            target: what stands behind `/api/handles/`.
            peer: who asks.
            now: unix time.

        Returns:
            None when it is for aiohttp: no plain question, a prefix answered elsewhere, a refusal.
        """
        question = question_of(target)
        if question is None:
            return None
        query, form = question
        try:
            key = self._key_of(query)
            if key is None:
                return None
            outcome = self._outcome_of(query, peer, now)
        except StoreError:
            return None
        if outcome is None:
            return None
        body = json_text(outcome_document(outcome, query.spelling), pretty=form.pretty).encode()
        status = 404 if isinstance(outcome, NotFound) else 200
        answer = PreparedAnswer(_HEADS[status], b"%d" % len(body), body, int(outcome_code(outcome)), key)
        if status == 200 and len(body) <= BODY_BYTES_MAX:
            self._keep(target, answer)
        return answer

    def _key_of(self, query: Query) -> bytes | None:
        """What a change of the answer would name in the journal; None when the name is not answered here."""
        identifier = query.identifier
        prefix = identifier.folded_prefix
        with self._chain.store.read() as txn:
            entry = authority.responsible_entry(txn, prefix)
        if entry is None or entry.prefix != prefix or entry.state is not PrefixState.ACTIVE or not entry.answers_here:
            return None
        if entry.daily_quota:
            return None  # every question is counted
        return b"" if identifier.suffix is None else record_key(prefix, identifier.suffix, entry.fold_suffix)

    def _outcome_of(self, query: Query, peer: Peer, now: int) -> Outcome | None:
        request = Request(request_message(query, request_id=1, now=now), query, peer)
        with self._chain.batch(HTTP) as batch:
            settled = batch.decide(request)
        return settled if isinstance(settled, Answer | NoValues | NotFound) else None

    def _keep(self, target: bytes, answer: PreparedAnswer) -> None:
        targets = self._targets.get(answer.key, ())
        if len(targets) == SPELLINGS_MAX:
            self._forget(targets[0])
            targets = targets[1:]
        self.kept[target] = answer
        self._targets[answer.key] = (*targets, target)
        self._bytes += _size(target, answer)
        while self._bytes > self._bytes_max:
            self._forget(next(iter(self.kept)))

    def _forget(self, target: bytes) -> None:
        answer = self.kept.pop(target)
        self._bytes -= _size(target, answer)
        left = tuple(other for other in self._targets[answer.key] if other != target)
        if left:
            self._targets[answer.key] = left
        else:
            del self._targets[answer.key]

    def _holds(self) -> bool:
        return bool(self.kept)

    def _forget_everything(self) -> None:
        self.kept.clear()
        self._targets.clear()
        self._bytes = 0

    def _take_in(self, _txn: ReadTxn, entry: Entry) -> None:
        if entry.kind in (EntryKind.PUT, EntryKind.DELETE):
            for target in self._targets.get(entry.key, ()):
                self._forget(target)
        else:
            self._forget_everything()


def _size(target: bytes, answer: PreparedAnswer) -> int:
    return len(answer.body) + 2 * len(target) + KEPT_OCTETS
