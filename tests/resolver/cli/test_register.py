"""`idis register` on a real data directory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.proto.value import TTL_ABSOLUTE, Value, decode_values
from idis.registry.record import Alias, StoredRecord
from idis.resolver.cli import register
from idis.resolver.cli.output import CommandError, ExitCode
from tests.resolver.cli.stored import record_of

NAME = "88.118.8/A1"
Command = Callable[..., int]


@pytest.fixture
def data(data_of: Callable[[str], Path]) -> Path:
    """The data directory of an enterprise node that homes 88.118.8."""
    return data_of("88.118.8")


@pytest.fixture
def idis(data: Path, command_of: Callable[..., Command]) -> Command:
    """Runs `idis register WORDS --data DIR`."""
    return command_of(register, data)


def _record(data: Path) -> StoredRecord:
    record = record_of(data)
    assert record is not None
    return record


def _values(data: Path) -> list[tuple[int, str, bytes]]:
    record = _record(data)
    values: tuple[Value, ...] = (*decode_values(record.public), *decode_values(record.restricted))
    return [(value.index, value.type, value.data) for value in values]


def test_a_url_is_registered(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shortest command a newcomer types, acknowledged with version and position."""
    code = idis(NAME, "--url", "https://a.example")

    assert code == ExitCode.DONE
    assert capsys.readouterr().out.startswith("88.118.8/A1: registered (version 1, position 1.")
    assert _values(data) == [(1, "URL", b"https://a.example")]


def test_an_identifier_behind_a_switch_is_told_its_place(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """`--disable` takes what follows it for indexes."""
    with pytest.raises(SystemExit):
        idis("--disable", NAME)

    assert "'88.118.8/A1' is no index; the identifier goes before the option" in capsys.readouterr().err


def test_registering_twice_says_unchanged(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing happens the second time, and it is no error."""
    idis(NAME, "--url", "https://a.example")
    capsys.readouterr()
    idis(NAME, "--url", "https://a.example")

    assert capsys.readouterr().out == "88.118.8/A1: unchanged (version 1)\n"


def test_values_are_given_by_index_type_and_data(idis: Command, data: Path) -> None:
    """Data may hold equals signs, colons, blanks and Chinese; type and TTL are as given."""
    idis(NAME, "--value", "2000:productName=电池 a=b:c", "--value", "2001:empty=", "--email", "a@b", "--ttl", "60")

    assert _values(data) == [(2, "EMAIL", b"a@b"), (2000, "productName", "电池 a=b:c".encode()), (2001, "empty", b"")]
    assert _record(data).ttl_s == 60


def test_data_may_come_from_a_file(idis: Command, data: Path, tmp_path: Path) -> None:
    """With an at sign in front of its name, octet for octet."""
    (tmp_path / "blob").write_bytes(b"\x00\xff")
    idis(NAME, "--value", f"5:BLOB=@{tmp_path / 'blob'}")

    assert _values(data) == [(5, "BLOB", b"\x00\xff")]


def test_secrets_are_registered_without_public_read(idis: Command, data: Path) -> None:
    """With four permission bits for all values of the command line."""
    idis(NAME, "--value", "300:HS_SECKEY=s3cret", "--permissions", "1100")
    record = _record(data)

    assert record.public == bytes(4)
    assert decode_values(record.restricted)[0].permissions == 0b1100


@pytest.mark.parametrize("shape", ["object", "list", "single"])
def test_a_file_holds_the_rest_form(idis: Command, data: Path, tmp_path: Path, shape: str) -> None:
    """An object with values, a list of them, or one value."""
    value = {
        "index": 7,
        "type": "URL",
        "data": {"format": "hex", "value": "6162"},
        "ttl": "2030-01-01T00:00:00Z",
        "permissions": "1110",
    }
    shown = {"object": {"values": [value], "aliases": [["imo", "IMO9074729"]]}, "list": [value], "single": value}[shape]
    path = tmp_path / "values.json"
    path.write_text(json.dumps(shown), "utf-8")
    idis(NAME, "--file", str(path))
    (stored,) = decode_values(_record(data).public)

    assert (stored.index, stored.type, stored.data, stored.ttl_type, stored.ttl) == (7, "URL", b"ab", TTL_ABSOLUTE, 1_893_456_000)
    assert _record(data).aliases == ((Alias("imo", "IMO9074729"),) if shape == "object" else ())


def test_a_structured_value_is_composed_from_json(idis: Command, data: Path, tmp_path: Path) -> None:
    """An administrator as the REST interface writes it."""
    admin = {"handle": "0.NA/88", "index": 300, "permissions": "000000000001"}
    path = tmp_path / "admin.json"
    path.write_text(json.dumps([{"index": 100, "type": "HS_ADMIN", "data": {"format": "admin", "value": admin}}]), "utf-8")
    idis(NAME, "--file", str(path))

    assert _values(data) == [(100, "HS_ADMIN", bytes.fromhex("0001 00000007 302e4e412f3838 0000012c"))]


def test_a_file_may_be_standard_input(idis: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by a hyphen."""
    octets = b'[{"index": 1, "type": "URL", "data": "https://a.example"}]'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(octets)))
    idis(NAME, "--file", "-")

    assert _values(data) == [(1, "URL", b"https://a.example")]


def test_values_are_added_modified_and_removed(idis: Command, data: Path) -> None:
    """One after the other, each a new version."""
    idis(NAME, "--url", "a")
    idis(NAME, "--email", "b", "--add")
    idis(NAME, "--url", "c", "--modify")
    idis(NAME, "--remove", "2")

    assert _values(data) == [(1, "URL", b"c")]
    assert _record(data).version == 4


def test_a_record_is_replaced_whole(idis: Command, data: Path) -> None:
    """What is not given is gone."""
    idis(NAME, "--url", "a")
    idis(NAME, "--email", "b", "--replace")

    assert _values(data) == [(2, "EMAIL", b"b")]


def test_a_record_is_deleted(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It leaves a tombstone with the next version."""
    idis(NAME, "--url", "a")
    idis(NAME, "--delete")

    assert capsys.readouterr().out.splitlines()[1].startswith("88.118.8/A1: deleted (version 2, position ")
    assert not _record(data).live


def test_json_says_the_same(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    idis(NAME, "--url", "a", "--json")
    shown = json.loads(capsys.readouterr().out)

    assert shown.pop("position").count(".") == 2
    assert shown == {"identifier": NAME, "version": 1, "changed": True, "deleted": False}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("88.118.8/a\x07b", "--url", "a"), ExitCode.USAGE, r"a control character \(at character 11\)"),
        (("88.118.8/", "--url", "a"), ExitCode.USAGE, "suffix after '/' is missing"),
        (("88.118.8/\udcff", "--url", "a"), ExitCode.USAGE, r"not UTF-8 text \(at character 10\)"),
        (("88.118.8", "--url", "a"), ExitCode.REFUSED, "names a prefix"),
        (("88.118.9/x", "--url", "a"), ExitCode.REFUSED, r"非本企业标识: .* \(registered here: 88.118.8\)"),
        ((NAME,), ExitCode.USAGE, "which values"),
        ((NAME, "--delete"), ExitCode.REFUSED, "88.118.8/A1 is not registered"),
        ((NAME, "--delete", "--url", "a"), ExitCode.USAGE, "take no values"),
        ((NAME, "--value", "URL=a"), ExitCode.USAGE, "write INDEX:TYPE=DATA"),
        ((NAME, "--value", "1:HS_ADMIN=a"), ExitCode.USAGE, "as JSON with --file"),
        ((NAME, "--value", "1001:TEMPLATE=a"), ExitCode.REFUSED, "written by the node only"),
        ((NAME, "--value", "1:X=@/no/such/file"), ExitCode.USAGE, "cannot be read: No such file"),
        ((NAME, "--url", "a", "--permissions", "14"), ExitCode.USAGE, "four bits"),
        ((NAME, "--url", "a", "--ttl", "-1"), ExitCode.USAGE, "seconds from 0"),
        ((NAME, "--url", "a" * 70_000), ExitCode.REFUSED, "behind a URL"),
        ((NAME, "--url", "\udcff"), ExitCode.USAGE, "not UTF-8"),
    ],
)
def test_mistakes_are_told_in_one_sentence(idis: Command, words: tuple[str, ...], code: ExitCode, sentence: str) -> None:
    """What is wrong, where, and what to do."""
    with pytest.raises(CommandError, match=sentence) as caught:
        idis(*words)

    assert caught.value.code is code


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no JSON"),
        ("3", "a list of values, an object with values, or one value"),
        ('[{"index": 1, "type": "URL"}]', r"values\[1\]"),
        ("[]", "at least one value"),
    ],
)
def test_a_file_that_is_none_is_told_apart(idis: Command, tmp_path: Path, text: str, sentence: str) -> None:
    """Syntax, shape, a value, an empty list."""
    path = tmp_path / "values.json"
    path.write_text(text, "utf-8")

    with pytest.raises(CommandError, match=sentence):
        idis(NAME, "--file", str(path))


def test_a_secret_is_not_public_unless_somebody_says_so_and_then_it_is_refused(idis: Command, data: Path) -> None:
    """`--value 300:HS_SECKEY=…` alone used to publish the secret."""
    idis(NAME, "--value", "300:HS_SECKEY=s3cret", "--url", "https://a.example")
    permissions = {value.type: value.permissions for value in decode_values(_record(data).restricted)}

    assert permissions == {"HS_SECKEY": 0b1100}
    with pytest.raises(CommandError, match=r"value 301 is a secret \(HS_SECKEY\) that everybody could read"):
        idis(NAME, "--add", "--value", "301:HS_SECKEY=s3cret", "--permissions", "1110")


def test_a_change_is_not_called_registered(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """The acknowledgement names what was done."""
    idis(NAME, "--url", "https://a.example")
    idis(NAME, "--add", "--email", "a@b")
    idis(NAME, "--remove", "2")

    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"{NAME}: registered",
        f"{NAME}: changed",
        f"{NAME}: changed",
    ]


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (("--url", "other"), r"\(--replace, --add or --modify\)"),
        (("--add", "--url", "other"), r"\(--modify\)"),
        (("--modify", "--email", "a@b"), r"\(--add\)"),
    ],
)
def test_a_refusal_names_the_flag_that_does_it(idis: Command, words: tuple[str, ...], flags: str) -> None:
    """ "Replace it" is no help to whom the flag is unknown."""
    idis(NAME, "--url", "https://a.example")

    with pytest.raises(CommandError, match=flags):
        idis(NAME, *words)
