"""Delegations: which sites answer for a prefix, how they are read from values, and the tree of those known.

Two different facts are kept apart. HOME: where the identifiers of a prefix live (HS_SITE of the prefix record). DERIVED:
where the prefixes below a prefix are registered (HS_SITE.PREFIX, or what a referral says). A referral does not name the
prefix it covers. It covers the longest registered ancestor of the prefix asked for, so whatever that is, it holds for
the parent of the prefix asked for; that is what is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import Identifier, ancestors, parse_identifier
from idis.proto.types.site import Site, decode_site
from idis.proto.value import Value, decode_values
from idis.resolver.recursion.target import merge_families

DELEGATION_BYTES = 2_048  # one site with one server takes 1,250 (tracemalloc, CPython 3.11); many have a second one
DELEGATIONS_MAX = 16_384
SITES_MAX = 8  # of one prefix; asking more would outlast every budget
SERVICES_MAX = 8
TTL_S_CAP = 86_400  # a delegation is checked again within a day, whatever its TTL grants

ROOT = ""  # the prefix that is above all others

# type → address family of its servers
_HOME_SITES = {"HS_SITE": 4, "HS_SITE.6": 6}
_HOME_SERVICE = "HS_SERV"
_DERIVED_SITES = {"HS_SITE.PREFIX": 4, "HS_NA_DELEGATE": 4}
_DERIVED_SERVICE = "HS_SERV.PREFIX"


class Kind(Enum):
    """What the sites of a delegation are for."""

    HOME = "home"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Delegation:
    """Sites that answer for what lies at (HOME) or below (DERIVED) a folded prefix; `ttl_s` as granted when learnt."""

    prefix: str
    kind: Kind
    sites: tuple[Site, ...]
    ttl_s: int = 0


@dataclass(frozen=True, slots=True)
class Pointers:
    """What values say about who answers: sites, or service handles whose records name the sites."""

    sites: tuple[Site, ...]
    services: tuple[Identifier, ...]


def home_pointers(values: bytes) -> Pointers:
    """What a prefix record says about where its identifiers live; values that cannot be read are passed over."""
    return _pointers(values, _HOME_SITES, _HOME_SERVICE)


def referral_pointers(values: bytes) -> Pointers:
    """Where a referral points: its `.PREFIX` values, or its plain ones when it has none."""
    derived = _pointers(values, _DERIVED_SITES, _DERIVED_SERVICE)
    return derived if derived.sites or derived.services else home_pointers(values)


def _pointers(values: bytes, site_types: dict[str, int], service_type: str) -> Pointers:
    try:
        decoded = decode_values(values)
    except ProtocolError:
        return Pointers((), ())
    families: dict[int, list[Site]] = {4: [], 6: []}
    services: list[Identifier] = []
    for value in decoded:
        name = value.type.upper()
        if (family := site_types.get(name)) is not None and (site := _site(value)) is not None:
            families[family].append(site)
        elif name == service_type and (service := _service(value)) is not None:
            services.append(service)
    return Pointers(merge_families(families[4], families[6])[:SITES_MAX], tuple(dict.fromkeys(services))[:SERVICES_MAX])


class DelegationTree:
    """The delegations known to one recursor or client: the configured roots, and what was learnt from their answers.

    Bounded: the least recently used of DELEGATIONS_MAX goes first. Times are readings of one monotonic clock.
    """

    def __init__(self, roots: Iterable[Site], *, delegations_max: int = DELEGATIONS_MAX) -> None:
        self.root = Delegation(ROOT, Kind.DERIVED, tuple(roots))
        self._known: OrderedDict[tuple[str, Kind], tuple[Delegation, float]] = OrderedDict()
        self._delegations_max = delegations_max
        self.flushes = 0  # so far; what was asked for before one may be older than what made it

    def __len__(self) -> int:
        return len(self._known)

    def home(self, prefix: str, now: float) -> Delegation | None:
        """Where the identifiers of a folded prefix live, if that is known."""
        return self._get((prefix, Kind.HOME), now)

    def enclosing(self, prefix: str, now: float) -> Delegation:
        """The closest known delegation for the prefixes below some ancestor of a folded prefix; the roots in the end."""
        for ancestor in ancestors(prefix)[1:]:
            if (known := self._get((ancestor, Kind.DERIVED), now)) is not None:
                return known
        return self.root

    def learn(self, delegation: Delegation, now: float) -> None:
        """Keep a delegation for its TTL; one without TTL is not kept."""
        if delegation.ttl_s <= 0:
            return
        key = (delegation.prefix, delegation.kind)
        self._known[key] = (delegation, now + min(delegation.ttl_s, TTL_S_CAP))
        self._known.move_to_end(key)
        if len(self._known) > self._delegations_max:
            self._known.popitem(last=False)

    def forget(self, delegation: Delegation) -> None:
        """Drop a delegation that proved wrong, unless a newer one has taken its place."""
        key = (delegation.prefix, delegation.kind)
        known = self._known.get(key)
        if known is not None and known[0] is delegation:
            del self._known[key]

    def flush(self, prefix: str) -> int:
        """Drop everything at and below a folded prefix; all of it when the prefix is empty. Returns how many."""
        self.flushes += 1
        below = prefix + "."
        doomed = [key for key in self._known if not prefix or key[0] == prefix or key[0].startswith(below)]
        for key in doomed:
            del self._known[key]
        return len(doomed)

    def _get(self, key: tuple[str, Kind], now: float) -> Delegation | None:
        known = self._known.get(key)
        if known is None:
            return None
        delegation, expires_at = known
        if now >= expires_at:
            del self._known[key]
            return None
        self._known.move_to_end(key)
        return delegation


def _site(value: Value) -> Site | None:
    try:
        return decode_site(value.data)
    except ProtocolError:
        return None


def _service(value: Value) -> Identifier | None:
    try:
        return parse_identifier(value.data.decode("utf-8"))
    except (UnicodeDecodeError, IdentifierError):
        return None
