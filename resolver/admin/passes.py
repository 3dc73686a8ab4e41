"""Passes that questions carry through recursion: who is behind one, at the node that answers (`proto/reader_pass.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from idis.proto.challenge import HS_PUBKEY
from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.query import Query
from idis.proto.reader_pass import ReaderPass, decode_pass
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


class Keys(Protocol):
    """Has the keys of identities, or gets them; `verifier.Verifier` is one."""

    async def public_keys(self, named: Identity) -> Sequence[Value] | Refusal:
        """The HS_PUBKEY values of an identity."""


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
        wanted = (stored_spelling(query.spelling), stored_spelling(query.spelling, exact=True))

        def refuse_audience(audience: str) -> str:
            return "" if audience in wanted else f"the pass is for {audience!r}, not for what is asked: make one for it"

        shown = read_pass(query.auth, refuse_audience, now)
        if isinstance(shown, Refusal):
            return shown
        identity = await shown.signer(self._verifier)
        if isinstance(identity, Refusal):
            return identity
        scope = TokenScope(_NAME, (query.identifier.folded_prefix,), frozenset((Action.READ,)))
        with self._store.read() as txn:
            return Caller(origin, identity, roles_of(txn, identity), scope)


@dataclass(frozen=True, slots=True)
class ShownPass:
    """A pass that is for what is asked, and good now; who signed it is not known yet."""

    content: ReaderPass
    named: Identity

    async def signer(self, verifier: Keys) -> Identity | Refusal:
        """The key that signed it, or why none did."""
        keys = await verifier.public_keys(self.named)
        if isinstance(keys, Refusal):
            return keys
        signer = next((key for key in keys if self._signed_by(key)), None)
        if signer is None:
            return _refusal(f"no key of {self.named} signed this pass: sign with the private half of its HS_PUBKEY value")
        return Identity(signer.index, self.named.identifier)

    def _signed_by(self, key: Value) -> bool:
        if fold(key.type) != HS_PUBKEY:
            return False
        shown = self.content
        handle = shown.identity.partition(":")[2]
        try:
            return public_key.verifies(public_key.load(key.data), shown.digest_name, shown.signature, shown.octets(), user=handle)
        except public_key.KeyUnusable:
            return False


def read_pass(octets: bytes, refuse_audience: Callable[[str], str], now: int) -> ShownPass | Refusal:
    """A pass as it came, or why it is not taken.

    Args:
        octets: of the pass.
        refuse_audience: says why a pass for that audience is not for what is asked; nothing when it is.
        now: unix time.
    """
    try:
        content = decode_pass(octets)
        named = parse_identity(content.identity)
    except (ProtocolError, IdentifierError) as error:
        return _refusal(f"the pass cannot be read: {error}")
    if sentence := refuse_audience(content.audience):
        return _refusal(sentence)
    if not content.current(now):
        return _refusal("the pass is not good now: it holds for a minute, by clocks that differ by no more than another")
    return ShownPass(content, named)


def _refusal(message: str) -> Refusal:
    return Refusal(ResponseCode.AUTHENTICATION_FAILED, message)
