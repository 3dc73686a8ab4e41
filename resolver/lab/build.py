"""Making the lab's nodes: directories, delegations from parent to child, and the pilots' sample data.

Everything goes the way an operator would go: nodes are made as `idis init` makes them, a delegation is written in the
parent's registry with the key of the child's operator, and every sample row passes its pilot's validation. So the key of
each enterprise, or of the administrator of one that is hosted, proves at every node of the lab who asks.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from idis.proto.codes import Permission
from idis.proto.errors import IdisError
from idis.proto.value import Value
from idis.registry.pilots.finding import Invalid
from idis.registry.pilots.sample import ENTERPRISES, SampleRow, generate
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import template_record
from idis.registry.pilots.validation import validate
from idis.registry.record import PreparedRecord, Record, prepare
from idis.registry.registration.checks import Refusal
from idis.registry.registration.delegation import HostingEvent, delegate, host
from idis.registry.registration.life import Event, Registered, advance, apply
from idis.registry.store.base import Store, WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.admin.server_key import KEY_FILE, ServerKey, read_server_key
from idis.resolver.creation import FirstOperator, create_node
from idis.resolver.lab.plan import LabNode, Plan, anchors_of, config_of, organisation, owner_key_of
from idis.resolver.operator_key import OPERATOR_KEY_FILE, make_operator_key, read_operator_key, write_operator_key
from idis.resolver.own_site import own_site

ACTOR = "idis lab"
BACKGROUND = ("organisation", "site")  # kinds that every pilot has; products make the better examples
SAMPLES_PER_PILOT = 24  # identifiers named in the map, spread over a pilot's kinds of things and enterprises
_OWNER_ONLY = 0o700

T = TypeVar("T")


class LabError(IdisError):
    """The lab cannot be built or run; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class SampleSet:
    """What the pilots bring: records by prefix, and identifiers that everybody may resolve, by pilot."""

    records: dict[str, list[PreparedRecord]]
    identifiers: dict[str, list[str]]


def make_samples(now: int) -> SampleSet:
    """Generate, validate and prepare the pilots' sample data and their metadata templates.

    Raises:
        LabError: a sample row breaks its own schema.
    """
    records: dict[str, list[PreparedRecord]] = defaultdict(list)
    identifiers: dict[str, list[str]] = {}
    today = date.fromtimestamp(now)
    for pilot in PILOTS.values():
        public: dict[tuple[str, str], list[str]] = defaultdict(list)
        kinds: set[tuple[str, str]] = set()
        for row in generate(pilot.name):
            record = _checked(pilot.name, row, today)
            records[row.prefix].append(prepare(record, now))
            kinds.add((row.prefix, row.object_code))
            if _mostly_public(record.values):
                public[row.prefix, row.object_code].append(row.identifier)
        for prefix, code in sorted(kinds):
            records[prefix].append(prepare(template_record(pilot, pilot.objects[code], prefix), now))
        groups = sorted(public.items(), key=lambda group: group[0][1] in BACKGROUND)
        identifiers[pilot.name] = _spread([names for _, names in groups], SAMPLES_PER_PILOT)
    return SampleSet(dict(records), identifiers)


def build_nodes(plan: Plan, samples: SampleSet, ended: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Make every node's directory, its delegations and its records; how many records each holds.

    Children come before their parents, who name the keys of their servers.

    Raises:
        LabError: `ended` said so before every node was built.
    """
    counts = {}
    for node in reversed(plan.nodes):
        counts[node.name] = _build_node(node, plan, samples)
        if ended():
            raise LabError("ended before every node was built")
    return counts


def _build_node(node: LabNode, plan: Plan, samples: SampleSet) -> int:
    operator = FirstOperator(make_operator_key(), node.directory / OPERATOR_KEY_FILE)
    create_node(node.directory, config_of(node, plan), owner=node.organisation, operator=operator)
    if node is plan.national:
        anchors_of(plan).write_bytes(_server_key(node).public_pem)
    store = LmdbStore.open(node.directory, exclusive=False)
    try:
        now = int(time.time())
        for prefix in node.hosted:
            _host(store, prefix, plan, now)
        for child in plan.children(node):
            _delegate(store, child, plan, now)
        for prefix in node.prefixes:
            store.write_all(samples.records.get(prefix, []), actor=ACTOR)
        with store.read() as txn:
            return sum(txn.stat(prefix).records for prefix in node.prefixes)
    finally:
        store.close()


def _checked(pilot: str, row: SampleRow, today: date) -> Record:
    judged = validate(PILOTS[pilot], row.object_code, row.fields, identifier=row.identifier, today=today)
    if isinstance(judged, Invalid):
        raise LabError(f"sample row {row.identifier} is refused: {judged.findings[0].message}")
    return judged.record


def _mostly_public(values: tuple[Value, ...]) -> bool:
    """Whether a person without rights sees more than the record's head."""
    return all(value.permissions & Permission.PUBLIC_READ for value in values if value.index < 2004)


def _spread(groups: list[list[str]], count: int) -> list[str]:
    """`count` identifiers, taken in turn from each group, so that every kind of thing is there."""
    turns = max((len(group) for group in groups), default=0)
    return [group[turn] for turn in range(turns) for group in groups if turn < len(group)][:count]


def _host(store: Store, prefix: str, plan: Plan, now: int) -> None:
    enterprise = next(one for enterprises in ENTERPRISES.values() for one in enterprises if one.prefix == prefix)
    _grant(store, prefix, partial(apply, wish=prefix, organisation=organisation(enterprise), now=now))
    file, key = owner_key_of(plan, prefix), make_operator_key()
    file.parent.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    write_operator_key(file, key)
    _write(store, partial(host, prefix=prefix, event=HostingEvent.APPLY, now=now))
    _write(store, partial(host, prefix=prefix, event=HostingEvent.APPROVE, now=now, administrator=key.public))


def _delegate(store: Store, child: LabNode, plan: Plan, now: int) -> None:
    site = own_site(config_of(child, plan), child.port, child.http_port, _server_key(child).public_octets)
    for prefix in child.homed:
        _grant(store, prefix, partial(apply, wish=prefix, organisation=child.organisation, now=now))
        key = read_operator_key(owner_key_of(plan, prefix)).public
        _write(store, partial(delegate, prefix=prefix, sites=[site], now=now, administrator=key))


def _server_key(node: LabNode) -> ServerKey:
    found = read_server_key(node.directory / KEY_FILE)
    assert found is not None, "a node with an operator has one, and children are built first"
    return found


def _grant(store: Store, prefix: str, asked: Callable[[WriteTxn], Registered | Refusal]) -> None:
    _write(store, asked)
    for event in (Event.REVIEW, Event.APPROVE):
        _write(store, partial(advance, prefix=prefix, event=event))


def _write(store: Store, change: Callable[[WriteTxn], Registered | Refusal]) -> None:
    result = store.write(change, actor=ACTOR).result().result
    if isinstance(result, Refusal):
        raise LabError(result.message)
