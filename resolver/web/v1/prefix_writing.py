"""Acts on prefixes: performed for a caller while the prefix is at the expected version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.registry.caller import Caller
from idis.registry.registration.application import Application, read_application
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.life import Registered
from idis.registry.registration.prefix_acts import PrefixAct, RangeDone, judge_prefix, perform_prefix
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import WriteTxn
from idis.resolver.web.v1.application_model import given_form
from idis.resolver.web.v1.condition import Condition
from idis.resolver.web.v1.operation import Call, Reply
from idis.resolver.web.v1.prefix_model import OrganisationModel
from idis.resolver.web.v1.prefix_views import changed_reply
from idis.resolver.web.v1.problem import Pointed
from idis.resolver.web.v1.writing import Undone, commit

Answered = Registered | Awaiting


@dataclass(frozen=True, slots=True)
class _Acted:
    """What acts on a prefix came to."""

    result: Answered


async def perform_acts(
    call: Call[Any, Any], wanted: tuple[PrefixAct, ...], reply: Callable[[Answered], Reply] = changed_reply
) -> Reply | Refusal:
    """Do acts on one prefix, all of them or none.

    Args:
        call: whose acts.
        wanted: at least one.
        reply: the answer to what the last of them came to.
    """
    caller, condition, now = call.caller, call.condition, call.now

    def change(txn: WriteTxn, groups: Groups) -> _Acted | Refusal | Unknown:
        return _change(txn, groups, wanted, caller, condition, now)

    return await commit(call, change, lambda acted: reply(acted.result))


def organisation_of(model: OrganisationModel | None) -> Organisation:
    """The organisation as it was sent."""
    return Organisation() if model is None else Organisation(model.owner, model.code, model.industry)


def form_of(form: object) -> Application | Refusal | None:
    """The application in full as it was sent, or what is wrong with it."""
    if form is None:
        return None
    read = read_application(given_form(form))
    if not isinstance(read, Refusal):
        return read
    name = read.message.partition(":")[0]
    return Pointed(ResponseCode.INVALID_VALUE, read.message, f"#/form/{name}")


def _change(
    txn: WriteTxn, groups: Groups, wanted: tuple[PrefixAct, ...], caller: Caller, condition: Condition, now: int
) -> _Acted | Refusal | Unknown:
    for act in wanted:
        if (verdict := judge_prefix(txn, act, caller, now, groups)) is not None:
            return verdict
    # Only whoever may change a prefix learns of its version.
    entry = txn.prefix(fold(getattr(wanted[0], "prefix", "")))
    if refusal := condition.refuse(None if entry is None else entry.version):
        return refusal
    done: list[Answered] = []
    for act in wanted:
        result = perform_prefix(txn, act, caller, now, groups=groups)
        assert not isinstance(result, RangeDone), "ranges have operations of their own"
        if isinstance(result, Refusal | Unknown):
            if done and isinstance(result, Refusal):
                raise Undone(result)
            return result
        done.append(result)
    last = done[-1]
    if isinstance(last, Registered):
        last = Registered(last.entry, any(isinstance(one, Registered) and one.changed for one in done))
    return _Acted(last)
