"""Prefixes: asked for, shown, kept, answered by somebody (`/prefixes`); the events of their life are in `prefix_events.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idis.proto.identifier import fold, prefix_handle
from idis.proto.value import Value
from idis.registry.caller import Action
from idis.registry.identity import parse_identity
from idis.registry.registration import prefix_acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.life import NewTerms, Registered, Terms
from idis.registry.registration.prefix_queries import list_prefixes, show_prefix
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn
from idis.resolver.web.v1.asking import decide
from idis.resolver.web.v1.common_model import PrefixPath
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.openapi import BASE_PATH
from idis.resolver.web.v1.operation import Call, Needs, Nothing, Operation, Reply
from idis.resolver.web.v1.prefix_model import (
    ApplyForPrefix,
    HostingChange,
    ListPrefixesParameters,
    NewPrefix,
    PatchTerms,
    PrefixChanged,
    PrefixDetail,
    PrefixPage,
    PrefixValues,
    PutSites,
    Signing,
    TermsModel,
)
from idis.resolver.web.v1.prefix_views import changed_reply, prefix_detail, prefix_model
from idis.resolver.web.v1.prefix_writing import Answered, form_of, organisation_of, perform_acts
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.record_model import PatchValues
from idis.resolver.web.v1.records import changes_of, insist, visible_values
from idis.resolver.web.v1.site_model import administrator_of, sites_of
from idis.resolver.web.v1.value_model import model_of

GROUP = "prefixes 标识前缀"


async def list_them(call: Call[ListPrefixesParameters, None]) -> Reply | Refusal:
    """Prefixes, page by page."""
    asked = call.parameters
    below = fold(asked.below or "")
    subject = f"prefixes {below} {sorted(asked.state)}"
    after = (read_cursor(subject, asked.cursor) or b"").decode()

    def question(txn: ReadTxn, groups: Groups) -> PrefixPage | Refusal | Unknown:
        page = list_prefixes(txn, call.caller, below, asked.state, after, asked.limit, groups)
        if isinstance(page, Refusal | Unknown):
            return page
        cursor = make_cursor(subject, page.after.encode()) if page.after else None
        return PrefixPage(tuple(map(prefix_model, page.entries)), cursor)

    return await decide(call, question)


async def show(call: Call[PrefixPath, None]) -> Reply | Refusal:
    """One prefix."""

    def question(txn: ReadTxn, groups: Groups) -> PrefixDetail | Refusal | Unknown:
        view = show_prefix(txn, call.caller, call.parameters.prefix, call.now, groups)
        return view if isinstance(view, Refusal | Unknown) else prefix_detail(view)

    return await decide(call, question, lambda detail: Reply(detail, version=detail.version))


async def apply(call: Call[Nothing, ApplyForPrefix]) -> Reply | Refusal:
    """Ask for a prefix."""
    body = call.body
    form = form_of(body.form)
    if isinstance(form, Refusal):
        return form
    act = prefix_acts.Apply(
        body.prefix,
        organisation_of(body.organisation),
        terms_of(body.terms),
        form,
        None if body.applicant is None else parse_identity(body.applicant),
    )
    return await perform_acts(call, (act,), _applied)


async def change_terms(call: Call[PrefixPath, PatchTerms]) -> Reply | Refusal:
    """Keep a prefix differently."""
    body = call.body
    signing = None if body.signing is None else body.signing is Signing.REQUIRED
    terms = NewTerms(body.privacy, body.fold_suffix, body.quota, body.ttl_s, signing, body.daily_quota)
    return await perform_acts(call, (prefix_acts.ChangeTerms(call.parameters.prefix, terms),))


async def put_sites(call: Call[PrefixPath, PutSites]) -> Reply | Refusal:
    """Let sites elsewhere answer for a prefix."""
    body = call.body
    if (body.service is None) is not bool(body.sites):
        raise Unfit("#/sites", "give sites, or a service, and not both")
    act = prefix_acts.Delegate(
        call.parameters.prefix,
        sites_of(body.sites, "#/sites"),
        None if body.derived is None else sites_of(body.derived, "#/derived"),
        body.service or "",
        administrator=administrator_of(body.administrator_key),
    )
    return await perform_acts(call, (act,))


async def change_hosting(call: Call[PrefixPath, HostingChange]) -> Reply | Refusal:
    """Let something happen to the hosting of a prefix."""
    body = call.body
    key = administrator_of(body.administrator_key)
    act = prefix_acts.Host(call.parameters.prefix, body.event, sites_of(body.sites, "#/sites"), administrator=key)
    return await perform_acts(call, (act,))


async def home(call: Call[PrefixPath, NewPrefix]) -> Reply | Refusal:
    """Make this node answer for a prefix."""
    body = call.body
    act = prefix_acts.Home(
        call.parameters.prefix,
        own=call.face.site,
        organisation=organisation_of(body.organisation),
        terms=terms_of(body.terms),
    )
    return await perform_acts(call, (act,))


async def unhome(call: Call[PrefixPath, None]) -> Reply | Refusal:
    """Let this node answer for a prefix no longer."""
    return await perform_acts(call, (prefix_acts.Unhome(call.parameters.prefix),))


async def get_values(call: Call[PrefixPath, None]) -> Reply | Refusal:
    """The record of a prefix."""
    handle = prefix_handle(call.parameters.prefix)

    def question(txn: ReadTxn, groups: Groups) -> tuple[Value, ...] | Refusal | Unknown:
        return visible_values(call, txn, groups, handle)

    return await decide(call, question, lambda shown: Reply(PrefixValues(handle, tuple(map(model_of, shown)))))


async def patch_values(call: Call[PrefixPath, PatchValues]) -> Reply | Refusal:
    """Change some values of a prefix."""
    prefix = call.parameters.prefix
    changes = insist(changes_of(prefix_handle(prefix), call.body))
    return await perform_acts(call, tuple(prefix_acts.ChangeValues(prefix, change) for change in changes))


def terms_of(model: TermsModel | None) -> Terms:
    """The terms as they were sent."""
    if model is None:
        return Terms()
    signing = model.signing is Signing.REQUIRED
    return Terms(model.privacy, model.fold_suffix, model.quota, model.ttl_s, signing, model.daily_quota)


def _applied(result: Answered) -> Reply:
    answer = changed_reply(result, 201)
    assert isinstance(result, Registered), "an application waits for nobody"
    return replace(answer, location=f"{BASE_PATH}/prefixes/{result.entry.prefix}")


_SEE = "LIST_HANDLES on the parent or the prefix, whoever asked for it, auditors"
_GRANT = "ADD_DERIVED_PREFIX on the parent: its administrators, operators of this node"
_REFUSED = (403, 404, 409, 422)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        name="listPrefixes",
        method="GET",
        path="/prefixes",
        group=GROUP,
        summary=("list prefixes", "前缀列表"),
        may="LIST_HANDLES on the prefix above; auditors and operators",
        answer=list_them,
        parameters=ListPrefixesParameters,
        response=PrefixPage,
        successes=((200, "one page"),),
        refusals=(404,),
        action=Action.PREFIX,
    ),
    Operation(
        name="applyForPrefix",
        method="POST",
        path="/prefixes",
        group=GROUP,
        summary=("apply for a prefix", "申请前缀"),
        detail="A wished number or the next free one. It is examined next: review, then approve or reject.",
        may="anybody with an identity; for somebody else, whoever grants prefixes there",
        answer=apply,
        parameters=Nothing,
        request=ApplyForPrefix,
        response=PrefixChanged,
        successes=((200, "you had asked for it already"), (201, "the application")),
        refusals=_REFUSED,
        action=Action.PREFIX,
    ),
    Operation(
        name="getPrefix",
        method="GET",
        path="/prefixes/{prefix}",
        group=GROUP,
        summary=("show a prefix", "查看前缀"),
        may=_SEE,
        answer=show,
        parameters=PrefixPath,
        response=PrefixDetail,
        successes=((200, "the prefix"),),
        refusals=(404,),
        action=Action.PREFIX,
    ),
    Operation(
        name="changeTerms",
        method="PATCH",
        path="/prefixes/{prefix}",
        group=GROUP,
        summary=("change how a prefix is kept", "修改前缀参数"),
        may=_GRANT,
        answer=change_terms,
        parameters=PrefixPath,
        request=PatchTerms,
        response=PrefixChanged,
        successes=((200, "the prefix"),),
        refusals=_REFUSED,
        action=Action.PREFIX,
        versioned=True,
    ),
    Operation(
        name="putSites",
        method="PUT",
        path="/prefixes/{prefix}/sites",
        group=GROUP,
        summary=("delegate a prefix", "配置解析路由"),
        detail="Only a prefix that was approved. This node then answers for it no longer, so it must hold no records below it.",
        may=_GRANT,
        answer=put_sites,
        parameters=PrefixPath,
        request=PutSites,
        response=PrefixChanged,
        successes=((200, "the prefix"),),
        refusals=_REFUSED,
        action=Action.PREFIX,
        versioned=True,
    ),
    Operation(
        name="changeHosting",
        method="POST",
        path="/prefixes/{prefix}/hosting",
        group=GROUP,
        summary=("host a prefix, or cease to", "托管"),
        may=f"to ask, the prefix's administrators and whoever asked for it; else {_GRANT}",
        answer=change_hosting,
        parameters=PrefixPath,
        request=HostingChange,
        response=PrefixChanged,
        successes=((200, "the prefix"),),
        refusals=_REFUSED,
        action=Action.PREFIX,
        versioned=True,
    ),
    Operation(
        name="homePrefix",
        method="PUT",
        path="/prefixes/{prefix}/home",
        group=GROUP,
        summary=("answer for a prefix here", "前缀服务注册"),
        detail="Organisation and terms count when it is new here.",
        may="operators; ADD_DERIVED_PREFIX on the parent where that is here",
        answer=home,
        parameters=PrefixPath,
        request=NewPrefix,
        response=PrefixChanged,
        successes=((200, "the prefix"),),
        refusals=_REFUSED,
        action=Action.PREFIX,
    ),
    Operation(
        name="unhomePrefix",
        method="DELETE",
        path="/prefixes/{prefix}/home",
        group=GROUP,
        summary=("answer for a prefix here no longer", "前缀服务注销"),
        detail="It must hold no records.",
        may="operators; DELETE_DERIVED_PREFIX on the prefix",
        answer=unhome,
        parameters=PrefixPath,
        response=PrefixChanged,
        successes=((200, "the prefix"),),
        refusals=_REFUSED,
        action=Action.PREFIX,
    ),
    Operation(
        name="getPrefixValues",
        method="GET",
        path="/prefixes/{prefix}/values",
        group=GROUP,
        summary=("read the record of a prefix", "查看前缀记录"),
        may="none for public values; READ_VALUE for others",
        answer=get_values,
        parameters=PrefixPath,
        response=PrefixValues,
        successes=((200, "its values"),),
        refusals=(403, 404),
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="patchPrefixValues",
        method="PATCH",
        path="/prefixes/{prefix}/values",
        group=GROUP,
        summary=("change keys and administrators of a prefix", "更新前缀记录"),
        may="the rights that each value needs, on the prefix or its parent; sites are the parent's matter",
        answer=patch_values,
        parameters=PrefixPath,
        request=PatchValues,
        response=PrefixChanged,
        successes=((200, "the prefix"),),
        refusals=_REFUSED,
        action=Action.PREFIX,
        versioned=True,
    ),
)
