"""Which place lies in which, as far as GLNs and records say, and as far as whoever asks may see."""

from __future__ import annotations

from typing import Any

import pytest

from idis.proto.value import Value
from idis.registry.caller import Caller, Role, RoleGrant
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import Store
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.places import Places
from idis.registry.trace.things import Spelling

OPERATOR = Caller("operator", roles=(RoleGrant(Role.OPERATOR, ""),))
STRANGER = Caller("stranger")
DOCK, HALL, PLANT = "88.1/SITE.DOCK", "88.1/SITE.HALL", "88.1/SITE.PLANT"
SHOWN, HIDDEN = 0b1110, 0b1100  # administrators read and write; everybody reads
GLN_URI = "https://id.gs1.org/414/6901234000009"


def site(identifier: str, **texts: str) -> Record:
    """A place; texts that begin with `_` are hidden."""
    values = [
        Value(2000 + at, name.lstrip("_"), text.encode(), permissions=HIDDEN if name[0] == "_" else SHOWN)
        for at, (name, text) in enumerate(texts.items())
    ]
    return Record(identifier, tuple(values))


@pytest.fixture
def places(store: Store) -> Store:
    """A dock in a hall in a plant that has a GLN; where the plant lies is not public."""

    def change(txn: Any) -> None:
        txn.put_prefix(PrefixEntry("88.1", homed=True))
        txn.put_record(prepare(site(DOCK, parentSite="88.1/site.hall", floor="2"), 1))
        txn.put_record(prepare(site(HALL, parentSite=PLANT), 1))
        txn.put_record(prepare(site(PLANT, gln="6901234000009", _parentSite="88.9/TOWN", _city="Wujin"), 1))

    store.write(change, actor="test").result(10)
    return store


def around(store: Store, place: str, caller: Caller = OPERATOR) -> frozenset[str]:
    """What a place lies in."""
    with store.read() as txn:
        return Places(EventSight(caller)).around(txn, place, Spelling())


def test_a_chain_of_records(places: Store) -> None:
    """Each record names the next larger place, and the GLN is another name of the last one."""
    assert around(places, DOCK) == {DOCK, HALL, PLANT, GLN_URI, "88.9/TOWN"}


def test_a_gln_with_its_extension(places: Store) -> None:
    """A part of what the GLN names lies in it, however the GLN is spelled."""
    assert around(places, "urn:epc:id:sgln:6901234.00000.12") == {f"{GLN_URI}/254/12", GLN_URI}


def test_what_is_hidden_says_nothing(places: Store) -> None:
    """For a stranger a hidden value does not exist."""
    assert around(places, DOCK, STRANGER) == {DOCK, HALL, PLANT, GLN_URI}
    with places.read() as txn:
        found = [Places(EventSight(caller)).attributes(txn, PLANT, Spelling()) for caller in (OPERATOR, STRANGER)]
    assert ["city" in attributes for attributes in found] == [True, False]


def test_a_circle_ends(store: Store) -> None:
    """Two places that name each other lie in each other."""

    def change(txn: Any) -> None:
        txn.put_prefix(PrefixEntry("88.1", homed=True))
        txn.put_record(prepare(site(DOCK, parentSite=HALL), 1))
        txn.put_record(prepare(site(HALL, parentSite=DOCK), 1))

    store.write(change, actor="test").result(10)

    assert around(store, DOCK) == {DOCK, HALL}
