"""The life of a prefix."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, decode_values
from idis.registry.journal import BEGINNING, Entry, EntryKind
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.registration.checks import Organisation, Refusal, entries, unknown
from idis.registry.registration.life import (
    TRANSITIONS,
    Event,
    Registered,
    Terms,
    advance,
    apply,
    next_free,
    possible,
    resubmit,
)
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore

T = TypeVar("T")

NOW = 1_700_000_000
YARD = Organisation("上海某船厂", "91310000MA1FL0007C", "船舶")

# domain.md §3.2, written out once more: from, event, to.
LEGAL = {
    (None, "apply", 4),
    (4, "review", 5),
    (4, "reject", 3),
    (5, "approve", 1),
    (5, "reject", 3),
    (3, "resubmit", 4),
    (1, "suspend", 0),
    (1, "revoke", 2),
    (0, "resume", 1),
    (0, "revoke", 2),
}


@pytest.fixture
def store() -> MemoryStore:
    """A secondary node that registers below 88.118."""
    made = MemoryStore(clock=lambda: NOW)
    made.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    return made


def _write(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    return store.write(change, actor="operator").result().result


def _refused(result: object) -> Refusal:
    assert isinstance(result, Refusal), result
    return result


def _registered(result: object) -> PrefixEntry:
    assert isinstance(result, Registered), result
    return result.entry


def _put(store: MemoryStore, name: str, **facts: object) -> None:
    _write(store, lambda txn: txn.put_prefix(PrefixEntry(name, **facts)))  # type: ignore[arg-type]


def test_the_transitions_are_those_of_the_national_numbering() -> None:
    """The table is the one of the design, no arrow more and none less."""
    assert {
        (source if source is None else int(source), event.value, int(to)) for (source, event), to in TRANSITIONS.items()
    } == LEGAL


@pytest.mark.parametrize("state", PrefixState)
@pytest.mark.parametrize("event", [event for event in Event if event not in (Event.APPLY, Event.RESUBMIT)])
def test_an_event_leads_where_the_table_says_or_nowhere(store: MemoryStore, state: PrefixState, event: Event) -> None:
    """Each of the 36 pairs: a legal event moves the prefix, a repeated one changes nothing, another is refused."""
    _put(store, "88.118.8", state=state)
    result = _write(store, lambda txn: advance(txn, "88.118.8", event, reason="because"))
    with store.read() as txn:
        after = txn.prefix("88.118.8")
    target = next((to for source, name, to in LEGAL if (source, name) == (int(state), event.value)), None)
    results = {to for _, name, to in LEGAL if name == event.value}

    assert after is not None
    if target is not None:
        assert _registered(result).state == after.state == target
    elif int(state) in results:
        assert result == Registered(after, changed=False)
    else:
        assert _refused(result).code == ResponseCode.ERROR
    assert after.version == (2 if target is not None else 1)


def test_a_whole_life_is_in_the_journal_with_who_and_when(store: MemoryStore) -> None:
    """Every change of state is one entry of its own, with actor and time."""
    _write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW))
    for event in (Event.REVIEW, Event.APPROVE, Event.SUSPEND, Event.RESUME, Event.REVOKE):
        _write(store, lambda txn, event=event: advance(txn, "88.118.8", event))  # type: ignore[misc]
    with store.read() as txn:
        journal = txn.journal(BEGINNING, 100)

    assert isinstance(journal, list)
    lived: list[Entry] = [entry for entry in journal if entry.key == b"88.118.8"]
    assert [(entry.kind, entry.version) for entry in lived] == [(EntryKind.PREFIX, version) for version in range(1, 7)]
    assert {(entry.actor, entry.time_ms) for entry in lived} == {("operator", NOW * 1000)}


def test_an_application_is_stored_with_its_owner_and_terms(store: MemoryStore) -> None:
    """What was asked for is what an auditor sees."""
    terms = Terms(privacy=Privacy.STRICT, fold_suffix=False, quota=10, ttl_s=60)
    entry = _registered(_write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW, terms)))

    assert (entry.state, entry.owner, entry.owner_code, entry.industry) == (
        PrefixState.APPLIED,
        "上海某船厂",
        "91310000MA1FL0007C",
        "船舶",
    )
    assert (entry.privacy, entry.fold_suffix, entry.quota, entry.ttl_s) == (Privacy.STRICT, False, 10, 60)
    assert not entry.answers_here


def test_a_new_prefix_is_administered_by_its_own_key(store: MemoryStore) -> None:
    """HS_ADMIN at 100 names key 300 of the prefix handle, with all rights."""
    entry = _registered(_write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW)))

    assert decode_values(entry.values) == (Value(100, "HS_ADMIN", encode_admin(Admin("0.NA/88.118.8", 300)), timestamp=NOW),)


def test_a_prefix_is_stored_folded(store: MemoryStore) -> None:
    """Prefixes compare without ASCII case, so one spelling is stored."""
    assert _registered(_write(store, lambda txn: apply(txn, "88.118.ab", YARD, NOW))).prefix == "88.118.AB"


def test_leading_zeros_make_another_prefix(store: MemoryStore) -> None:
    """88.118.008 is not 88.118.8."""
    _write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW))

    assert _registered(_write(store, lambda txn: apply(txn, "88.118.008", YARD, NOW))).prefix == "88.118.008"


def test_applying_twice_changes_nothing(store: MemoryStore) -> None:
    """A repeated application of the same owner is the first one."""
    first = _registered(_write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW)))

    assert _write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW + 9)) == Registered(first, changed=False)


def test_a_wish_that_somebody_else_has_is_refused(store: MemoryStore) -> None:
    """One prefix, one owner."""
    _write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW))
    refusal = _refused(_write(store, lambda txn: apply(txn, "88.118.8", Organisation("other"), NOW)))

    assert refusal.code == ResponseCode.HANDLE_ALREADY_EXISTS
    assert "applied 待审核 already" in refusal.message


def test_a_revoked_prefix_is_never_issued_again(store: MemoryStore) -> None:
    """Not even to its former owner: old identifiers must not come to mean something else."""
    _put(store, "88.118.8", state=PrefixState.REVOKED, owner=YARD.owner, owner_code=YARD.code)
    refusal = _refused(_write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW)))

    assert "no prefix is issued twice" in refusal.message


def test_a_rejected_application_is_to_be_resubmitted(store: MemoryStore) -> None:
    """Applying again points to the way that keeps the history together."""
    _put(store, "88.118.8", state=PrefixState.REJECTED, reason="licence missing")

    assert "rejected (licence missing)" in _refused(_write(store, lambda txn: apply(txn, "88.118.8", YARD, NOW))).message


def test_a_wish_inside_a_range_is_refused(store: MemoryStore) -> None:
    """Those numbers are allotted by whoever the range was delegated to."""
    _write(store, lambda txn: txn.put_route(RouteEntry("88.118.1000", "88.118.1999", bytes(4))))

    assert "88.118.1000 to 88.118.1999" in _refused(_write(store, lambda txn: apply(txn, "88.118.1234", YARD, NOW))).message


@pytest.mark.parametrize(
    ("parent", "facts", "words"),
    [
        ("88.119", None, "the prefix 88.119 is not registered here"),
        ("88.119", {"homed": False}, "88.119 is not homed here"),
        ("88.119", {"homed": True, "state": PrefixState.SUSPENDED}, "88.119 is suspended 停用"),
    ],
)
def test_prefixes_are_registered_only_below_a_homed_parent(
    store: MemoryStore, parent: str, facts: dict[str, object] | None, words: str
) -> None:
    """Nobody grants numbers that are not his to grant."""
    if facts is not None:
        _put(store, parent, **facts)
    refusal = _refused(_write(store, lambda txn: apply(txn, f"{parent}.8", YARD, NOW)))

    assert refusal.code == ResponseCode.SERVER_NOT_RESPONSIBLE
    assert words in refusal.message


def test_an_unknown_parent_names_what_is_near(store: MemoryStore) -> None:
    """A typo is seen at once beside what is registered."""
    _put(store, "88", homed=True)

    assert "registered here: 88, 88.118" in _refused(_write(store, lambda txn: apply(txn, "88.181.8", YARD, NOW))).message


def test_only_a_root_registers_prefixes_of_one_label(store: MemoryStore) -> None:
    """A secondary node refuses them and says who may."""
    assert "registered at a root" in _refused(_write(store, lambda txn: apply(txn, "89", YARD, NOW))).message


def test_a_root_registers_prefixes_of_one_label(store: MemoryStore) -> None:
    """Whoever homes 0.NA is a root."""
    _put(store, "0.NA", homed=True)

    assert _registered(_write(store, lambda txn: apply(txn, "89", YARD, NOW))).prefix == "89"


@pytest.mark.parametrize("label", ["", "-1", "a b", "1" * 21, "é", "a/b", "*1"])
def test_a_label_that_is_none_is_refused(store: MemoryStore, label: str) -> None:
    """Digits, letters and inner hyphens, at most 20."""
    assert _refused(_write(store, lambda txn: apply(txn, f"88.118.{label}", YARD, NOW))).code == ResponseCode.INVALID_HANDLE


@pytest.mark.parametrize(
    ("organisation", "words"),
    [
        (Organisation("x", "91310000MA1FL0007D"), "check character is C"),
        (Organisation("x", "123"), "has 18 characters, not 3"),
        (Organisation("x" * 256), "the owner is one line of at most 255 characters"),
        (Organisation("a\nb"), "the owner is one line"),
        (Organisation("x", "", "y" * 51), "the industry is one line of at most 50 characters"),
    ],
)
def test_an_owner_is_checked(store: MemoryStore, organisation: Organisation, words: str) -> None:
    """A wrong credit code is told with what would be right."""
    refusal = _refused(_write(store, lambda txn: apply(txn, "88.118.8", organisation, NOW)))

    assert refusal.code == ResponseCode.INVALID_VALUE
    assert words in refusal.message


def test_a_code_is_stored_in_its_one_spelling(store: MemoryStore) -> None:
    """Lower case and blanks around it are tidied."""
    organisation = Organisation(" yard ", " 91310000ma1fl0007c ")
    entry = _registered(_write(store, lambda txn: apply(txn, "88.118.8", organisation, NOW)))

    assert (entry.owner, entry.owner_code) == ("yard", "91310000MA1FL0007C")


def test_a_rejection_needs_a_reason(store: MemoryStore) -> None:
    """The applicant must learn what to correct."""
    _put(store, "88.118.8", state=PrefixState.IN_REVIEW)

    assert "needs a reason" in _refused(_write(store, lambda txn: advance(txn, "88.118.8", Event.REJECT, reason=" "))).message


@pytest.mark.parametrize("reason", ["x" * 256, "two\nlines"])
def test_a_reason_is_one_short_line(store: MemoryStore, reason: str) -> None:
    """It is shown in tables and sent to people."""
    _put(store, "88.118.8")

    assert "one line" in _refused(_write(store, lambda txn: advance(txn, "88.118.8", Event.SUSPEND, reason=reason))).message


def test_a_reason_is_kept_while_it_holds(store: MemoryStore) -> None:
    """It stands beside the suspension and goes with it."""
    _put(store, "88.118.8")
    suspended = _registered(_write(store, lambda txn: advance(txn, "88.118.8", Event.SUSPEND, reason="audit")))
    resumed = _registered(_write(store, lambda txn: advance(txn, "88.118.8", Event.RESUME)))

    assert (suspended.reason, resumed.reason) == ("audit", "")


def test_resubmitting_corrects_what_is_given_and_keeps_the_rest(store: MemoryStore) -> None:
    """Only the wrong fact is typed again."""
    _put(store, "88.118.8", state=PrefixState.REJECTED, owner="yard", industry="船舶", reason="code missing")
    entry = _registered(_write(store, lambda txn: resubmit(txn, "88.118.8", Organisation(code="91310000MA1FL0007C"))))

    assert (entry.state, entry.owner, entry.owner_code, entry.industry, entry.reason) == (
        PrefixState.APPLIED,
        "yard",
        "91310000MA1FL0007C",
        "船舶",
        "",
    )


def test_resubmitting_a_wrong_code_is_refused(store: MemoryStore) -> None:
    """A correction is checked like an application."""
    _put(store, "88.118.8", state=PrefixState.REJECTED)

    assert (
        _refused(_write(store, lambda txn: resubmit(txn, "88.118.8", Organisation(code="1")))).code == ResponseCode.INVALID_VALUE
    )


def test_only_a_rejected_application_is_resubmitted(store: MemoryStore) -> None:
    """An active prefix has nothing to resubmit; a waiting one already was."""
    _put(store, "88.118.8")
    _put(store, "88.118.9", state=PrefixState.APPLIED)

    assert "nothing to resubmit" in _refused(_write(store, lambda txn: resubmit(txn, "88.118.8", YARD))).message
    assert not _write(store, lambda txn: resubmit(txn, "88.118.9", YARD)).changed  # type: ignore[union-attr]


def test_a_prefix_with_granted_children_is_not_revoked(store: MemoryStore) -> None:
    """Its children would be answered below nobody."""
    _put(store, "88.118.7", state=PrefixState.REVOKED)
    _put(store, "88.118.8", state=PrefixState.SUSPENDED)

    assert "revoke 88.118.8 first" in _refused(_write(store, lambda txn: advance(txn, "88.118", Event.REVOKE))).message


def test_a_prefix_without_granted_children_is_revoked(store: MemoryStore) -> None:
    """Revoked and rejected ones, and lookalikes beside it, do not count."""
    _put(store, "88.118.7", state=PrefixState.REVOKED)
    _put(store, "88.118-1")
    _put(store, "88.1180")

    assert _registered(_write(store, lambda txn: advance(txn, "88.118", Event.REVOKE))).state is PrefixState.REVOKED


def test_an_unknown_prefix_is_refused_with_its_neighbours(store: MemoryStore) -> None:
    """Every event on nothing says what there is."""
    _put(store, "88.118.8")
    refusal = _refused(_write(store, lambda txn: advance(txn, "88.118.9", Event.SUSPEND)))

    assert refusal.message == "the prefix 88.118.9 is not registered here (registered here: 88.118, 88.118.8)"


def test_a_mistyped_prefix_is_shown_what_looks_like_it(store: MemoryStore) -> None:
    """Of very many, the three that look most alike."""
    for number in range(1, 40):
        _put(store, f"88.118.{number}00")
    _put(store, "88.118.1042")
    with store.read() as txn:
        refusal = unknown(txn, "88.118.1024")

    assert refusal.message.count("88.118.") == 4
    assert "88.118.1042" in refusal.message


def test_an_unknown_prefix_in_an_empty_registry_says_so() -> None:
    """There is nothing to name."""
    with MemoryStore().read() as txn:
        refusal = unknown(txn, "88")

    assert refusal.message == "the prefix 88 is not registered here (nothing like it is registered here)"


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 7, 8, 40])
def test_the_next_number_follows_those_issued(store: MemoryStore, taken: int) -> None:
    """Numbers are issued one after the other, whatever became of the prefixes."""
    for number in range(1, taken + 1):
        _put(store, f"88.118.{number}", state=PrefixState(number % 6))

    assert _registered(_write(store, lambda txn: apply(txn, "88.118.*", YARD, NOW))).prefix == f"88.118.{taken + 1}"


def test_the_next_number_of_a_root_has_one_label(store: MemoryStore) -> None:
    """A wish for any number of the root."""
    _put(store, "0.NA", homed=True)

    assert _registered(_write(store, lambda txn: apply(txn, "*", YARD, NOW))).prefix == "1"


def test_a_number_in_a_range_is_not_free(store: MemoryStore) -> None:
    """Allocation steps over what was delegated as a range."""
    _put(store, "88.118.1")
    _write(store, lambda txn: txn.put_route(RouteEntry("88.118.2", "88.118.9", bytes(4))))
    with store.read() as txn:
        free = next_free(txn, "88.118")

    assert free == "88.118.10"


def test_allocation_looks_at_few_numbers(store: MemoryStore) -> None:
    """Doubling and halving: the cost grows with the digits, not with the prefixes."""
    asked: list[str] = []

    class Counting:
        def prefix(self, name: str) -> PrefixEntry | None:
            asked.append(name)
            return PrefixEntry(name) if int(name.rpartition(".")[2]) <= 1_000_000 else None

        def route(self, name: str) -> None:
            return None

    assert next_free(Counting(), "88.118") == "88.118.1000001"  # type: ignore[arg-type]
    assert len(asked) < 50


def test_entries_below_a_prefix_are_whole_labels(store: MemoryStore) -> None:
    """Neighbours in key order that only look alike are left out."""
    for name in ("88.118.8", "88.118.8.1", "88.118-1", "88.1180", "88.119"):
        _put(store, name)
    with store.read() as txn:
        below = [entry.prefix for entry in entries(txn, below="88.118")]
        everything = [entry.prefix for entry in entries(txn)]

    assert below == ["88.118.8", "88.118.8.1"]
    assert everything == sorted(["88.118", "88.118.8", "88.118.8.1", "88.118-1", "88.1180", "88.119"])


def test_what_is_possible_follows_from_the_table() -> None:
    """The words a refusal offers."""
    assert possible(PrefixState.ACTIVE) == [Event.SUSPEND, Event.REVOKE]
    assert possible(PrefixState.REVOKED) == []
