"""Properties of the answer that hold for every registry; single decisions are in `tests/scenarios/`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.codes import Permission
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Referral, Refused
from idis.proto.query import Query
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.authority import answer, responsible_entry
from idis.registry.caller import covers
from idis.registry.journal import Position
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.record import Record, RecordFlag, StoredRecord, prepare
from idis.registry.store.memory import MemoryStore

NOW = 1_700_000_000
NO_FLAGS = RecordFlag(0)
SITE = bytes.fromhex("0001 020b 0001 80 02 00000000 00000000 00000000")


@dataclass
class OneRecord:
    """A snapshot with one homed prefix and one record, or none, below it."""

    entry: PrefixEntry
    stored: StoredRecord | None

    def longest_prefix(self, prefix: str) -> PrefixEntry | None:
        """The only entry, for what lies at or below it."""
        return self.entry if covers(self.entry.prefix, prefix) else None

    def record(self, key: bytes) -> StoredRecord | None:
        """The only record."""
        return self.stored

    def public(self, key: bytes) -> tuple[int, bytes] | None:
        """Of the only record what everybody may see."""
        found = self.record(key)
        return None if found is None else (int(found.flags), found.public)

    def public_records(self, _prefix: str, _start: bytes, _limit: int) -> list[tuple[bytes, tuple[int, bytes]]]:
        """The only record, under its key."""
        return [] if self.stored is None else [(b"88.1\x00X", (int(self.stored.flags), self.stored.public))]


def _stored(values: list[Value], flags: RecordFlag = NO_FLAGS) -> StoredRecord:
    made = prepare(Record("88.1/x", tuple(values)), NOW)
    return StoredRecord(
        made.identifier, made.public, made.restricted, (), made.flags | flags, 1, Position(1, 1, 1), made.ttl_s, made.not_after, 0
    )


def _query(name: str = "88.1/x", **options: object) -> Query:
    return Query(name, parse_identifier(name), **options)  # type: ignore[arg-type]


_TYPES = st.sampled_from(["URL", "url", "URL.us", "EMAIL", "HS_SECKEY", "名称"])
_VALUES = st.lists(
    st.builds(
        Value,
        index=st.integers(1, 12),
        type=_TYPES,
        data=st.binary(max_size=4),
        ttl=st.sampled_from([0, 60, 86_400, NOW + 30]),  # absolute 0 once read as "no moment at all"
        ttl_type=st.sampled_from([0, 1]),
        permissions=st.integers(0, 15),
    ),
    max_size=6,
    unique_by=lambda value: value.index,
)
_QUERIES = st.builds(
    lambda indexes, types, public_only: _query(indexes=tuple(indexes), types=tuple(types), public_only=public_only),
    st.lists(st.integers(1, 13), max_size=3),
    st.lists(st.sampled_from(["URL", "URL.", "EMAIL", "hs_seckey", "名称", "."]), max_size=2),
    st.booleans(),
)


@given(_VALUES, _QUERIES, st.sampled_from(Privacy))
def test_hidden_is_octet_for_octet_absent(values: list[Value], query: Query, privacy: Privacy) -> None:
    """Wherever the public asks, a record with hidden values answers as the same record without them."""
    entry = PrefixEntry("88.1", homed=True, privacy=privacy)
    query = query if privacy is Privacy.STRICT else replace(query, public_only=True)
    shown = [value for value in values if value.permissions & Permission.PUBLIC_READ]
    whole = answer(query, OneRecord(entry, _stored(values)), NOW)  # type: ignore[arg-type]
    without = answer(query, OneRecord(entry, _stored(shown)), NOW)  # type: ignore[arg-type]

    assert whole == without


@given(_VALUES, _QUERIES)
def test_a_strict_record_of_hidden_values_is_an_absent_record(values: list[Value], query: Query) -> None:
    """With nothing to show, a strict prefix answers as if the name did not exist."""
    entry = PrefixEntry("88.1", homed=True, privacy=Privacy.STRICT)
    hidden = [replace(value, permissions=value.permissions & ~int(Permission.PUBLIC_READ)) for value in values]
    secret = answer(query, OneRecord(entry, _stored(hidden)), NOW)  # type: ignore[arg-type]
    absent = answer(query, OneRecord(entry, None), NOW)  # type: ignore[arg-type]

    assert secret == absent == NotFound()


@given(_VALUES, _QUERIES)
def test_no_answer_ever_shows_a_restricted_value(values: list[Value], query: Query) -> None:
    """Whatever is asked, every value that leaves has public-read."""
    outcome = answer(query, OneRecord(PrefixEntry("88.1", homed=True), _stored(values)), NOW)  # type: ignore[arg-type]
    left = decode_values(outcome.values) if isinstance(outcome, Answer) else ()

    assert all(value.public for value in left)


@given(_VALUES, _QUERIES)
def test_an_answer_equals_a_naive_filter(values: list[Value], query: Query) -> None:
    """Filtering octets gives what filtering decoded values gives, and the least of their lifetimes."""
    query = replace(query, public_only=True)
    outcome = answer(query, OneRecord(PrefixEntry("88.1", homed=True), _stored(values)), NOW)  # type: ignore[arg-type]
    wanted = sorted((value for value in values if value.public and _naively_wanted(value, query)), key=lambda value: value.index)
    expected = [replace(value, timestamp=NOW) for value in wanted]

    assert outcome == (
        Answer(encode_values(expected), min(value.lifetime_s(NOW) for value in expected)) if expected else NoValues()
    )


def _naively_wanted(value: Value, query: Query) -> bool:
    if query.wants_all or value.index in query.indexes:
        return True
    name = value.type.upper() if value.type.isascii() else value.type
    for asked in query.types:
        exact = asked.upper() if asked.isascii() else asked
        if name == exact or (exact.endswith(".") and (name == exact[:-1] or name.startswith(exact))):
            return True
    return False


def test_the_plain_answer_is_the_stored_octets_themselves() -> None:
    """Nothing is copied or built for the commonest question."""
    stored = _stored([Value(1, "URL", b"a")])
    outcome = answer(_query(), OneRecord(PrefixEntry("88.1", homed=True), stored), NOW)  # type: ignore[arg-type]

    assert isinstance(outcome, Answer)
    assert outcome.values is stored.public


@pytest.mark.parametrize("flag", [RecordFlag.TOMBSTONE, RecordFlag.DISABLED])
def test_what_is_not_live_is_not_found(flag: RecordFlag) -> None:
    """Deleted and disabled records are absent to every reader."""
    stored = _stored([Value(1, "URL", b"a")], flag)
    outcome = answer(_query(), OneRecord(PrefixEntry("88.1", homed=True), stored), NOW)  # type: ignore[arg-type]

    assert outcome == NotFound()


# Prefixes of few labels out of few numbers, so that ancestors, siblings and lookalikes (1, 10, 101) meet often.
_PREFIXES = st.lists(st.sampled_from(["1", "10", "101", "88"]), min_size=1, max_size=4).map(".".join)


@given(st.dictionaries(_PREFIXES, st.sampled_from(PrefixState), max_size=8), st.sets(_PREFIXES, max_size=4), _PREFIXES)
def test_longest_match_equals_a_naive_search(plain: dict[str, PrefixState], ranges: set[str], asked: str) -> None:
    """The nearest name by whole labels decides; a plain entry wins over a range of its name, one stopped above over both."""
    store = MemoryStore(clock=lambda: NOW)
    with store.read() as txn:
        state = txn._state
    for name, prefix_state in plain.items():
        state.prefixes[name] = PrefixEntry(name, state=prefix_state)
    for name in ranges:
        state.routes[name] = RouteEntry(name, name, encode_values([Value(1, "HS_SITE", b"range")]))

    with store.read() as txn:
        found = responsible_entry(txn, asked)
    labels = asked.split(".")
    expected = None
    for length in range(len(labels), 0, -1):
        name = ".".join(labels[:length])
        granted = plain.get(name) in (PrefixState.ACTIVE, PrefixState.SUSPENDED, PrefixState.REVOKED)
        if granted or name in ranges:
            above = [".".join(labels[:shorter]) for shorter in range(length - 1, 0, -1)]
            stopped = [one for one in above if plain.get(one) in (PrefixState.SUSPENDED, PrefixState.REVOKED)]
            expected = (stopped[0], False) if stopped else (name, not granted)
            break

    assert (found and (found.prefix, found.values != bytes(4))) == expected


@given(_PREFIXES, _PREFIXES)
def test_a_prefix_is_above_another_only_by_whole_labels(above: str, asked: str) -> None:
    """88.1 never matches 88.10: referral and absence follow labels, not characters."""
    store = MemoryStore(clock=lambda: NOW)
    values = encode_values([Value(1, "HS_SITE", SITE)])
    store.write(lambda txn: txn.put_prefix(PrefixEntry(above, values=values)), actor="test").result()
    with store.read() as txn:
        outcome = answer(_query(f"{asked}/x"), txn, NOW)
    beneath = asked.split(".")[: above.count(".") + 1] == above.split(".")

    assert isinstance(outcome, Referral if beneath else Refused)


def test_a_prefix_answered_here_names_this_nodes_site() -> None:
    """Without a registered site, the node's own stands in at the lowest free index."""
    entry = PrefixEntry("88.1", homed=True, values=encode_values([Value(1, "HS_ADMIN", b"a")]), ttl_s=600)
    outcome = answer(_query("88.1", types=("HS_SITE",)), OneRecord(entry, None), NOW, site=SITE)  # type: ignore[arg-type]

    assert isinstance(outcome, Answer)
    assert decode_values(outcome.values) == (Value(2, "HS_SITE", SITE, ttl=600),)


def test_this_nodes_site_stands_in_the_order_of_indexes() -> None:
    """It used to come first, before values with lower indexes."""
    entry = PrefixEntry("88.1", homed=True, values=encode_values([Value(1, "URL", b"u"), Value(100, "HS_ADMIN", b"a")]))
    outcome = answer(_query("88.1"), OneRecord(entry, None), NOW, site=SITE)  # type: ignore[arg-type]

    assert isinstance(outcome, Answer)
    shown = [(value.index, value.type) for value in decode_values(outcome.values)]
    assert shown == [(1, "URL"), (2, "HS_SITE"), (100, "HS_ADMIN")]


@pytest.mark.parametrize("name", ["HS_SITE", "HS_SERV", "HS_SITE.6"])
def test_a_registered_site_is_not_doubled_by_this_nodes(name: str) -> None:
    """What is registered is what is shown."""
    values = encode_values([Value(1, name, b"registered")])
    outcome = answer(_query("88.1"), OneRecord(PrefixEntry("88.1", homed=True, values=values), None), NOW, site=SITE)  # type: ignore[arg-type]

    assert outcome == Answer(values, 86_400)


def test_a_delegated_prefix_never_names_this_nodes_site() -> None:
    """This node does not answer for it, so it must not claim to."""
    outcome = answer(_query("88.1"), OneRecord(PrefixEntry("88.1"), None), NOW, site=SITE)  # type: ignore[arg-type]

    assert outcome == NoValues()


def test_a_family_among_very_many_is_found() -> None:
    """Families are looked up by the value's own dots, so ten thousand of them find a deep subtype all the same."""
    types = tuple(f"T{number}." for number in range(10_000))
    stored = _stored([Value(1, "T9999.a.b.c", b"x"), Value(2, "U.a", b"y")])
    outcome = answer(_query(types=types), OneRecord(PrefixEntry("88.1", homed=True), stored), NOW)  # type: ignore[arg-type]

    assert isinstance(outcome, Answer)
    assert [value.index for value in decode_values(outcome.values)] == [1]


@pytest.mark.parametrize(("state", "word"), [(PrefixState.SUSPENDED, "suspended"), (PrefixState.REVOKED, "revoked")])
def test_a_suspended_prefix_says_so(state: PrefixState, word: str) -> None:
    """The refusal names the prefix and what happened to it."""
    outcome = answer(_query(), OneRecord(PrefixEntry("88.1", state=state), None), NOW)  # type: ignore[arg-type]

    assert isinstance(outcome, Refused)
    assert outcome.message == f"the prefix 88.1 is {word}"
