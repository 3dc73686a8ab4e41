"""Records: read, write, change, delete, list (`/records`)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from idis.proto.codes import AdminRight, ResponseCode
from idis.proto.identifier import fold, parse_identifier
from idis.proto.outcome import Answer, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.types.site import encode_site
from idis.proto.value import Value, decode_values
from idis.registry import authority
from idis.registry.caller import Action, Caller
from idis.registry.identity import parse_identity
from idis.registry.permission import Reader
from idis.registry.readers import READERS_TYPE, own_lists
from idis.registry.record import Alias, RecordFlag, StoredRecord
from idis.registry.registration import acts
from idis.registry.registration.checks import Refusal, unknown
from idis.registry.registration.place import Place, find_place
from idis.registry.registration.value_checks import SECRET_TYPES
from idis.registry.rights import Groups, Subject, Unknown, admins_in, admins_of, enabled_values, refuse
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.store.keys import prefix_bounds
from idis.resolver.web.v1.asking import decide
from idis.resolver.web.v1.condition import Condition
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.operation import Call, Needs, Operation, Reply
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.record_model import (
    AliasModel,
    GetRecordParameters,
    ListRecordsParameters,
    PatchRecord,
    PatchValues,
    PutRecord,
    ReadersModel,
    RecordLine,
    RecordModel,
    RecordPage,
    RecordPath,
    RecordWritten,
)
from idis.resolver.web.v1.value_model import ValueModel, model_of, value_of
from idis.resolver.web.v1.writing import Undone, commit

GROUP = "records 标识记录"
ROWS_READ_MAX = 2_000  # for one page: deleted records leave a mark that is passed over, and a snapshot is held for 10 ms at most

T = TypeVar("T")

_NO_RIGHT = (ResponseCode.INVALID_ADMIN, ResponseCode.INSUFFICIENT_PERMISSIONS, ResponseCode.AUTHENTICATION_NEEDED)
_DISABLED = int(RecordFlag.DISABLED)


async def get_record(call: Call[GetRecordParameters, None]) -> Reply | Refusal:
    """A record with the values that its asker may see."""
    asked = call.parameters
    question = partial(record_question, call, identifier_of(asked), asked.index)
    return await decide(call, question, lambda record: Reply(record, version=record.version))


def record_question(
    call: Call[Any, Any], spelling: str, indexes: tuple[int, ...], txn: ReadTxn, groups: Groups
) -> RecordModel | Refusal | Unknown:
    """A record with the values of these indexes, or all, that its asker may see.

    Raises:
        IdentifierError: the spelling is no identifier.
    """
    shown = visible_values(call, txn, groups, spelling, indexes)
    return shown if isinstance(shown, Unknown) else _model(txn, call.caller, groups, spelling, shown)


async def put_record(call: Call[RecordPath, PutRecord]) -> Reply | Refusal:
    """Register a record, or put it in the place of the one that is there."""
    aliases = call.body.aliases
    act = acts.Create(
        identifier_of(call.parameters),
        _values(call.body.values),
        overwrite=True,
        aliases=None if aliases is None else tuple(Alias(alias.scheme, alias.name) for alias in aliases),
    )
    return await _perform(call, (act,))


async def patch_record(call: Call[RecordPath, PatchRecord]) -> Reply | Refusal:
    """Change some values of a record: all that is asked for, or nothing."""
    identifier, body = identifier_of(call.parameters), call.body
    return await _perform(call, insist((*changes_of(identifier, body), *_visibility_of(identifier, body))))


async def delete_record(call: Call[RecordPath, None]) -> Reply | Refusal:
    """Delete a record."""
    return await _perform(call, (acts.Delete(identifier_of(call.parameters)),))


async def list_records(call: Call[ListRecordsParameters, None]) -> Reply | Refusal:
    """The records below a prefix, page by page."""
    asked = call.parameters
    prefix = fold(asked.prefix)
    subject = f"records {prefix}"
    after = read_cursor(subject, asked.cursor)
    low, high = prefix_bounds(prefix)
    if after is not None and not low <= after < high:
        raise Unfit("cursor", "this is no cursor of this list")

    def question(txn: ReadTxn, groups: Groups) -> RecordPage | Refusal | Unknown:
        entry = txn.prefix(prefix)
        if entry is None:
            return unknown(txn, prefix)
        owners = Subject(prefix, admins_in(entry.values), is_prefix=True)
        rights = [int(AdminRight.LIST_HANDLES)]
        if (verdict := refuse(txn, call.caller, owners, rights, action=Action.READ, groups=groups)) is not None:
            return verdict
        return _page(txn, prefix, subject, after, asked.limit)

    return await decide(call, question)


def visible_values(
    call: Call[Any, Any], txn: ReadTxn, groups: Groups, spelling: str, indexes: tuple[int, ...] = ()
) -> tuple[Value, ...] | Refusal | Unknown:
    """The values of a record or prefix that a caller may see, of these indexes or of all.

    Raises:
        IdentifierError: the spelling is no identifier.
    """
    anonymous = call.caller.anonymous
    query = Query(spelling, parse_identifier(spelling), indexes=indexes, public_only=anonymous)
    site = encode_site(call.face.site)
    if anonymous:
        return _shown(authority.answer(query, txn, call.now, site=site), spelling)
    reader = Reader(call.caller, groups)
    outcome = authority.answer(query, txn, call.now, site=site, reader=reader)
    if isinstance(outcome, Refused) and outcome.code in _NO_RIGHT:
        # Not an error here: whoever may not see a value is answered as if it were not there.
        outcome = authority.answer(replace(query, public_only=True), txn, call.now, site=site, reader=reader)
    return outcome if isinstance(outcome, Unknown) else _shown(outcome, spelling)


def changes_of(identifier: str, body: PatchValues | PatchRecord) -> tuple[acts.AddValues | acts.RemoveValues, ...]:
    """The changes of values that a PATCH asks for.

    Raises:
        Unfit: two things at once with one index, or data that are none.
    """
    if both := {value.index for value in body.values}.intersection(body.remove):
        raise Unfit("#/remove", f"value {min(both)} cannot be written and removed at once")
    wanted: list[acts.AddValues | acts.RemoveValues] = []
    if body.values:
        wanted.append(acts.AddValues(identifier, _values(body.values), overwrite=True))
    if body.remove:
        wanted.append(acts.RemoveValues(identifier, body.remove))
    return tuple(wanted)


def insist(wanted: tuple[T, ...]) -> tuple[T, ...]:
    """What is to be done, unless that is nothing.

    Raises:
        Unfit: it is nothing.
    """
    if not wanted:
        raise Unfit("#", "there is nothing to change: give at least one member")
    return wanted


def _visibility_of(identifier: str, body: PatchRecord) -> tuple[acts.Act, ...]:
    """The changes of who sees what that a PATCH asks for."""
    wanted: list[acts.Act] = []
    if body.enable:
        wanted.append(acts.Enable(identifier, body.enable))
    if body.disable:
        wanted.append(acts.Disable(identifier, body.disable))
    for readers in body.readers:
        named = None if readers.readers is None else tuple(map(parse_identity, readers.readers))
        wanted.append(acts.SetReaders(identifier, readers.index, named))
    if body.disabled is not None:
        wanted.append(acts.Disable(identifier) if body.disabled else acts.Enable(identifier))
    return tuple(wanted)


def _page(txn: ReadTxn, prefix: str, subject: str, after: bytes | None, limit: int) -> RecordPage:
    rows = txn.records(prefix, after, ROWS_READ_MAX)
    lines: list[RecordLine] = []
    for key, record in rows:
        if len(lines) == limit:
            break
        after = key
        flags = int(record.flags)
        if not flags & RecordFlag.TOMBSTONE:
            lines.append(RecordLine(record.identifier, record.version, bool(flags & _DISABLED)))
    more = len(rows) == ROWS_READ_MAX or (bool(rows) and after != rows[-1][0])
    return RecordPage(tuple(lines), make_cursor(subject, after) if more and after is not None else None)


async def _perform(call: Call[RecordPath, Any], wanted: tuple[acts.Act, ...]) -> Reply | Refusal:
    """Do acts on one record, if its version is the expected one and the caller may do all of them."""
    now = call.now
    change = partial(_change, wanted=wanted, caller=call.caller, condition=call.condition, now=now)
    return await commit(call, change, lambda done: _written(call.parameters, done))


def _change(
    txn: WriteTxn, groups: Groups, *, wanted: tuple[acts.Act, ...], caller: Caller, condition: Condition, now: int
) -> acts.Done | Refusal | Unknown:
    for act in wanted:
        if (verdict := acts.judge(txn, act, caller, groups)) is not None:
            return verdict
    # Only whoever may change a record learns of its version.
    place = find_place(txn, wanted[0].identifier)
    assert isinstance(place, Place), "it was judged"
    held = place.stored or place.disabled
    if refusal := condition.refuse(None if held is None else held.version):
        return refusal
    done: list[acts.Done] = []
    for act in wanted:
        result = acts.perform(txn, act, caller, now, groups=groups)
        if not isinstance(result, acts.Done):
            if not done or isinstance(result, Unknown):
                return result
            raise Undone(result)
        done.append(result)
    return acts.Done(
        done[-1].identifier,
        done[-1].version,
        changed=any(one.changed for one in done),
        overwritten=held is not None,
    )


def _written(path: RecordPath, done: acts.Done) -> Reply:
    written = RecordWritten(done.identifier, done.version, done.changed)
    return Reply(written, status=200 if done.overwritten else 201, version=done.version)


def _shown(outcome: Outcome, spelling: str) -> tuple[Value, ...] | Refusal:
    match outcome:
        case Answer(values=values):
            return decode_values(values)
        case NoValues():
            return ()
        case Refused(code=code, message=message):
            return Refusal(code, message)
        case Referral(prefix=prefix):
            return Refusal(
                ResponseCode.SERVER_NOT_RESPONSIBLE, f"{prefix} is answered elsewhere: ask GET /api/handles/{spelling}"
            )
        case _:
            return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"{spelling} is not registered")


def _model(
    txn: ReadTxn, caller: Caller, groups: Groups, spelling: str, shown: tuple[Value, ...] | Refusal
) -> RecordModel | Refusal | Unknown:
    """The record as it is shown; what would tell of hidden values, only to whoever may see them."""
    place = find_place(txn, spelling)
    held = None if isinstance(place, Refusal) else place.stored or place.disabled
    if not caller.anonymous and isinstance(place, Place) and held is not None:
        verdict = _refuse_reading(txn, caller, groups, place, held)
        if isinstance(verdict, Unknown):
            return verdict
        if verdict is None:
            return _whole_model(held, enabled_values(held) if isinstance(shown, Refusal) else shown)
    if isinstance(shown, Refusal):
        return shown
    spelled = spelling if held is None else held.identifier
    return RecordModel(spelled, tuple(map(model_of, shown)), None, (), (), (), False)


def _refuse_reading(txn: ReadTxn, caller: Caller, groups: Groups, place: Place, held: StoredRecord) -> Refusal | Unknown | None:
    """What forbids a caller to see all that is known of a record."""
    admins = admins_of(enabled_values(held)) or admins_in(place.entry.values)
    rights = [int(AdminRight.READ_VALUE)]
    return refuse(txn, caller, Subject(place.entry.prefix, admins), rights, action=Action.READ, groups=groups)


def _whole_model(held: StoredRecord, shown: tuple[Value, ...]) -> RecordModel:
    lists = own_lists(held.values)
    return RecordModel(
        identifier=held.identifier,
        values=tuple(model_of(value) for value in shown if value.type != READERS_TYPE and not _secret(held, value)),
        version=held.version,
        aliases=tuple(AliasModel(alias.scheme, alias.local_id) for alias in held.aliases),
        readers=tuple(ReadersModel(index, tuple(map(str, named))) for index, named in sorted(lists.lists.items())),
        off=tuple(sorted(lists.off)),
        disabled=bool(int(held.flags) & _DISABLED),
    )


def _secret(held: StoredRecord, value: Value) -> bool:
    """Whether a value of a record that is switched off stays unseen even by its administrators: no key is read that way."""
    return not held.live and fold(value.type) in SECRET_TYPES


def identifier_of(path: RecordPath | GetRecordParameters) -> str:
    """The identifier that a path names."""
    return f"{path.prefix}/{path.suffix}"


def _values(models: tuple[ValueModel, ...]) -> tuple[Value, ...]:
    return tuple(value_of(model, f"#/values/{at}") for at, model in enumerate(models))


_WRITE = (403, 404, 409)

OPERATIONS = (
    Operation(
        name="getRecord",
        method="GET",
        path="/records/{prefix}/{suffix}",
        group=GROUP,
        summary=("read a record", "查看标识"),
        detail="What you may not see is as if it were not there. The ETag is the version, for administrators of the record.",
        may="none for public values; READ_VALUE or a readers' list for others",
        answer=get_record,
        parameters=GetRecordParameters,
        response=RecordModel,
        successes=((200, "the record"),),
        refusals=(403, 404),
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="putRecord",
        method="PUT",
        path="/records/{prefix}/{suffix}",
        group=GROUP,
        summary=("register or replace a record", "注册标识"),
        detail="With If-None-Match: * only when there is none yet, with If-Match only when it is at that version.",
        may="ADD_HANDLE on the prefix, or those that changing each value needs",
        answer=put_record,
        parameters=RecordPath,
        request=PutRecord,
        response=RecordWritten,
        successes=((200, "it was there before"), (201, "it is new")),
        refusals=(*_WRITE, 422),
        action=Action.REGISTER,
        versioned=True,
    ),
    Operation(
        name="patchRecord",
        method="PATCH",
        path="/records/{prefix}/{suffix}",
        group=GROUP,
        summary=("change values, who may read them, and whether they are on", "更新标识"),
        may="ADD_VALUE, MODIFY_VALUE, REMOVE_VALUE; for HS_ADMIN values ADD_ADMIN, MODIFY_ADMIN, REMOVE_ADMIN;"
        " for readers READ_VALUE too; to switch the record off or on DELETE_HANDLE",
        answer=patch_record,
        parameters=RecordPath,
        request=PatchRecord,
        response=RecordWritten,
        successes=((200, "the record as it stands now"),),
        refusals=(*_WRITE, 422),
        action=Action.REGISTER,
        versioned=True,
    ),
    Operation(
        name="deleteRecord",
        method="DELETE",
        path="/records/{prefix}/{suffix}",
        group=GROUP,
        summary=("delete a record", "删除标识"),
        detail="Its version goes on if it is ever registered again.",
        may="DELETE_HANDLE",
        answer=delete_record,
        parameters=RecordPath,
        response=RecordWritten,
        successes=((200, "it is gone"),),
        refusals=_WRITE,
        action=Action.REGISTER,
        versioned=True,
    ),
    Operation(
        name="listRecords",
        method="GET",
        path="/records",
        group=GROUP,
        summary=("list the records below a prefix", "标识列表"),
        may="LIST_HANDLES on the prefix",
        answer=list_records,
        parameters=ListRecordsParameters,
        response=RecordPage,
        successes=((200, "one page"),),
        refusals=(403, 404),
        action=Action.READ,
    ),
)
