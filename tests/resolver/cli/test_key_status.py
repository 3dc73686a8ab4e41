"""`idis key status`: revoke, void, supersede, suspend, renew; what a verifier makes of it, without a network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from idis.proto.status import statuses_of
from idis.proto.types.prefix_status import PrefixStatus, PrefixWord
from idis.proto.value import decode_values
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli import verifying
from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode
from idis.resolver.cli.verifying import save
from tests.resolver.cli.test_key import NAME, bundle, data

__all__ = ["data"]

Verdict = Callable[[], tuple[str, str, int]]


def said(path: Path) -> list[PrefixStatus]:
    """The statuses in the record of the prefix."""
    store = LmdbStore.open(path, exclusive=False)
    try:
        with store.read() as txn:
            entry = txn.prefix("88.118.8")
    finally:
        store.close()
    assert entry is not None
    return statuses_of(decode_values(entry.values))


@pytest.fixture
def verdict(data: Path, capsys: pytest.CaptureFixture[str]) -> Verdict:
    """A signed record, and what a verifier says of it: standing, status or reason, exit code."""
    assert main(["key", "delegate", "88.118.8", "--issuer", "root.pem", "--child", "owner.pem"]) == 0
    assert main(["register", NAME, "--url", "u", "--sign", "owner.pem"]) == 0

    def judge() -> tuple[str, str, int]:
        kept = replace(bundle(data), statuses=tuple(said(data)))
        save(Path("kept.json"), kept)
        capsys.readouterr()
        code = main(["resolve", NAME, "--verify", "--from", "kept.json", "--json", "--root-key", "root.pem.pub"])
        found = json.loads(capsys.readouterr().out)["verification"]
        return found["standing"], found.get("status") or found["reason"], code

    return judge


def say(*words: str) -> int:
    """Say something of the prefix as its owner."""
    return main(["key", "status", "88.118.8", "--issuer", "owner.pem", *words])


def test_without_a_status_it_is_unknown(verdict: Verdict) -> None:
    """Verified all the same: the signature holds, nobody says whether the key still does."""
    assert verdict() == ("verified", "unknown: no valid status of 88.118.8", ExitCode.DONE)


@pytest.mark.parametrize("issuer", ["owner.pem", "root.pem"])
def test_a_prefix_is_current_when_somebody_says_so(verdict: Verdict, issuer: str) -> None:
    """Its own key, or the one above."""
    assert main(["key", "status", "88.118.8", "--issuer", issuer]) == 0

    assert verdict() == ("verified", "current", ExitCode.DONE)


def test_a_stranger_has_no_say(verdict: Verdict, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """His word is not carried: a timer that holds a wrong key must fail where it can be seen."""
    main(["key", "new", "other.pem"])
    assert main(["key", "status", "88.118.8", "--issuer", "other.pem", "--state", "revoked"]) == ExitCode.REFUSED
    assert "nobody would believe the key" in capsys.readouterr().err

    assert said(data) == []


def test_a_revoked_key_is_believed_no_longer(verdict: Verdict, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it has signed; the key above says so, for the own one may be stolen."""
    capsys.readouterr()
    main(["key", "show", "owner.pem.pub", "--json"])
    kid = json.loads(capsys.readouterr().out)[0]["kid"]
    assert main(["key", "status", "88.118.8", "--issuer", "root.pem", "--revoke", kid]) == 0
    assert say() == 0
    standing, reason, code = verdict()

    assert (standing, code) == ("failed", ExitCode.REFUSED)
    assert kid in reason


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--supersede", f"{NAME}=2"), "version 1 is superseded"),
        (("--void-before", str(int(time.time()) + 3_000)), "is void"),
        (("--state", "suspended"), "is suspended"),
        (("--state", "revoked"), "is revoked"),
    ],
)
def test_what_is_taken_back_fails(verdict: Verdict, words: tuple[str, ...], reason: str) -> None:
    """One record, all before a time, or the prefix."""
    assert say(*words) == 0
    standing, found, code = verdict()

    assert (standing, code) == ("failed", ExitCode.REFUSED)
    assert reason in found


def test_said_again_nothing_is_forgotten(data: Path, verdict: Verdict) -> None:
    """It is renewed in its place, with all that was said; the epoch rises with what is new only."""
    assert [say(), say("--supersede", f"{NAME}=2"), say("--supersede", "88.118.8/B=7", "--hours", "1"), say()] == [0] * 4
    (status,) = said(data)

    assert (status.epoch, len(status.floors), status.word) == (3, 2, PrefixWord.CURRENT)
    assert status.valid_until - status.issued in range(86_400 - 5, 86_401)


def test_a_resumed_prefix_is_current_again(verdict: Verdict) -> None:
    """The state is what was said last."""
    assert [say("--state", "suspended"), say(), say("--state", "current")] == [0] * 3

    assert verdict() == ("verified", "current", ExitCode.DONE)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--revoke", "abc"), "hexadecimal digits"),
        (("--supersede", "88.118.8/A"), "88.118.8/A1=5"),
        (("--hours", "25"), "1 to 24"),
        (("--issuer", "absent.pem"), "absent.pem"),
    ],
)
def test_what_cannot_be_said(data: Path, words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and nothing is written."""
    assert say(*words) != ExitCode.DONE
    assert sentence in capsys.readouterr().err
    assert said(data) == []


def test_people_read_until_when(verdict: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    """In the line of the verdict."""
    say()
    verdict()
    main(["resolve", NAME, "--verify", "--from", "kept.json", "--root-key", "root.pem.pub"])

    assert "keys and prefixes current until 20" in capsys.readouterr().out
    assert verifying.TYPES[-1] == "IDIS.STATUS"
