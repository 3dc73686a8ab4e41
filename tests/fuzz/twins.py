"""A campaign against what is compiled for registration, loading, store and trail: python tests/fuzz/twins.py --rounds 1000000

Each round makes arguments, well formed or damaged, and compares what a compiled function gives with what its plain twin
does. `tests/fuzz/asan.sh` runs it with every memory access checked.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from loading_twins import LoadingTwins, calls
from mutate import EDGES, Mutator

from idis.proto import _speedups as compiled
from idis.proto import batch as wire
from idis.proto import sealing
from idis.proto.errors import IdisError
from idis.proto.plain_values import PlainTypes, split_plain_in_python
from idis.registry.answer_entries import Home as AnsweredHome
from idis.registry.answer_entries import record_item
from idis.registry.audit.line import AuditLine, created_line, prepared_summary
from idis.registry.journal import Entry, EntryKind, Position
from idis.registry.record import NO_VALUES, Alias, PreparedRecord, RecordFlag
from idis.registry.registration import batch, octets
from idis.registry.store import codec, keys, new_records, packed_rows, sealed_batch, sealed_edges
from idis.registry.trace.fields import plain_plan

FINDINGS_MAX = 20
DAMAGED_SHARE = 0.6
ARENA_BYTES = 2**21

# What a function may raise for arguments that its stub does not allow, or octets that are not whole.
REFUSALS = (TypeError, ValueError, OverflowError, AttributeError, IndexError, struct.error, IdisError)

_U32 = struct.Struct(">I")
_VALUE = struct.Struct(">IIBIBI")
_NOW = 1_700_000_000
_KEY = b"88.1A\x00X1"
_AT = Position(3, 2**40, 7)


def value(index: int, kind: bytes, data: bytes = b"v", permissions: int = 14, ttl_s: int = 86_400, references: int = 0) -> bytes:
    """A value in wire form."""
    head = _VALUE.pack(index, _NOW, 0, ttl_s, permissions, len(kind))
    return head + kind + _U32.pack(len(data)) + data + _U32.pack(references)


def values(*made: bytes) -> bytes:
    """A counted array of them."""
    return _U32.pack(len(made)) + b"".join(made)


_ADMIN = struct.pack(">HI", 0x0FFF, 11) + b"0.NA/88.1AB" + _U32.pack(300)
ARRAYS = (
    NO_VALUES,
    values(value(1, b"URL", b"https://example.com/1")),
    values(value(1, b"URL"), value(2, b"key", b"s" * 40, 12), value(3, b"PN", ttl_s=60), value(1003, b"hidden", b"", 4)),
    values(value(5, b"URL"), value(100, b"HS_ADMIN", _ADMIN), value(101, b"hs_seckey", b"secret", 4)),
    values(*(value(number + 1, b"type %d" % number, b"d" * number * 3) for number in range(15))),
    values(*(value(number + 1, b"t", b"q" * 107, 14 - 2 * (number & 1)) for number in range(64))),
    values(*(value(number + 1, b"t") for number in range(65))),
    values(value(1, b"x" * 64), value(200, b"x" * 65), value(70_000, b"y" * 255), value(2**31 - 1, b"z" * 256)),
    values(value(1, "Größe".encode(), references=1), value(1001, b"TEMPLATE_ID")),
)
NAMES = (
    "88.1a/x1", "88.1A/X1", "88.1a/a" + "b" * 255, "88.1a/a" + "b" * 256, "88.1a/", "/x", "88.1a", "88.1a/a b/c", "88.1a/\x7f",
    "88.1a/\x1f", "88.1b/x", "88.1a/é", "88.1a/钢", "88.1a/\ud800", "88.1a/\x00", "88.1a/" + "n" * 1_980, "88.1a/" + "n" * 2_100,
    "",
)  # fmt: skip
_OBJECTS = (
    b"automotive_part", b"automotive_battery", b"automotive_assemblyRecord", b"automotive_lot", b"ship_plate", b"ship_heat-own",
    b"ship_weld", b"chemical_package", b"nuclear_item", b"nuclear_weld",
)  # fmt: skip
_TEXTS = (
    *(b"88.1a/x1", b"88.2/Lot.7", b"88.2/Lot.7", b"2/a%20b", b"24H0315", b"24h0315", b"true", b"true", b"discrete", b""),
)
_TIMES = (
    *(b"2026-03-01T08:30:00+08:00", b"2026-03-01T08:30:00Z", b"2024-02-29", b"1969-12-31T23:00:00-09:30", b"1970-01-01"),
    *(b"1950-01-01", b"9999-12-31", b""),
)
_ODD_TEXTS = (
    *(b"2026-02-29", b"1960-01-01", b"0001-01-01", b"0000-01-01", b"1900-02-29", b"2000-02-29", b"2026-13-01", b"2026-04-31"),
    *(b"2026-03-01T24:00:00Z", b"2026-03-01T08:30:00-23:59", b"2026-03-01T08:30:00.5Z", b"2026-03-01T08:30:00", b"20260301"),
    *(b"hdl:88.2/x", b"urn:x:y", b"https://id.example.com/88.2/x", b"0.na/88.2", b"0.NA.1/x", b"88..2/x", b"a.b/x", b"/", b":"),
    *(b'["88.2/a", {"R": "88.2/b", "qty": 2}]', b"[]", "88.2/é".encode(), b"\xff/x", b"88.2/a b", b"88.2/\x00"),
    *(b"1/" + b"n" * 188, b"1/" + b"n" * 189, b"9." * 15 + b"9/x", b"9." * 16 + b"9/x", b"n" * 180, b"1/", b"3" * 300),
    *("钢".encode(), b"\x00"),
)
_PERMISSIONS = (14,) * 20 + (0x1E, 0x2E)
_THINGS = (
    *("88.1a/x1", "88.1A/X1", "88.1A/LOT.7", "88.1a/x2", "88.1A/%", "88.1A/~"),
    *("88.1a/" + "b" * 184, "88.1a/" + "b" * 186, "88.1a/" + "b" * 500, "88.1a/é", "88.1a/a b"),
)
_ALIASES = (
    Alias("imo", "IMO9074729"), Alias("plateNo", "88.1A|24H"), Alias("a", "l" * 200), Alias("a", "l" * 201),
    Alias("a", "é" * 100), Alias("", ""), Alias("s" * 40, "钢"), Alias("s" * 470, "x"),
)  # fmt: skip
ACTORS = ("", "300:0.NA/88.1a", "é" * 40, "a" * 70)


@dataclass(slots=True)
class Result:
    """What a campaign came to; `plain` counts how often either way took on what was drawn for a function."""

    rounds: int = 0
    findings: list[str] = field(default_factory=list)
    plain: Counter[str] = field(default_factory=Counter)


class Twins:
    """Draws arguments and compares; the same seed draws the same.

    Args:
        seed: of all that is drawn.
        folder: for the indexes.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.plain: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._folder = folder
        self._types = (PlainTypes(), PlainTypes())
        rows = [codec.encode_record(_KEY, PreparedRecord(*one, (), RecordFlag(0), 60, 0), 1, _AT) for one in _named_arrays()]
        self._corpora = {
            "values": list(ARRAYS),
            "batch": [wire.BatchRequest(tuple(wire.BatchItem(*one) for one in some)).encode() for some in _batches()],
            "rows": rows,
            "keys": [_KEY, b"88.1A\x00", b"88.1A\x00\xff" + b"h" * 32, b"88.1A\x00a/\x00", b"88.1\x00a", b""],
        }
        self._mutators = {
            name: Mutator(seed + at, [(name, one) for one in some]) for at, (name, some) in enumerate(self._corpora.items())
        }
        self._indexes = self._make_indexes()
        self.files = LoadingTwins(self._random, self.plain, _difference)

    def drawn(self, corpus: str, damaged: float = DAMAGED_SHARE) -> bytes:
        """Octets of a kind, damaged or whole."""
        if self._random.random() < damaged:
            return self._mutators[corpus].frame()[1]
        return self._random.choice(self._corpora[corpus])

    def record(self) -> PreparedRecord:
        """A record, of values or of any octets."""
        draw = self._random
        hidden = NO_VALUES if draw.random() < 0.5 else self.drawn("values")
        flags = draw.choice((0, 0, 0, 4, 4, 1, 2, 8, 127))
        ttl_s, not_after = draw.choice(EDGES), draw.choice((0, *EDGES, 2**64 - 1))
        return PreparedRecord(self.name(), self.drawn("values", 0.3), hidden, (), RecordFlag(flags), ttl_s, not_after)

    def name(self) -> str:
        """An identifier, most often a plain one."""
        draw = self._random
        return f"88.1a/x{draw.randrange(10**9)}" if draw.random() < 0.6 else draw.choice(NAMES)

    def sealing(self) -> str:
        """Seal and unseal single values and rows."""
        head, key = self._random.choice((b"edge\x00", b"", b"h" * 128)), self.drawn("keys")
        rest = self.drawn("rows")[: self._random.choice((0, 1, 119, 128, 129, 10**6))]
        sealed = sealing.seal_value_in_python(head, key, rest)
        at = self._random.randrange(len(sealed))
        broken = sealed[:at] + self._random.randbytes(1) + sealed[at + self._random.randrange(2) :]
        rows = {self.drawn("keys"): self.drawn("values") for _ in range(self._random.randrange(5))}
        return (
            _difference(lambda: compiled.seal_value(head, key, rest), lambda: sealed)
            or _difference(lambda: compiled.unseal_value(head, key, sealed), lambda: rest)
            or _difference(
                lambda: compiled.unseal_value(head, key, broken), lambda: sealing.unseal_value_in_python(head, key, broken)
            )
            or _difference(lambda: compiled.seal_rows(head, rows), lambda: sealing.seal_rows_in_python(head, rows))
        )

    def new_records(self) -> str:
        """Seal new records with their journal entries."""
        draw = self._random
        some = [self.record() for _ in range(draw.randrange(6))]
        start = draw.randrange(len(some) + 2)
        prefix = draw.choice(("88.1A", "88.1A", "88", "8" * 400, "é"))
        home = new_records.Home(draw.choice(("88.1a", "88.1a", "88.1A", "é")), prefix, draw.random() < 0.5)
        where = new_records.Where(Position(draw.choice(EDGES), 2**40, draw.choice(EDGES)), _NOW * 1_000, draw.choice(ACTORS))

        def reduced(way: Callable[..., new_records.NewRecords]) -> tuple[Any, ...]:
            made = way(some, start, home, where)
            self.plain["new_records"] += bool(made.rows)
            return made._replace(digest_sum=made.digest_sum % 2**64)

        return _difference(
            lambda: reduced(new_records.seal_new_records), lambda: reduced(new_records.seal_new_records_in_python)
        )

    def items(self) -> str:
        """Read a batch, join its items for their digest, prepare those that are plain."""
        body = self.drawn("batch")

        def read() -> tuple[wire.BatchItem, ...]:
            return wire.read_batch(body).items

        if told := _difference(read, lambda: _without_compiled(read)):
            return told
        verbs = self._random.choices((1, 1, 1, 2, 127, 2**64 - 1), k=4)
        some = [wire.BatchItem(verb, self.name(), self.drawn("values")) for verb in verbs]
        if not isinstance(found := outcome(read), str):
            some += found
        start = self._random.randrange(3)

        def prepared(way: Callable[..., list[PreparedRecord]]) -> list[PreparedRecord]:
            records = way(some, start, _NOW)
            self.plain["items"] += bool(records)
            return records

        return _difference(lambda: batch.join_items(some), lambda: batch.join_items_in_python(some)) or _difference(
            lambda: prepared(octets.plain_records), lambda: prepared(octets.plain_records_in_python)
        )

    def values(self) -> str:
        """Stamp and split values; both ways remember the same of types and administrators."""
        array, most = self.drawn("values"), self._random.choice((0, 107, 65_536, 2**32 - 1))

        def split(way: Callable[..., Any], types: PlainTypes) -> Any:
            found = way(array, _NOW, most, types.types, types.admins, types.judge)
            self.plain["values"] += found is not None
            return found, list(types.types.items())[-3:], list(types.admins.items())[-3:]

        one, other = self._types
        return _difference(lambda: split(compiled.split_plain, one), lambda: split(split_plain_in_python, other))

    def loading(self) -> str:
        """Seal a batch of a load with its second names and edges, and take its rows apart again."""
        draw = self._random
        skip = draw.choice((0, 0, 8))
        names = {name.upper(): name for name in draw.choices(_THINGS, k=draw.randrange(1, 5))}
        some = [self.stored(name, skip) for name in names.values()]
        folds = draw.choice((sealed_edges.all_fold, lambda prefix: prefix != "88.2"))

        def sealed(way: Callable[..., sealed_batch.Sealed]) -> tuple[Any, ...] | str:
            try:
                made = way(some, _AT, _NOW * 1_000, folds=folds, skip=skip)
            except REFUSALS:
                return "refused"  # by which of several records is not compared
            self.plain["loading"] += bool(made.edges.count)
            return replace(made, edges=replace(made.edges, folding=())), made.names

        told = _difference(lambda: sealed(sealed_batch.seal), lambda: sealed(sealed_batch.seal_in_python))
        octets = packed_rows.pack_rows(some)
        octets = octets[: draw.randrange(len(octets) + 1)] if draw.random() < 0.5 else octets + self.drawn("keys")
        return told or _difference(
            lambda: list(packed_rows.unpack_rows(octets)), lambda: list(packed_rows.unpack_rows_in_python(octets))
        )

    def stored(self, name: str, skip: int) -> tuple[bytes, bytes]:
        """The key and the stored form of a record of a pilot, behind some octets; now and then damaged."""
        draw = self._random
        plan = plain_plan(template := b"88.1a/META_" + draw.choice(_OBJECTS))
        assert plan is not None, "these have edges"
        made = [value(1000, b"TEMPLATE_ID", template, draw.choice((14, 14, 14, 14, 14, 0x2E)))]
        for index, kind in plan[1]:
            if draw.random() < 0.6:
                usual = _TIMES if kind.lower().endswith((b"time", b"date", b"from", b"to")) else _TEXTS
                text = draw.choice(usual if draw.random() < 0.97 else _ODD_TEXTS)
                made.append(value(index, kind if draw.random() < 0.99 else b"URL", text, draw.choice(_PERMISSIONS)))
        if draw.random() < 0.1:
            draw.shuffle(made)
        cut = draw.randrange(len(made)) if draw.random() < 0.2 else len(made)
        aliases = tuple(draw.choice(_ALIASES) for _ in range(draw.choice((0, 1, 2, 2, 3, 20))))
        record = PreparedRecord(name, values(*made[:cut]), values(*made[cut:]), aliases, RecordFlag(0), 60, 0)
        key = keys.record_key("88.1A", name.partition("/")[2], True)
        rest = bytearray(codec.record_rest(key, record, 1, Position(0, 0, 0)))
        while draw.random() < 0.15:
            at = draw.randrange(len(rest) + 1)
            rest[at : at + draw.randrange(3)] = draw.choice((b"", b"\x00", b"\xff", b"[", draw.randbytes(2)))
        return key if draw.random() < 0.95 else self.drawn("keys"), bytes(skip) + rest

    def line(self) -> str:
        """The line of a new record; one that the compiled function leaves to its twin is no finding."""
        record, version = self.record(), self._random.choice((1, *EDGES, 2**64 - 1))
        head = AuditLine("actor", "origin" * 300, "create", "").encode()[:-5]  # up to its subject
        line = created_line(head, record.identifier, version, record.public, record.restricted, b"\x01\xa0")
        if line is None:
            return ""
        self.plain["line"] += 1
        shown = PreparedRecord(record.identifier, record.public, record.restricted, (), RecordFlag(0), 0, 0)
        said = AuditLine("actor", "origin" * 300, "create", record.identifier, None, prepared_summary(shown, version))
        return _difference(lambda: line, said.encode)

    def taking(self) -> str:
        """Take journal entries into an index, and the same, one by one, into another."""
        draw = self._random
        kinds = (EntryKind.PUT,) * 6 + (EntryKind.DELETE,)
        named = [draw.choice((_KEY[:-1] + draw.randbytes(1), self.drawn("keys", 0.3))) for _ in range(draw.randrange(8))]
        entries = [Entry(_AT, draw.choice(kinds), key, 1, self.row(), "", 0) for key in named]
        home, start = AnsweredHome(draw.random() < 0.3), draw.randrange(2)
        fast, slow = self._indexes
        if max(fast.fill().used_bytes, slow.fill().used_bytes) > ARENA_BYTES // 2 or slow.fill().entries > 2_000:
            fast, slow = self._indexes = self._make_indexes()

        def compiled_way() -> int:
            at = compiled.take_records([fast], entries, start, EntryKind.PUT, b"88.1A\x00", home.strict)
            self.plain["taking"] += at > start
            return at

        def plain_way(end: int) -> int:
            for entry in entries[start:end]:
                item = record_item(entry.key, codec.public_of(entry.key, entry.body), home)
                if item is not None and item.value is None:
                    slow.delete(item.key)
                elif item is not None:
                    slow.put(item.key, item.value, item.code, 0, item.flags)
            return end

        taken = outcome(compiled_way)
        end = len(entries) if isinstance(taken, str) else taken  # a key too long for an index is refused by both
        if told := _difference(lambda: taken, lambda: plain_way(end)):
            return told
        places = [b"\x01" + entry.key.replace(b"\x00", b"/", 1) for entry in entries]
        return _difference(lambda: [fast.get(place, 0) for place in places], lambda: [slow.get(place, 0) for place in places])

    def row(self) -> bytes:
        """The stored form of a record; its flags and length are changed more often than other octets."""
        row = bytearray(self.drawn("rows", 0.3))
        if len(row) > 60 and self._random.random() < 0.5:
            row[9] = self._random.choice((0, 1, 2, 4, 5, 8, 255))
        if len(row) > 60 and self._random.random() < 0.3:
            row[52:56] = _U32.pack(self._random.choice(EDGES))
        return bytes(row)

    def oddities(self) -> Iterator[str]:
        """Every argument of every function in turn of a wrong kind: refused or passed over, as long as nothing breaks."""
        for call, right in (*_calls(self._make_indexes()[0]), *calls()):
            for at, odd in product(range(len(right)), _ODD):
                given = (*right[:at], odd, *right[at + 1 :])
                told = outcome(lambda: call(*given))  # noqa: B023
                if isinstance(told, str) and told.startswith("!"):
                    yield f"{call.__name__}{given!r:.500}: {told}"

    def _make_indexes(self) -> tuple[compiled.AnswerIndex, compiled.AnswerIndex]:
        made = [compiled.AnswerIndex.create(self._folder / name, 4_096, ARENA_BYTES, b"s" * 16) for name in ("fast", "slow")]
        for index in made:
            index.enabled = True
        return made[0], made[1]


class _Octets(bytes):
    """Octets with a name of their own."""


class _Text(str):
    """Text likewise."""


_ODD: tuple[Any, ...] = (
    None, True, -1, 2**31, 2**63 - 1, -(2**63), 2**64, 1.5, "", "\ud800", "a/\x00", b"", b"\x00" * 3, memoryview(b"88.1A/x"),
    bytearray(b"88.1A/x"), _Octets(b"88.1A/x"), _Text("88.1a/x"), [], {}, (), object(), [None], [(1, "88.1a/x", None)],
    [(1, None, b"")], ((), 1), (None,) * 3, (None,) * 4, (2**70, 0, 0), [_Text("x")], tuple, int, lambda *_: None,
)  # fmt: skip


def _calls(index: compiled.AnswerIndex) -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Every function with arguments that are right."""
    body = wire.BatchRequest((wire.BatchItem(1, "88.1a/x", ARRAYS[2]),) * 3).encode()
    row = codec.encode_record(_KEY, PreparedRecord("88.1a/x1", ARRAYS[1], NO_VALUES, (), RecordFlag(0), 60, 0), 1, _AT)
    record = PreparedRecord("88.1a/x1", ARRAYS[1], ARRAYS[2], (), RecordFlag(0), 60, 0)
    forms, where = (1, EntryKind.PUT, 1, b"TEMPLATE_ID"), (_AT, _NOW, "actor")
    prepared = (PreparedRecord, RecordFlag(0), RecordFlag.RESTRICTED)
    judged: tuple[Any, ...] = (_NOW, {}, {}, lambda octets, is_admin: True)
    entry = Entry(_AT, EntryKind.PUT, _KEY, 1, row, "", 0)
    rows, maker = compiled.SealedRows(b"h"), compiled.EdgeMaker(plain_plan, sealed_edges.all_fold, _NOW)
    return [
        (compiled.seal_value, (b"h", _KEY, row)),
        (compiled.unseal_value, (b"h", _KEY, row)),
        (compiled.seal_rows, (b"h", {_KEY: row})),
        (compiled.seal_new_records, ([record], 0, ("88.1a", "88.1A", True), where, forms, Entry, Position)),
        (compiled.read_items, (body, 4, 3, 2_048, 2**20, wire.BatchItem)),
        (compiled.join_items, ([(1, "88.1a/x", b"octets")],)),
        (compiled.prepare_plain_items, ([(1, "88.1a/x", ARRAYS[2])], 0, 1, (2_048, 2**18, 2**16), *judged, prepared)),
        (compiled.split_plain, (ARRAYS[2], _NOW, 65_536, *judged[1:])),
        (compiled.created_line, (b"\x99\x01", "88.1a/x", 1, ARRAYS[1], ARRAYS[2], b"\x01\xa0")),
        (compiled.seal_batch, ([(_KEY, row)], 8, _AT.encode(), codec.alias_keys, rows, maker)),
        (compiled.EdgeMaker, (plain_plan, sealed_edges.all_fold, _NOW)),
        (compiled.SealedRows, (b"h",)),
        (rows.add, (_KEY, row)),
        (lambda octets: list(compiled.PackedRows(octets)), (b"\0\1\0\0\0\1kv",)),
        (compiled.take_records, ([index], [entry], 0, EntryKind.PUT, b"88.1A\x00", False)),
    ]


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or in words what it raised; with "!" in front when it is nothing that it may raise."""
    try:
        return call()
    except IdisError as error:
        return f"{type(error).__name__}: {error}"
    except REFUSALS as error:
        return type(error).__name__
    except Exception as error:  # the outermost loop: whatever escapes is what we look for
        return f"!{type(error).__name__}: {error}"


def _difference(fast: Callable[[], Any], slow: Callable[[], Any]) -> str:
    one, other = outcome(fast), outcome(slow)
    unexpected = isinstance(one, str) and one.startswith("!")
    return f"compiled: {one!r:.600}\n  plain:    {other!r:.600}" if one != other or unexpected else ""


def _without_compiled(call: Callable[[], Any]) -> Any:
    kept, wire.read_items = wire.read_items, None
    try:
        return call()
    finally:
        wire.read_items = kept


def _named_arrays() -> list[tuple[str, bytes, bytes]]:
    return [(name, array, hidden) for name in ("88.1A/X1", "88.1a/x1") for array in ARRAYS for hidden in ARRAYS[:3]]


def _batches() -> list[list[tuple[int, str, bytes]]]:
    names = [name for name in NAMES if name.isprintable() and len(name) < 2_000]
    return [
        [],
        [(1, "88.1a/x", ARRAYS[1])],
        [(1 + at % 8, name, ARRAYS[at % len(ARRAYS)]) for at, name in enumerate(names)],
        [(127, "n" * 31, b""), (128, "n" * 32, b"p" * 255), (2**64 - 1, "n" * 255, b"p" * 256), (0, "n" * 256, b"p" * 65_536)],
    ]


def campaign(seed: int, rounds: int, seconds: float = float("inf")) -> Result:
    """Compare `rounds` times, or for so many seconds; every difference is a finding."""
    result = Result()
    end = time.monotonic() + seconds
    with TemporaryDirectory() as folder:
        twins = Twins(seed, Path(folder))
        result.plain = twins.plain
        kinds = (
            *(twins.sealing, twins.new_records, twins.items, twins.values, twins.line, twins.taking, twins.loading),
            *(twins.files.sheaf, twins.files.pieces, twins.files.block),
        )
        result.findings.extend(twins.oddities())
        while result.rounds < rounds and len(result.findings) < FINDINGS_MAX and time.monotonic() < end:
            kind = kinds[result.rounds % len(kinds)]
            if told := kind():
                result.findings.append(f"{kind.__name__}, round {result.rounds} of seed {seed}: {told}")
            result.rounds += 1
    return result


def main() -> int:
    """Run a campaign and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    result = campaign(wanted.seed, wanted.rounds, wanted.seconds)
    for finding in result.findings:
        print(finding)
    print(f"{result.rounds} rounds, {len(result.findings)} findings; taken on: {dict(result.plain)}")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
