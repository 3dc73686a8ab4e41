"""Passes that questions carry through recursion: who is behind one, at the node that answers (`proto/reader_pass.py`)."""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.query import Query
from idis.proto.reader_pass import decode_pass
from idis.proto.statement import stored_spelling
from idis.proto.value import Value
from idis.registry.caller import Action, Caller, TokenScope
from idis.registry.identity import Identity, parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.roles import roles_of
from idis.registry.store.base import Store
from idis.resolver.admin import public_key
from idis.resolver.admin.verifier import Verifier

_NAME = "pass"
_PUBLIC_KEY = "HS_PUBKEY"


class Passes:
    """Verifies passes.

    Args:
        store: where roles are.
        verifier: has the keys of identities, or gets them.
    """

    def __init__(self, store: Store, verifier: Verifier) -> None:
        self._store = store
        self._verifier = verifier

    async def caller(self, query: Query, *, origin: str, now: int) -> Caller | Refusal:
        """Whoever asks by the pass a question carries: he may read below the prefix asked for, and do nothing else.

        Args:
            query: with its authBytes.
            origin: who sent it here, for the audit trail.
            now: unix time.
        """
        try:
            shown = decode_pass(query.auth)
            named = parse_identity(shown.identity)
        except (ProtocolError, IdentifierError) as error:
            return _refusal(f"the pass cannot be read: {error}")
        if shown.audience not in (stored_spelling(query.spelling), stored_spelling(query.spelling, exact=True)):
            return _refusal(f"the pass is for {shown.audience!r}, not for what is asked: make one for it")
        if not shown.current(now):
            return _refusal("the pass is not good now: it holds for a minute, by clocks that differ by no more than another")
        keys = await self._verifier.public_keys(named)
        if isinstance(keys, Refusal):
            return keys
        handle = shown.identity.partition(":")[2]
        signer = next((key for key in keys if _signed(key, shown.digest_name, shown.signature, shown.octets(), handle)), None)
        if signer is None:
            return _refusal(f"no key of {named} signed this pass: sign with the private half of its HS_PUBKEY value")
        identity = Identity(signer.index, named.identifier)
        scope = TokenScope(_NAME, (query.identifier.folded_prefix,), frozenset((Action.READ,)))
        with self._store.read() as txn:
            return Caller(origin, identity, roles_of(txn, identity), scope)


def _signed(value: Value, digest_name: str, signature: bytes, octets: bytes, handle: str) -> bool:
    if fold(value.type) != _PUBLIC_KEY:
        return False
    try:
        return public_key.verifies(public_key.load(value.data), digest_name, signature, octets, user=handle)
    except public_key.KeyUnusable:
        return False


def _refusal(message: str) -> Refusal:
    return Refusal(ResponseCode.AUTHENTICATION_FAILED, message)
