"""What stays proved: by a login on a connection, or by an answer in a session (`trust.md` §5).

It ends after PROVEN_S_MAX, and with the key that proved it: whoever changes or removes the key ends what it opened. Keys and
roles are looked at again after LOOK_S, so that what is revoked ends within it. Since a busy registry changes with every
request, what was seen is compared by version numbers first.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from idis.proto.identifier import parse_identifier
from idis.registry.caller import Caller
from idis.registry.identity import Identity
from idis.registry.keyring import key_values
from idis.registry.roles import roles_of
from idis.registry.store.base import ReadTxn, Store
from idis.registry.store.keys import record_key

PROVEN_S_MAX = 43_200.0  # then the client proves its identity again
LOOK_S = 0.25  # a quarter of what a revocation may take to be felt on its own node (`trust.md` §5)

_Seen = tuple[int, int]  # versions of the prefix and of the record that hold the key; 0 for what is not here


class Proven:
    """A caller whose proof still counts."""

    __slots__ = ("_caller", "_identity", "_keys", "_look", "_seen", "_store", "_transaction", "until")

    def __init__(self, caller: Caller, store: Store, now: float) -> None:
        assert caller.identity is not None, "a proof is of an identity"
        self._caller = caller
        self._identity = caller.identity
        self._store = store
        self.until = now + PROVEN_S_MAX
        self._look = now + LOOK_S
        with store.read() as txn:
            self._transaction = txn.transaction
            self._seen = _versions(txn, self._identity)
            self._keys = _digest_of_keys(txn, self._identity)

    def caller(self, now: float) -> Caller | None:
        """Who it is, with his roles as they were LOOK_S ago at most; None when the proof no longer counts.

        `now` is monotonic seconds.
        """
        if now >= self.until:
            return None
        if now >= self._look and self._store.last_transaction != self._transaction:
            self._look = now + LOOK_S
            with self._store.read() as txn:
                self._transaction = txn.transaction
                if not self._still_holds(txn):
                    self.until = now
                    return None
                roles = roles_of(txn, self._identity)
            if roles != self._caller.roles:
                self._caller = replace(self._caller, roles=roles)
        return self._caller

    def _still_holds(self, txn: ReadTxn) -> bool:
        seen = _versions(txn, self._identity)
        # What is not here has its key elsewhere, or in a document without a version.
        if seen == self._seen != (0, 0):
            return True
        self._seen = seen
        return _digest_of_keys(txn, self._identity) == self._keys


def _versions(txn: ReadTxn, identity: Identity) -> _Seen:
    named = parse_identifier(identity.identifier)
    entry = txn.prefix(named.folded_prefix)
    if entry is None:
        return 0, 0
    if named.suffix is None:
        return entry.version, 0
    record = txn.record(record_key(entry.prefix, named.suffix, entry.fold_suffix))
    return entry.version, 0 if record is None else record.version


def _digest_of_keys(txn: ReadTxn, identity: Identity) -> bytes:
    """Of the keys this node holds of an identity; those that other nodes hold are theirs to watch."""
    digest = blake2b(digest_size=16)
    for value in key_values(txn, identity):
        digest.update(len(value.data).to_bytes(4, "big") + value.data)
    return digest.digest()
