"""Administration of a node with two workers: whichever of them a connection comes to, one desk answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import ListenSection, NodeConfig, NodeSection
from idis.resolver.creation import create_node
from tests.resolver.admin.wire import ADMIN, Admin, Answer, administer, request, rsa_key, text, u32, value_octets, values_octets
from tests.waiting import WAIT_S_MAX, until

COMMAND = (sys.executable, "-c", "import sys; from idis.resolver.cli.main import main; sys.exit(main())")
# Connections that the kernel spreads over two workers by their ports: that all of n land on one has a chance of 2 ** (1 - n).
SPREAD = 24
LOST = 0
URL = values_octets(value_octets(1, "URL", b"https://example.com/n"))


@dataclass
class Serving:
    """`idis serve` with two workers."""

    process: subprocess.Popen[str]
    port: int

    def child(self, name: str) -> int:
        """The process of that name."""
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text().strip() == name:
                    return int(child)
        return 0


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A node of a supervisor, a keeper and two workers."""
    directory = tmp_path_factory.mktemp("node") / "n"
    node = NodeSection(name="n", prefixes=("88.118.8",), workers=2)
    create_node(directory, NodeConfig(directory, node, ListenSection(port=0, http_port=0)))
    store = LmdbStore.open(directory, exclusive=False)
    administer(store)
    store.close()
    process = subprocess.Popen([*COMMAND, "serve", str(directory)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        facts = json.loads(line)
        if facts["event"] == "ready":
            yield Serving(process, facts["port"])
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WAIT_S_MAX)


@pytest.fixture
def admin(serving: Serving) -> Admin:
    """A client that connects for each message, so that proofs come to other workers than their challenges."""
    return Admin(serving.port)


async def test_a_challenge_is_answered_over_any_connection(admin):
    """Every create is challenged over one connection and proved over another one."""
    codes = {(await admin.do(100, text(f"88.118.8/W{number}") + URL)).code for number in range(SPREAD)}

    assert codes == {1}


async def test_a_write_is_in_the_next_answer_of_every_worker(admin):
    """The keeper wrote, and each worker shows it."""
    await admin.do(100, text("88.118.8/S") + URL)
    codes = {(await admin.ask(1, text("88.118.8/S") + u32(0) + u32(0), flags=0x1900_0000)).code for _ in range(SPREAD)}

    assert codes == {1}


async def test_a_login_stays_with_its_connection(serving):
    """Each connection logs in and writes without a proof; a new one is asked to log in first."""
    for number in range(SPREAD // 2):
        client = await Admin(serving.port).connect()
        challenge = await client.ask(2001, text(ADMIN) + u32(300), session_id=10_001, credential=None)
        logged_in = await client.prove(challenge, rsa_key())
        created = await client.ask(100, text(f"88.118.8/G{number}") + URL, session_id=10_001)
        await client.close()
        assert (challenge.code, logged_in.code, logged_in.opcode, created.code) == (402, 1, 2001, 1)


async def test_a_known_connection_sees_restricted_values(serving):
    """A worker hands the questions of a logged-in connection on, common as they are."""
    client = await Admin(serving.port).connect()
    await client.prove(await client.ask(2001, text(ADMIN) + u32(300), session_id=10_001, credential=None), rsa_key())
    secret = values_octets(value_octets(1, "note", b"for administrators", 0x0C), value_octets(2, "URL", b"https://example.com"))
    await client.ask(100, text("88.118.8/R") + secret, session_id=10_001)
    shown = await client.ask(1, text("88.118.8/R") + u32(0) + u32(0), flags=0x1800_0000, session_id=10_001)
    await client.close()

    assert (shown.code, b"for administrators" in shown.body) == (1, True)


async def test_long_lists_come_through_whole(admin):
    """More pages than may be under way between the processes at once."""
    for number in range(60):
        await admin.do(100, text(f"88.118.8/L{number}") + URL)
    challenge = await admin.ask(105, text(ADMIN))
    pages = await admin.send_all(admin.proof(challenge, rsa_key()))

    assert sum(int.from_bytes(page.content[:4], "big") for page in pages) >= 60
    assert len(pages) > 1


async def test_a_keeper_that_is_replaced_is_waited_for(serving, admin):
    """Its challenges are gone; clients are told to ask again, or lose their connections, and then are served by the next one."""
    challenge = await admin.ask(100, text("88.118.8/K") + URL)
    os.kill(serving.child("idis keeper"), signal.SIGKILL)
    codes = [await code_of(admin.prove(challenge, rsa_key()))]

    async def served() -> bool:
        codes.append(await code_of(admin.do(100, text("88.118.8/K") + URL)))
        return codes[-1] not in (LOST, 3)

    assert await until(served)

    assert codes[0] in (LOST, 3, 405)
    assert codes[-1] == 1


async def code_of(asked: Awaitable[Answer]) -> int:
    """The code of an answer; LOST where the connection ended without one."""
    try:
        return (await asked).code
    except (asyncio.IncompleteReadError, ConnectionError):
        return LOST


async def test_an_unknown_session_of_a_login_prologue_is_no_error(serving):
    """GET_SITE_INFO with a session of the client's own choice is answered as any other."""
    client = await Admin(serving.port).connect()
    answer = await client.send(request(2, text("/"), request_id=1, session_id=10_001, credential=None))
    await client.close()

    assert (answer.code, answer.opcode) == (1, 2)
