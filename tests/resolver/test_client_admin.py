"""The administrator's client against a live node."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from idis.proto.value import Value
from idis.resolver import sync
from idis.resolver.client_admin import Administrator, Refused
from idis.resolver.client_key import Key
from idis.resolver.client_reply import SilentError, UnreachableError
from tests.ports import free_port
from tests.resolver.admin.wire import SECRET, administer, ed25519_key, other_rsa_key
from tests.resolver.test_client_key import plain_pem

URL = Value(1, "URL", b"https://example.com/n")


@pytest.fixture
async def node(start_node):
    """A node whose prefix has administrators."""
    node = await start_node()
    administer(node._store)
    return node


@pytest.fixture
def key(tmp_path) -> Key:
    """The Ed25519 key of one of them."""
    (tmp_path / "key.pem").write_bytes(plain_pem(ed25519_key()))
    return Key.from_file("304:0.NA/88.118.8", tmp_path / "key.pem")


@pytest.fixture
async def admin(node, key):
    """Its client."""
    async with Administrator(f"127.0.0.1:{node.port}", key) as client:
        yield client


async def life(admin: Administrator) -> list[int]:
    """The codes of a record's life."""
    name = "88.118.8/N1"
    replies = [
        await admin.create(name, [URL]),
        await admin.add(name, [Value(2, "EMAIL", b"a@example.com")]),
        await admin.modify(name, [Value(2, "EMAIL", b"b@example.com")]),
        await admin.remove(name, [2]),
        await admin.create(name, [Value(1, "URL", b"https://example.com/2")], overwrite=True),
        await admin.delete(name),
        await admin.delete(name),
    ]
    assert [reply.overwritten for reply in replies] == [False, False, False, False, True, False, False]
    return [reply.code for reply in replies]


async def test_a_record_lives_by_challenges(admin):
    """Each request proved for itself."""
    assert await life(admin) == [1, 1, 1, 1, 1, 1, 100]


@pytest.mark.parametrize(("index", "overwritten"), [(1, True), (2, False)])
async def test_values_are_overwritten_only_where_there_were_some(admin, index, overwritten):
    """A value added where one may be overwritten, at an index that is taken and at a free one."""
    await admin.create("88.118.8/N1", [URL])
    reply = await admin.add("88.118.8/N1", [Value(index, "EMAIL", b"a@example.com")], overwrite=True)

    assert (reply.code, reply.overwritten) == (1, overwritten)


async def test_a_record_lives_by_a_login(admin):
    """One proof for the connection."""
    assert (await admin.login()).done
    assert await life(admin) == [1, 1, 1, 1, 1, 1, 100]


async def test_a_secret_serves_as_a_key(node):
    """The PBKDF2 form."""
    async with Administrator(f"127.0.0.1:{node.port}", Key.from_secret("301:0.NA/88.118.8", SECRET)) as client:
        assert (await client.create("88.118.8/N1", [URL])).done


async def test_many_requests_are_under_way_at_once(admin):
    """Over one connection, each challenged and proved."""
    replies = await asyncio.gather(*(admin.create(f"88.118.8/P{number}", [URL]) for number in range(64)))

    assert {reply.code for reply in replies} == {1}


async def test_a_login_is_renewed_on_a_new_connection(admin):
    """A connection that is lost is made again, and logged in again."""
    await admin.login()
    await admin.create("88.118.8/N1", [URL])
    admin.close()
    await asyncio.sleep(0.05)

    assert (await admin.delete("88.118.8/N1")).done


async def test_a_minted_name_is_told(admin):
    """The reply has the whole identifier."""
    reply = await admin.create("88.118.8/lot-", [URL], mint=True)

    assert reply.identifier.startswith("88.118.8/lot-")
    assert (await admin.delete(reply.identifier)).done


async def test_names_are_listed_as_they_come(admin):
    """All of them, over several messages."""
    await admin.login()
    await asyncio.gather(*(admin.create(f"88.118.8/L{number:03}", [URL]) for number in range(120)))
    names = [name async for name in admin.list("88.118.8")]

    assert [name for name in names if "/L" in name] == [f"88.118.8/L{number:03}" for number in range(120)]


async def test_a_list_may_be_left_early(admin):
    """The connection serves the next request."""
    await admin.login()
    await asyncio.gather(*(admin.create(f"88.118.8/L{number:03}", [URL]) for number in range(120)))
    async for _name in admin.list("88.118.8"):
        break

    assert (await admin.create("88.118.8/N1", [URL])).done


async def test_a_refused_list_says_why(node, tmp_path):
    """As an error that has the reply."""
    (tmp_path / "other.pem").write_bytes(plain_pem(other_rsa_key()))
    async with Administrator(f"127.0.0.1:{node.port}", Key.from_file("305:0.NA/88.118.8", tmp_path / "other.pem")) as client:
        with pytest.raises(Refused) as refused:
            [name async for name in client.list("88.118.8")]

    assert refused.value.reply.code == 401


async def test_restricted_values_are_read(admin):
    """After a proof, though the record is public otherwise."""
    reply = await admin.resolve("88.118.8/secret")

    assert {value.type for value in reply.values} == {"URL", "HS_SECKEY"}


async def test_without_a_key_the_reply_says_what_is_missing(node):
    """402 and a sentence."""
    async with Administrator(f"127.0.0.1:{node.port}") as client:
        reply = await client.create("88.118.8/N1", [URL])

    assert (reply.code, "key" in reply.message) == (402, True)


async def test_a_wrong_identity_is_told(node, tmp_path):
    """403 and the server's sentence."""
    (tmp_path / "other.pem").write_bytes(plain_pem(other_rsa_key()))
    async with Administrator(f"127.0.0.1:{node.port}", Key.from_file("300:0.NA/88.118.8", tmp_path / "other.pem")) as client:
        reply = await client.create("88.118.8/N1", [URL])

    assert (reply.code, "check the key" in reply.message) == (403, True)


async def test_nobody_there():
    """UnreachableError."""
    with pytest.raises(UnreachableError):
        await Administrator(f"127.0.0.1:{free_port()}").delete("88.118.8/N1")


async def test_a_server_that_says_nothing():
    """SilentError, and that it is not certain what was done."""
    server = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(5), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    with pytest.raises(SilentError, match="not certain"):
        await Administrator(f"127.0.0.1:{port}", timeout_s=0.1).delete("88.118.8/N1")
    server.close()


def test_importing_it_needs_no_library_beyond_msgpack():
    """Neither cryptography nor anything of a node is imported."""
    probe = (
        "import sys, idis.resolver.client_admin\n"
        "bad = {'cryptography', 'aiohttp', 'lmdb', 'idis.registry'} & set(sys.modules)\n"
        "sys.exit(len(bad))"
    )

    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False).returncode == 0


async def test_programs_without_a_loop_have_the_same(node, key):
    """The synchronous face, from a thread of its own."""

    def work() -> tuple[bool, list[str], bool]:
        with sync.Administrator(f"127.0.0.1:{node.port}", key) as client:
            client.login()
            created = client.create("88.118.8/N1", [URL]).done
            return created, list(client.list("88.118.8")), client.resolve("88.118.8/N1").found

    created, names, found = await asyncio.to_thread(work)

    assert (created, "88.118.8/N1" in names, found) == (True, True, True)
