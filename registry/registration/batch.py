"""Batches: many acts for one caller in one transaction, one result for each (`domain.md` §8).

An item that is refused harms none of its neighbours. Everything an item comes to is in its result, and all results are
kept with the batch's idempotency key in the same commit, so that a caller who lost the answer gets it by asking again.
New plain records are most of what ever comes: for them the owner's rights are looked up once for all, and the values are
prepared as they came (`plain_creates.py`). Any other item is an act like those that come alone. One line in the audit trail tells
of the whole; a batch that did nothing is told of like any refusal, within bounds (`audit/recorder.py`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgpack

from idis.proto import speedups
from idis.proto.batch import BatchItem, ItemResult, Verb, unpack_results
from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.value import decode_values
from idis.registry.audit.line import audit
from idis.registry.caller import Caller
from idis.registry.identity import Identity
from idis.registry.registration import acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.octets import plain_records
from idis.registry.registration.plain_creates import PlainCreates
from idis.registry.rights import NO_GROUPS, Groups, Unknown
from idis.registry.store.base import WriteTxn

_DONE = int(ResponseCode.SUCCESS)
_CREATE = int(Verb.CREATE)
_VERBS = {int(verb): verb.name.lower() for verb in Verb}


@dataclass(frozen=True, slots=True)
class Batched:
    """The results of a batch, in the order of its items."""

    results: tuple[ItemResult, ...]

    def encode(self) -> bytes:
        """The results as the outcome of an idempotency key."""
        packed: bytes = msgpack.packb(self.results)
        return packed


def decode_outcome(octets: bytes) -> Batched:
    """The reverse of `Batched.encode`."""
    return Batched(unpack_results(msgpack.unpackb(octets)))


def request_digest(items: Sequence[BatchItem]) -> bytes:
    """What tells two batches apart that come with one idempotency key."""
    return hashlib.blake2b(join_items(items), digest_size=32).digest()


def join_items_in_python(items: Sequence[BatchItem]) -> bytes:
    """What `join_items` does."""
    joined = bytearray()
    for verb, identifier, payload in items:
        name = identifier.encode("utf-8", "surrogatepass")
        joined += b"%d %d %d " % (verb, len(name), len(payload)) + name + payload
    return bytes(joined)


# The items of a batch as octets: each verb, two lengths, the identifier and the payload.
join_items = join_items_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto._speedups import join_items


def perform_batch(
    txn: WriteTxn,
    items: Sequence[BatchItem],
    caller: Caller,
    now: int,
    *,
    groups: Groups = NO_GROUPS,
    digest: bytes | None = None,
) -> Batched | Unknown:
    """Do what may be done of a batch.

    Args:
        txn: the registry.
        items: at most BATCH_ITEMS_MAX.
        caller: who asks.
        now: unix time in seconds.
        groups: of other nodes, as far as they are known.
        digest: `request_digest` of the items, where it is known already.

    Returns:
        One result for each item; `Unknown`, with nothing done, when one of them hangs on groups that other nodes keep.
    """
    run = _Run(txn, caller, now, groups)
    if unknown := run.unknown_groups(items):
        return Unknown(unknown)
    results = run.results(items)
    refused = Counter([str(result.code) for result in results if result.code != _DONE])
    counts = {"done": len(results) - refused.total(), **refused}
    told = {word: count for word, count in counts.items() if count}
    verbs = {_VERBS.get(verb, str(verb)): count for verb, count in Counter(verb for verb, _, _ in items).items()}
    asked = (digest or request_digest(items)).hex()
    facts: dict[str, object] = {"items": len(items), "verbs": verbs, "results": told, "digest": asked}
    subject = _subject([result.identifier for result in results])
    if "done" in told:
        audit(txn, caller, "batch", subject, after=facts)
    return Batched(results)


def act_of(item: BatchItem) -> acts.Act | Refusal:
    """The act an item asks for.

    Raises:
        ProtocolError: its payload is none of its verb's.
    """
    match item.verb:
        case Verb.CREATE:
            return acts.Create(item.identifier, decode_values(item.payload))
        case Verb.REPLACE:
            return acts.Create(item.identifier, decode_values(item.payload), overwrite=True)
        case Verb.DELETE:
            return acts.Delete(item.identifier)
        case Verb.ADD:
            return acts.AddValues(item.identifier, decode_values(item.payload))
        case Verb.MODIFY:
            return acts.ModifyValues(item.identifier, decode_values(item.payload))
        case Verb.REMOVE:
            return acts.RemoveValues(item.identifier, item.indexes)
        case Verb.DISABLE:
            return acts.Disable(item.identifier, item.indexes)
        case Verb.ENABLE:
            return acts.Enable(item.identifier, item.indexes)
        case _:
            return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, f"verb {item.verb} is unknown: 1 to {max(Verb)} are known")


class _Run:
    """One batch: what has been found out about prefixes is remembered until its end."""

    def __init__(self, txn: WriteTxn, caller: Caller, now: int, groups: Groups) -> None:
        self._txn = txn
        self._caller = caller
        self._now = now
        self._groups = groups
        self._plain = PlainCreates(txn, caller, groups)

    def unknown_groups(self, items: Sequence[BatchItem]) -> tuple[Identity, ...]:
        """The groups of other nodes that decide about any item."""
        unknown: dict[Identity, None] = {}
        for item in items:
            if item.verb == _CREATE and self._plain.may_register(item.identifier):
                continue
            try:
                act = act_of(item)
                verdict = act if isinstance(act, Refusal) else acts.judge(self._txn, act, self._caller, self._groups)
            except (ProtocolError, IdentifierError):
                continue
            if isinstance(verdict, Unknown):
                unknown.update(dict.fromkeys(verdict.groups))
        return tuple(unknown)

    def results(self, items: Sequence[BatchItem]) -> tuple[ItemResult, ...]:
        """Do all items in order: runs of new plain records at once, any other item by itself."""
        results: list[ItemResult] = []
        while (start := len(results)) < len(items):
            records = plain_records(items, start, self._now)
            while records:
                created = self._plain.create(records)
                for record, version, _ in created:
                    done = ItemResult(_DONE, record.identifier, version) if version else self._result(items[len(results)])
                    results.append(done)
                if not created:
                    results.append(self._result(items[len(results)]))
                records = records[len(created) or 1 :]
            if len(results) < len(items):
                results.append(self._result(items[len(results)]))
        return tuple(results)

    def _result(self, item: BatchItem) -> ItemResult:
        """Do one item as an act."""
        try:
            act = act_of(item)
            if isinstance(act, Refusal):
                return _refused(item, act)
            done = acts.perform(self._txn, act, self._caller, self._now, groups=self._groups, audited=False)
        except ProtocolError as error:
            return ItemResult(error.code, item.identifier, 0, str(error))
        except IdentifierError as error:
            return ItemResult(ResponseCode.INVALID_HANDLE, item.identifier, 0, str(error))
        if isinstance(done, Refusal):
            return _refused(item, done)
        assert not isinstance(done, Unknown), "groups were asked for before anything was done"
        return ItemResult(_DONE, done.identifier, done.version)


def _subject(identifiers: Sequence[str]) -> str:
    """What the trail says a batch was about: its one identifier, else its one prefix, else how many there are."""
    if len(identifiers) == 1:
        return identifiers[0]
    prefixes = {identifier.partition("/")[0] for identifier in identifiers}
    return prefixes.pop() if len(prefixes) == 1 else f"{len(prefixes)} prefixes"


def _refused(item: BatchItem, refusal: Refusal) -> ItemResult:
    return ItemResult(refusal.code, item.identifier, 0, refusal.message)
