"""Trace passes: who asks a question, proved to every node it reaches (`proto/reader_pass.py`, `tracing.md` §8.8).

Whoever asks signs the id of his question and its purpose, once, for a minute. Nodes hand the pass on with the question. A
signature that was verified here is believed for as long as the pass is good, and the keys of an identity for KEYS_S, so that
somebody who asks much is looked up at his own node now and then only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from time import monotonic

from idis.proto.trace import trace_audience
from idis.proto.value import Value
from idis.registry.caller import Action, Caller, TokenScope
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.registry.roles import roles_of
from idis.registry.store.base import Store
from idis.resolver.admin.passes import read_pass
from idis.resolver.admin.verifier import Verifier

KEPT_MAX = 4_096  # passes that were verified; each is good for two minutes at most
KEYS_S = 20.0  # a key that was withdrawn must be useless within a minute everywhere (`trust.md` P12)
KEYS_MAX = 1_024  # identities
_NAME = "trace pass"


class TracePasses:
    """Verifies trace passes.

    Args:
        store: where roles are.
        verifier: has the keys of identities, or gets them.
    """

    def __init__(self, store: Store, verifier: Verifier) -> None:
        self._store = store
        self._keys = _KeptKeys(verifier)
        self._kept: OrderedDict[tuple[bytes, bytes, str], Identity] = OrderedDict()

    async def caller(self, proof: bytes, trace_id: bytes, purpose: str, *, origin: str, now: int) -> Caller | Refusal:
        """Whoever asks a question by the pass it carries: he may read, and do nothing else.

        Args:
            proof: the pass.
            trace_id, purpose: of the question.
            origin: who sent it here, for the audit trail.
            now: unix time.
        """
        wanted = trace_audience(trace_id, purpose)

        def refuse_audience(audience: str) -> str:
            return "" if audience == wanted else "the pass is for another question: make one for this"

        shown = read_pass(proof, refuse_audience, now)
        if isinstance(shown, Refusal):
            return shown
        kept = (proof, trace_id, purpose)
        identity = self._kept.get(kept)
        if identity is None:
            signer = await shown.signer(self._keys)
            if isinstance(signer, Refusal) and self._keys.forget(shown.named):
                signer = await shown.signer(self._keys)  # he may have a new one
            if isinstance(signer, Refusal):
                return signer
            identity = self._kept[kept] = signer
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        with self._store.read() as txn:
            return Caller(origin, identity, roles_of(txn, identity), TokenScope(_NAME, ("",), frozenset((Action.READ,))))


class _KeptKeys:
    """Keys of identities, kept for a while."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._kept: OrderedDict[Identity, tuple[float, Sequence[Value]]] = OrderedDict()

    async def public_keys(self, named: Identity) -> Sequence[Value] | Refusal:
        """As `Verifier.public_keys`."""
        until, keys = self._kept.get(named, (0.0, ()))
        if until > monotonic():
            return keys
        found = await self._verifier.public_keys(named)
        if isinstance(found, Refusal) or not found:
            return found
        self._kept[named] = monotonic() + KEYS_S, found
        if len(self._kept) > KEYS_MAX:
            self._kept.popitem(last=False)
        return found

    def forget(self, named: Identity) -> bool:
        """Have the keys of an identity looked up anew; whether any were kept."""
        return self._kept.pop(named, None) is not None
