"""Keys that prove an identity, as far as this node holds them itself (`wire.md` §7, §9).

A key is a value of the identifier's record, or of the prefix when the identifier is one. A node without a prefix of its
own has nowhere to put its operators' keys; those are documents. Keys that other nodes hold are fetched by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgpack

from idis.proto.identifier import fold, prefix_handle
from idis.proto.value import INDEX_MAX, Value
from idis.registry.document import DocumentKind, text_key
from idis.registry.identity import Identity
from idis.registry.registration.values import ADMIN_KEY_INDEX
from idis.registry.rights import held_values
from idis.registry.store.base import ReadTxn, WriteTxn

PUBLIC_KEY = "HS_PUBKEY"
SECRET_KEY = "HS_SECKEY"
KEYS_TRIED_MAX = 16  # of one identifier: each costs whoever verifies a signature or a hash
LOCAL_PREFIX = "LOCAL"  # of the operators of a node without a prefix; nobody delegates it, so no other node answers for it

_FORM = 1


def key_values(txn: ReadTxn, identity: Identity) -> tuple[Value, ...]:
    """The HS_PUBKEY and HS_SECKEY values of an identity; of any index when its index is 0, at most KEYS_TRIED_MAX.

    Empty when this node holds none.

    Raises:
        IdentifierError: the identity was not made by `identity_of`.
    """
    document = txn.document(DocumentKind.OPERATOR, text_key(identity.identifier))
    own = () if document is None else _decode(document)
    values = (*own, *(held_values(txn, identity.identifier) or ()))
    return tuple(value for value in values if _is_key(value) and identity.index in (0, value.index))[:KEYS_TRIED_MAX]


def operator_identity(prefixes: tuple[str, ...], node: str) -> Identity:
    """The first operator of a node: the administrator of its first prefix, or a name of its own where it has none."""
    if prefixes:
        return Identity(ADMIN_KEY_INDEX, prefix_handle(fold(prefixes[0])))
    return Identity(ADMIN_KEY_INDEX, f"{LOCAL_PREFIX}/{fold(node)}")


def put_operator_key(txn: WriteTxn, identity: Identity, pem: bytes) -> bool:
    """Hold the public key of an identity that no record or prefix here holds; False when it is held already.

    Args:
        txn: the registry.
        identity: with the index the key is to have.
        pem: SubjectPublicKeyInfo in PEM form.
    """
    assert 0 < identity.index <= INDEX_MAX, "a key has an index"
    key = text_key(identity.identifier)
    document = txn.document(DocumentKind.OPERATOR, key)
    held = {} if document is None else {value.index: value for value in _decode(document)}
    held[identity.index] = Value(identity.index, PUBLIC_KEY, pem)
    return txn.put_document(DocumentKind.OPERATOR, key, _encode(held.values()))


def drop_operator_key(txn: WriteTxn, identity: Identity) -> bool:
    """Let go of a key that `put_operator_key` holds, of all of them when the index is 0; whether there was one."""
    key = text_key(identity.identifier)
    document = txn.document(DocumentKind.OPERATOR, key)
    if document is None:
        return False
    held = _decode(document)
    kept = [value for value in held if identity.index not in (0, value.index)]
    if not kept:
        return txn.delete_document(DocumentKind.OPERATOR, key)
    return txn.put_document(DocumentKind.OPERATOR, key, _encode(kept))


def _is_key(value: Value) -> bool:
    return fold(value.type) in (PUBLIC_KEY, SECRET_KEY)


def _encode(values: Iterable[Value]) -> bytes:
    packed: bytes = msgpack.packb([_FORM, [[value.index, value.data] for value in values]])
    return packed


def _decode(document: bytes) -> tuple[Value, ...]:
    _form, held = msgpack.unpackb(document)
    return tuple(Value(index, PUBLIC_KEY, pem) for index, pem in held)
