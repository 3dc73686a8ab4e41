"""Writing the records of a template anew when its readers' lists have changed, in bounded groups.

What lists say is worked into each record when it is written (`readers.py`), so a change of a template's lists is due to
all its records. They may be millions: a document says how far the work has come, and each step is one short change of the
store, so that a node answers and registers meanwhile and goes on after a restart where it was. A record that is written
in between follows the new lists already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgpack

from idis.registry.document import DocumentKind, text_key
from idis.registry.identity import normal
from idis.registry.readers import ReaderLists, held_record, marked, own_lists, prepared_anew, stored_values, template_of
from idis.registry.record import StoredRecord
from idis.registry.registration.contents import without_stale_statement
from idis.registry.store.base import ReadTxn, Store, WriteTxn
from idis.registry.store.rules import exists
from idis.registry.template_elsewhere import (
    TemplateElsewhere,
    keep_template,
    known_template,
    name_elsewhere,
    want_template,
)

RECORDS_PER_STEP = 512  # looked at in one change: a few milliseconds of the writer
PAGE_DOCUMENTS = 256
ACTOR = "readers"  # who is named in the journal
AGE_S_MAX = 86_400  # since a template of another node was read; then its fields are hidden, as before it was read at all
KEPT_S = 21_600  # before the time of reading the same again is written down: a write for each reading would be a burden

_FORM = 1
_NAMED = b"TEMPLATE_ID"  # records without these octets name no template


@dataclass(frozen=True, slots=True)
class Relisting:
    """How far the records of one template have been written anew.

    Attributes:
        template: its normal spelling.
        done: whether all of them have.
        prefix: the prefix at which the work goes on; all those before it are done.
        after: the record key after which it goes on.
        seen, changed: records looked at, and written.
    """

    template: str
    done: bool = False
    prefix: str = ""
    after: bytes = b""
    seen: int = 0
    changed: int = 0


def relist(txn: WriteTxn, template: str) -> None:
    """Have the records of a template written anew, from the beginning."""
    _put(txn, Relisting(normal(template)))


def relist_changed(known: Mapping[str, ReaderLists], txn: WriteTxn) -> int:
    """After a load that followed these lists: have the records of templates with others written anew. How many templates."""
    changed = [template for template, lists in listed_templates(txn).items() if known.get(template) != lists]
    for template in changed:
        relist(txn, template)
    return len(changed)


def follow_elsewhere(named: Iterable[str], before: Mapping[str, TemplateElsewhere], txn: WriteTxn) -> None:
    """After records arrived that name templates of other nodes: have these fetched, and the records written anew where what
    is known is not what was known `before`."""
    for name in named:
        want_template(txn, name)
        if known_template(txn, name) != before.get(name, TemplateElsewhere(name)):
            relist(txn, name)


def learn(txn: WriteTxn, template: str, found: TemplateElsewhere | None, now: int) -> bool:
    """Take over what was read of a template at its node; whether its records are written anew because of it.

    Args:
        txn: the registry.
        template: its normal spelling.
        found: what was read; None when nothing could be.
        now: unix time in seconds.
    """
    if name_elsewhere(txn, template) is None:  # this node answers for it by now
        txn.delete_document(DocumentKind.TEMPLATE_ELSEWHERE, text_key(template))
        relist(txn, template)
        return True
    known = known_template(txn, template)
    kept = judged(known, found, now)
    if kept is None:
        return False
    keep_template(txn, kept)
    if replace(kept, fetched=known.fetched) == known and kept.fetched and known.fetched:
        return False
    relist(txn, template)
    return True


def judged(known: TemplateElsewhere, found: TemplateElsewhere | None, now: int) -> TemplateElsewhere | None:
    """What is to be kept of a template after an attempt to read it; None when that is what is kept already."""
    if found is None:
        return TemplateElsewhere(known.template) if known.fetched and now >= known.fetched + AGE_S_MAX else None
    same = known.fetched and replace(found, fetched=known.fetched) == known
    return None if same and found.fetched < known.fetched + KEPT_S else found


def pending(txn: ReadTxn) -> Relisting | None:
    """The first work that is not done."""
    return next((work for work in _all(txn) if not work.done), None)


def listed_templates(txn: ReadTxn) -> dict[str, ReaderLists]:
    """The lists of every template that has any, by its normal spelling."""
    found: dict[str, ReaderLists] = {}
    for work in _all(txn):
        record = held_record(txn, work.template)
        if record is not None:
            found[work.template] = own_lists(record.values)
    return found


def step(txn: WriteTxn) -> Relisting | None:
    """Do a piece of the first work that is not done; what it has come to, None when nothing is left to do."""
    work = pending(txn)
    if work is None:
        return None
    entry = txn.prefix(work.prefix) if work.prefix else None
    if entry is None or entry.prefix != work.prefix:
        later = txn.prefixes(work.prefix or None, 1)
        if not later:
            return _finish(txn, work)
        entry, work = later[0], replace(work, prefix=later[0].prefix, after=b"")
    page = txn.records(entry.prefix, work.after or None, RECORDS_PER_STEP) if entry.answers_here else []
    changed = sum(_rewrite(txn, record, work.template) for _, record in page)
    work = replace(work, seen=work.seen + len(page), changed=work.changed + changed)
    if len(page) == RECORDS_PER_STEP:
        work = replace(work, after=page[-1][0])
    else:
        later = txn.prefixes(entry.prefix, 1)
        if not later:
            return _finish(txn, work)
        work = replace(work, prefix=later[0].prefix, after=b"")
    _put(txn, work)
    return work


def finish(store: Store, told: Callable[[Relisting], None] | None = None) -> None:
    """Do all there is to do; `told` hears of every piece. Blocks; raises what the store raises, and goes on when called again."""
    while (work := store.write(step, actor=ACTOR).result().result) is not None:
        if told is not None:
            told(work)


def _finish(txn: WriteTxn, work: Relisting) -> Relisting:
    """All records follow the lists; a template without any is forgotten."""
    done = replace(work, done=True)
    template = held_record(txn, work.template)
    if template is None or own_lists(template.values).empty:
        txn.delete_document(DocumentKind.LISTED_TEMPLATE, text_key(work.template))
    else:
        _put(txn, done)
    return done


def _rewrite(txn: WriteTxn, record: StoredRecord, template: str) -> bool:
    """Write a record anew if it is of the template and the lists make something else of it."""
    if not exists(record) or not (_NAMED in record.public or _NAMED in record.restricted):
        return False
    named = template_of(record.values)
    if named is None or not _same(named, template):
        return False
    wanted = marked(txn, without_stale_statement(txn, record, record.values))
    if {value.index: value for value in wanted} == {value.index: value for value in stored_values(record)}:
        return False
    txn.put_record(prepared_anew(record, wanted))
    return True


def _same(named: str, template: str) -> bool:
    try:
        return normal(named) == template
    except ValueError:
        return False


def _all(txn: ReadTxn) -> Iterator[Relisting]:
    after: bytes | None = None
    while page := txn.documents(DocumentKind.LISTED_TEMPLATE, after, PAGE_DOCUMENTS):
        yield from (_decode(body) for _, body in page)
        after = page[-1][0]


def _put(txn: WriteTxn, work: Relisting) -> None:
    fields = [_FORM, work.template, work.done, work.prefix, work.after, work.seen, work.changed]
    txn.put_document(DocumentKind.LISTED_TEMPLATE, text_key(work.template), msgpack.packb(fields))


def _decode(body: bytes) -> Relisting:
    _form, *fields = msgpack.unpackb(body)
    return Relisting(*fields)
