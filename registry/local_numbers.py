"""Bare local numbers: serial numbers, part numbers, codes of an enterprise (rule 16 of `identifiers.md` §7).

A record has such a number from a field of its template. Where the number is unique only within something, the index of
aliases knows it as `scope|number`; whoever scans it has the number alone, so the scopes that occur are tried one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from idis.proto.schemes.recognised import NUMBER_CHARACTERS_MAX, Confidence, Recognised, alias_route
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.registry.store.base import ReadTxn

SCOPES_MAX = 8  # of a scheme: half a millisecond in all for a node of one industry. Beyond them a number is found with its scope
_SEPARATOR = "|"
_BEHIND = chr(ord(_SEPARATOR) + 1)  # all names of a scope are before it
_LEAST = "\x01"  # no name has it, so what ends with it is just behind the name without


def is_local(scheme: str) -> bool:
    """Whether names of a scheme are local numbers."""
    return scheme in _schemes()


def local_readings(txn: ReadTxn, text: str) -> list[Recognised]:
    """A text as each of the local numbers that records have; none where no record has it."""
    number = text.strip()
    if not number or len(number) > NUMBER_CHARACTERS_MAX or not number.isprintable():
        return []
    return [
        _reading(scheme, name, number)
        for scheme, scoped in _schemes().items()
        for name in _names(txn, scheme, scoped, number)
    ]


def _names(txn: ReadTxn, scheme: str, scoped: bool, number: str) -> Iterator[str]:
    """The names in the index that the number, alone or behind a scope, is."""
    if txn.aliases(scheme, number, 1):
        yield number
    if not scoped:
        return
    place = ""
    for _ in range(SCOPES_MAX):
        found = txn.next_alias(scheme, place)
        if found is None:
            return
        scope, separator, _ = found.rpartition(_SEPARATOR)
        name = f"{scope}{_SEPARATOR}{number}"
        if separator and txn.aliases(scheme, name, 1):
            yield name
        place = scope + _BEHIND if separator else found + _LEAST


def _reading(scheme: str, name: str, number: str) -> Recognised:
    scope = name[: -len(number)].rstrip(_SEPARATOR)
    within = f" within {scope}" if scope else ""
    return Recognised(
        scheme=scheme,
        canonical=name,
        display=number,
        confidence=Confidence.LIKELY,
        why=f"rule 16: a record of this node has it as its {scheme}{within}",
        route=alias_route(scheme, name),
    )


@cache
def _schemes() -> dict[str, bool]:
    """Schemes of local numbers, and whether some are unique only within something.

    A field that is private, such as the number of a person, makes nothing findable by itself.
    """
    # Imported when somebody asks: the tables of all pilots take a while to load.
    from idis.registry.pilots.table import PILOTS

    fields = [
        field
        for pilot in PILOTS.values()
        for object_type in pilot.objects.values()
        for outer in object_type.fields
        for field in (outer, *outer.members)
    ]
    found: dict[str, bool] = {}
    for field in fields:
        if field.alias is not None and not field.private and field.alias.scheme not in RECOGNISERS:
            found[field.alias.scheme] = found.get(field.alias.scheme, False) or bool(field.alias.within)
    return found
