"""The mistakes people make, over every way in: each gets its documented code, and one sentence that tells what to do.

A wrong key file, an expired certificate, an administrator nobody knows, a clock that is off by a day, a prefix that is not
homed, a value index that is taken, a batch of 2,001 items; over the binary port, REST, `/api/v1` and the command line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from idis.proto.value import Value, decode_values
from idis.resolver.cli import register, resolve
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.client_key import Key
from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, TlsSection
from idis.resolver.development_certificate import VALID_DAYS, make_development_certificate
from idis.resolver.node import Node
from tests.resolver.admin.test_batch_on_the_wire import BATCH, batch, item, log_in
from tests.resolver.admin.wire import (
    ADMIN,
    Admin,
    administer,
    ed25519_key,
    other_rsa_key,
    rsa_key,
    text,
    u32,
    value_octets,
    values_octets,
)
from tests.resolver.test_client_key import plain_pem
from tests.resolver.web.rest_client import Rest, client_certificate, trust

DAY = 86_400
NOBODY = "88.118.8/nobody"
NEW, TAKEN, STRANGE = "88.118.8/N1", "88.118.8/A1", "99.1/x"
VALUE = {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://example.com/n"}}
OCTETS = values_octets(value_octets(1, "URL", b"https://example.com/n"))
BY_CERTIFICATE = 'Handle clientCert="true"'


class Ways:
    """One node and every way into it."""

    def __init__(self, node: Node, folder: Path, said: Callable[[], str]) -> None:
        self.node, self.folder, self._said = node, folder, said
        self.wire = Admin(node.port)

    async def rest(
        self, method: str, path: str, body: Any = None, *, key: Any = None, name: str = f"300:{ADMIN}",
        only_new: bool = False, **dates: int,
    ) -> tuple[int, int, str]:
        """A request with a client certificate: the HTTP status, the response code and the sentence, of REST or of `/api/v1`."""
        tls = trust(self.node)
        tls.load_cert_chain(*client_certificate(self.folder, key or rsa_key(), name, **dates))
        async with aiohttp.ClientSession() as session:
            rest, more = Rest(session, self.node, tls=tls), {"If_None_Match": "*"} if only_new else {}
            status, said, _ = await rest.ask(method, path, body, Authorization=BY_CERTIFICATE, **more)
        return status, said.get("responseCode") or said.get("code"), said.get("message") or said.get("detail") or str(said)

    async def idis(self, module: Any, *words: str, key: str = "key.pem", identity: str = f"304:{ADMIN}") -> str:
        """The sentence of a command that is refused; empty for one that is done."""

        def run() -> int:
            parser = argparse.ArgumentParser()
            module.configure(parser)
            named = ("--identity", identity, "--key", str(self.folder / key)) if key else ()
            return module.run(parser.parse_args([*words, *named]))  # type: ignore[no-any-return]

        try:
            code = await asyncio.to_thread(run)
        except CommandError as error:
            return str(error)
        said = self._said()
        return "" if code == ExitCode.DONE else said

    @property
    def server(self) -> tuple[str, str]:
        """Where the command line asks."""
        return "--server", f"127.0.0.1:{self.node.port}"


@pytest.fixture
async def ways(start_node: Callable[..., Awaitable[Node]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ways:
    """A node with TLS, whose prefix has administrators, and key files."""
    node = await start_node(tls=TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0))
    administer(node._store)
    (tmp_path / "key.pem").write_bytes(plain_pem(ed25519_key()))
    (tmp_path / "other.pem").write_bytes(plain_pem(other_rsa_key()))
    (tmp_path / "public.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    for name in ("key.pem", "other.pem"):
        (tmp_path / name).chmod(0o600)
    return Ways(node, tmp_path, lambda: "".join(capsys.readouterr()))


# A wrong key file.


async def test_wrong_key_on_the_wire(ways: Ways) -> None:
    """403."""
    answer = await ways.wire.prove(await ways.wire.ask(100, text(NEW) + OCTETS), other_rsa_key())

    assert (answer.code, "check the key file" in answer.message, "'idis resolve " in answer.message) == (403, True, True)


@pytest.mark.parametrize("path", [f"/api/handles/{NEW}", f"/api/v1/records/{NEW}"])
async def test_wrong_key_over_http(ways: Ways, path: str) -> None:
    """401 with 403 inside: the certificate is of another key than the identity it names."""
    status, code, sentence = await ways.rest("PUT", path, {"values": [VALUE]}, key=ed25519_key())

    assert (status, code) == (401, 403)
    assert "make a certificate from that key" in sentence


@pytest.mark.parametrize(
    ("key", "sentence"), [("other.pem", "check the key file"), ("public.pem", "private"), ("absent.pem", "absent.pem")]
)
async def test_wrong_key_on_the_command_line(ways: Ways, key: str, sentence: str) -> None:
    """Another's, a public one, none at all."""
    assert sentence in await ways.idis(register, NEW, "--url", "https://e.org", *ways.server, key=key)


# An expired certificate.


def expire(node: Node) -> None:
    """The node's own certificate ended the day before yesterday."""
    folder = node.config.data_dir
    (folder / DEVELOPMENT_CERTIFICATE).unlink()
    (folder / DEVELOPMENT_KEY).unlink()
    (folder / DEVELOPMENT_KEY).parent.rmdir()
    make_development_certificate(folder, "n", ("127.0.0.1",), int(time.time()) - (VALID_DAYS + 2) * DAY)
    node.renew()


async def test_expired_certificate_on_the_wire(ways: Ways) -> None:
    """A client of the binary port over TLS is told whose certificate it is, and what to look at."""
    expire(ways.node)
    trusted = str(ways.node.config.data_dir / DEVELOPMENT_CERTIFICATE)
    where = ("--server", f"127.0.0.1:{ways.node.tls_port}", "--tls", "--ca", trusted)

    assert "has expired" in await ways.idis(resolve, TAKEN, *where, key="")


@pytest.mark.parametrize("path", [f"/api/handles/{NEW}", f"/api/v1/records/{NEW}"])
async def test_expired_certificate_over_http(ways: Ways, path: str) -> None:
    """401 with 403 inside."""
    status, code, sentence = await ways.rest("PUT", path, {"values": [VALUE]}, days=-1, from_days=-10)

    assert (status, code) == (401, 403)
    assert "make a new one from the same key" in sentence


async def test_expired_certificate_on_the_command_line(ways: Ways) -> None:
    """Over HTTPS."""
    expire(ways.node)
    trusted = str(ways.node.config.data_dir / DEVELOPMENT_CERTIFICATE)
    where = ("--server", f"https://127.0.0.1:{ways.node.http_port}", "--ca", trusted)

    assert "has expired" in await ways.idis(resolve, TAKEN, *where, key="")


# An administrator nobody knows.


async def test_unknown_administrator_on_the_wire(ways: Ways) -> None:
    """403 for one without a key; 400 for one who proves a key but administers nothing here."""
    challenge = await ways.wire.ask(100, text(NEW) + OCTETS)
    unknown = await ways.wire.prove(challenge, rsa_key(), user=NOBODY)
    administer(ways.node._store, values=_without_admin(ways.node))
    stranger = await ways.wire.do(100, text(NEW) + OCTETS)

    assert (unknown.code, "check" in unknown.message) == (403, True)
    assert (stranger.code, "HS_ADMIN" in stranger.message) == (400, True)


def _without_admin(node: Node) -> tuple[Value, ...]:
    with node._store.read() as txn:
        entry = txn.prefix("88.118.8")
    assert entry is not None
    return tuple(value for value in decode_values(entry.values) if value.type != "HS_ADMIN")


@pytest.mark.parametrize("path", [f"/api/handles/{NEW}", f"/api/v1/records/{NEW}"])
async def test_unknown_administrator_over_http(ways: Ways, path: str) -> None:
    """401 with 403 inside for one without a key; 403 with 400 inside for one who administers nothing here."""
    unknown = await ways.rest("PUT", path, {"values": [VALUE]}, name=f"300:{NOBODY}")
    administer(ways.node._store, values=_without_admin(ways.node))
    stranger = await ways.rest("PUT", path, {"values": [VALUE]})

    assert (unknown[:2], "make a certificate from that key" in unknown[2]) == ((401, 403), True)
    assert (stranger[:2], "HS_ADMIN" in stranger[2]) == ((403, 400), True)


async def test_unknown_administrator_on_the_command_line(ways: Ways) -> None:
    """One sentence."""
    sentence = await ways.idis(register, NEW, "--url", "https://e.org", *ways.server, identity=f"304:{NOBODY}")

    assert "check the key file or the secret, and the index of the identity" in sentence


# A clock that is off by a day.


@pytest.mark.parametrize("days", [-1, 1])
async def test_wrong_clock_on_the_wire(ways: Ways, days: int) -> None:
    """403: a pass holds for a minute."""
    key = Key.from_file(f"304:{ADMIN}", ways.folder / "key.pem")
    shown = key.make_pass(TAKEN, int(time.time()) + days * DAY)
    body = text(TAKEN) + u32(0) + u32(0) + struct.pack(">I", len(shown)) + shown
    answer = await ways.wire.ask(1, body, flags=0x1000_0004)

    assert answer.code in (403, 3001)
    assert "clocks" in answer.message


@pytest.mark.parametrize("path", [f"/api/handles/{NEW}", f"/api/v1/records/{NEW}"])
async def test_wrong_clock_over_http(ways: Ways, path: str) -> None:
    """401 with 403 inside: a certificate that is made by a clock a day ahead is not good yet."""
    status, code, sentence = await ways.rest("PUT", path, {"values": [VALUE]}, days=10, from_days=1)

    assert (status, code) == (401, 403)
    assert "set the clock" in sentence


@pytest.mark.parametrize("days", [-1, 1])
async def test_wrong_clock_on_the_command_line(ways: Ways, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node says that clocks differ."""
    right = time.time
    monkeypatch.setattr("idis.resolver.cli.resolve._pass", lambda key, name: key.make_pass(name, int(right()) + days * DAY))

    assert "clocks" in await ways.idis(resolve, TAKEN, "--through", *ways.server)


# A prefix that is not homed here.


async def test_strange_prefix_on_the_wire(ways: Ways) -> None:
    """301, and nobody is asked for a proof."""
    answer = await ways.wire.ask(100, text(STRANGE) + OCTETS)

    assert (answer.code, "home" in answer.message) == (301, True)


@pytest.mark.parametrize(("path", "status"), [(f"/api/handles/{STRANGE}", 400), (f"/api/v1/records/{STRANGE}", 404)])
async def test_strange_prefix_over_http(ways: Ways, path: str, status: int) -> None:
    """Handle's interface says 400, ours 404; 301 inside."""
    got, code, sentence = await ways.rest("PUT", path, {"values": [VALUE]})

    assert (got, code) == (status, 301)
    assert "check the prefix" in sentence


async def test_strange_prefix_on_the_command_line(ways: Ways) -> None:
    """With the code's name."""
    sentence = await ways.idis(register, STRANGE, "--url", "https://e.org", *ways.server)

    assert "SERVER_NOT_RESPONSIBLE" in sentence
    assert "home" in sentence


# A value index that is taken.


async def test_taken_index_on_the_wire(ways: Ways) -> None:
    """201."""
    answer = await ways.wire.do(102, text(TAKEN) + OCTETS)

    assert (answer.code, "index" in answer.message) == (201, True)


async def test_taken_index_over_rest(ways: Ways) -> None:
    """409."""
    status, code, sentence = await ways.rest("PUT", f"/api/handles/{TAKEN}?index=1&overwrite=false", [VALUE])

    assert (status, code) == (409, 201)
    assert "index" in sentence


async def test_taken_index_over_api(ways: Ways) -> None:
    """412: with If-None-Match nothing that is there is replaced."""
    status, code, sentence = await ways.rest("PUT", f"/api/v1/records/{TAKEN}", {"values": [VALUE]}, only_new=True)

    assert status == 412, code
    assert "If-None-Match" in sentence


async def test_taken_index_on_the_command_line(ways: Ways) -> None:
    """With what would do it."""
    sentence = await ways.idis(register, TAKEN, "--value", "1:URL=https://e.org", "--add", *ways.server)

    assert "VALUE_ALREADY_EXISTS" in sentence
    assert "index" in sentence


# A batch of 2,001 items.


async def test_long_batch_on_the_wire(ways: Ways) -> None:
    """4, before anything is done."""
    await log_in(ways.wire)
    answer = await ways.wire.ask(BATCH, batch(*[item(3, "88.118.8/b1")] * 2_001), session_id=10_001)
    await ways.wire.close()

    assert (answer.code, "split it" in answer.message) == (4, True)


async def test_long_record_over_rest(ways: Ways) -> None:
    """400: Handle's interface has no batches; what is too long there is a record of more than 2,048 values."""
    values = [VALUE | {"index": number} for number in range(1, 2_050)]
    status, _code, sentence = await ways.rest("PUT", f"/api/handles/{NEW}", values)

    assert status == 400
    assert "2,048" in sentence or "2048" in sentence


async def test_long_batch_over_api(ways: Ways) -> None:
    """400, with the number of items that are taken."""
    items = [{"verb": "delete", "identifier": "88.118.8/b1"}] * 2_001
    status, code, sentence = await ways.rest("POST", "/api/v1/batch", {"items": items})

    assert (status, code) == (400, 4)
    assert "at most 2000 are allowed: give fewer" in sentence


async def test_long_batch_on_the_command_line(ways: Ways) -> None:
    """No mistake there: the file is sent in as many batches as it takes."""
    rows = (json.dumps({"identifier": f"88.118.8/b{number}", "values": [VALUE]}) for number in range(2_001))
    path = ways.folder / "parts.jsonl"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")

    assert await ways.idis(register, "--batch", str(path), *ways.server) == ""
