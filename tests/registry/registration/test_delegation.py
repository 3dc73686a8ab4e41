"""Who answers for a prefix: homed, hosted, delegated, or a range."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.types.site import TCP, Interface, Server, Site, decode_site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, RouteEntry
from idis.registry.record import Record, prepare
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.delegation import (
    HOSTING_TRANSITIONS,
    HostingEvent,
    delegate,
    delegate_range,
    delegate_to_service,
    home,
    host,
    withdraw_range,
)
from idis.registry.registration.life import Registered
from idis.registry.registration.values import SITES_MAX
from idis.registry.store.base import StoreError, WriteTxn
from idis.registry.store.memory import MemoryStore

T = TypeVar("T")

NOW = 1_700_000_000


def _site(port: int, address: str = "192.0.2.1") -> Site:
    return Site(servers=(Server(1, address, b"", (Interface(3, TCP, port),)),))


@pytest.fixture
def store() -> MemoryStore:
    """A secondary node with one granted prefix, which has an administrator and no sites yet."""
    made = MemoryStore(clock=lambda: NOW)
    _put(made, "88.118", homed=True)
    _put(made, "88.118.8", values=encode_values([Value(100, "HS_ADMIN", b"a"), Value(300, "HS_PUBKEY", b"k")]))
    return made


def _put(store: MemoryStore, name: str, **facts: object) -> None:
    _write(store, lambda txn: txn.put_prefix(PrefixEntry(name, **facts)))  # type: ignore[arg-type]


def _write(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    return store.write(change, actor="operator").result().result


def _registered(result: object) -> PrefixEntry:
    assert isinstance(result, Registered), result
    return result.entry


def _refused(result: object) -> Refusal:
    assert isinstance(result, Refusal), result
    return result


def _shape(entry: PrefixEntry) -> list[tuple[int, str]]:
    return [(value.index, value.type) for value in decode_values(entry.values)]


def test_a_delegation_names_sites_for_the_prefix_and_for_those_below(store: MemoryStore) -> None:
    """HS_SITE and HS_SITE.PREFIX from index 1, beside what was there."""
    entry = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1), _site(2)], NOW)))

    assert _shape(entry) == [
        (1, "HS_SITE"),
        (2, "HS_SITE"),
        (3, "HS_SITE.PREFIX"),
        (4, "HS_SITE.PREFIX"),
        (100, "HS_ADMIN"),
        (300, "HS_PUBKEY"),
    ]
    assert not entry.answers_here


def test_prefixes_below_may_live_elsewhere(store: MemoryStore) -> None:
    """The derived sites are their own list."""
    entry = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW, derived=[_site(2)])))
    derived = decode_site(decode_values(entry.values)[1].data)

    assert derived.servers == _site(2).servers


def test_delegating_again_to_the_same_sites_changes_nothing(store: MemoryStore) -> None:
    """Later, and with the same addresses: nothing new in the journal."""
    _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW))
    again = _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW + 60))

    assert isinstance(again, Registered)
    assert not again.changed


def test_a_site_that_moves_gets_a_higher_serial(store: MemoryStore) -> None:
    """By the serial clients notice that what they remember is old."""
    _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW))
    entry = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(2)], NOW)))
    sites = [decode_site(value.data) for value in decode_values(entry.values)[:2]]

    assert [(site.serial, site.servers) for site in sites] == [(2, _site(2).servers)] * 2


def test_a_value_in_the_way_of_a_site_moves_behind_the_administrator(store: MemoryStore) -> None:
    """Nothing that was registered is lost."""
    _put(store, "88.118.8", values=encode_values([Value(1, "EMAIL", b"a@b"), Value(101, "URL", b"u")]))
    entry = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW)))

    assert _shape(entry) == [(1, "HS_SITE"), (2, "HS_SITE.PREFIX"), (101, "URL"), (102, "EMAIL")]


def test_a_service_handle_takes_the_place_of_sites(store: MemoryStore) -> None:
    """HS_SERV for the prefix and for those below it."""
    _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW))
    entry = _registered(_write(store, lambda txn: delegate_to_service(txn, "88.118.8", "88.118/service", NOW)))

    assert _shape(entry) == [(1, "HS_SERV"), (2, "HS_SERV.PREFIX"), (100, "HS_ADMIN"), (300, "HS_PUBKEY")]


@pytest.mark.parametrize("sites", [0, SITES_MAX + 1])
def test_a_delegation_needs_some_sites_but_not_too_many(store: MemoryStore, sites: int) -> None:
    """A referral must stay small."""
    result = _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)] * sites, NOW))

    assert _refused(result).code == ResponseCode.INVALID_VALUE


@pytest.mark.parametrize("state", [state for state in PrefixState if state is not PrefixState.ACTIVE])
def test_only_an_active_prefix_is_delegated_hosted_or_homed(store: MemoryStore, state: PrefixState) -> None:
    """The route is set after the approval, not before."""
    _put(store, "88.118.8", state=state)

    for act in (
        lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW),
        lambda txn: delegate_to_service(txn, "88.118.8", "88.118/service", NOW),
        lambda txn: host(txn, "88.118.8", HostingEvent.APPLY, NOW),
        lambda txn: home(txn, "88.118.8", NOW),
    ):
        assert "before it is active" in _refused(_write(store, act)).message


def test_a_prefix_with_records_is_not_given_away(store: MemoryStore) -> None:
    """Its records would no longer be found by anybody."""
    _put(store, "88.118.8", hosting=Hosting.HOSTED)
    _write(store, lambda txn: txn.put_record(prepare(Record("88.118.8/x", (Value(1, "URL", b"u"),)), NOW)))

    assert "1 record" in _refused(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW))).message
    assert "1 record" in _refused(_write(store, lambda txn: host(txn, "88.118.8", HostingEvent.END, NOW))).message


def test_homing_a_prefix_that_is_new_here_registers_it(store: MemoryStore) -> None:
    """An enterprise node homes what its parent granted; the parent is another node."""
    entry = _registered(_write(store, lambda txn: home(txn, "88.200.ab", NOW, organisation=Organisation("yard"))))

    assert (entry.prefix, entry.state, entry.homed, entry.owner) == ("88.200.AB", PrefixState.ACTIVE, True, "yard")
    assert _shape(entry) == [(100, "HS_ADMIN")]


def test_homing_ends_a_delegation(store: MemoryStore) -> None:
    """The sites elsewhere go; the node shows its own."""
    _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW))
    entry = _registered(_write(store, lambda txn: home(txn, "88.118.8", NOW)))

    assert entry.homed
    assert _shape(entry) == [(100, "HS_ADMIN"), (300, "HS_PUBKEY")]


def test_homing_may_name_sites(store: MemoryStore) -> None:
    """For a node that is reached at other addresses than it knows."""
    entry = _registered(_write(store, lambda txn: home(txn, "88.118.8", NOW, sites=[_site(9)])))

    assert _shape(entry)[:2] == [(1, "HS_SITE"), (2, "HS_SITE.PREFIX")]


def test_homing_twice_changes_nothing(store: MemoryStore) -> None:
    """The second time it is homed already."""
    _write(store, lambda txn: home(txn, "88.200", NOW))
    again = _write(store, lambda txn: home(txn, "88.200", NOW + 1))

    assert isinstance(again, Registered)
    assert not again.changed


def test_homing_checks_the_owner_and_the_name(store: MemoryStore) -> None:
    """As an application would be."""
    wrong_code = _write(store, lambda txn: home(txn, "88.200", NOW, organisation=Organisation("x", "1")))
    wrong_name = _write(store, lambda txn: home(txn, "88.-", NOW))

    assert _refused(wrong_code).code == ResponseCode.INVALID_VALUE
    assert _refused(wrong_name).code == ResponseCode.INVALID_HANDLE


def test_the_hosting_table_is_that_of_the_national_numbering() -> None:
    """1 not hosted, 2 applied, 3 rejected, 4 hosted."""
    table = {(int(source), event.value, int(to)) for (source, event), to in HOSTING_TRANSITIONS.items()}

    assert table == {(1, "apply", 2), (3, "apply", 2), (2, "approve", 4), (2, "reject", 3), (4, "end", 1)}


@pytest.mark.parametrize("hosting", Hosting)
@pytest.mark.parametrize("event", HostingEvent)
def test_a_hosting_event_leads_where_the_table_says_or_nowhere(store: MemoryStore, hosting: Hosting, event: HostingEvent) -> None:
    """Each of the 16 pairs: moved, unchanged because it has happened, or refused."""
    _put(store, "88.118.8", hosting=hosting)
    result = _write(store, lambda txn: host(txn, "88.118.8", event, NOW))
    target = HOSTING_TRANSITIONS.get((hosting, event))
    happened = hosting in [to for (_, known), to in HOSTING_TRANSITIONS.items() if known is event]

    if target is not None:
        assert _registered(result).hosting is target
    elif happened:
        assert isinstance(result, Registered)
        assert not result.changed
    else:
        assert "there is nothing to" in _refused(result).message


def test_a_hosted_prefix_loses_the_sites_it_had(store: MemoryStore) -> None:
    """Nobody must be sent to servers that are gone; this node's own site is shown."""
    _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW))
    _write(store, lambda txn: host(txn, "88.118.8", HostingEvent.APPLY, NOW))
    entry = _registered(_write(store, lambda txn: host(txn, "88.118.8", HostingEvent.APPROVE, NOW)))

    assert entry.answers_here
    assert _shape(entry) == [(100, "HS_ADMIN"), (300, "HS_PUBKEY")]


def test_a_homed_prefix_needs_no_hosting(store: MemoryStore) -> None:
    """Hosting is for enterprises without servers."""
    assert "needs no hosting" in _refused(_write(store, lambda txn: host(txn, "88.118", HostingEvent.APPLY, NOW))).message


def test_a_range_is_delegated_to_sites(store: MemoryStore) -> None:
    """Both kinds of site, like a prefix."""
    route = _write(store, lambda txn: delegate_range(txn, "88.118.1000", "88.118.1999", [_site(1)], NOW))

    assert isinstance(route, RouteEntry)
    assert (route.start, route.end, route.version) == ("88.118.1000", "88.118.1999", 1)
    assert [value.type for value in decode_values(route.values)] == ["HS_SITE", "HS_SITE.PREFIX"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("88.118.1000", "88.118.999"),
        ("88.118.2000", "88.118.1999"),
        ("88.118.1000", "88.119.1999"),
        ("88.118.100a", "88.118.100b"),
        ("88.118.1000", "88.118.01999"),
    ],
)
def test_what_is_no_range_is_refused(store: MemoryStore, start: str, end: str) -> None:
    """Numbers of one parent and equal length, in order: only then octet order is numeric order."""
    assert "is no range" in _refused(_write(store, lambda txn: delegate_range(txn, start, end, [_site(1)], NOW))).message


def test_a_range_below_a_foreign_parent_is_refused(store: MemoryStore) -> None:
    """A range is granted like a prefix, by whoever homes its parent."""
    result = _write(store, lambda txn: delegate_range(txn, "88.118.8.1", "88.118.8.2", [_site(1)], NOW))

    assert _refused(result).code == ResponseCode.SERVER_NOT_RESPONSIBLE


def test_a_range_needs_a_site(store: MemoryStore) -> None:
    """Without one there is nowhere to refer to."""
    assert "1 to 16 sites" in _refused(_write(store, lambda txn: delegate_range(txn, "88.118.1", "88.118.2", [], NOW))).message


def test_overlapping_ranges_are_refused(store: MemoryStore) -> None:
    """Two answers for one number would depend on chance."""
    _write(store, lambda txn: delegate_range(txn, "88.118.1000", "88.118.1999", [_site(1)], NOW))

    with pytest.raises(StoreError, match="overlaps"):
        _write(store, lambda txn: delegate_range(txn, "88.118.1500", "88.118.2500", [_site(1)], NOW))


def test_a_range_is_withdrawn_once(store: MemoryStore) -> None:
    """The second time there is none."""
    _write(store, lambda txn: delegate_range(txn, "88.118.1000", "88.118.1999", [_site(1)], NOW))

    assert _write(store, lambda txn: withdraw_range(txn, "88.118.1000"))
    assert not _write(store, lambda txn: withdraw_range(txn, "88.118.1000"))


PEM = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"
NEW_KEY = Value(300, "HS_PUBKEY", PEM, ttl=86_400, timestamp=NOW)


def _key(entry: PrefixEntry) -> Value | None:
    return next((value for value in decode_values(entry.values) if value.index == 300), None)


def test_the_administrators_key_goes_where_everybody_looks_for_it(store: MemoryStore) -> None:
    """Value 300 of the prefix, which its HS_ADMIN names: readable for all, in place of the one before."""
    entry = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW, administrator=PEM)))

    assert _key(entry) == NEW_KEY
    assert _shape(entry)[-2:] == [(100, "HS_ADMIN"), (300, "HS_PUBKEY")]


def test_the_administrators_key_stays_when_sites_change(store: MemoryStore) -> None:
    """Other sites, a service handle, hosting and its end: none of them says anything of the key."""
    _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW, administrator=PEM))
    moved = [
        _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(2)], NOW + 1))),
        _registered(_write(store, lambda txn: delegate_to_service(txn, "88.118.8", "88.118/SITES", NOW + 2))),
        *(
            _registered(_write(store, partial(host, prefix="88.118.8", event=event, now=NOW + 3)))
            for event in (HostingEvent.APPLY, HostingEvent.APPROVE, HostingEvent.END)
        ),
    ]

    assert [_key(entry) for entry in moved] == [NEW_KEY] * 5


def test_the_same_key_again_changes_nothing(store: MemoryStore) -> None:
    """The line of the parent may be repeated."""
    first = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW, administrator=PEM)))
    again = _write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW + 60, administrator=PEM))

    assert again == Registered(first, changed=False)


def test_the_administrators_key_is_removed_by_saying_so(store: MemoryStore) -> None:
    """An empty key is none."""
    entry = _registered(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW, administrator=b"")))

    assert _key(entry) is None


def test_a_hosted_prefix_has_an_owner_with_a_key(store: MemoryStore) -> None:
    """With the approval or after it, but not with the asking: anybody may ask."""
    early = _write(store, lambda txn: host(txn, "88.118.8", HostingEvent.APPLY, NOW, administrator=PEM))
    for event in (HostingEvent.APPLY, HostingEvent.APPROVE):
        _write(store, partial(host, prefix="88.118.8", event=event, now=NOW))
    hosted = _registered(_write(store, lambda txn: host(txn, "88.118.8", HostingEvent.APPROVE, NOW, administrator=PEM)))

    assert "approved" in _refused(early).message
    assert (_key(hosted), hosted.hosting) == (NEW_KEY, Hosting.HOSTED)


@pytest.mark.parametrize(
    ("held", "key", "sentence"),
    [
        (Value(300, "HS_SECKEY", b"s", permissions=12), PEM, "value 300 of 88.118.8 is no public key but HS_SECKEY"),
        (Value(300, "HS_PUBKEY", b"k", permissions=2), PEM, "value 300 has no admin-write"),
        (Value(300, "HS_PUBKEY", b"k"), bytes(5_000), "value 300 has 5000 octets"),
    ],
)
def test_a_key_that_does_not_fit_is_refused(store: MemoryStore, held: Value, key: bytes, sentence: str) -> None:
    """Neither the prefix nor its sites have changed then."""
    _put(store, "88.118.8", values=encode_values([held]))
    refused = _refused(_write(store, lambda txn: delegate(txn, "88.118.8", [_site(1)], NOW, administrator=key)))

    with store.read() as txn:
        entry = txn.prefix("88.118.8")
    assert sentence in refused.message
    assert entry is not None
    assert decode_values(entry.values) == (held,)
