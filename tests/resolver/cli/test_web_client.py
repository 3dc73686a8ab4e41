"""Commands that ask a node over HTTP believe nothing of what answers."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode


@pytest.fixture
def stranger() -> Iterator[list[bytes]]:
    """Something that is no node, and answers everything with the last of these octets; the first is its address."""
    said: list[bytes] = []

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(said[-1])))
            self.end_headers()
            self.wfile.write(said[-1])

        def log_message(self, format: str, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        said.append(b"http://127.0.0.1:%d" % server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield said
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("octets", [b"<html>", b"[1]", b"[" * 100_000, b"\xff"])
def test_what_is_no_answer_of_a_node(stranger: list[bytes], octets: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, whatever it is."""
    address = stranger[0].decode()
    stranger.append(octets)

    assert main(["trace", "timeline", "88.1/A", "--server", address]) == ExitCode.NETWORK
    assert capsys.readouterr().err == "idis: this is no answer of an idis node (HTTP 200)\n"


@pytest.mark.parametrize("words", ["trace timeline 88.1/A", "prefix show 88.1", "token list", "audit show"])
def test_an_answer_without_what_a_node_always_says(
    stranger: list[bytes], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names what is missing."""
    address = stranger[0].decode()
    stranger.append(b"{}")

    assert main([*words.split(), "--server", address]) == ExitCode.NETWORK
    assert capsys.readouterr().err.startswith("idis: this is no answer of an idis node: it has no ")
