"""What stays proved: by a login on a connection, or by an answer in a session (`trust.md` §5).

It ends after PROVEN_S_MAX, and with the key that proved it: whoever changes or removes the key ends what it opened.
Roles are those of the moment, so that one that is revoked ends with the next request.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from idis.registry.caller import Caller
from idis.registry.keyring import key_values
from idis.registry.roles import roles_of
from idis.registry.store.base import ReadTxn, Store

PROVEN_S_MAX = 43_200.0  # then the client proves its identity again


class Proven:
    """A caller whose proof still counts."""

    __slots__ = ("_caller", "_keys", "_store", "_transaction", "until")

    def __init__(self, caller: Caller, store: Store, now: float) -> None:
        self._caller = caller
        self._store = store
        self.until = now + PROVEN_S_MAX
        with store.read() as txn:
            self._transaction = txn.transaction
            self._keys = _digest_of_keys(txn, caller)

    def caller(self, now: float) -> Caller | None:
        """Who it is, with his roles as they are now; None when the proof no longer counts. `now` is monotonic seconds."""
        if now >= self.until:
            return None
        if self._store.last_transaction != self._transaction:
            with self._store.read() as txn:
                self._transaction = txn.transaction
                if _digest_of_keys(txn, self._caller) != self._keys:
                    self.until = now
                    return None
                assert self._caller.identity is not None, "a proof is of an identity"
                self._caller = replace(self._caller, roles=roles_of(txn, self._caller.identity))
        return self._caller


def _digest_of_keys(txn: ReadTxn, caller: Caller) -> bytes:
    """Of the keys this node holds of an identity; those that other nodes hold are theirs to watch."""
    assert caller.identity is not None, "a proof is of an identity"
    digest = blake2b(digest_size=16)
    for value in key_values(txn, caller.identity):
        digest.update(len(value.data).to_bytes(4, "big") + value.data)
    return digest.digest()
