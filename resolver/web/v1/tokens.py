"""API tokens: made, listed, revoked (`/tokens`)."""

from __future__ import annotations

from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.registry import tokens
from idis.registry.caller import Action, RoleGrant
from idis.registry.identity import parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups
from idis.registry.store.base import WriteTxn
from idis.registry.token import Token, TokenTerms
from idis.resolver.web.v1.common_model import Done
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.node_model import RoleModel
from idis.resolver.web.v1.openapi import BASE_PATH
from idis.resolver.web.v1.operation import Call, Nothing, Operation, Reply
from idis.resolver.web.v1.showing import iso_time
from idis.resolver.web.v1.token_model import (
    ListTokensParameters,
    MakeToken,
    TokenMade,
    TokenModel,
    TokenPage,
    TokenPath,
    TokenState,
)
from idis.resolver.web.v1.writing import commit

GROUP = "tokens 令牌"
_LIST = "tokens"


async def list_tokens(call: Call[ListTokensParameters, None]) -> Reply:
    """The tokens that a caller may see, page by page."""
    asked = call.parameters
    after = read_cursor(_LIST, asked.cursor)
    with call.face.service.chain.store.read() as txn:
        page = tokens.tokens_after(txn, after, asked.limit)
    shown = tuple(_model(token, call.now) for _, token in page if tokens.may_see(call.caller, token))
    return Reply(TokenPage(shown, make_cursor(_LIST, page[-1][0]) if len(page) == asked.limit else None))


async def make_token(call: Call[Nothing, MakeToken]) -> Reply | Refusal:
    """Make a token."""
    body, now, caller = call.body, call.now, call.caller
    terms = TokenTerms(
        label=body.label,
        identity=None if body.identity is None else parse_identity(body.identity),
        roles=tuple(RoleGrant(role.role, role.prefix) for role in body.roles),
        prefixes=body.prefixes,
        actions=frozenset(body.actions),
        networks=body.networks,
        days=body.days,
    )

    def change(txn: WriteTxn, _groups: Groups) -> tuple[Token, str] | Refusal:
        return tokens.create(txn, caller, terms, now)

    def reply(made: tuple[Token, str]) -> Reply:
        token = made[0]
        return Reply(TokenMade(_model(token, now), None), 201, location=f"{BASE_PATH}/tokens/{token.token_id}")

    return await commit(call, change, reply, secret=_with_secret)


async def get_token(call: Call[TokenPath, None]) -> Reply | Refusal:
    """One token."""
    with call.face.service.chain.store.read() as txn:
        token = tokens.find(txn, call.parameters.id)
    if token is None or not tokens.may_see(call.caller, token):
        return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"there is no token {call.parameters.id} that you may see")
    return Reply(_model(token, call.now))


async def revoke_token(call: Call[TokenPath, None]) -> Reply | Refusal:
    """End a token at once."""
    caller, token_id, now = call.caller, call.parameters.id, call.now
    return await commit(
        call, lambda txn, _groups: tokens.revoke(txn, caller, token_id, now), lambda changed: Reply(Done(changed))
    )


def _with_secret(made: tuple[Token, str], answer: Reply) -> Reply:
    shown = answer.body
    assert isinstance(shown, TokenMade), "it is what a token is answered with"
    return replace(answer, body=replace(shown, secret=made[1]))


def _model(token: Token, now: int) -> TokenModel:
    terms = token.terms
    return TokenModel(
        id=token.token_id,
        state=TokenState(token.state(now)),
        label=terms.label,
        identity=None if terms.identity is None else str(terms.identity),
        roles=tuple(RoleModel(grant.role, grant.prefix) for grant in terms.roles),
        prefixes=terms.prefixes,
        actions=tuple(sorted(terms.actions, key=lambda action: action.value)),
        networks=terms.networks,
        made_by=token.made_by,
        made=iso_time(token.made_s),
        expires=iso_time(token.expires_s),
        revoked=iso_time(token.revoked_s) if token.revoked_s else None,
        used=iso_time(token.used_s) if token.used_s else None,
        used_from=token.used_from,
    )


_WHOSE = "it is yours, or you administer all it is for"

OPERATIONS = (
    Operation(
        name="listTokens",
        method="GET",
        path="/tokens",
        group=GROUP,
        summary=("list tokens", "令牌列表"),
        may=f"a token is shown when {_WHOSE}; auditors see all",
        answer=list_tokens,
        parameters=ListTokensParameters,
        response=TokenPage,
        successes=((200, "one page"),),
        action=Action.ACCESS,
    ),
    Operation(
        name="makeToken",
        method="POST",
        path="/tokens",
        group=GROUP,
        summary=("make a token", "创建令牌"),
        detail="Prove the identity itself: a token makes no tokens. The secret is shown once and kept nowhere.",
        may="for yourself any; for others and for roles, whoever may grant these",
        answer=make_token,
        parameters=Nothing,
        request=MakeToken,
        response=TokenMade,
        successes=((201, "the token and its secret"),),
        refusals=(403, 409, 422),
        action=Action.ACCESS,
    ),
    Operation(
        name="getToken",
        method="GET",
        path="/tokens/{id}",
        group=GROUP,
        summary=("show a token", "查看令牌"),
        may=f"{_WHOSE}; auditors see all",
        answer=get_token,
        parameters=TokenPath,
        response=TokenModel,
        successes=((200, "the token"),),
        refusals=(404,),
        action=Action.ACCESS,
    ),
    Operation(
        name="revokeToken",
        method="DELETE",
        path="/tokens/{id}",
        group=GROUP,
        summary=("revoke a token", "吊销令牌"),
        detail="It stops with its next use. A token may always revoke itself.",
        may=_WHOSE,
        answer=revoke_token,
        parameters=TokenPath,
        response=Done,
        successes=((200, "it is revoked"),),
        refusals=(404,),
    ),
)
