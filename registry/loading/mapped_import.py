"""Reads documents of other data spaces and passports back: as rows of a pilot, or, of what is in what, as installations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from idis.proto.errors import IdentifierError
from idis.registry.caller import Caller
from idis.registry.docking.telling import uri_of
from idis.registry.loading.naming import all_prefixes
from idis.registry.loading.rows import FileRefused, form_of
from idis.registry.pilots.mapping.bom_as_built import ReadChild, read_bom, urn
from idis.registry.pilots.mapping.patterns import catena_x_id
from idis.registry.pilots.mapping.source import Fault, Source
from idis.registry.pilots.mapping.table import MAPPINGS
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, Store, WriteTxn
from idis.registry.trace.capture import Fate, Ready, keep, ready
from idis.registry.trace.event import Action, Event, EventType, Moment, Quantity
from idis.registry.trace.held import record_of
from idis.registry.trace.records import spelling_at
from idis.registry.trace.teller import Teller, teller_of

DOCUMENTS_MAX = 100_000  # of one file: its bills of material are kept in one step
_RECORDS_AT_ONCE = 1_000


@dataclass(slots=True)
class MappedImport:
    """What became of a file.

    Attributes:
        documents, refused: how many there were, and how many had faults.
        taken: documents of records that were here already, and stay as they are.
        new, known: of bills of material the events, and those known before.
        faults: by the number of the document, from 1.
    """

    documents: int = 0
    refused: int = 0
    taken: int = 0
    new: int = 0
    known: int = 0
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def note(self, faults: list[Fault]) -> None:
        """Note a document that is not taken; documents count from 1."""
        self.refused += 1
        self.faults += [(self.documents, fault) for fault in faults]


def rows_of(
    path: Path, form: str, prefix: str, visibility: str, out: TextIO, taken: Callable[[str], bool]
) -> MappedImport:
    """Write the row of each good document as a JSON line, ready to be loaded.

    Args:
        path: JSON lines, one JSON object, or one array of them.
        form: a name of `MAPPINGS` that has rows.
        prefix: below which records are registered that have no handle of this node yet.
        visibility: of records whose documents do not say.
        out: gets the rows.
        taken: whether an identifier has a record that is to stay as it is: a document says less than a record.

    Raises:
        FileRefused: no such file, or no JSON.
    """
    read, done = MAPPINGS[form].read, MappedImport()
    assert read is not None, "bills of material have no rows"
    for document in documents_of(path):
        done.documents += 1
        row, faults = read(document, prefix)
        if faults:
            done.note(faults)
        elif taken(str(row["identifier"])):
            done.taken += 1
        else:
            out.write(json.dumps({"visibility": visibility, **row}, ensure_ascii=False) + "\n")
    return done


def import_boms(path: Path, store: Store, caller: Caller, now_ms: int, *, dry_run: bool = False) -> MappedImport:
    """Keep an installation event for each child of each bill of material.

    A Catena-X ID that belongs to a record of this node stands for it; any other stays a URI of its own.

    Raises:
        FileRefused: no such file, no JSON, or the caller may not tell events.
    """
    done = MappedImport()
    with store.read() as txn:
        teller = teller_of(txn, caller)
    if isinstance(teller, Refusal):
        raise FileRefused(teller.message)
    handles = _handles(store)
    events: list[Ready] = []
    for document in documents_of(path):
        done.documents += 1
        whole, children, faults = read_bom(document)
        judged = [ready(_installed(whole, child, handles), now_ms) for child in children]
        faults += [Fault("", one[0].message) for one in judged if not isinstance(one, Ready)]
        if faults:
            done.note(faults)
        else:
            events += [one for one in judged if isinstance(one, Ready)]
    if events and not dry_run:
        fates = store.write(partial(_keep, events=events, teller=teller), actor=teller.name[:200]).result().result
        done.new, done.known = fates.count(Fate.NEW), len(fates) - fates.count(Fate.NEW)
    return done


def is_registered(store: Store, identifier: str) -> bool:
    """Whether this node has a record of an identifier."""
    with store.read() as txn:
        try:
            return record_of(txn, spelling_at(txn).name(identifier)) is not None
        except IdentifierError:
            return False


def documents_of(path: Path) -> Iterator[Any]:
    """The documents of a file. Raises FileRefused."""
    form_of_file = "json" if path.is_file() and path.read_bytes()[:1] == b"[" else form_of(path)
    if form_of_file not in ("json", "jsonl"):
        raise FileRefused(f"{path.name} is {form_of_file}: JSON documents are needed, one a line or one array")
    text = path.read_text(encoding="utf-8-sig")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if whole is not None:
        found = whole if isinstance(whole, list) else [whole]
    else:
        found = [_line(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(found) > DOCUMENTS_MAX:
        raise FileRefused(f"{path.name} holds more than {DOCUMENTS_MAX} documents: split it")
    yield from found


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"{path.name}, line {number}: this is no JSON ({error})") from None


def _handles(store: Store) -> dict[str, str]:
    """The handles of this node's records by their Catena-X ID."""
    found: dict[str, str] = {}
    for entry in all_prefixes(store):
        after: bytes | None = None
        while entry.answers_here:
            with store.read() as txn:
                page = _page(txn, entry.prefix, after, found)
            if page is None:
                break
            after = page
    return found


def _page(txn: ReadTxn, prefix: str, after: bytes | None, found: dict[str, str]) -> bytes | None:
    page = txn.records(prefix, after, _RECORDS_AT_ONCE)
    for _, record in page:
        if record.live:
            texts = {value.type: value.text for value in record.values if value.type == "localIds"}
            local = Source(record.identifier, "", texts, lambda _: None).items("localIds")
            found[catena_x_id(record.identifier, local)] = record.identifier
    return page[-1][0] if page else None


def _installed(whole: str, child: ReadChild, handles: dict[str, str]) -> Event:
    parent, part = (uri_of(handles.get(urn(name), urn(name))) for name in (whole, child.catena_x_id))
    moment = datetime.fromisoformat(child.since)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    offset = moment.utcoffset()
    assert offset is not None, "it has a time zone"
    single = child.quantity == 1 and not child.uom
    return Event(
        EventType.ASSOCIATION,
        Moment(int(moment.timestamp() * 1000), int(offset.total_seconds()) // 60),
        Action.ADD,
        parent=parent,
        child_epcs=(part,) if single else (),
        child_quantities=() if single else (Quantity(part, child.quantity, child.uom),),
        biz_step="installing",
    )


def _keep(txn: WriteTxn, events: list[Ready], teller: Teller) -> list[Fate]:
    spelling = spelling_at(txn)
    return [keep(txn, one, teller, spelling).fate for one in events]
