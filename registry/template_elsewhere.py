"""Templates of other nodes: what this node knows of their lists, for its own records that name them.

Whom a template's lists name stays at its node; which of its items are restricted or disabled everybody may read there, in
the descriptions of the items (`readers.with_item_marks`). That much is fetched (`resolver/template_fetching.py`) and kept as
a document here, and worked into the records like the lists of an own template. While nobody can say what a template
restricts, every field is kept from everybody but administrators and those whom the record's own list names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgpack

from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.value import Value
from idis.registry.document import DocumentKind, text_key
from idis.registry.identity import normal
from idis.registry.store.base import ReadTxn, WriteTxn

ITEM_TYPE = "META_ITEM"  # of the values that describe a template's items; they are public whatever their lists say
ITEM_STATE, ITEM_ENABLED, ITEM_DISABLED = "itemState", 0, 1
RESTRICTED = "restricted"  # member of a description: a readers' list holds for the item

FIRST_FIELD = 2_000  # the fields of a template begin here (`domain.md` §7); what lies below, a record has without one
TEMPLATES_MAX = 4_096  # known at once; of more nothing is learnt, so their fields stay hidden
ITEMS_MAX = 1_024  # of one template
PAGE_DOCUMENTS = 256

_FORM = 1
_NAMING = len(b"TEMPLATE_ID").to_bytes(4, "big") + b"TEMPLATE_ID"  # as it stands in an encoded value, before the data


@dataclass(frozen=True, slots=True)
class TemplateElsewhere:
    """What is known of a template of another node.

    Attributes:
        template: its normal spelling.
        fetched: when its items were read there, in unix seconds; 0 when they are not known.
        listed: indexes of items that a readers' list restricts.
        off: indexes of items that are disabled.
    """

    template: str
    fetched: int = 0
    listed: frozenset[int] = frozenset()
    off: frozenset[int] = frozenset()

    def listed_among(self, indexes: Iterable[int]) -> frozenset[int]:
        """Which of these are restricted."""
        return self.listed if self.fetched else frozenset(index for index in indexes if index >= FIRST_FIELD)


def name_elsewhere(txn: ReadTxn, named: str | None) -> str | None:
    """The normal spelling of a template that another node answers for; None for one of this node, and for no record's name."""
    try:
        name = "" if named is None else normal(named)
        parsed = parse_identifier(name) if name else None
    except IdentifierError:
        return None
    if parsed is None or parsed.suffix is None:
        return None
    entry = txn.prefix(parsed.folded_prefix)
    return None if entry is not None and entry.answers_here else name


def known_template(txn: ReadTxn, name: str) -> TemplateElsewhere:
    """What is known of a template, by its normal spelling."""
    body = txn.document(DocumentKind.TEMPLATE_ELSEWHERE, text_key(name))
    return TemplateElsewhere(name) if body is None else _decode(body)


def known_templates(txn: ReadTxn) -> Iterator[TemplateElsewhere]:
    """Every template of another node that a record here has named."""
    after: bytes | None = None
    while page := txn.documents(DocumentKind.TEMPLATE_ELSEWHERE, after, PAGE_DOCUMENTS):
        yield from (_decode(body) for _, body in page)
        after = page[-1][0]


def named_in(octets: bytes) -> str:
    """The template that encoded values name, without decoding them; empty when they seem to name none."""
    at = octets.find(_NAMING)
    if at < 0:
        return ""
    start = at + len(_NAMING) + 4
    return octets[start : start + int.from_bytes(octets[start - 4 : start], "big")].decode("utf-8", "replace")


def want_template(txn: WriteTxn, named: str | None) -> bool:
    """Have a template fetched that a record names, if another node answers for it and it is not known of; whether so."""
    name = name_elsewhere(txn, named)
    if name is None or txn.document(DocumentKind.TEMPLATE_ELSEWHERE, text_key(name)) is not None:
        return False
    if sum(1 for _ in known_templates(txn)) >= TEMPLATES_MAX:
        return False
    keep_template(txn, TemplateElsewhere(name))
    return True


def keep_template(txn: WriteTxn, known: TemplateElsewhere) -> None:
    """Remember what is known of a template."""
    fields = [_FORM, known.template, known.fetched, sorted(known.listed), sorted(known.off)]
    txn.put_document(DocumentKind.TEMPLATE_ELSEWHERE, text_key(known.template), msgpack.packb(fields))


def read_items(known: TemplateElsewhere, values: Iterable[Value], now: int) -> TemplateElsewhere | None:
    """What the public values of a template tell of its items, beside what is known of it.

    None when they tell nothing that could be relied on: an item is no JSON object, or none is left of a template that
    restricted some. One that is not there, or is kept by a server without such items, restricts nothing.
    """
    listed, off, seen = set(), set(), 0
    for value in values:
        if value.type != ITEM_TYPE:
            continue
        try:
            item = json.loads(value.data)
        except (ValueError, RecursionError):
            return None
        if not isinstance(item, dict) or (seen := seen + 1) > ITEMS_MAX:
            return None
        if item.get(RESTRICTED, False) is not False:
            listed.add(value.index)
        if item.get(ITEM_STATE, ITEM_ENABLED) == ITEM_DISABLED:
            off.add(value.index)
    if not seen and (known.listed or known.off):
        return None
    return TemplateElsewhere(known.template, now, frozenset(listed), frozenset(off))


def _decode(body: bytes) -> TemplateElsewhere:
    _form, template, fetched, listed, off = msgpack.unpackb(body)
    return TemplateElsewhere(template, fetched, frozenset(listed), frozenset(off))
