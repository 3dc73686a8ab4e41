"""LMDB and the oracle side by side: whatever is done to both, both say the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from idis.proto.codes import Permission
from idis.proto.value import DEFAULT_PERMISSIONS, Value
from idis.registry.document import DocumentKind
from idis.registry.event_row import EventOrder, EventRow
from idis.registry.journal import BEGINNING, SnapshotNeeded
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import Alias, PreparedRecord, Record, prepare
from idis.registry.store import keys
from idis.registry.store.base import Expect, OutcomeKey, StoreError, WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.registry.store.verify import check
from idis.registry.store.writer import Settings

PREFIXES = ("88", "88.1", "88.1.5", "88.11", "99.LONG")
SCHEMES = ("imo", "plateNo")
MANY = 1_000
EXAMPLES = int(os.environ.get("IDIS_MACHINE_EXAMPLES", "20"))  # a campaign sets thousands
MAP_BYTES = 1_048_576

prefixes = st.sampled_from(PREFIXES)
suffixes = st.sampled_from(("a", "A", "b", "零件", "x" * 500, "x" * 500 + "y", "a/b"))
expectations = st.one_of(st.sampled_from(Expect), st.integers(1, 4))
aliases = st.lists(st.builds(Alias, st.sampled_from(SCHEMES), st.sampled_from(("1", "2", "3" * 300))), max_size=2, unique=True)
parents = st.sampled_from(("88.2.", ""))
kinds = st.sampled_from((DocumentKind.TOKEN, DocumentKind.ROLE))
document_keys = st.sampled_from((b"a", b"b", b"b\x00", b"\xff" * 400, b"", b"x" * 401))
public = int(DEFAULT_PERMISSIONS)
permissions = st.sampled_from((public, public & ~Permission.PUBLIC_READ))
values = st.builds(Value, st.just(1), st.just("goodsName"), st.binary(max_size=8), permissions=permissions)


@st.composite
def records(draw: Any) -> PreparedRecord:
    """A prepared record of one value."""
    return prepare(
        Record(f"{draw(prefixes)}/{draw(suffixes)}", (draw(values),), tuple(draw(aliases))), draw(st.integers(1, 3))
    )


class Engines(RuleBasedStateMachine):
    """Every step is done to both stores, and their whole content is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.folder = Path(tempfile.mkdtemp(prefix="idis-machine-"))
        self.memory = MemoryStore(clock=self.clock)
        self.lmdb = LmdbStore.create(self.folder, map_bytes=MAP_BYTES, settings=Settings(free_bytes_min=0), clock=self.clock)

    def clock(self) -> float:
        """The time both stores see."""
        return self.now

    def both(self, change: Callable[[WriteTxn], Any], **options: Any) -> None:
        """Do one change to both and compare what comes of it."""
        results = []
        for store in (self.memory, self.lmdb):
            future = store.write(change, actor="machine", **options)
            error = future.exception(10)
            results.append(future.result() if error is None else (type(error), str(error)))
        assert results[0] == results[1]

    @initialize()
    def home(self) -> None:
        """Begin with prefixes that take records."""
        self.both(lambda txn: [txn.put_prefix(PrefixEntry(name, homed=True)) for name in ("88.1", "88.11")])

    @rule(record=records(), expect=expectations)
    def put_record(self, record: PreparedRecord, expect: Any) -> None:
        """One record, with any expectation."""
        self.both(lambda txn: txn.put_record(record, expect))

    @rule(prefix=prefixes, suffix=suffixes, expect=expectations)
    def delete_record(self, prefix: str, suffix: str, expect: Any) -> None:
        """A deletion, mostly of nothing."""
        self.both(lambda txn: txn.delete_record(keys.record_key(prefix, suffix, True), expect))

    @rule(several=st.lists(records(), max_size=4), fails=st.booleans())
    def put_several(self, several: list[PreparedRecord], fails: bool) -> None:
        """Several records in one change, which may fail after them."""
        def change(txn: WriteTxn) -> list[Any]:
            done = [txn.put_record(record) for record in several]
            if fails:
                raise LookupError("fails after writing")
            return done

        self.both(change)

    @rule(several=st.lists(records(), max_size=5))
    def put_new(self, several: list[PreparedRecord]) -> None:
        """Several records, those that are not there."""
        self.both(lambda txn: txn.put_new_records(several))

    @rule(prefix=st.sampled_from(("88.1", "88.11")), names=st.lists(suffixes, min_size=1, max_size=5), value=values)
    def load(self, prefix: str, names: list[str], value: Value) -> None:
        """Many records of one prefix."""
        loaded = [prepare(Record(f"{prefix}/{name}", (value,)), 1) for name in names]
        results: list[Any] = []
        for store in (self.memory, self.lmdb):
            try:
                results.append(store.write_all(loaded, actor="machine"))
            except StoreError as error:
                results.append(str(error))
        assert results[0] == results[1]

    @rule(prefix=prefixes, homed=st.booleans(), folds=st.booleans(), expect=expectations)
    def put_prefix(self, prefix: str, homed: bool, folds: bool, expect: Any) -> None:
        """A prefix entry, which may strand records and is then refused."""
        self.both(lambda txn: txn.put_prefix(PrefixEntry(prefix, homed=homed, fold_suffix=folds), expect))

    @rule(start=st.integers(0, 99), length=st.integers(0, 30), parent=parents, width=st.sampled_from((2, 3)))
    def put_route(self, start: int, length: int, parent: str, width: int) -> None:
        """A range, which may overlap others."""
        route = RouteEntry(f"{parent}{start:0{width}}", f"{parent}{min(start + length, 99):0{width}}", b"\x00\x00\x00\x00")
        self.both(lambda txn: txn.put_route(route))

    @rule(start=st.integers(0, 99), parent=parents)
    def delete_route(self, start: int, parent: str) -> None:
        """A range removed, mostly none."""
        self.both(lambda txn: txn.delete_route(f"{parent}{start:02}"))

    @rule(key=st.sampled_from((b"1" * 16, b"2" * 16)), digest=st.sampled_from((b"a", b"b")), record=records())
    def put_once(self, key: bytes, digest: bytes, record: PreparedRecord) -> None:
        """A record under an idempotency key, new or repeated."""
        def change(txn: WriteTxn) -> bytes:
            return repr(txn.put_record(record)).encode()

        self.both(change, outcome=OutcomeKey(b"machine1", key, digest))

    @rule(kind=kinds, key=document_keys, body=st.binary(max_size=3))
    def put_document(self, kind: DocumentKind, key: bytes, body: bytes) -> None:
        """A document, new, changed or the same; an empty one is refused."""
        self.both(lambda txn: txn.put_document(kind, key, body))

    @rule(rows=st.dictionaries(st.sampled_from((b"a\x00\x0b", b"a\x00\x0b1", b"b\x00\x0b")), st.binary(max_size=2)))
    def put_edges(self, rows: dict[bytes, bytes]) -> None:
        """Rows of edges, new, changed, removed."""
        self.both(lambda txn: txn.put_edges(rows))

    @rule(name=st.sampled_from("abc"), time_ms=st.integers(-2, 2), content=st.sampled_from((b"1", b"2")), wrong=st.booleans())
    def put_event(self, name: str, time_ms: int, content: bytes, wrong: bool) -> None:
        """An event, new or known; one with content 2 fails after it was written."""
        def change(txn: WriteTxn) -> object:
            done = txn.put_event(EventRow(f"urn:x:{name}", time_ms, content * 32, wrong, b"body"))
            if content == b"2" and wrong:
                raise LookupError("fails after writing")
            return done

        self.both(change)

    @rule(kind=kinds, key=document_keys)
    def delete_document(self, kind: DocumentKind, key: bytes) -> None:
        """A document removed, or none."""
        self.both(lambda txn: txn.delete_document(kind, key))

    @rule(line=st.binary(max_size=3), fails=st.booleans())
    def add_audits(self, line: bytes, fails: bool) -> None:
        """Two lines of one change, which may fail after them."""
        def change(txn: WriteTxn) -> None:
            txn.add_audit(b"first")
            txn.add_audit(line)
            if fails:
                raise LookupError("fails after writing")

        self.both(change)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.now += hours * 3600

    @rule(share=st.floats(0, 1))
    def trim(self, share: float) -> None:
        """The journal loses its older part."""
        with self.memory.read() as txn:
            entries = txn.journal(BEGINNING, MANY)
        if isinstance(entries, SnapshotNeeded):
            return
        before = entries[int(share * (len(entries) - 1))].position
        assert self.memory.trim(before) == self.lmdb.trim(before)

    @rule()
    def reopen(self) -> None:
        """The directory is closed and opened again."""
        self.lmdb.close()
        self.lmdb = LmdbStore.open(self.folder, exclusive=True, settings=Settings(free_bytes_min=0), clock=self.clock)

    @invariant()
    def same_content(self) -> None:
        """Every question has one answer."""
        assert _content(self.lmdb) == _content(self.memory)

    def teardown(self) -> None:
        """In the end the store passes its own verification."""
        found = check(self.lmdb.environment).problems
        self.lmdb.close()
        shutil.rmtree(self.folder)
        assert found == []


def _content(store: MemoryStore | LmdbStore) -> dict[str, Any]:
    with store.read() as txn:
        everything: dict[str, Any] = {
            "position": txn.position,
            "prefixes": txn.prefixes(None, MANY),
            "routes": txn.routes(None, MANY),
            "journal": txn.journal(BEGINNING, MANY),
            "route": [txn.route(f"88.2.{number:02}") for number in range(0, 100, 7)],
            "longest": [txn.longest_prefix(name) for name in ("88.1.5.7", "88.12", "99", "88.11.1")],
            "outcomes": [txn.outcome(OutcomeKey(b"machine1", key, b"")) for key in (b"1" * 16, b"2" * 16)],
        }
        for kind in (DocumentKind.TOKEN, DocumentKind.ROLE):
            everything[kind.name] = (txn.documents(kind, None, MANY), txn.documents(kind, b"b", 1), txn.document(kind, b"a"))
        everything["edges"] = (txn.edge_spans([(b"a", b"b"), (b"a\x00\x0b1", b"z")], MANY), txn.last_edge(b"a", b"b"))
        everything["events"] = [
            txn.events(order, b"", b"\xff", MANY, newest_first=back) for order in EventOrder for back in (False, True)
        ]
        everything["event"] = [txn.event(f"urn:x:{name}", declares_error=wrong) for name in "abc" for wrong in (False, True)]
        trail = txn.audits(None, MANY)
        middle = trail[len(trail) // 2][0] if trail else b""
        everything["audits"] = [trail, txn.audits(middle, 2), txn.audits(middle, 2, newest_first=True)]
        for prefix in PREFIXES:
            everything[prefix] = (txn.stat(prefix), txn.records(prefix, None, MANY))
        for scheme in SCHEMES:
            everything[scheme] = [txn.aliases(scheme, local_id, MANY) for local_id in ("1", "2", "3" * 300)]
    return everything


TestEngines = Engines.TestCase
TestEngines.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
