"""`idis key`, `--sign` and `--verify`: from a root's key to a verdict, without a network."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from idis.proto.proof import links_of
from idis.proto.statement import SIGNED_INDEX, digests_of
from idis.proto.types.signed import decode_signed, encode_signed
from idis.proto.value import Value, decode_values
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode
from idis.resolver.cli.verifying import Bundle, load, save
from tests.resolver.cli.stored import record_of

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


def full_bundle(data: Path) -> Bundle:
    """What the owner gets of a record that keeps a value from others, and what proves it."""
    record = record_of(data)
    assert record is not None
    values = sorted(record.values, key=lambda value: value.index)
    with_public_digests = [_with_digests(value, decode_values(record.public)) for value in values]
    return replace(bundle(data), values=tuple(with_public_digests), known=True)


def _with_digests(value: Value, public: tuple[Value, ...]) -> Value:
    if value.index != SIGNED_INDEX:
        return value
    signed = decode_signed(value.data)
    return replace(value, data=encode_signed(replace(signed, digests=digests_of(public, signed.suite))))


def test_one_value_is_passed_on_and_verified_offline(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its salt and the digests of the others, which stay sealed; a changed one fails."""
    main(["key", "delegate", "88.118.8", "--issuer", "root.pem", "--child", "owner.pem"])
    assert main(["register", NAME, "--url", "u", "--value", "7:price=12", "--sign", "owner.pem"]) == 0
    main(["readers", "set", NAME, "7"])
    assert main(["register", NAME, "--modify", "--value", "7:price=13", "--sign", "owner.pem"]) == 0
    save(Path("whole.json"), full_bundle(data))
    root = ["--root-key", "root.pem.pub"]
    take = ["resolve", NAME, "--verify", "--from", "whole.json", "--index", "7", "--save", "one.json", *root]
    assert main(take) == ExitCode.DONE
    capsys.readouterr()
    assert main(["resolve", NAME, "--verify", "--from", "one.json", "--json", *root]) == ExitCode.DONE
    told = json.loads(capsys.readouterr().out)
    one = load(Path("one.json"))
    forged = replace(one, values=(replace(one.values[0], data=b"12"), *one.values[1:]))

    assert [value["index"] for value in told["values"]] == [7, 410, 411]
    assert (told["verification"]["standing"], told["verification"]["view"]) == ("verified", 1)
    assert list(decode_signed(one.values[-1].data).opened) == [7]
    assert verdict(forged, capsys, *root) == ("failed", ExitCode.REFUSED)


def test_a_value_that_is_not_proved_is_not_passed_on(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said, and nothing is written."""
    main(["register", NAME, "--url", "u", "--sign", "owner.pem"])
    save(Path("whole.json"), bundle(data))

    assert main(["resolve", NAME, "--verify", "--from", "whole.json", "--index", "7", "--save", "one.json"]) == ExitCode.REFUSED
    assert "no statement is about a value 7" in capsys.readouterr().err
    assert not Path("one.json").exists()


def test_what_no_statement_is_about_is_left_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And named, where somebody known was shown it."""
    main(["key", "delegate", "88.118.8", "--issuer", "root.pem", "--child", "owner.pem"])
    main(["register", NAME, "--url", "u", "--sign", "owner.pem"])
    kept = bundle(data)
    extra = Value(500, "price", b"1", permissions=12)
    save(Path("kept.json"), replace(kept, values=(*kept.values, extra), known=True))
    capsys.readouterr()
    assert main(["resolve", NAME, "--verify", "--from", "kept.json", "--root-key", "root.pem.pub"]) == ExitCode.DONE
    out = capsys.readouterr().out

    assert "left out, since no statement is about them: value 500" in out
    assert "price" not in out
