"""`idis key`, `--sign` and `--verify`: from a root's key to a verdict, without a network."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from idis.proto.proof import links_of
from idis.proto.value import decode_values
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode
from idis.resolver.cli.verifying import Bundle, save

NAME = "88.118.8/A1"


@pytest.fixture
def data(data_of, monkeypatch: pytest.MonkeyPatch) -> Path:  # type: ignore[no-untyped-def]
    """A data directory of 88.118.8 with an operator's key, in whose folder the test works."""
    path: Path = data_of("88.118.8")
    monkeypatch.setenv("IDIS_DATA", str(path))
    monkeypatch.chdir(path.parent)
    main(["key", "new", "root.pem"])
    main(["key", "new", "owner.pem"])
    pem = Path("owner.pem.pub").read_bytes().decode()
    Path("key.json").write_text(json.dumps([{"index": 301, "type": "HS_PUBKEY", "data": pem}]), "utf-8")
    main(["register", "88.118.8", "--add", "--file", "key.json"])
    return path


def bundle(data: Path, *, complete: bool = True) -> Bundle:
    """What a client gets of the record, and of the prefix."""
    store = LmdbStore.open(data, exclusive=False)
    try:
        with store.read() as txn:
            record, entry = txn.record(record_key("88.118.8", "A1", True)), txn.prefix("88.118.8")
    finally:
        store.close()
    assert record is not None
    assert entry is not None
    links = tuple(links_of(decode_values(entry.values)))
    return Bundle(NAME, 1, decode_values(record.public), links, complete)


def verdict(kept: Bundle, capsys: pytest.CaptureFixture[str], *root: str) -> tuple[str, int]:
    """What `idis resolve --verify --from` says, and its exit code."""
    save(Path("kept.json"), kept)
    capsys.readouterr()
    code = main(["resolve", NAME, "--verify", "--from", "kept.json", "--json", *root])
    return json.loads(capsys.readouterr().out)["verification"]["standing"], code


def test_from_a_root_to_a_verdict(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The root delegates, the owner accepts and signs; whoever has the root's key verifies, offline."""
    assert main(["key", "delegate", "88.118.8", "--issuer", "root.pem", "--child-public", "owner.pem.pub", "--out", "d"]) == 0
    assert main(["key", "publish", "d"]) == ExitCode.USAGE  # nobody has accepted it
    assert main(["key", "accept", "d", "--child", "owner.pem"]) == 0
    assert main(["key", "publish", "d"]) == 0
    assert main(["register", NAME, "--url", "u", "--sign", "owner.pem"]) == 0
    kept = bundle(data)

    assert verdict(kept, capsys, "--root-key", "root.pem.pub") == ("verified", ExitCode.DONE)
    assert verdict(kept, capsys) == ("unverifiable", ExitCode.DONE)
    assert verdict(kept, capsys, "--root-key", "owner.pem.pub") == ("failed", ExitCode.REFUSED)


def test_an_unsigned_record_is_called_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is no failure."""
    main(["register", NAME, "--url", "u"])

    assert verdict(bundle(data), capsys, "--root-key", "root.pem.pub") == ("unsigned", ExitCode.DONE)


def test_a_key_that_others_can_read_signs_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused with the command that mends it."""
    os.chmod("owner.pem", 0o644)

    assert main(["register", NAME, "--url", "u", "--sign", "owner.pem"]) == ExitCode.USAGE
    assert "chmod 600 owner.pem" in capsys.readouterr().err


def test_a_delegation_comes_back_to_its_own_index(data: Path) -> None:
    """Renewed, it takes the place of the one before."""
    for version in ("1", "2"):
        words = ["key", "delegate", "88.118.8", "--issuer", "root.pem", "--child", "owner.pem", "--serial", version]
        assert main(words) == 0
    main(["register", NAME, "--url", "u"])

    assert [link.version for link in bundle(data).links] == [2]
