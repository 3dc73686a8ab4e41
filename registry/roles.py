"""Roles: what an identity is on this node, as its operators granted it (`domain.md` §9, `trust.md` §5).

Grants are documents, one for each identity. One to index 0 of an identifier holds for every key of it. There is always an
operator of the whole node: who revokes the last one is refused, and the first is made with the node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

import msgpack

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold, parse_prefix
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.audit.line import audit
from idis.registry.caller import Action, Caller, Role, RoleGrant
from idis.registry.document import DocumentKind, text_key
from idis.registry.identity import Identity
from idis.registry.keyring import LOCAL_PREFIX, PUBLIC_KEY, drop_operator_key, operator_identity, put_operator_key
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, WriteTxn

GRANTS_MAX = 64  # of one identity: they are read with every login and every use of a token
PAGE_DOCUMENTS = 512

NODE_OPERATOR = RoleGrant(Role.OPERATOR)

# What the holder of a role may grant and revoke, for the prefix he holds it for and below.
_GRANTABLE = {
    Role.OPERATOR: frozenset(Role),
    Role.ADMINISTRATOR: frozenset((Role.ADMINISTRATOR, Role.APPLICATION)),
}
_FORM = 1


def roles_of(txn: ReadTxn, identity: Identity) -> tuple[RoleGrant, ...]:
    """The roles an identity holds: those of its key, and those granted to any key of its identifier."""
    any_key = replace(identity, index=0)
    return _grants(txn, any_key) if identity == any_key else (*_grants(txn, identity), *_grants(txn, any_key))


def grant(txn: WriteTxn, caller: Caller, identity: Identity, wanted: RoleGrant) -> bool | Refusal:
    """Give an identity a role; False when it holds it already.

    Raises:
        IdentifierError: the prefix of the grant is none.
    """
    wanted = normal_grant(wanted)
    if refusal := refuse_granting(caller, wanted):
        return refusal
    held = _grants(txn, identity)
    if wanted in held:
        return False
    if len(held) >= GRANTS_MAX:
        return Refusal(
            ResponseCode.INVALID_VALUE, f"{identity} holds {GRANTS_MAX} roles, which is the most: grant one for a prefix above"
        )
    _write(txn, caller, "grant role", identity, held, (*held, wanted))
    return True


def revoke(txn: WriteTxn, caller: Caller, identity: Identity, unwanted: RoleGrant) -> bool | Refusal:
    """Take a role from an identity; False when it does not hold it.

    Raises:
        IdentifierError: the prefix of the grant is none.
    """
    unwanted = normal_grant(unwanted)
    if refusal := refuse_granting(caller, unwanted):
        return refusal
    held = _grants(txn, identity)
    if unwanted not in held:
        return False
    if unwanted == NODE_OPERATOR and not any(
        NODE_OPERATOR in grants for other, grants in granted(txn) if other != identity
    ):
        return Refusal(
            ResponseCode.INVALID_VALUE, f"{identity} is the last operator of this node: grant the role to another one before"
        )
    _write(txn, caller, "revoke role", identity, held, tuple(kept for kept in held if kept != unwanted))
    if not roles_of(txn, identity):
        drop_operator_key(txn, identity)
    return True


def keep_key(txn: WriteTxn, caller: Caller, identity: Identity, pem: bytes) -> bool | Refusal:
    """Hold the public key of an identity of this node's own, `300:LOCAL/name`; False when it is held already.

    The last role taken from it takes the key along.

    Args:
        txn: the registry.
        caller: an operator of the whole node.
        identity: whose key it is.
        pem: SubjectPublicKeyInfo in PEM form.
    """
    if refusal := refuse_granting(caller, NODE_OPERATOR):
        return refusal
    if not identity.identifier.startswith(f"{LOCAL_PREFIX}/") or not identity.index:
        return Refusal(
            ResponseCode.INVALID_VALUE,
            f"only the keys of {LOCAL_PREFIX}/name are kept beside the records: put that of {identity} into its own record",
        )
    if not put_operator_key(txn, identity, pem):
        return False
    audit(txn, caller, "keep key", str(identity), after={"sha256": sha256(pem).hexdigest()})
    return True


def granted(txn: ReadTxn) -> Iterator[tuple[Identity, tuple[RoleGrant, ...]]]:
    """Every identity that holds a role, with its roles."""
    after: bytes | None = None
    while page := granted_after(txn, after, PAGE_DOCUMENTS):
        yield from ((identity, grants) for _, identity, grants in page)
        after = page[-1][0]


def granted_after(txn: ReadTxn, after: bytes | None, limit: int) -> list[tuple[bytes, Identity, tuple[RoleGrant, ...]]]:
    """Some of those, in the order of their keys, strictly after a key: each with its key."""
    return [(key, *_decode(document)) for key, document in txn.documents(DocumentKind.ROLE, after, limit)]


def may_see(caller: Caller, held: RoleGrant) -> bool:
    """Whether a caller is told who holds a role: an auditor, and whoever governs the prefix it is held for."""
    if not caller.in_scope(Action.ACCESS, held.prefix):
        return False
    return any(caller.holds(role, held.prefix) for role in (Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR))


def refuse_granting(caller: Caller, wanted: RoleGrant) -> Refusal | None:
    """What forbids a caller to give or take a role: nobody gives what is not his to give."""
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "roles are granted by operators: prove an identity that is one")
    if not caller.in_scope(Action.ACCESS, wanted.prefix):
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS, "this token may not be used to grant roles there: its scope lacks 'access'"
        )
    if any(caller.holds(role, wanted.prefix) and wanted.role in grantable for role, grantable in _GRANTABLE.items()):
        return None
    place = f"for {wanted.prefix}" if wanted.prefix else "for the whole node"
    return Refusal(
        ResponseCode.INSUFFICIENT_PERMISSIONS, f"{caller.name} may not grant or revoke the role {wanted.role.value} {place}"
    )


def make_first_operator(
    txn: WriteTxn, caller: Caller, node: str, prefixes: tuple[str, ...], pem: bytes, now: int
) -> Identity:
    """Give a new node its first operator, who holds the private key of a public one.

    The key becomes value 300 of the node's first prefix, where every client of the field looks for an administrator's
    key; a node that answers for no prefix keeps it as a document of its own.

    Args:
        txn: of the store of the new node, its prefixes homed.
        caller: who makes the node.
        node: its name.
        prefixes: what it answers for.
        pem: SubjectPublicKeyInfo in PEM form.
        now: unix time in seconds.
    """
    identity = operator_identity(prefixes, node)
    entry = txn.prefix(fold(prefixes[0])) if prefixes else None
    if entry is None:
        put_operator_key(txn, identity, pem)
    else:
        kept = [value for value in decode_values(entry.values) if value.index != identity.index]
        key = Value(identity.index, PUBLIC_KEY, pem, ttl=entry.ttl_s, timestamp=now)
        values = encode_values(sorted([*kept, key], key=lambda value: value.index))
        txn.put_prefix(replace(entry, values=values), entry.version)
    _write(txn, caller, "make first operator", identity, (), (NODE_OPERATOR,))
    return identity


def normal_grant(wanted: RoleGrant) -> RoleGrant:
    """A grant with its prefix folded. Raises IdentifierError when that is none."""
    return replace(wanted, prefix=fold(parse_prefix(wanted.prefix))) if wanted.prefix else wanted


def grant_text(held: RoleGrant) -> str:
    """A grant as people and the audit trail read it: `administrator of 88.118`."""
    return f"{held.role.value} of {held.prefix}" if held.prefix else held.role.value


def _grants(txn: ReadTxn, identity: Identity) -> tuple[RoleGrant, ...]:
    document = txn.document(DocumentKind.ROLE, text_key(str(identity)))
    return () if document is None else _decode(document)[1]


def _write(
    txn: WriteTxn,
    caller: Caller,
    act: str,
    identity: Identity,
    before: tuple[RoleGrant, ...],
    after: tuple[RoleGrant, ...],
) -> None:
    key = text_key(str(identity))
    if after:
        txn.put_document(DocumentKind.ROLE, key, _encode(identity, after))
    else:
        txn.delete_document(DocumentKind.ROLE, key)
    audit(txn, caller, act, str(identity), before=_facts(before), after=_facts(after))


def _facts(grants: Iterable[RoleGrant]) -> dict[str, object]:
    return {"roles": [grant_text(held) for held in grants]}


def _encode(identity: Identity, grants: Iterable[RoleGrant]) -> bytes:
    held = [[one.role.value, one.prefix] for one in grants]
    packed: bytes = msgpack.packb([_FORM, identity.index, identity.identifier, held])
    return packed


def _decode(document: bytes) -> tuple[Identity, tuple[RoleGrant, ...]]:
    _form, index, identifier, held = msgpack.unpackb(document)
    return Identity(index, identifier), tuple(RoleGrant(Role(role), prefix) for role, prefix in held)
