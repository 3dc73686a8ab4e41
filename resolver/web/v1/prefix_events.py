"""The events in the life of a prefix: examined, granted, suspended, given away, given up (`domain.md` §3.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from idis.registry.caller import Action
from idis.registry.registration import prefix_acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.life import Event
from idis.resolver.web.v1.common_model import PrefixPath
from idis.resolver.web.v1.operation import Call, Operation, Reply
from idis.resolver.web.v1.prefix_model import ApplyAgain, NewPrefix, PrefixChanged, Reason, TransferPrefix
from idis.resolver.web.v1.prefix_writing import form_of, organisation_of, perform_acts
from idis.resolver.web.v1.prefixes import GROUP, terms_of

_PARENT = "on the parent: its administrators, operators of this node"
_TWO = "Two persons ask for it within a day; until then it is 202 and nothing has happened."
_REFUSED = (403, 404, 409, 422)

# What one person decides: its summary and right.
_ADVANCES: dict[Event, tuple[tuple[str, str], str]] = {
    Event.REVIEW: (("take up an application", "受理申请"), f"ADD_DERIVED_PREFIX {_PARENT}"),
    Event.APPROVE: (("approve an application", "审核通过"), f"ADD_DERIVED_PREFIX {_PARENT}"),
    Event.REJECT: (("reject an application", "驳回申请"), f"ADD_DERIVED_PREFIX {_PARENT}"),
    Event.SUSPEND: (("suspend a prefix", "停用前缀"), f"DELETE_DERIVED_PREFIX {_PARENT}"),
    Event.RESUME: (("resume a prefix", "启用前缀"), f"ADD_DERIVED_PREFIX {_PARENT}"),
}
_DETAILS = {Event.REJECT: "It needs a reason.", Event.SUSPEND: "Answers stop, data stay."}


async def advance(call: Call[PrefixPath, Reason], event: Event) -> Reply | Refusal:
    """Let an event happen."""
    return await perform_acts(call, (prefix_acts.Advance(call.parameters.prefix, event, call.body.reason),))


async def resubmit(call: Call[PrefixPath, ApplyAgain]) -> Reply | Refusal:
    """Ask again after a rejection."""
    form = form_of(call.body.form)
    if isinstance(form, Refusal):
        return form
    organisation = organisation_of(call.body.organisation)
    return await perform_acts(call, (prefix_acts.Resubmit(call.parameters.prefix, organisation, form),))


async def revoke(call: Call[PrefixPath, Reason]) -> Reply | Refusal:
    """Give up a prefix for ever."""
    return await perform_acts(call, (prefix_acts.Revoke(call.parameters.prefix, call.body.reason),))


async def transfer(call: Call[PrefixPath, TransferPrefix]) -> Reply | Refusal:
    """Give a prefix to another organisation."""
    body = call.body
    form = form_of(body.form)
    if isinstance(form, Refusal):
        return form
    act = prefix_acts.Transfer(call.parameters.prefix, organisation_of(body.organisation), form, body.reason)
    return await perform_acts(call, (act,))


async def allocate(call: Call[PrefixPath, NewPrefix]) -> Reply | Refusal:
    """Grant a prefix that nobody asked for."""
    body = call.body
    act = prefix_acts.Allocate(
        call.parameters.prefix, organisation=organisation_of(body.organisation), terms=terms_of(body.terms)
    )
    return await perform_acts(call, (act,))


def _event(
    name: str,
    summary: tuple[str, str],
    answer: Callable[[Call[Any, Any]], Awaitable[Reply | Refusal]],
    request: type[Any],
    may: str,
    detail: str = "",
    *,
    waits: bool = False,
) -> Operation[Any, Any]:
    awaited = ((202, "a second person is awaited"),) if waits else ()
    return Operation(
        name=f"{name}Prefix",
        method="POST",
        path=f"/prefixes/{{prefix}}/{name}",
        group=GROUP,
        summary=summary,
        answer=answer,
        parameters=PrefixPath,
        request=request,
        response=PrefixChanged,
        successes=((200, "the prefix"), *awaited),
        refusals=_REFUSED,
        action=Action.PREFIX,
        may=may,
        detail=detail,
        versioned=True,
    )


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *(
        _event(event.value, summary, partial(advance, event=event), Reason, may, _DETAILS.get(event, ""))
        for event, (summary, may) in _ADVANCES.items()
    ),
    _event(
        "resubmit",
        ("apply again after a rejection", "重新申请"),
        resubmit,
        ApplyAgain,
        "whoever asked for it, its administrators, or the parent's",
    ),
    _event(
        "allocate",
        ("grant a prefix that nobody asked for", "分配前缀"),
        allocate,
        NewPrefix,
        f"ADD_DERIVED_PREFIX {_PARENT}",
    ),
    _event(
        "transfer",
        ("give a prefix to another organisation", "转让前缀"),
        transfer,
        TransferPrefix,
        f"ADD_DERIVED_PREFIX and DELETE_DERIVED_PREFIX {_PARENT}",
        _TWO,
        waits=True,
    ),
    _event(
        "revoke",
        ("give up a prefix for ever", "注销前缀"),
        revoke,
        Reason,
        f"DELETE_DERIVED_PREFIX {_PARENT}",
        f"{_TWO} A prefix is never issued again.",
        waits=True,
    ),
)
