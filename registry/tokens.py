"""API tokens: secrets for programs, narrower and shorter-lived than the keys of whoever made them (`trust.md` §5).

The secret is 32 random octets, shown once. Kept is its SHA-256, under the first eight octets of that, which name the
token in lists and in the audit trail. A token stands for an identity, with the roles and HS_ADMIN rights that has at the
moment of use, or for roles of its own; its scope leaves some of these. Nothing is remembered between two uses: a token
that is revoked stops with the next request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.registry.audit.line import audit
from idis.registry.caller import Action, Caller, Role, TokenScope
from idis.registry.document import DocumentKind
from idis.registry.registration.checks import Refusal
from idis.registry.roles import NODE_OPERATOR, refuse_granting, roles_of
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.token import DAY_S, Token, TokenTerms, decode_token, encode_token, encode_use, judge_terms, with_use

SECRET_HEAD = "idis_"  # what a scanner for secrets that were published by mistake looks for
SECRET_BYTES = 32
ID_BYTES = 8
KEPT_S = 30 * DAY_S  # how long a token that ended is still listed
TOKENS_MAX = 10_000  # no node has as many programs; whoever makes more makes one for each request
USE_INTERVAL_S = 60  # the last use is written at most this often: it costs a commit
ADDRESS_CHARACTERS_MAX = 100
PAGE_DOCUMENTS = 512

_SECRET_CHARACTERS = 43  # of base64url without padding
_NOBODY = bytes(hashlib.sha256().digest_size)


def create(
    txn: WriteTxn, caller: Caller, terms: TokenTerms, now: int, *, octets: Callable[[int], bytes] = secrets.token_bytes
) -> tuple[Token, str] | Refusal:
    """Make a token; the text beside it is the secret, which is kept nowhere.

    Args:
        txn: the registry.
        caller: who asks: for himself, or for roles that are his to give. A token makes no tokens, or none would ever end.
        terms: what the token is to be.
        now: unix time in seconds.
        octets: gives as many random octets as asked for.
    """
    judged = judge_terms(terms)
    if isinstance(judged, Refusal):
        return judged
    if refusal := _refuse_making(caller, judged):
        return refusal
    if _forget(txn, now) >= TOKENS_MAX:
        return Refusal(ResponseCode.ERROR, f"there are {TOKENS_MAX} tokens already: revoke those that nobody uses")
    while True:
        secret = octets(SECRET_BYTES)
        digest = hashlib.sha256(secret).digest()
        key = digest[:ID_BYTES]
        if txn.document(DocumentKind.TOKEN, key) is None:
            break
    token = Token(key.hex(), digest, judged, caller.name, now, now + judged.days * DAY_S)
    txn.put_document(DocumentKind.TOKEN, key, encode_token(token))
    audit(txn, caller, "create token", _subject(token), after=token.to_json())
    return token, SECRET_HEAD + base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def revoke(txn: WriteTxn, caller: Caller, token_id: str, now: int) -> bool | Refusal:
    """End a token; False when it has ended already."""
    token = find(txn, token_id)
    if token is None:
        return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"there is no token {token_id}: look for it in the list of tokens")
    if refusal := refuse_revoking(caller, token):
        return refusal
    if token.state(now) != "valid":
        return False
    ended = replace(token, revoked_s=now)
    txn.put_document(DocumentKind.TOKEN, _key(token), encode_token(ended))
    audit(txn, caller, "revoke token", _subject(token), before=token.to_json(), after=ended.to_json())
    return True


def authenticate(txn: ReadTxn, secret: str, address: str, now: int, *, transport: str = "http") -> Caller | Refusal:
    """Who stands behind a secret.

    Args:
        txn: the registry as it is now.
        secret: as it was sent.
        address: where from.
        now: unix time in seconds.
        transport: how it came, for the audit trail.
    """
    digest = _digest_of(secret)
    document = txn.document(DocumentKind.TOKEN, digest[:ID_BYTES])
    token = None if document is None else decode_token(document)
    # Compared at one pace whether there is a token or not, and wherever the two differ.
    same = hmac.compare_digest(_NOBODY if token is None else token.digest, digest)
    if token is None or not same:
        return _failed("this token is unknown: send all of it, or have a new one made")
    state = token.state(now)
    if state != "valid":
        return _failed(f"token {token.token_id} is {state}: have a new one made")
    terms = token.terms
    if not terms.admit(address):
        return _failed(f"token {token.token_id} may not be used from {address}: its networks do not include it")
    roles = terms.roles if terms.identity is None else roles_of(txn, terms.identity)
    return Caller(
        f"{transport} {address}", terms.identity, roles, TokenScope(token.token_id, terms.prefixes, terms.actions)
    )


def find(txn: ReadTxn, token_id: str) -> Token | None:
    """The token that lists call so, with its last use."""
    try:
        key = bytes.fromhex(token_id)
    except ValueError:
        return None
    document = txn.document(DocumentKind.TOKEN, key)
    return None if document is None else _found(txn, document)


def tokens(txn: ReadTxn) -> Iterator[Token]:
    """Every token, those that ended within KEPT_S at least too, each with its last use."""
    after: bytes | None = None
    while page := tokens_after(txn, after, PAGE_DOCUMENTS):
        yield from (token for _, token in page)
        after = page[-1][0]


def tokens_after(txn: ReadTxn, after: bytes | None, limit: int) -> list[tuple[bytes, Token]]:
    """Some of those, in the order of their keys, strictly after a key: each with its key."""
    return [(key, _found(txn, document)) for key, document in txn.documents(DocumentKind.TOKEN, after, limit)]


def refuse_revoking(caller: Caller, token: Token) -> Refusal | None:
    """What forbids a caller to end a token; None for his own, for itself, and for whoever administers all it is for."""
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "tokens belong to somebody: prove an identity")
    if caller.scope is not None and caller.scope.token_id == token.token_id:
        return None
    own = caller.identity is not None and caller.identity == token.terms.identity
    if all(caller.in_scope(Action.ACCESS, prefix) and (own or _governs(caller, prefix)) for prefix in token.terms.prefixes):
        return None
    return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, f"token {token.token_id} is not for {caller.name} to revoke")


def may_see(caller: Caller, token: Token) -> bool:
    """Whether a caller may see a token in a list: an auditor of the node, or whoever could end it."""
    audits = caller.holds(Role.AUDITOR, "") and caller.in_scope(Action.AUDIT, "")
    return audits or refuse_revoking(caller, token) is None


def note_use(txn: WriteTxn, token_id: str, address: str, now: int) -> bool:
    """Write down that a token was used, unless that was done within USE_INTERVAL_S or there is no such token."""
    token = find(txn, token_id)
    if token is None or 0 <= now - token.used_s < USE_INTERVAL_S:
        return False
    return txn.put_document(DocumentKind.TOKEN_USE, _key(token), encode_use(now, address[:ADDRESS_CHARACTERS_MAX]))


def _refuse_making(caller: Caller, terms: TokenTerms) -> Refusal | None:
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "tokens are made by whoever they stand for: prove an identity")
    if caller.scope is not None:
        return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, "a token makes no tokens: prove the identity itself")
    if terms.identity is None:
        return next((refusal for wanted in terms.roles if (refusal := refuse_granting(caller, wanted))), None)
    if terms.identity == caller.identity or NODE_OPERATOR in caller.roles:
        return None
    return Refusal(
        ResponseCode.INSUFFICIENT_PERMISSIONS, f"a token for {terms.identity} is made by itself or by an operator of this node"
    )


def _governs(caller: Caller, prefix: str) -> bool:
    return caller.holds(Role.OPERATOR, prefix) or caller.holds(Role.ADMINISTRATOR, prefix)


def _forget(txn: WriteTxn, now: int) -> int:
    """Let go of tokens that ended long ago; how many there are."""
    count = 0
    for token in list(tokens(txn)):
        if token.ends_s + KEPT_S < now:
            txn.delete_document(DocumentKind.TOKEN, _key(token))
            txn.delete_document(DocumentKind.TOKEN_USE, _key(token))
        else:
            count += 1
    return count


def _digest_of(secret: str) -> bytes:
    """SHA-256 of the octets a secret spells; of nothing a token could have, when it spells none."""
    text = secret.removeprefix(SECRET_HEAD)
    if not secret.startswith(SECRET_HEAD) or len(text) != _SECRET_CHARACTERS or not text.isascii():
        return _NOBODY
    try:
        octets = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except binascii.Error:
        return _NOBODY
    return hashlib.sha256(octets).digest()


def _found(txn: ReadTxn, document: bytes) -> Token:
    token = decode_token(document)
    return with_use(token, txn.document(DocumentKind.TOKEN_USE, _key(token)))


def _key(token: Token) -> bytes:
    return token.digest[:ID_BYTES]


def _subject(token: Token) -> str:
    return f"token {token.token_id}"


def _failed(message: str) -> Refusal:
    return Refusal(ResponseCode.AUTHENTICATION_FAILED, message)
