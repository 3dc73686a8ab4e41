"""Template handles: a name nobody registered, answered by the rule of its prefix (HS_NAMESPACE, `wire.md` §12.9).

A prefix with a public HS_NAMESPACE value cuts names at a delimiter into base and extension and builds values from those
of the base: one registered record then answers for every page, position or serial number below it. The base record's
own HS_NAMESPACE goes before that of the prefix. Only public values of the base go in, so nothing hidden can come out.
"""

from __future__ import annotations

from functools import lru_cache

from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.types.namespace import Namespace, decode_namespace, expand
from idis.proto.value import Value, decode_values
from idis.registry.prefix import PrefixEntry
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key

TYPE = "HS_NAMESPACE"
NAMESPACES_MAX = 64  # parsed ones remembered; each is at most 64 KiB of XML

_TYPE_OCTETS = TYPE.encode()


def has_template(entry: PrefixEntry) -> bool:
    """Whether names below the prefix may be answered by rule."""
    return _TYPE_OCTETS in entry.values


def expanded(handle: str, entry: PrefixEntry, txn: ReadTxn) -> tuple[Value, ...] | None:
    """The values of a name that is not registered; None when it stays not found.

    Args:
        handle: the whole name as asked.
        entry: the entry of its prefix, which is answered here.
        txn: one snapshot of the registry.

    Raises:
        ProtocolError: the rule is malformed, or makes more than an answer holds.
    """
    rule = _namespace_of(decode_values(entry.values))
    cut = None if rule is None else rule.cut(handle)
    if rule is None or cut is None:
        return None
    base = _base_values(cut[0], entry, txn)
    return expand(_namespace_of(base) or rule, handle, base)


def _namespace_of(values: tuple[Value, ...]) -> Namespace | None:
    found = next((value for value in values if value.public and value.type.upper() == TYPE), None)
    return None if found is None else _parsed(found.data)


@lru_cache(NAMESPACES_MAX)
def _parsed(octets: bytes) -> Namespace:
    return decode_namespace(octets)


def _base_values(base: str, entry: PrefixEntry, txn: ReadTxn) -> tuple[Value, ...]:
    try:
        suffix = parse_identifier(base).suffix
    except IdentifierError:
        return ()
    record = None if suffix is None else txn.record(record_key(entry.prefix, suffix, entry.fold_suffix))
    return decode_values(record.public) if record is not None and record.live else ()
