"""Trace passes: who asks a question, proved to every node it reaches (`proto/reader_pass.py`, `tracing.md` §8.8).

Whoever asks signs the id of his question and its purpose, once, for a minute. Nodes hand the pass on with the question. A
signature that was verified here is believed for as long as the pass is good, so that a walk costs one look for the key.
"""

from __future__ import annotations

from collections import OrderedDict

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.reader_pass import decode_pass
from idis.proto.trace import trace_audience
from idis.proto.value import Value
from idis.registry.caller import Action, Caller, TokenScope
from idis.registry.identity import Identity, parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.roles import roles_of
from idis.registry.store.base import Store
from idis.resolver.admin import public_key
from idis.resolver.admin.verifier import Verifier

KEPT_MAX = 4_096  # passes that were verified; each is good for two minutes at most
_NAME = "trace pass"
_PUBLIC_KEY = "HS_PUBKEY"


class TracePasses:
    """Verifies trace passes.

    Args:
        store: where roles are.
        verifier: has the keys of identities, or gets them.
    """

    def __init__(self, store: Store, verifier: Verifier) -> None:
        self._store = store
        self._verifier = verifier
        self._kept: OrderedDict[tuple[bytes, bytes, str], Identity] = OrderedDict()

    async def caller(self, proof: bytes, trace_id: bytes, purpose: str, *, origin: str, now: int) -> Caller | Refusal:
        """Whoever asks a question by the pass it carries: he may read, and do nothing else.

        Args:
            proof: the pass.
            trace_id, purpose: of the question.
            origin: who sent it here, for the audit trail.
            now: unix time.
        """
        try:
            shown = decode_pass(proof)
            named = parse_identity(shown.identity)
        except (ProtocolError, IdentifierError) as error:
            return _refusal(f"the pass cannot be read: {error}")
        if shown.audience != trace_audience(trace_id, purpose):
            return _refusal("the pass is for another question: make one for this")
        if not shown.current(now):
            return _refusal("the pass is not good now: it holds for a minute, by clocks that differ by no more than another")
        kept = (proof, trace_id, purpose)
        identity = self._kept.get(kept)
        if identity is None:
            keys = await self._verifier.public_keys(named)
            if isinstance(keys, Refusal):
                return keys
            handle = shown.identity.partition(":")[2]
            signer = next((key for key in keys if _signed(key, shown.digest_name, shown.signature, shown.octets(), handle)), None)
            if signer is None:
                return _refusal(f"no key of {named} signed this pass: sign with the private half of its HS_PUBKEY value")
            identity = self._kept[kept] = Identity(signer.index, named.identifier)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        with self._store.read() as txn:
            return Caller(origin, identity, roles_of(txn, identity), TokenScope(_NAME, ("",), frozenset((Action.READ,))))


def _signed(value: Value, digest_name: str, signature: bytes, octets: bytes, handle: str) -> bool:
    if fold(value.type) != _PUBLIC_KEY:
        return False
    try:
        return public_key.verifies(public_key.load(value.data), digest_name, signature, octets, user=handle)
    except public_key.KeyUnusable:
        return False


def _refusal(message: str) -> Refusal:
    return Refusal(ResponseCode.AUTHENTICATION_FAILED, message)
