"""Identities and groups that other nodes keep: a root, an enterprise that has keys, and an enterprise where they are used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idis.proto.value import Value, decode_values, encode_values
from idis.registry.caller import tool
from idis.registry.record import Record, prepare
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.prefix_acts import Delegate, perform_prefix
from idis.resolver.config import AdminSection, RecursionSection, Tier
from tests.resolver.admin.wire import (
    SECRET,
    Admin,
    admin_octets,
    dsa_key,
    other_rsa_key,
    rsa_key,
    rsa_octets,
    text,
    u32,
    value_octets,
    values_octets,
)

KEYS, USES = "88.118", "88.200"
NOW = 1_700_000_000
ANY = AdminSection(remote_keys="any")  # none of these nodes signs; see test_remote_keys.py for those that do
WHO = f"{KEYS}/admin"
CREATE = text(f"{USES}/N1") + values_octets(value_octets(1, "URL", b"https://example.com/n"))


def vlist_octets(*members: tuple[int, str]) -> bytes:
    """The data of an HS_VLIST value."""
    return u32(len(members)) + b"".join(text(handle) + u32(index) for index, handle in members)


def record_of(name: str, *values: Value):
    """A record ready to be stored."""
    return prepare(Record(name, values), NOW)


def site_of(node):
    """A node's own site."""
    return node._site


def put(node, change) -> None:
    """Change a node's registry."""
    assert not isinstance(node._store.write(change, actor="test").result().result, Refusal)


def delegate(txn, prefix: str, node):
    """Grant a prefix and say that a node answers for it."""
    act = Delegate(prefix, (site_of(node),), grant=True, organisation=Organisation("test"))
    return perform_prefix(txn, act, tool("test"), NOW)


def administer(node, prefix: str, *admins: Value) -> None:
    """Let a prefix name its administrators."""

    def change(txn) -> None:
        entry = txn.prefix(prefix)
        txn.put_prefix(replace(entry, values=encode_values(admins)))

    put(node, change)


@pytest.fixture
async def tree(start_node):
    """Root 88, which delegates to both; the keys' node; a maker of the node where they are used."""
    root = await start_node("root", tier=Tier.NATIONAL, prefixes=("88",), records=(), admin=ANY)
    keys = await start_node(
        "keys",
        prefixes=(KEYS,),
        records=(
            Record(
                WHO,
                (
                    Value(300, "HS_PUBKEY", rsa_octets(rsa_key())),
                    Value(301, "HS_SECKEY", SECRET, permissions=0x0C),
                    Value(400, "HS_VLIST", vlist_octets((300, WHO))),
                    Value(401, "HS_VLIST", vlist_octets((400, WHO), (300, f"{KEYS}/other"))),
                ),
            ),
        ),
    )
    put(root, lambda txn: delegate(txn, KEYS, keys))

    async def use(*admins: Value, **sections):
        sections = sections or {"recursion": RecursionSection(roots=(f"127.0.0.1:{root.port}",)), "admin": ANY}
        node = await start_node("uses", prefixes=(USES,), records=(), **sections)
        administer(node, USES, *admins)
        return Admin(node.port)

    return root, keys, use


NAMED = Value(100, "HS_ADMIN", admin_octets(WHO, 300))
SECRETLY = Value(101, "HS_ADMIN", admin_octets(WHO, 301))


async def test_a_key_of_another_node_proves_its_identity(tree):
    """Its HS_PUBKEY is asked of the node that is responsible, found from the root."""
    admin = await tree[2](NAMED)
    created = await admin.do(100, CREATE, user=WHO)

    assert created.code == 1, created.message


async def test_index_zero_finds_the_key_there(tree):
    """And the identity is that of the very key."""
    admin = await tree[2](NAMED)

    assert (await admin.do(100, CREATE, user=WHO, index=0)).code == 1


@pytest.mark.parametrize("key", [other_rsa_key, dsa_key])
async def test_another_key_does_not(tree, key):
    """403."""
    admin = await tree[2](NAMED)

    assert (await admin.do(100, CREATE, key(), user=WHO)).code == 403


@pytest.mark.parametrize(("secret", "code"), [(SECRET, 1), (b"guess", 403)])
async def test_a_secret_is_verified_by_the_node_that_has_it(tree, secret, code):
    """Operation 201: the secret never leaves its node."""
    admin = await tree[2](SECRETLY)
    answer = await admin.prove_secret(await admin.ask(100, CREATE), secret, user=WHO)

    assert answer.code == code, answer.message


async def test_a_withdrawn_key_is_believed_no_longer(tree):
    """Keys are asked for anew each time."""
    _root, keys, use = tree
    admin = await use(NAMED)
    assert (await admin.do(100, CREATE, user=WHO)).code == 1
    put(keys, lambda txn: txn.put_record(record_of(WHO, Value(1, "note", b"gone"))))

    assert (await admin.do(101, text(f"{USES}/N1"), user=WHO)).code == 403


@pytest.mark.parametrize("index", [400, 401])
async def test_a_group_of_another_node_gives_its_rights(tree, index):
    """HS_ADMIN names an HS_VLIST that lives elsewhere, directly or through another one."""
    admin = await tree[2](Value(100, "HS_ADMIN", admin_octets(WHO, index)))
    created = await admin.do(100, CREATE, user=WHO)

    assert created.code == 1, created.message


async def test_an_identity_that_does_not_exist_fails(tree):
    """403, as for a wrong key: who exists there is not our secret to tell."""
    admin = await tree[2](NAMED)

    assert (await admin.do(100, CREATE, user=f"{KEYS}/nobody")).code == 403


async def test_a_node_that_is_silent_is_an_error(tree):
    """406, and the sentence says whose key it was."""
    _root, keys, use = tree
    admin = await use(NAMED)
    await keys.stop()
    refused = await admin.do(100, CREATE, user=WHO)

    assert (refused.code, WHO.upper() in refused.message.upper()) == (406, True)


async def test_one_node_may_be_named_to_ask(tree):
    """A node that does not recurse and knows no roots."""
    root, _keys, use = tree
    admin = await use(NAMED, admin=AdminSection(resolver=f"127.0.0.1:{root.port}", remote_keys="any"))

    assert (await admin.do(100, CREATE, user=WHO)).code == 1


async def test_a_parent_knows_its_childrens_nodes(tree):
    """Without any root: its own registry says where a delegated prefix is answered."""
    root, _keys, _use = tree
    administer(root, "88", NAMED)
    name = "88/N1"
    created = await Admin(root.port).do(100, text(name) + values_octets(value_octets(1, "URL", b"https://e.org")), user=WHO)

    assert created.code == 1, created.message


async def test_a_prefix_is_homed_where_its_parent_delegates_it(tree, start_node):
    """Operation 300: the parent's record names this node, so an administrator of the prefix homes it here."""
    root, _keys, _use = tree
    node = await start_node(
        "late", prefixes=("88.300",), records=(), recursion=RecursionSection(roots=(f"127.0.0.1:{root.port}",)), admin=ANY
    )
    prefix = "88.301"

    def grant(txn) -> None:
        delegate(txn, prefix, node)
        entry = txn.prefix(prefix)
        sites = [value for value in decode_values(entry.values) if "SITE" in value.type]
        owner = Value(100, "HS_ADMIN", admin_octets(f"0.NA/{prefix}", 300))
        key = Value(300, "HS_PUBKEY", rsa_octets(rsa_key()))
        txn.put_prefix(replace(entry, values=encode_values(sorted([*sites, owner, key], key=lambda value: value.index))))

    put(root, grant)
    admin = Admin(node.port)
    homed = await admin.do(300, text(prefix), user=f"0.NA/{prefix}")
    created = await admin.do(
        100, text(f"{prefix}/N1") + values_octets(value_octets(1, "URL", b"https://e.org")), user=f"0.NA/{prefix}"
    )

    assert (homed.code, created.code) == (1, 1), homed.message + created.message


async def test_a_prefix_that_is_delegated_elsewhere_is_not_homed(tree):
    """301: a node answers only for what its parent delegates to it."""
    admin = await tree[2](NAMED)
    refused = await admin.do(300, text(KEYS), user=WHO)

    assert refused.code == 301
    assert "delegate" in refused.message
