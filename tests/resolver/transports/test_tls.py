"""TLS: HTTP and HTTPS on one port, the binary protocol on its own, deadlines, rates, certificates renewed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from idis.resolver.config import (
    DEVELOPMENT_CERTIFICATE,
    DEVELOPMENT_KEY,
    GuardSection,
    LimitsSection,
    TlsSection,
)
from idis.resolver.creation import create_node
from idis.resolver.development_certificate import make_development_certificate
from idis.resolver.node import Node
from idis.resolver.processes.serving import serve
from idis.resolver.transports.tls_keys import TlsKeyError, TlsKeys
from tests.waiting import WAIT_S_MAX, until

NOW = 1_800_000_000
TLS = TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0)


@pytest.fixture
async def secure(start_node):
    """A running node with the development certificate."""
    return await start_node(tls=TLS)


def trust(node) -> ssl.SSLContext:
    """What a client that was given the node's certificate uses."""
    return ssl.create_default_context(cafile=str(node.config.data_dir / DEVELOPMENT_CERTIFICATE))


async def fetch(url: str, context: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    """GET, by a client of the standard library."""

    def ask() -> tuple[int, bytes]:
        with urllib.request.urlopen(url, context=context, timeout=WAIT_S_MAX) as answer:
            return answer.status, answer.read()

    return await asyncio.to_thread(ask)


async def test_https_and_http_answer_on_one_port(secure):
    """The first octet tells them apart; both get the same answer."""
    path = f"127.0.0.1:{secure.http_port}/api/handles/88.118.8/A1"

    encrypted = await fetch(f"https://{path}", trust(secure))
    plain = await fetch(f"http://{path}")

    assert encrypted == plain
    assert encrypted[0] == 200


async def test_an_answer_of_many_records_arrives_whole(secure):
    """What is longer than a TLS record is cut into several and put together again."""
    url = f"https://localhost:{secure.http_port}/metrics"

    statuses = [(await fetch(url, trust(secure)))[0] for _ in range(3)]

    assert statuses == [200, 200, 200]


async def test_the_binary_protocol_speaks_tls_on_its_own_port(secure, frame, code):
    """Frames over TLS are answered as frames over TCP are, many on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.tls_port, ssl=trust(secure))
    writer.write(frame("88.118.8/A1", 1) + frame("88.118.8/none", 2))
    answers = [await _frame(reader) for _ in range(2)]
    writer.close()

    assert [code(answer) for answer in answers] == [1, 100]


async def _frame(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(WAIT_S_MAX):
        envelope = await reader.readexactly(20)
        return envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big"))


async def test_plain_octets_on_the_tls_port_end_the_connection(secure, frame):
    """A client that forgot TLS is cut at once, not left to wait for its own time-out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.tls_port)
    writer.write(frame("88.118.8/A1"))

    told = await asyncio.wait_for(_rest(reader), WAIT_S_MAX)

    assert told == b""
    writer.close()


async def test_a_handshake_that_stops_halfway_is_ended(start_node):
    """A connection that began a handshake and says no more is closed at the deadline of handshakes."""
    node = await start_node(tls=TLS, limits=LimitsSection(tls_ms=100))
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
    writer.write(b"\x16\x03\x01\x02\x00\x01")

    told = await asyncio.wait_for(_rest(reader), WAIT_S_MAX)

    assert told == b""
    assert node.metrics.closed["handshake"] == 1
    writer.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_handshakes_of_a_network_are_rationed(start_node):
    """A source that is not trusted begins no more handshakes than its network's rate allows."""
    guard = GuardSection(trusted_networks=())
    node = await start_node(tls=replace(TLS, handshakes_per_s=1), guard=guard)
    url = f"https://127.0.0.1:{node.http_port}/healthz"

    results = [await _status(url, trust(node)) for _ in range(6)]

    assert results[0] == 200
    assert results[-1] == 0
    assert node.metrics.limited["handshakes"] >= 1


async def _status(url: str, context: ssl.SSLContext) -> int:
    try:
        return (await fetch(url, context))[0]
    except OSError:
        return 0


async def test_versions_before_1_2_are_refused(secure):
    """TLS 1.1 is not spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError):
        await asyncio.open_connection("127.0.0.1", secure.tls_port, ssl=context)


async def test_a_renewed_certificate_is_shown_to_new_connections_only(secure, frame, code):
    """Old connections go on, new ones see the new certificate, nothing is restarted."""
    before = trust(secure)
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.tls_port, ssl=before)
    folder = secure.config.data_dir
    (folder / DEVELOPMENT_KEY).unlink()
    (folder / DEVELOPMENT_CERTIFICATE).unlink()
    (folder / DEVELOPMENT_CERTIFICATE).parent.rmdir()
    make_development_certificate(folder, "renewed", ("127.0.0.1",), int(secure._service.clock.time()))
    secure.renew()

    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", secure.tls_port, ssl=before)
    _reader, second = await asyncio.open_connection("127.0.0.1", secure.tls_port, ssl=trust(secure))
    writer.write(frame("88.118.8/A1"))

    assert code(await _frame(reader)) == 1
    writer.close()
    second.close()


async def test_half_a_renewal_leaves_the_old_certificate(secure):
    """A certificate whose key has not come yet is not taken."""
    before = trust(secure)
    (secure.config.data_dir / DEVELOPMENT_CERTIFICATE).write_text("half")
    secure.renew()

    assert (await fetch(f"https://127.0.0.1:{secure.http_port}/healthz", before))[0] == 200


def _made(folder: Path) -> TlsSection:
    make_development_certificate(folder, "n", ("127.0.0.1",), NOW)
    return TLS


def test_a_key_that_everybody_may_read_is_refused(tmp_path):
    """A private key is nobody else's business."""
    tls = _made(tmp_path)
    (tmp_path / DEVELOPMENT_KEY).chmod(0o644)

    with pytest.raises(TlsKeyError, match="chmod 600"):
        TlsKeys(tls, tmp_path)


def test_the_wrong_key_is_named(tmp_path):
    """A key of another certificate is told as that."""
    tls = _made(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _made(other)
    os.replace(other / DEVELOPMENT_KEY, tmp_path / DEVELOPMENT_KEY)

    with pytest.raises(TlsKeyError, match="is not the key of"):
        TlsKeys(tls, tmp_path)


def test_a_missing_certificate_is_named(tmp_path):
    """The setting and the file are in the sentence."""
    with pytest.raises(TlsKeyError, match=r"tls\.certificate: .*certificate\.pem cannot be read"):
        TlsKeys(TLS, tmp_path)


def test_the_private_key_is_made_for_its_owner_only(tmp_path):
    """Mode 600."""
    _made(tmp_path)

    assert (tmp_path / DEVELOPMENT_KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\x00\x00",
        b"\x16" + bytes(300),
        b"\x16\x03\x03\xff\xff" + bytes(70_000),
        b"\x16\x03\x01\x00\x02\x01\x00\x15\x03\x01\x00\x02\x02\x28",
    ],
    ids=["no handshake", "empty record", "zeros", "too long", "alert"],
)
async def test_what_only_begins_like_tls_ends_the_connection(secure, octets):
    """The connection is closed and counted; others are served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.http_port)
    writer.write(octets)
    writer.write_eof()
    await asyncio.wait_for(_rest(reader), WAIT_S_MAX)
    writer.close()

    assert (await fetch(f"https://127.0.0.1:{secure.http_port}/healthz", trust(secure)))[0] == 200
    assert secure.metrics.connections["tls"] == 0


async def test_a_reader_that_is_late_gets_everything(secure, frame, code):
    """Four megabytes of answers, asked for in one go and read when they are all waiting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.tls_port, ssl=trust(secure))
    writer.write(b"".join(frame("88.118.8/big", number) for number in range(1, 1_001)))
    await asyncio.sleep(0.2)
    answers = [await _frame(reader) for _ in range(1_000)]
    writer.close()

    assert sorted(int.from_bytes(answer[8:12], "big") for answer in answers) == list(range(1, 1_001))
    assert {code(answer) for answer in answers} == {1}


async def test_half_open_handshakes_make_room(start_node):
    """Where there is no room left, who has not finished a handshake goes first."""
    node = await start_node(tls=TLS, limits=LimitsSection(connections=4))
    halves = [await asyncio.open_connection("127.0.0.1", node.http_port) for _ in range(4)]
    for _reader, writer in halves:
        writer.write(b"\x16\x03\x01\x02\x00\x01")
    await until(lambda: len(node._table) == 4)

    assert (await fetch(f"https://127.0.0.1:{node.http_port}/healthz", trust(node)))[0] == 200
    assert node.metrics.closed["room"] >= 1
    for _reader, writer in halves:
        writer.close()


async def test_a_goodbye_is_answered_with_a_goodbye(secure):
    """close_notify on both sides, so that nobody takes an answer that was cut for a whole one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.http_port, ssl=trust(secure))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), WAIT_S_MAX)  # raises SSLError without a goodbye
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_hangup_takes_up_a_certificate_and_ends_nothing(make_config):
    """SIGHUP to a node of one process, which would otherwise end it."""
    config = make_config(tls=TLS)
    create_node(config.data_dir, config)
    node = Node(config)
    ready = asyncio.Event()
    served = asyncio.create_task(serve(node, ready.set))
    await asyncio.wait_for(ready.wait(), WAIT_S_MAX)
    (config.data_dir / DEVELOPMENT_CERTIFICATE).write_text("half")
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0.05)
    assert not served.done()
    os.kill(os.getpid(), signal.SIGTERM)

    assert await asyncio.wait_for(served, WAIT_S_MAX) == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_goes_on_with_its_session(secure, version):
    """A ticket spares the second connection most of the handshake; the server keeps nothing for it."""
    context = trust(secure)
    context.minimum_version = context.maximum_version = version

    def ask(session: ssl.SSLSession | None) -> tuple[bool, ssl.SSLSession | None, bytes]:
        with (
            socket.create_connection(("127.0.0.1", secure.http_port), timeout=WAIT_S_MAX) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as connection,
        ):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = connection.recv(12)  # tickets come before it
            return connection.session_reused or False, connection.session, answer

    def twice() -> list[tuple[bool, bytes]]:
        first = ask(None)
        second = ask(first[1])
        return [(first[0], first[2]), (second[0], second[2])]

    assert await asyncio.to_thread(twice) == [(False, b"HTTP/1.1 200"), (True, b"HTTP/1.1 200")]
