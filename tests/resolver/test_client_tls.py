"""The client over TLS and through the HTTP tunnel, and what it says when a certificate is not accepted."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from idis.resolver.client import Client
from idis.resolver.client_reply import ClientError, UnreachableError
from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, TlsSection
from idis.resolver.development_certificate import VALID_DAYS, make_development_certificate
from idis.resolver.recursion.tunnel import TunnelError, TunnelReader

TLS = TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0)


@pytest.fixture
async def secure(start_node):
    """A running node with the development certificate."""
    return await start_node(tls=TLS)


def ca_of(node) -> str:
    """The file to trust."""
    return str(node.config.data_dir / DEVELOPMENT_CERTIFICATE)


@pytest.mark.parametrize(
    ("server", "tls", "transport"),
    [
        ("127.0.0.1:{0.tls_port}", True, "tls"),
        ("localhost:{0.tls_port}", True, "tls"),
        ("https://127.0.0.1:{0.http_port}", False, "https"),
        ("http://127.0.0.1:{0.http_port}/", False, "http"),
    ],
)
async def test_every_way_gives_the_same_answer(secure, server, tls, transport):
    """Over TLS, HTTPS and HTTP, one question and many."""
    async with Client(server.format(secure), tls=tls, ca=ca_of(secure)) as client:
        reply = await client.resolve("88.118.8/A1", types=["URL"])
        many = await client.resolve_many(["88.118.8/A1", "88.118.8/none"] * 100)

    assert (reply.code, reply.values[0].text, reply.transport) == (1, "https://example.com/p/1", transport)
    assert [one.code for one in many] == [1, 100] * 100


async def refused(server: str, **named: object) -> str:
    """The sentence of a client that gets no connection."""
    async with Client(server, **named) as client:
        with pytest.raises(UnreachableError) as caught:
            await client.resolve("88.118.8/A1")
    return str(caught.value)


async def test_an_unknown_signer_is_named(secure):
    """Without --ca nobody vouches for a development certificate."""
    assert "--ca" in await refused(f"127.0.0.1:{secure.tls_port}", tls=True)


async def test_the_wrong_host_is_named(secure, start_node):
    """A certificate for other addresses."""
    folder = secure.config.data_dir
    (folder / DEVELOPMENT_CERTIFICATE).unlink()
    (folder / DEVELOPMENT_KEY).unlink()
    (folder / DEVELOPMENT_KEY).parent.rmdir()
    make_development_certificate(folder, "n", ("192.0.2.1",), int(time.time()))
    secure.renew()

    assert "is not for 127.0.0.1" in await refused(f"127.0.0.1:{secure.tls_port}", tls=True, ca=ca_of(secure))


@pytest.mark.parametrize(("days", "sentence"), [(-VALID_DAYS - 2, "has expired"), (3, "not valid yet")])
async def test_a_certificate_out_of_its_time_is_named(secure, days, sentence):
    """Expired, or from tomorrow on: the clock may be wrong."""
    folder = secure.config.data_dir
    (folder / DEVELOPMENT_CERTIFICATE).unlink()
    (folder / DEVELOPMENT_KEY).unlink()
    (folder / DEVELOPMENT_KEY).parent.rmdir()
    make_development_certificate(folder, "n", ("127.0.0.1",), int(time.time()) + days * 86_400)
    secure.renew()
    said = await refused(f"127.0.0.1:{secure.tls_port}", tls=True, ca=ca_of(secure))

    assert sentence in said
    assert "clock" in said


async def test_a_server_without_tls_is_named(secure):
    """TLS to the plain binary port: no connection, and a sentence."""
    said = await refused(f"127.0.0.1:{secure.port}", tls=True, ca=ca_of(secure), timeout_s=1.0)

    assert said


@pytest.mark.parametrize("name", ["absent.pem", "empty.pem"])
def test_a_file_without_certificates_is_named(tmp_path, name):
    """Before anything is sent."""
    (tmp_path / "empty.pem").write_text("nothing")

    with pytest.raises(ClientError, match=name):
        Client("127.0.0.1", tls=True, ca=str(tmp_path / name))


def test_a_path_is_no_server():
    """https://HOST:PORT names a server, no page."""
    with pytest.raises(UnreachableError, match="path"):
        Client("https://127.0.0.1:8000/api")


async def test_the_command_asks_over_tls(secure):
    """`idis resolve --tls --ca FILE`."""
    program = "import sys; from idis.resolver.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "resolve", "88.118.8/A1", "--tls", "--ca", ca_of(secure)]
    server = ["--server", f"127.0.0.1:{secure.tls_port}"]
    done = await asyncio.to_thread(subprocess.run, [*command, *server], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "https://example.com/p/1" in done.stdout


# What comes through the tunnel


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-hdl-message\r\nContent-Length: 3\r\n\r\nabc"


def test_frames_are_taken_out_however_they_are_cut():
    """Octet by octet, and several at once."""
    reader = TunnelReader()
    cut = b"".join(reader.receive(bytes([octet])) for octet in ANSWER * 3)

    assert cut == b"abcabcabc"
    assert TunnelReader().receive(ANSWER * 3) == b"abcabcabc"


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "no length"),
        (b"\x02\x0b\x02\x0b" + bytes(20) + b"\r\n\r\n", "does not answer with HTTP"),
        (b"x" * 20_000, "does not answer with HTTP"),
    ],
)
def test_what_is_no_answer_through_the_tunnel_is_refused(octets, sentence):
    """With a sentence that says what it is."""
    with pytest.raises(TunnelError, match=sentence):
        TunnelReader().receive(octets)
