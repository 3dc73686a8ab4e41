"""What a text of any scheme leads to, by what this node itself knows; nobody is asked.

The order is that of trust: a record of this node that has the name; a handle that is another spelling of the same name; the
route with the longest match. A text that is a handle of this node is one, whatever else it looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from idis.proto.detect import GS1_HOSTS, readings_of_name
from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold, parse_identifier
from idis.proto.outcome import Answer, NotFound, Outcome
from idis.proto.query import Query
from idis.proto.schemes import did, doi, handle, vaa
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.recognised import Confidence, Recognised
from idis.proto.schemes.surroundings import Surroundings
from idis.registry.aliases import Holder, holders
from idis.registry.authority import answer, responsible_entry
from idis.registry.foreign_route import ForeignRoute
from idis.registry.foreign_routes import route_of
from idis.registry.local_numbers import is_local, local_readings
from idis.registry.store.base import ReadTxn
from idis.resolver.config import NodeConfig

READINGS_MAX = 4_096  # texts whose readings are remembered, and then forgotten all at once

_OWN = (handle.SCHEME_IDIS, handle.SCHEME, doi.SCHEME)


@dataclass(frozen=True, slots=True)
class Held:
    """Records of this node have the name. One is the answer; of several whoever asks chooses."""

    reading: Recognised
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """Handles that are other spellings of the name, likelier first; `known` when the first one's prefix is registered here."""

    reading: Recognised
    identifiers: tuple[str, ...]
    known: bool


@dataclass(frozen=True, slots=True)
class Routed:
    """A route holds it, enabled or not."""

    reading: Recognised
    route: ForeignRoute


@dataclass(frozen=True, slots=True)
class Unrouted:
    """It is well formed, and this node knows nothing of it."""

    reading: Recognised


@dataclass(frozen=True, slots=True)
class Malformed:
    """It is no name: a check digit is wrong, or it is the number of a person."""

    reason: str


Found = Held | Twin | Routed | Unrouted | Malformed


class Reader:
    """Reads texts within the surroundings of one node, each once.

    Args:
        config: whose hosts' paths are identifiers.
    """

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self._around = surroundings_of(config, 0)
        self._known: dict[str, tuple[Recognised, ...]] = {}

    def readings(self, text: str, now: int) -> tuple[Recognised, ...]:
        """What a text can be read as, the surest first; `now` is unix time."""
        if datetime.fromtimestamp(now, UTC).year != self._around.year or len(self._known) >= READINGS_MAX:
            self._around = surroundings_of(self._config, now)
            self._known = {}
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = readings_of_name(text, self._around)
        return found


def surroundings_of(config: NodeConfig, now: int) -> Surroundings:
    """What texts are read by on a node: the year of a unix time, and the hosts whose paths are our identifiers."""
    hosts = frozenset((config.advertised, *config.listen.hosts))
    return Surroundings(datetime.fromtimestamp(now, UTC).year, hosts, GS1_HOSTS | hosts)


def with_local(txn: ReadTxn, text: str, readings: tuple[Recognised, ...], now: int) -> tuple[Recognised, ...]:
    """The readings of a text, behind those as local numbers of records that show something to everybody.

    What is surely something else is no local number, whoever has one like it; what only may be is.
    """
    if any(reading.scheme == PERSONAL or (reading.ok and reading.confidence is not Confidence.POSSIBLE) for reading in readings):
        return readings
    return (*(reading for reading in local_readings(txn, text) if _open_holders(txn, reading, now)), *readings)


def find(txn: ReadTxn, readings: Sequence[Recognised], now: int) -> Found | None:
    """What a text leads to.

    Args:
        txn: one snapshot of the registry.
        readings: of the text.
        now: unix time in seconds.

    Returns:
        None for a text that resembles no identifier.
    """
    if not readings:
        return None
    first = readings[0]
    if first.scheme == PERSONAL:
        return Malformed("this looks like the number of a person, which is no identifier here")
    right = [reading for reading in readings if reading.ok]
    if not right:
        return Malformed(_wrong(first))
    if is_local(right[0].scheme):
        # Those of several enterprises may be equal: all are told.
        named = [holder for reading in right if is_local(reading.scheme) for holder in _open_holders(txn, reading, now)]
        return Held(right[0], tuple({holder.key: holder for holder in named}.values()))
    for reading in right:
        if reading.scheme not in _OWN and (held := holders(txn, reading)):
            return Held(reading, tuple(held))
    twins = [(reading, text) for reading in right for text in _handles(reading)]
    for reading, text in twins:
        if _registered(txn, text):
            return Twin(reading, (text,), known=True)
    for reading in right:
        if reading.route is not None and (route := route_of(txn, reading.route)) is not None:
            return Routed(reading, route)
    if twins:
        spellings = {fold(text): text for _, text in reversed(twins)}  # of the first of each
        return Twin(twins[0][0], tuple(reversed(spellings.values())), known=False)
    return Unrouted(right[0])


def is_shown(txn: ReadTxn, identifier: str, now: int) -> bool:
    """Whether everybody may know that a record of this node exists; of one that is hidden its names lead nowhere."""
    return not isinstance(_public_answer(txn, identifier, now), NotFound)


def _open_holders(txn: ReadTxn, reading: Recognised, now: int) -> list[Holder]:
    """The records of a local number that show something to everybody.

    Numbers are counted up, so whoever tries them all must not learn which records there are that show nothing.
    """
    return [holder for holder in holders(txn, reading) if isinstance(_public_answer(txn, holder.identifier, now), Answer)]


def _public_answer(txn: ReadTxn, identifier: str, now: int) -> Outcome:
    return answer(Query(identifier, parse_identifier(identifier), public_only=True), txn, now)


def _handles(reading: Recognised) -> Iterator[str]:
    """Handles that are the same name."""
    if reading.scheme in _OWN:
        yield reading.canonical
    elif reading.scheme == did.SCHEME and reading.route is not None and reading.route.type == handle.ROUTE:
        inner = next((value for name, value in reading.attributes if name == "handle"), "")
        yield inner or reading.route.key
    elif reading.scheme == vaa.SCHEME:
        yield from (value for name, value in reading.attributes if name == "handle")


def _registered(txn: ReadTxn, text: str) -> bool:
    try:
        return responsible_entry(txn, parse_identifier(text).folded_prefix) is not None
    except IdentifierError:
        return False


def _wrong(reading: Recognised) -> str:
    check = next(check for check in reading.checks if not check.ok)
    right = f": {check.expected} would be right" if check.expected else ""
    perhaps = f"; perhaps {reading.suggestions[0]} is meant" if reading.suggestions else ""
    return f"{reading.display} is no {reading.scheme} identifier: the {check.name} is wrong{right}{perhaps}"
