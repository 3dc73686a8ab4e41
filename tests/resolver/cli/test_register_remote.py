"""`idis register --server` and `idis resolve --key` against a live node."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from idis.resolver.cli import register, resolve
from idis.resolver.cli.output import CommandError, ExitCode
from tests.resolver.admin.wire import SECRET, administer, ed25519_key, other_rsa_key
from tests.resolver.test_client_key import plain_pem

WHO = "304:0.NA/88.118.8"
NAME = "88.118.8/N1"
Run = Callable[..., Awaitable[int]]


@pytest.fixture
async def idis(start_node, tmp_path) -> Run:
    """Runs a command's WORDS with `--server`, as somebody who holds a key unless told otherwise."""
    node = await start_node()
    administer(node._store)
    (tmp_path / "key.pem").write_bytes(plain_pem(ed25519_key()))
    (tmp_path / "other.pem").write_bytes(plain_pem(other_rsa_key()))
    (tmp_path / "secret").write_bytes(SECRET + b"\n")

    def run(module, words: tuple[str, ...]) -> int:
        parser = argparse.ArgumentParser()
        module.configure(parser)
        return module.run(parser.parse_args([*words, "--server", f"127.0.0.1:{node.port}"]))

    async def start(module, *words: str, key: str | None = "key.pem", identity: str = WHO) -> int:
        proof = ("--identity", identity, "--key", str(tmp_path / key)) if key else ()
        return await asyncio.to_thread(run, module, (*words, *proof))

    return start


async def test_a_record_is_registered_changed_and_deleted(idis, capsys):
    """The words say what happened."""
    steps = [
        (NAME, "--url", "https://example.com/n"),
        (NAME, "--value", "2:EMAIL=a@example.com", "--add"),
        (NAME, "--value", "2:EMAIL=b@example.com", "--modify"),
        (NAME, "--remove", "2"),
        (NAME, "--url", "https://example.com/2", "--replace"),
        (NAME, "--delete"),
    ]

    assert [await idis(register, *step) for step in steps] == [ExitCode.DONE] * 6
    words = [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()]
    assert words == ["registered", "changed", "changed", "changed", "replaced", "deleted"]


async def test_json_says_the_same(idis, capsys):
    """One document."""
    await idis(register, NAME, "--url", "https://example.com/n", "--json")

    assert json.loads(capsys.readouterr().out) == {"identifier": NAME, "code": 1, "overwritten": False, "deleted": False}


async def test_a_secret_serves_too(idis, tmp_path):
    """The line end of its file is left out."""
    words = ("--identity", "301:0.NA/88.118.8", "--secret", str(tmp_path / "secret"))

    assert await idis(register, NAME, "--url", "https://example.com/n", *words, key=None) == ExitCode.DONE


@pytest.mark.parametrize(
    ("words", "named", "sentence"),
    [
        ((NAME, "--url", "https://e.org"), {"key": None}, "--identity"),
        ((NAME, "--url", "https://e.org"), {"key": "other.pem"}, "check the key file"),
        ((NAME, "--url", "https://e.org"), {"identity": "300"}, "INDEX:IDENTIFIER"),
        ((NAME, "--url", "https://e.org"), {"key": "absent.pem"}, "absent.pem"),
        (("99.1/x", "--url", "https://e.org"), {}, "SERVER_NOT_RESPONSIBLE"),
        ((NAME, "--delete"), {}, "HANDLE_NOT_FOUND"),
        ((NAME, "--value", "1:URL=https://e.org", "--modify"), {}, "HANDLE_NOT_FOUND"),
    ],
)
async def test_what_is_refused_says_what_to_do(idis, words, named, sentence):
    """One sentence; nothing is printed twice."""
    with pytest.raises(CommandError, match=sentence):
        await idis(register, *words, **named)


async def test_a_reader_sees_restricted_values(idis, capsys):
    """`idis resolve` with a key shows what its holder may see."""
    shown = await idis(resolve, "88.118.8/secret")

    assert (shown, "HS_SECKEY" in capsys.readouterr().out) == (ExitCode.DONE, True)


async def test_without_a_key_they_stay_hidden(idis, capsys):
    """As to anybody."""
    shown = await idis(resolve, "88.118.8/secret", key=None)

    assert (shown, "HS_SECKEY" in capsys.readouterr().out) == (ExitCode.DONE, False)
