"""Metadata templates: an enterprise derives its own, and has rows checked after one (`/templates`)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold
from idis.registry.caller import Action
from idis.registry.loading.derivations import derivation_at
from idis.registry.loading.deriving import Derived, perform_derivation
from idis.registry.pilots.derivation import with_derivations
from idis.registry.pilots.finding import Invalid
from idis.registry.pilots.schema import INDEX_TEMPLATE, Pilot
from idis.registry.pilots.table import PILOTS, object_type_named
from idis.registry.pilots.template_life import TemplateError, is_withdrawn
from idis.registry.pilots.template_name import template_name
from idis.registry.pilots.validation import validate
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.held import record_of
from idis.registry.trace.records import spelling_at
from idis.resolver.web.v1.common_model import PrefixPath
from idis.resolver.web.v1.openapi import BASE_PATH
from idis.resolver.web.v1.operation import Call, Operation, Reply
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.record_model import AliasModel
from idis.resolver.web.v1.showing import show
from idis.resolver.web.v1.template_model import (
    DerivationBody,
    DerivedModel,
    FindingModel,
    OwnFieldModel,
    RowBody,
    RowChecked,
    TemplatePath,
)
from idis.resolver.web.v1.value_model import model_of
from idis.resolver.web.v1.writing import commit

GROUP = "templates 元数据模板"


async def derive_template(call: Call[PrefixPath, DerivationBody]) -> Reply | Refusal:
    """Register a template of an enterprise's own, or the next version of it."""
    prefix, now = fold(call.parameters.prefix), call.now
    octets = json.dumps(_said(show(call.body)), ensure_ascii=False).encode()

    def change(txn: WriteTxn, groups: Groups) -> Derived | Refusal | Unknown:
        return perform_derivation(txn, octets, prefix, call.caller, now, groups)

    return await commit(call, change, _derived)


def _derived(done: Derived) -> Reply:
    told, handle = done.derivation.told, done.derivation.handle
    own = tuple(OwnFieldModel(each["itemIndex"], each["englishName"]) for each in told["fields"])
    narrowed = tuple(each["englishName"] for each in told["narrowed"])
    body = DerivedModel(handle, done.derivation.base_on, done.version, done.changed, own, narrowed, done.disabled)
    place = f"{BASE_PATH}/records/{handle}"
    return Reply(body, 201 if done.created else 200, done.record_version, place if done.created else "")


def _said(document: object) -> object:
    """A document without the members that are null: what is left out says nothing."""
    if isinstance(document, dict):
        return {name: _said(part) for name, part in document.items() if part is not None}
    return [_said(part) for part in document] if isinstance(document, list) else document


async def check_row(call: Call[TemplatePath, RowBody]) -> Reply | Refusal:
    """What the checks of a template say about a row."""
    row: dict[str, object] = {}
    for at, cell in enumerate(call.body.cells):
        if cell.field in row:
            raise Unfit(f"#/cells/{at}/field", f"{cell.field} is given twice")
        row[cell.field] = cell.text
    with call.face.service.chain.store.read() as txn:
        found = _schema(txn, f"{call.parameters.prefix}/{call.parameters.suffix}")
    if isinstance(found, Refusal):
        return found
    pilot, code = found
    today = datetime.fromtimestamp(call.now, UTC).date()
    result = await asyncio.to_thread(validate, pilot, code, row, identifier=call.body.identifier, today=today)
    told = result.findings if isinstance(result, Invalid) else result.warnings
    findings = tuple(FindingModel(one.field, one.value, one.rule, one.message, one.advice, one.severity) for one in told)
    if isinstance(result, Invalid):
        return Reply(RowChecked(False, findings, (), ()))
    values = (replace(model_of(value), written=None) for value in result.record.values if value.index != INDEX_TEMPLATE)
    aliases = tuple(AliasModel(alias.scheme, alias.local_id) for alias in result.record.aliases)
    return Reply(RowChecked(True, findings, tuple(values), aliases))


def _schema(txn: ReadTxn, handle: str) -> tuple[Pilot, str] | Refusal:
    """The pilot and the object's code in it of a template that is registered here and in force."""
    named, base = template_name(handle), object_type_named(handle)
    try:
        record = record_of(txn, spelling_at(txn).name(handle))
        derivation = derivation_at(txn, handle)
    except IdentifierError:
        record = derivation = None
    except TemplateError as error:
        return Refusal(ResponseCode.INVALID_VALUE, str(error))
    if record is None or named is None or base is None or (named.name and derivation is None):
        return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"{handle} is no template that is registered here")
    if is_withdrawn(record.values):
        return Refusal(ResponseCode.INVALID_VALUE, f"the template {handle} is withdrawn: no further record is made after it")
    pilot = PILOTS[base.pilot]
    if derivation is None:
        return pilot, base.code
    return with_derivations(pilot, [derivation]), derivation.name.code


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        name="deriveTemplate",
        method="POST",
        path="/templates/derive/{prefix}",
        group=GROUP,
        summary=("register an enterprise's own template, made from one of a pilot, or its next version", "登记派生模板"),
        detail="The body is the file of 'idis pilot derive'. Where the template is there already it is the next version of it: an"
        " own field keeps its index and its type, one that is left out is disabled. The same again changes nothing.",
        may="ADD_HANDLE below the prefix, MODIFY_VALUE and ADD_VALUE on the template that is there: administrators, applications",
        answer=derive_template,
        parameters=PrefixPath,
        request=DerivationBody,
        response=DerivedModel,
        successes=((201, "it is registered"), (200, "it was there; the version says whether it is another now")),
        refusals=(404, 422),
        action=Action.REGISTER,
    ),
    Operation(
        name="checkRow",
        method="POST",
        path="/templates/check/{prefix}/{suffix}",
        group=GROUP,
        summary=("check a row after a template", "按模板检查数据"),
        detail="The checks that 'idis import' makes: of a derived template those of its base and its own. What the record of a"
        " valid row holds can be sent to PUT /records as it is. Nothing is registered, and whether a reference leads anywhere or"
        " a unique number is taken is not asked.",
        may="whoever proves an identity",
        answer=check_row,
        parameters=TemplatePath,
        request=RowBody,
        asks=True,
        response=RowChecked,
        successes=((200, "what the checks say"),),
        refusals=(404, 422),
        action=Action.READ,
    ),
)
