"""A text recognised as an identifier of some scheme: what it names, its one spelling, and what was checked.

Two texts name the same thing exactly when `scheme` and `canonical` are equal. A verdict about grammar and check digits is
separate from whether any node knows the identifier: nothing here asks a registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NUMBER_CHARACTERS_MAX = 100  # of a local number that no grammar knows; no plate or label has more


class Granularity(Enum):
    """What kind of thing an identifier names."""

    CLASS = "class"  # a product, a model: all items alike
    LOT = "lot"
    ITEM = "item"
    LOGISTIC_UNIT = "logistic unit"
    PARTY = "party"
    LOCATION = "location"
    DOCUMENT = "document"
    NAMESPACE = "namespace"  # a prefix, an arc: what other identifiers lie below
    UNKNOWN = "unknown"  # its scheme does not say


class Confidence(Enum):
    """How sure a recogniser is, from the text alone."""

    CERTAIN = "certain"  # nothing else looks like this
    LIKELY = "likely"
    POSSIBLE = "possible"  # fits, as other things might


@dataclass(frozen=True, slots=True)
class Check:
    """One test that was made. `expected` is what would be right, where that is known and it is not."""

    name: str
    ok: bool
    expected: str = ""


@dataclass(frozen=True, slots=True)
class RouteKey:
    """By what an identifier is routed: the type of the national interface (编码类型) and the key within it."""

    type: str  # Handle, OID, DID, VAA, MA, Ecode, GS1, ARK, URL, ISO15459, alias
    key: str


ALIAS = "alias"  # the type of a key that no prefix routes


def alias_route(scheme: str, canonical: str) -> RouteKey:
    """The route of an identifier that no prefix routes: an entry in the index of aliases, if anybody has made one."""
    return RouteKey(ALIAS, f"{scheme}:{canonical}")


@dataclass(frozen=True, slots=True)
class Recognised:
    """One reading of a text.

    Attributes:
        scheme: short name: idis, handle, doi, vaa, ma, oid, ecode, gs1, did, ark, url, iso15459, imo, vin, …
        canonical: the one spelling that is stored and compared.
        display: as people write it.
        granularity: what it names.
        confidence: how sure that is.
        why: one sentence: by which rule it was recognised.
        levels: the canonical spellings of the same thing from finest to coarsest, itself first: serial, lot, class.
        route: by what it is routed; None where nothing routes it.
        checks: every test of grammar and check digits that was made.
        attributes: what the text says beside the identity: dates, weights, unknown query keys.
        warnings: sentences about what was accepted all the same.
        suggestions: canonical spellings that one wrong or two swapped digits would explain.
        uri: the identifier as an absolute URI, where its scheme has one.
    """

    scheme: str
    canonical: str
    display: str
    granularity: Granularity = Granularity.UNKNOWN
    confidence: Confidence = Confidence.CERTAIN
    why: str = ""
    levels: tuple[str, ...] = ()
    route: RouteKey | None = None
    checks: tuple[Check, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    uri: str = ""

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)
