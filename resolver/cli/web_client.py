"""Commands that work on a running node over its `/api/v1`: where it is, who asks, and what went wrong."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.output import CommandError, ExitCode

TOKEN_VARIABLE = "IDIS_TOKEN"
TIMEOUT_S = 30.0  # a change waits for the disk of a node that may be busy
ANSWER_BYTES_MAX = 64 * 1_048_576  # of one answer, so that what answers cannot fill our memory
TOKEN_BYTES_MAX = 4_096
PAGE_ITEMS = "200"  # of a list, asked for at once
_BASE = "/api/v1"
_HTTP_PORT, _HTTPS_PORT = 8000, 8443
_JSON = "application/json"


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that may work on a running node instead of a data directory."""
    parser.add_argument(
        "--server", metavar="URL", help="work on this running node instead: https://HOST:PORT, or http:// on a trusted network"
    )
    add_credentials(parser)


def add_credentials(parser: argparse.ArgumentParser) -> None:
    """The options that say who asks a running node, and what to believe of it."""
    parser.add_argument(
        "--token-file", metavar="FILE", help=f"holds the API token ('idis token create'); default: ${TOKEN_VARIABLE}"
    )
    parser.add_argument("--ca", metavar="FILE", help="certificates to trust, in PEM, in place of the system's")


@dataclass(frozen=True, slots=True)
class Answered:
    """What a node answered: its status, and its body."""

    status: int
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON of the body. Raises CommandError where it is no object, and when a member is taken that it lacks."""
        try:
            document = read_json(self.body, _Told)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise CommandError(f"this is no answer of an idis node (HTTP {self.status})", ExitCode.NETWORK)
        return document


class _Told(dict[str, Any]):
    """An object in an answer: whoever leaves out what a node always says is none."""

    def __missing__(self, member: str) -> None:
        raise CommandError(f"this is no answer of an idis node: it has no {member}", ExitCode.NETWORK)


class WebClient:
    """One keep-alive connection to a node's HTTP port.

    Args:
        url: of the node; a bare HOST:PORT is plain HTTP.
        token: the API token; empty asks as nobody in particular.
        ca: PEM file of the certificates to trust in place of the system's.

    Attributes:
        authorization: the header that says who asks; empty for nobody.
        by_token: whether a token would say who asks; not where a key does.
    """

    def __init__(self, url: str, token: str, ca: str | None = None) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in ("http", "https") or not host or parts.path.strip("/"):
            raise CommandError(f"--server {url} is no address of a node: write https://HOST:PORT or http://HOST:PORT")
        self.url = url
        self.authorization = f"Bearer {token}" if token else ""
        self.by_token = True
        if parts.scheme == "https":
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port or _HTTPS_PORT, timeout=TIMEOUT_S, context=_context(ca)
            )
        else:
            self._connection = http.client.HTTPConnection(host, port or _HTTP_PORT, timeout=TIMEOUT_S)

    def __enter__(self) -> WebClient:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def get(self, *path: str, **query: str) -> Any:
        """The document at a path."""
        return self.ask("GET", path, query=query).document

    def items(self, *path: str, query: Mapping[str, str] | None = None, most: int = 0) -> Iterator[Any]:
        """The items of a list, page after page; at most so many, 0: all."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(*path, limit=PAGE_ITEMS, **(query or {}), **({"cursor": cursor} if cursor else {}))
            for item in page["items"]:
                yield item
                if most == 1:
                    return
                most -= most > 0
            cursor = page["next"]

    def change(
        self,
        method: str,
        *path: str,
        body: object = None,
        query: dict[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Any:
        """The document that answers a change."""
        octets = None if body is None else json.dumps(body).encode()
        return self.ask(method, path, query=query, body=octets, more=more).document

    def ask(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        allowed: tuple[int, ...] = (),
        base: str = _BASE,
        more: Mapping[str, str] | None = None,
    ) -> Answered:
        """Ask; anything but success, or one of the `allowed` statuses, is a CommandError with the node's own sentence.

        `base` is the interface that is asked, `more` are further headers.
        """
        target = "/".join((base, *(quote(part, safe="") for part in path))) + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "*/*", **(more or {})}
        if self.authorization:
            headers["Authorization"] = self.authorization
        if body is not None:
            headers["Content-Type"] = _JSON
        answered = self._exchange(method, target, body, headers)
        if answered.status < 300 or answered.status in allowed:
            return answered
        raise self._refused(answered)

    def _exchange(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Answered:
        try:
            self._connection.request(method, target, body, headers)
            reply = self._connection.getresponse()
            octets = reply.read(ANSWER_BYTES_MAX + 1)
        except ssl.SSLCertVerificationError as error:
            raise CommandError(
                f"the certificate of {self.url} is not trusted ({error.verify_message}): name its issuer with --ca FILE",
                ExitCode.NETWORK,
            ) from None
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CommandError(f"nobody answers at {self.url}: {error or type(error).__name__}", ExitCode.NETWORK) from None
        if len(octets) > ANSWER_BYTES_MAX:
            raise CommandError(f"what answers at {self.url} sends more than {ANSWER_BYTES_MAX} octets", ExitCode.NETWORK)
        return Answered(reply.status, octets)

    def _refused(self, answered: Answered) -> CommandError:
        try:
            problem = read_json(answered.body)
            detail = str(problem["detail"] if "detail" in problem else problem["message"])
            where = str(problem.get("pointer") or "").removeprefix("#").strip("/")
        except (ValueError, KeyError, TypeError):
            return CommandError(f"what answers at {self.url} is no idis node (HTTP {answered.status})", ExitCode.NETWORK)
        if where:
            detail = f"{where}: {detail}"
        if answered.status == 401 and self.by_token and not self.authorization:
            detail += f": give an API token with --token-file FILE or ${TOKEN_VARIABLE}"
        return CommandError(detail, ExitCode.REFUSED)


def connected(arguments: argparse.Namespace) -> WebClient:
    """The client for the node that the arguments name."""
    return WebClient(arguments.server, token_of(arguments.token_file), arguments.ca)


def token_of(file: str | None) -> str:
    """The API token of a file, else of the environment; empty where there is none."""
    if file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        with Path(file).open("rb") as opened:
            octets = opened.read(TOKEN_BYTES_MAX)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None
    text = octets.decode("ascii", "replace").strip()
    if not text.isascii() or not text.isprintable() or not text:
        raise CommandError(f"{file} holds no API token: it is one line that begins with idis_")
    return text


def _context(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise CommandError(f"{ca} holds no certificates that can be read: {error.strerror or error}") from None
