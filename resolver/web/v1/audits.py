"""The audit trail: what was done, by whom, from where (`/audit`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice

from idis.registry.audit.trail import Noted, Wanted, page, refuse_reading, time_text
from idis.registry.caller import Action
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store
from idis.registry.store.keys import AUDIT_KEY_BYTES
from idis.resolver.audit_export import export_rows
from idis.resolver.web.v1.audit_model import AuditLineModel, AuditPage, ExportAuditParameters, ListAuditParameters
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.operation import Call, Lines, Operation, Reply
from idis.resolver.web.v1.reading import Unfit, read_time

GROUP = "audit 审计"
ROWS_AT_ONCE = 200  # of an export, made and sent between two turns of the loop


async def list_audit(call: Call[ListAuditParameters, None]) -> Reply | Refusal:
    """Lines of the trail, page by page."""
    if refusal := refuse_reading(call.caller):
        return refusal
    asked = call.parameters
    wanted = _wanted(asked)
    subject = f"audit {asked.oldest_first} {wanted}"
    after = read_cursor(subject, asked.cursor)
    if after is not None and len(after) != AUDIT_KEY_BYTES:
        raise Unfit("cursor", "this is no cursor of this list")
    with call.face.service.chain.store.read() as txn:
        found = page(txn, wanted, after, asked.limit, newest_first=not asked.oldest_first)
    cursor = None if found.after is None else make_cursor(subject, found.after)
    return Reply(AuditPage(tuple(map(_model, found.lines)), cursor))


async def export_audit(call: Call[ExportAuditParameters, None]) -> Lines | Refusal:
    """All wanted lines as JSON lines, chained."""
    if refusal := refuse_reading(call.caller):
        return refusal
    return Lines(_rows(call.face.service.chain.store, _wanted(call.parameters), call.now))


async def _rows(store: Store, wanted: Wanted, now: int) -> AsyncIterator[bytes]:
    rows = export_rows(store, wanted, now * 1_000)
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield b"".join(some)
        await asyncio.sleep(0)  # others have their turn


def _wanted(asked: ListAuditParameters | ExportAuditParameters) -> Wanted:
    return Wanted(
        since_ms=None if asked.since is None else read_time(asked.since, "since") * 1_000,
        until_ms=None if asked.until is None else read_time(asked.until, "until") * 1_000,
        actor=asked.actor or "",
        subject=asked.subject or "",
        act=asked.act or "",
        refused=asked.refused,
    )


def _model(noted: Noted) -> AuditLineModel:
    line = noted.line
    return AuditLineModel(
        time=time_text(noted.time_ms),
        position=noted.position,
        actor=line.actor,
        origin=line.origin,
        act=line.act,
        subject=line.subject,
        before=line.before,
        after=line.after,
        code=int(line.code),
        note=line.note,
    )


_MAY = "auditors and operators of the whole node"

OPERATIONS = (
    Operation(
        name="listAudit",
        method="GET",
        path="/audit",
        group=GROUP,
        summary=("read the audit trail", "查询审计"),
        detail="With 'subject' an identifier, this is its history. No secrets and no restricted values: their digests instead.",
        may=_MAY,
        answer=list_audit,
        parameters=ListAuditParameters,
        response=AuditPage,
        successes=((200, "one page"),),
        action=Action.AUDIT,
    ),
    Operation(
        name="exportAudit",
        method="GET",
        path="/audit/export",
        group=GROUP,
        summary=("export the audit trail", "导出审计"),
        detail="JSON lines, each with the SHA-256 of itself and all before it; `idis audit check` tells whether a file is whole.",
        may=_MAY,
        answer=export_audit,
        parameters=ExportAuditParameters,
        response=Lines,
        successes=((200, "the lines"),),
        action=Action.AUDIT,
    ),
)
