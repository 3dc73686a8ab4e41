"""JSON kept ready: bounded, and forgotten when its record changes."""

from __future__ import annotations

import json
import time

import pytest

from idis.proto.identifier import parse_prefix
from idis.proto.value import Value
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore
from idis.resolver.chain import Chain
from idis.resolver.config import GuardSection
from idis.resolver.guard.rates import Rates
from idis.resolver.guard.sources import Sources
from idis.resolver.handlers.access import Access
from idis.resolver.handlers.authority import Authority
from idis.resolver.handlers.limit import Limit
from idis.resolver.handlers.observe import Observe
from idis.resolver.metrics import Metrics
from idis.resolver.prepared import Prepared
from idis.resolver.reply import Replies
from idis.resolver.request import HTTP, Peer
from idis.resolver.web import prepared_json
from idis.resolver.web.following import ENTRIES_MAX
from idis.resolver.web.prepared_json import SPELLINGS_MAX, PreparedJson

NOW = 1_700_000_000
P = parse_prefix("88.118.8")


@pytest.fixture
def store():
    """One prefix with three records."""
    store = MemoryStore()
    put_prefix(store, P)
    for name in ("A", "B", "C"):
        put(store, name, b"one")
    return store


def put(store, name: str, data: bytes) -> None:
    """Write a record."""
    record = prepare(Record(f"{P}/{name}", (Value(1, "n", data),)), NOW)
    store.write(lambda txn: txn.put_record(record), actor="test").result()


def put_prefix(store, prefix: str) -> None:
    """Answer for a prefix."""
    entry = PrefixEntry(prefix=prefix, state=PrefixState.ACTIVE, homed=True)
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()


@pytest.fixture
def chain(store):
    """The steps of a node without recursion."""
    metrics = Metrics()
    return Chain(
        store=store, limit=Limit(Rates(GuardSection()), metrics), steps=[Access(), Authority(b"", metrics)],
        observe=Observe(metrics), prepared=Prepared(1), replies=Replies("test", 1, bytes), recursor=None, clock=time,
    )  # fmt: skip


@pytest.fixture
def peer():
    """Who asks."""
    sources = Sources(GuardSection())
    source = sources.of("127.0.0.1")
    return Peer(HTTP, source, sources.standing_of_stream(source))


@pytest.fixture
def ready(chain, peer):
    """Asks as the chunk handler does; the data of the first value, None for a name that does not exist."""
    prepared = PreparedJson(chain)

    def ask(target: bytes) -> str | None:
        assert prepared.follow()
        answer = prepared.kept.get(target) or prepared.make(target, peer, NOW)
        assert answer is not None
        assert int(answer.length) == len(answer.body)
        values = json.loads(answer.body).get("values")
        return values[0]["data"]["value"] if values else None

    ask.prepared = prepared
    return ask


def test_an_answer_is_made_once(ready):
    """The next time it is there."""
    assert ready(b"88.118.8/A") == "one"
    assert list(ready.prepared.kept) == [b"88.118.8/A"]


def test_a_changed_record_is_made_anew(ready, store):
    """In every spelling and form it was kept in; others stay."""
    targets = (b"88.118.8/A", b"88.118.8/a", b"88.118.8/A?pretty", b"88.118.8/B")
    for target in targets:
        ready(target)
    put(store, "A", b"two")

    assert [ready(target) for target in targets] == ["two", "two", "two", "one"]
    assert next(iter(ready.prepared.kept)) == b"88.118.8/B"


def test_a_deleted_record_is_gone(ready, store):
    """And a name that does not exist is not kept, so it is there as soon as it exists."""
    assert ready(b"88.118.8/D") is None
    put(store, "D", b"new")
    ready(b"88.118.8/A")
    store.write(lambda txn: txn.delete_record(b"88.118.8\x00A"), actor="test").result()

    assert (ready(b"88.118.8/D"), ready(b"88.118.8/A")) == ("new", None)


def test_a_change_of_a_prefix_forgets_everything(ready, store):
    """How records are shown may have changed."""
    ready(b"88.118.8/A")
    put_prefix(store, "99.1")
    ready.prepared.follow()

    assert not ready.prepared.kept


def test_a_load_forgets_everything(ready, store):
    """It may have written any record."""
    ready(b"88.118.8/A")
    store.write_all([prepare(Record(f"{P}/Z", (Value(1, "n", b"z"),)), NOW)], actor="test")
    ready.prepared.follow()

    assert not ready.prepared.kept


def test_more_changes_than_are_read_forget_everything(ready, store):
    """A look at the journal between two batches is short."""
    ready(b"88.118.8/A")
    for number in range(ENTRIES_MAX + 1):
        put(store, f"N{number}", b"x")
    put(store, "A", b"two")

    assert ready(b"88.118.8/A") == "two"


def test_what_is_kept_is_bounded(chain, peer, store, monkeypatch):
    """The oldest goes, with everything that is known of it."""
    prepared = PreparedJson(chain, bytes_max=2_000)
    prepared.follow()
    for name in (b"A", b"B", b"C"):
        prepared.make(b"88.118.8/" + name, peer, NOW)

    assert list(prepared.kept) == [b"88.118.8/B", b"88.118.8/C"]
    assert len(prepared._targets) == 2
    assert prepared._bytes <= 2_000


def test_spellings_of_one_record_are_bounded(ready):
    """There are more of them than there is memory."""
    for number in range(SPELLINGS_MAX + 3):
        ready(b"88.118.8/A?index=%d&index=1" % (number + 2))

    assert len(ready.prepared.kept) == SPELLINGS_MAX
    assert len(ready.prepared._targets[b"88.118.8\x00A"]) == SPELLINGS_MAX


def test_a_large_answer_is_not_kept(ready, monkeypatch):
    """It would push out many small ones."""
    monkeypatch.setattr(prepared_json, "BODY_BYTES_MAX", 10)

    assert ready(b"88.118.8/A") == "one"
    assert not ready.prepared.kept


@pytest.mark.parametrize("target", [b"99.9/x", b"88.118.8.1/x", b"88.118.8/A?cert", b"0", b"not a name"])
def test_other_questions_are_left(chain, peer, target):
    """Prefixes answered elsewhere, what needs another step, and no question at all."""
    prepared = PreparedJson(chain)
    prepared.follow()

    assert prepared.make(target, peer, NOW) is None
