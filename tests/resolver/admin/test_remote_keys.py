"""Keys that other nodes keep: believed when every answer is certified, when their owner has signed them, or always.

A root, an enterprise that has keys, and an enterprise where they are used. Between the two enterprises there may be somebody
who changes what passes, and the root may lie.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from idis.proto.message import Message, decode_message, encode_message
from idis.proto.statement import SIGNED_TYPE, digests_of, stored_spelling
from idis.proto.types.key_delegation import EVERYTHING, KeyDelegation
from idis.proto.types.signed import Signed, encode_signed
from idis.proto.types.site import Site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.caller import tool
from idis.registry.record import Record, prepare
from idis.registry.registration.checks import Organisation
from idis.registry.registration.prefix_acts import Delegate, perform_prefix
from idis.registry.suites import SigningKey, read_public
from idis.resolver import node as node_module
from idis.resolver.admin.certified import is_certified
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.config import AdminSection, ConfigError, RecursionSection, Tier
from idis.resolver.node import Node
from tests.resolver.admin.test_elsewhere import (
    CREATE,
    KEYS,
    NAMED,
    NOW,
    SECRETLY,
    USES,
    WHO,
    administer,
    delegate,
    put,
    vlist_octets,
)
from tests.resolver.admin.wire import SECRET, Admin, admin_octets, other_rsa_key, pem, rsa_key, rsa_octets, text

SERVER_KEYS = {name: rsa.generate_private_key(65_537, 2_048) for name in ("root", "keys")}
SWAPPED = rsa.generate_private_key(65_537, 2_048)
GONE = text(f"{USES}/N1")
ROOT, NATIONAL, OWNER, THIEF = (SigningKey(Ed25519PrivateKey.from_private_bytes(bytes((n,)) * 32)) for n in range(1, 5))


class Between:
    """Somebody on the way: hands frames on and changes answers as he likes."""

    def __init__(self, node: Node, change: Callable[[bytes], bytes]) -> None:
        self._node, self._change = node, change
        self.port = 0
        self.passed = 0

    async def start(self) -> Between:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Listen no longer."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", self._node.port)
        try:
            while True:
                outer.write(await _frame(reader))
                answer = self._change(await _frame(inner))
                self.passed += 1
                writer.write(answer)
        except asyncio.IncompleteReadError:
            outer.close()
            writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    envelope = await reader.readexactly(20)
    return envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big"))


def site_through(node: Node, port: int, *, key: bytes | None = None) -> Site:
    """A node's site, reached at another port, with another server key where one is given."""
    site = node._site
    server = site.servers[0]
    ways = tuple(replace(way, port=port) for way in server.interfaces if way.protocol == 1)
    return replace(site, servers=(replace(server, interfaces=ways, public_key=server.public_key if key is None else key),))


def grant(node: Node, prefix: str, site: Site) -> None:
    """A prefix that a site answers for."""
    act = Delegate(prefix, (site,), grant=True, organisation=Organisation("test"))
    put(node, lambda txn: perform_prefix(txn, act, tool("test"), NOW))


class Tree:
    """The nodes, and what they believe."""

    def __init__(self, root: Node, keys: Node, start_node: Callable[..., Awaitable[Node]], folder: Any) -> None:
        self.root, self.keys = root, keys
        self._start, self._folder = start_node, folder
        self.between: Between | None = None

    async def use(self, *admins: Value, mode: str = "certified", anchors: bytes | None = None, **named: Any) -> Admin:
        """A client of the node where the keys are used."""
        octets = ServerKey(SERVER_KEYS["root"]).public_pem if anchors is None else anchors
        path = self._folder / "anchors.pem"
        path.write_bytes(octets)
        section = AdminSection(remote_keys=mode, anchors=str(path) if octets else "")
        recursion = RecursionSection(roots=(f"127.0.0.1:{self.root.port}",))
        node = await self._start("uses", prefixes=(USES,), records=(), recursion=recursion, admin=section, **named)
        administer(node, USES, *(admins or (NAMED,)))
        return Admin(node.port)

    async def put_between(self, change: Callable[[bytes], bytes], *, key: bytes | None = None) -> Between:
        """Somebody between the node of the keys and everybody else."""
        self.between = await Between(self.keys, change).start()
        grant(self.root, KEYS, site_through(self.keys, self.between.port, key=key))
        return self.between


KEY_RECORD = (
    Value(300, "HS_PUBKEY", rsa_octets(rsa_key())),
    Value(301, "HS_SECKEY", SECRET, permissions=0x0C),
    Value(400, "HS_VLIST", vlist_octets((300, WHO))),
)


@pytest.fixture
async def tree(start_node: Callable[..., Awaitable[Node]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> AsyncIterator[Tree]:
    """Nodes that sign, each with a key of its own."""

    def key_of(path: Any) -> ServerKey | None:
        key = SERVER_KEYS.get(path.parent.name)
        return None if key is None else ServerKey(key)

    monkeypatch.setattr(node_module, "read_server_key", key_of)
    root = await start_node("root", tier=Tier.NATIONAL, prefixes=("88",), records=())
    keys = await start_node("keys", prefixes=(KEYS,), records=(Record(WHO, KEY_RECORD),))
    put(root, lambda txn: delegate(txn, KEYS, keys))
    tree = Tree(root, keys, start_node, tmp_path)
    yield tree
    if tree.between is not None:
        await tree.between.stop()


def swap(octets: bytes) -> bytes:
    """The owner's key replaced by one of the same length: what a thief on the way would do."""
    return octets.replace(rsa_octets(rsa_key()), rsa_octets(SWAPPED))


# Certified.


async def test_a_certified_key_proves_its_identity(tree: Tree) -> None:
    """The root's answer is signed with the anchor, the authority's with the key that the root told."""
    created = await (await tree.use()).do(100, CREATE, user=WHO)

    assert created.code == 1, created.message


@pytest.mark.parametrize(("given", "code"), [(True, 1), (False, 403)])
async def test_the_operator_of_a_child_is_known_by_the_key_his_parent_took_in(tree: Tree, given: bool, code: int) -> None:
    """The parent, `idis prefix delegate --admin-key`; the answer for `0.NA/88.118` is its own, certified, and has index 300."""
    site = tree.keys._site
    act = Delegate(KEYS, (site,), administrator=pem(rsa_key()) if given else None)
    put(tree.root, lambda txn: perform_prefix(txn, act, tool("test"), NOW))
    admin = await tree.use(Value(100, "HS_ADMIN", admin_octets(f"0.NA/{KEYS}", 300)))

    assert (await admin.do(100, CREATE, user=f"0.NA/{KEYS}")).code == code


async def test_a_certified_group_gives_its_rights(tree: Tree) -> None:
    """HS_VLIST of another node."""
    created = await (await tree.use(Value(100, "HS_ADMIN", admin_octets(WHO, 400)))).do(100, CREATE, user=WHO)

    assert created.code == 1, created.message


@pytest.mark.parametrize(("secret", "code"), [(SECRET, 1), (b"guess", 403)])
async def test_a_certified_word_about_a_secret_counts(tree: Tree, secret: bytes, code: int) -> None:
    """Operation 201 is answered under the same signature."""
    admin = await tree.use(SECRETLY)
    answer = await admin.prove_secret(await admin.ask(100, CREATE), secret, user=WHO)

    assert answer.code == code, answer.message


@pytest.mark.parametrize(("mode", "code"), [("any", 1), ("certified", 406)])
async def test_a_key_that_is_swapped_on_the_way(tree: Tree, mode: str, code: int) -> None:
    """The thief acts as the owner where anything is believed, and gets nowhere where answers are certified."""
    between = await tree.put_between(swap)
    answer = await (await tree.use(mode=mode)).do(100, CREATE, SWAPPED, user=WHO)

    assert answer.code == code, answer.message
    assert between.passed > 0


async def test_whoever_only_hands_on_changes_nothing(tree: Tree) -> None:
    """The same way, untouched."""
    await tree.put_between(lambda octets: octets)

    assert (await (await tree.use()).do(100, CREATE, user=WHO)).code == 1


async def test_a_thief_cannot_certify_with_his_own_key(tree: Tree) -> None:
    """He signs anew what he has changed; the key that the root told of is another."""

    def resign(frame: bytes) -> bytes:
        message: Message = decode_message(swap(frame))
        credential = ServerKey(SWAPPED).sign(message)
        return encode_message(replace(message, credential=credential or b""))

    await tree.put_between(resign)

    assert (await (await tree.use()).do(100, CREATE, SWAPPED, user=WHO)).code == 406


async def test_a_word_about_a_secret_that_is_turned_round(tree: Tree) -> None:
    """0 made 1 in the answer of operation 201: the guess is not believed."""

    def turned(frame: bytes) -> bytes:
        if frame[20:24] != b"\x00\x00\x00\xc9":
            return frame
        at = 44 + 33  # behind the digest of the request
        return frame[:at] + b"\x01" + frame[at + 1 :]

    await tree.put_between(turned)
    admin = await tree.use(SECRETLY)
    answer = await admin.prove_secret(await admin.ask(100, CREATE), b"guess", user=WHO)

    assert answer.code == 406, answer.message


async def test_an_answer_to_another_question_does_not_count(tree: Tree) -> None:
    """A signature of the server on something else: the digest of the request is under it."""
    admin = await tree.use()
    recorded: list[bytes] = []

    def replay(frame: bytes) -> bytes:
        recorded.append(frame)
        first = recorded[0]
        return frame[:12] + first[12:] if len(recorded) > 1 else frame

    await tree.put_between(replay)
    assert (await admin.do(100, CREATE, user=WHO)).code == 1

    assert (await admin.do(101, GONE, user=WHO)).code == 406


async def test_without_an_anchor_nothing_is_certain(tree: Tree) -> None:
    """406, and the sentence says where the key belongs."""
    refused = await (await tree.use(anchors=b"")).do(100, CREATE, user=WHO)

    assert refused.code == 406
    assert "anchors" in refused.message


async def test_another_anchor_certifies_nothing(tree: Tree) -> None:
    """The root is not who it was thought to be."""
    refused = await (await tree.use(anchors=ServerKey(SWAPPED).public_pem)).do(100, CREATE, user=WHO)

    assert refused.code == 406
    assert "not signed with the key" in refused.message


@pytest.mark.parametrize("key", [b"", rsa_octets(other_rsa_key()), pem(rsa_key())], ids=["none", "1024 bits", "another"])
async def test_a_site_without_its_key_certifies_nothing(tree: Tree, key: bytes) -> None:
    """None, one too short, or another one: the delegation has to name the key that the server signs with."""
    grant(tree.root, KEYS, site_through(tree.keys, tree.keys.port, key=key))

    assert (await (await tree.use()).do(100, CREATE, user=WHO)).code == 406


async def test_a_parent_can_still_lie(tree: Tree) -> None:
    """Certified answers prove who spoke, not that he was right: the root may name a server of its own for the prefix."""
    thief = await tree._start("thief", prefixes=(KEYS,), records=(Record(WHO, (Value(300, "HS_PUBKEY", rsa_octets(SWAPPED)),)),))
    thief._office.desk.letters._server_key = ServerKey(SWAPPED)
    grant(tree.root, KEYS, site_through(thief, thief.port, key=rsa_octets(SWAPPED)))

    assert (await (await tree.use()).do(100, CREATE, SWAPPED, user=WHO)).code == 1


async def test_a_file_of_anchors_that_holds_none_is_refused(tree: Tree) -> None:
    """At the start, with the setting's name."""
    with pytest.raises(ConfigError, match=r"\[admin\] anchors"):
        await tree.use(anchors=b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


def test_old_signatures_certify_nothing() -> None:
    """SHA-1, and answers that do not say what they answer."""
    request = Message(opcode=1, opflags=0x4080_0000, request_id=5, version=(2, 6), suggested=(2, 6))
    response = replace(request, response_code=1, credential=b"\x00" * 40)
    key = read_public(ServerKey(SWAPPED).public_pem)

    assert not is_certified(response, request, key)
    assert not is_certified(replace(response, version=(2, 11), credential=b""), request, key)
    assert not is_certified(replace(response, version=(2, 11), opflags=0x4000_0000), request, key)
    assert not is_certified(replace(response, version=(2, 11)), request, key)


# Signed.


def link(issuer: SigningKey, child: SigningKey, prefix: str, rights: int = EVERYTHING, **changed: int) -> Value:
    """A delegation with both signatures, as a value of the prefix."""
    now = int(time.time())
    times = {"version": 1, "not_before": now - 1_000, "not_after": now + 1_000} | changed
    bare = KeyDelegation(issuer.public.suite, issuer.public.kid, prefix, child.public.suite, child.public.key, rights, **times)
    octets = bare.octets()
    whole = replace(bare, parent_signature=issuer.sign(octets), child_signature=child.sign(octets))
    return Value(420, "IDIS.DELEGATION", whole.encode())


def statement(key: SigningKey, values: tuple[Value, ...], **changed: int) -> Value:
    """The statement about the record of the owner's key."""
    now = int(time.time())
    fields = {"version": 1, "not_before": now - 500, "not_after": now + 500} | changed
    signed = Signed(key.public.suite, key.public.kid, ttl_max=86_400, signature=b"", **fields)
    covered = signed.statement(stored_spelling(WHO), digests_of(values, signed.suite))
    return Value(410, SIGNED_TYPE, encode_signed(replace(signed, signature=key.sign(covered.octets()))))


def ed25519_pem(number: int) -> bytes:
    """The public half of one of the keys that sign."""
    return pem(Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32))


def publish(tree: Tree, values: tuple[Value, ...], *links: Value) -> None:
    """The record of the key as its node has it, and the delegations as the root has them."""
    put(tree.keys, lambda txn: txn.put_record(prepare(Record(WHO, values), NOW)))

    def change(txn: Any) -> None:
        national = txn.prefix("88")
        txn.put_prefix(replace(national, values=encode_values([link(ROOT, NATIONAL, "88")])))
        entry = txn.prefix(KEYS)
        kept = [value for value in decode_values(entry.values) if value.type.startswith("HS_SITE")]
        txn.put_prefix(replace(entry, values=encode_values(sorted([*kept, *links], key=lambda value: value.index))))

    put(tree.root, change)


HONEST = link(NATIONAL, OWNER, KEYS)
SIGNED_RECORD = (*KEY_RECORD, statement(OWNER, KEY_RECORD))
STOLEN = tuple(replace(value, data=rsa_octets(SWAPPED)) if value.index == 300 else value for value in KEY_RECORD)


async def asked(tree: Tree, key: Any = None, **named: Any) -> Any:
    """A change by the owner of the key, or by somebody who has another one."""
    return await (await tree.use(mode="signed", anchors=ed25519_pem(1), **named)).do(100, CREATE, key, user=WHO)


async def test_a_signed_key_proves_its_identity(tree: Tree) -> None:
    """From the root key over two delegations to the statement, with no word of any server."""
    publish(tree, SIGNED_RECORD, HONEST)
    created = await asked(tree)

    assert created.code == 1, created.message


async def test_a_signed_group_gives_its_rights(tree: Tree) -> None:
    """HS_VLIST is among the values that are signed."""
    publish(tree, SIGNED_RECORD, HONEST)
    admin = await tree.use(Value(100, "HS_ADMIN", admin_octets(WHO, 400)), mode="signed", anchors=ed25519_pem(1))

    assert (await admin.do(100, CREATE, user=WHO)).code == 1


@pytest.mark.parametrize(
    ("values", "links"),
    [
        (KEY_RECORD, (HONEST,)),
        ((*STOLEN, SIGNED_RECORD[-1]), (HONEST,)),
        ((*STOLEN, statement(THIEF, STOLEN)), (HONEST,)),
        ((*STOLEN, statement(THIEF, STOLEN)), (HONEST, replace(link(THIEF, THIEF, KEYS), index=421))),
        ((*STOLEN, statement(THIEF, STOLEN)), (link(OWNER, THIEF, "88.119"),)),
        (SIGNED_RECORD, ()),
        ((*KEY_RECORD, statement(OWNER, KEY_RECORD, not_after=NOW)), (HONEST,)),
        (SIGNED_RECORD, (link(NATIONAL, OWNER, KEYS, not_after=NOW),)),
    ],
    ids=["unsigned", "swapped", "thief signs", "thief delegates", "another prefix", "no chain", "expired", "old delegation"],
)
async def test_what_its_owner_has_not_signed_is_not_believed(tree: Tree, values: Any, links: Any) -> None:
    """406 with the reason, to the owner and to the thief alike."""
    publish(tree, values, *links)
    refused = await asked(tree, SWAPPED)

    assert (refused.code, bool(refused.message)) == (406, True)


async def test_a_lying_parent_is_not_believed(tree: Tree) -> None:
    """What certified answers cannot tell: the root names a server of its own, whose records the owner has not signed."""
    publish(tree, SIGNED_RECORD, HONEST)
    thief = await tree._start("thief", prefixes=(KEYS,), records=(Record(WHO, (*STOLEN, statement(THIEF, STOLEN))),))
    grant(tree.root, KEYS, site_through(thief, thief.port, key=b""))

    assert (await asked(tree, SWAPPED)).code == 406


async def test_secrets_of_other_nodes_prove_nothing_signed(tree: Tree) -> None:
    """Only the node that holds one could say whether it is right, and its word is not taken."""
    publish(tree, SIGNED_RECORD, HONEST)
    admin = await tree.use(SECRETLY, mode="signed", anchors=ed25519_pem(1))
    refused = await admin.prove_secret(await admin.ask(100, CREATE), SECRET, user=WHO)

    assert refused.code == 406
    assert "public key" in refused.message


async def test_an_older_statement_is_not_believed_again(tree: Tree) -> None:
    """A thief who has an old key puts the record of that time back."""
    newer = (*KEY_RECORD, statement(OWNER, KEY_RECORD, version=2))
    publish(tree, newer, HONEST)
    admin = await tree.use(mode="signed", anchors=ed25519_pem(1))
    assert (await admin.do(100, CREATE, user=WHO)).code == 1
    publish(tree, (*STOLEN, statement(OWNER, STOLEN, version=1)), HONEST)

    assert (await admin.do(101, GONE, SWAPPED, user=WHO)).code == 406


async def test_a_key_of_a_prefix_is_believed_when_its_parent_delegates_to_it(tree: Tree) -> None:
    """`300:0.NA/88.118` is in no signed record: the delegation names the very key, and another in its place is none."""
    own = Value(300, "HS_PUBKEY", ed25519_pem(3))
    publish(tree, SIGNED_RECORD, own, HONEST)
    owner = f"0.NA/{KEYS}"
    admin = await tree.use(Value(100, "HS_ADMIN", admin_octets(owner, 300)), mode="signed", anchors=ed25519_pem(1))
    mine, thief = (Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32) for number in (3, 4))
    created = await admin.prove(await admin.ask(100, CREATE), mine, user=owner, digest="ED25519")
    publish(tree, SIGNED_RECORD, replace(own, data=ed25519_pem(4)), HONEST)
    refused = await admin.prove(await admin.ask(101, GONE), thief, user=owner, digest="ED25519")

    assert created.code == 1, created.message
    assert refused.code == 406, refused.message
