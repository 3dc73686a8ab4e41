"""Lists over the wire: a message for each 50 names, as many as there are, and no faster than they are read (`wire.md` §4).

A page is read under a transaction of its own, so a list of millions holds nothing: neither a snapshot nor the names that
were sent. What is registered meanwhile behind the last name sent is in it, what before is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from idis.proto.codes import AdminRight, OpCode, ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import PREFIX_HANDLE_HEAD, fold, parse_prefix
from idis.proto.responses import LIST_PAGE
from idis.registry.caller import Action, Caller, Role
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.checks import Refusal, unknown
from idis.registry.rights import Groups, Subject, Unknown, admins_in, refuse
from idis.registry.store.base import ReadTxn, Store
from idis.resolver.admin.registrar import Registrar

LIST_OPERATIONS = frozenset((OpCode.LIST_HANDLES, OpCode.LIST_DERIVED_PREFIXES, OpCode.LIST_HOMED_PREFIXES))

_HEAD = fold(PREFIX_HANDLE_HEAD)
_OVERSEERS = (Role.OPERATOR, Role.AUDITOR)

Names = list[str]
# A page under one transaction: its names, and after what the next one begins, None at the end.
_Page = Callable[[ReadTxn, object], tuple[Names, object]]


class Listing:
    """Lists identifiers and prefixes for whoever may see them.

    Args:
        store: what is listed.
        registrar: decides who may.
    """

    def __init__(self, store: Store, registrar: Registrar) -> None:
        self._store = store
        self._registrar = registrar

    async def names(self, opcode: int, handle: str, caller: Caller) -> AsyncIterator[Names] | Refusal:
        """The pages of a list, or why there is none for this caller.

        Args:
            opcode: one of LIST_OPERATIONS.
            handle: `0.NA/p` for what is below p; `0.NA/0.NA/p` for the prefixes derived from p.
            caller: who asks.
        """
        if opcode == OpCode.LIST_HOMED_PREFIXES:
            return _refuse_overseer(caller) or self._pages(_homed_page)
        derived = opcode == OpCode.LIST_DERIVED_PREFIXES
        named = handle
        if fold(handle).startswith(_HEAD * 2):
            derived, named = True, handle[len(_HEAD) :]
        try:
            prefix = fold(parse_prefix(named[len(_HEAD) :] if fold(named).startswith(_HEAD) else named))
        except IdentifierError as error:
            return Refusal(ResponseCode.INVALID_HANDLE, f"{handle}: {error}")
        if refusal := await self._registrar.decide(lambda txn, groups: _refuse(txn, groups, prefix, caller, derived=derived)):
            return refusal
        return self._pages(_derived_page(prefix) if derived else _record_page(prefix))

    async def _pages(self, page: _Page) -> AsyncIterator[Names]:
        """Names, LIST_PAGE at a time; a page short of that is the last one."""
        names: Names = []
        after: object = None
        while True:
            with self._store.read() as txn:
                found, after = page(txn, after)
            names += found
            while len(names) > LIST_PAGE or (after is not None and len(names) == LIST_PAGE):
                yield names[:LIST_PAGE]
                names = names[LIST_PAGE:]
            if after is None:
                yield names
                return


def _refuse_overseer(caller: Caller) -> Refusal | None:
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "which prefixes are homed is for operators and auditors to know")
    if caller.in_scope(Action.READ, "") and any(caller.holds(role, "") for role in _OVERSEERS):
        return None
    return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, f"{caller.name} is no operator or auditor of this node")


def _refuse(txn: ReadTxn, groups: Groups, prefix: str, caller: Caller, *, derived: bool) -> Refusal | Unknown | None:
    entry = txn.prefix(prefix)
    if entry is None:
        return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, unknown(txn, prefix).message)
    if not (entry.homed if derived else entry.answers_here):
        return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, f"{prefix} is answered elsewhere: ask there")
    subject = Subject(prefix, admins_in(entry.values), is_prefix=True)
    return refuse(txn, caller, subject, [AdminRight.LIST_HANDLES], action=Action.READ, groups=groups)


def _record_page(prefix: str) -> _Page:
    def page(txn: ReadTxn, after: object) -> tuple[Names, object]:
        assert after is None or isinstance(after, bytes), "records follow keys"
        found = txn.records(prefix, after, LIST_PAGE)
        names = [record.identifier for _, record in found if record.live]
        return names, found[-1][0] if len(found) == LIST_PAGE else None

    return page


def _derived_page(above: str) -> _Page:
    head = f"{above}."

    def page(txn: ReadTxn, after: object) -> tuple[Names, object]:
        assert after is None or isinstance(after, str), "prefixes follow prefixes"
        found = txn.prefixes(after or head, LIST_PAGE)
        below = [entry for entry in found if entry.prefix.startswith(head)]
        more = len(below) == LIST_PAGE
        return [_handle_of(entry) for entry in below], below[-1].prefix if more else None

    return page


def _homed_page(txn: ReadTxn, after: object) -> tuple[Names, object]:
    assert after is None or isinstance(after, str), "prefixes follow prefixes"
    found = txn.prefixes(after, LIST_PAGE)
    return [_handle_of(entry) for entry in found if entry.homed], found[-1].prefix if len(found) == LIST_PAGE else None


def _handle_of(entry: PrefixEntry) -> str:
    return f"{PREFIX_HANDLE_HEAD}{entry.prefix}"
