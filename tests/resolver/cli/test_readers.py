"""`idis readers`, `idis register --disable` and `idis prefix terms` on a real data directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from idis.proto.value import decode_values
from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode
from tests.resolver.cli.stored import record_of

NAME = "88.118.8/A1"


@pytest.fixture
def data(data_of, monkeypatch: pytest.MonkeyPatch) -> Path:  # type: ignore[no-untyped-def]
    """The data directory of an enterprise node with one record."""
    path: Path = data_of("88.118.8")
    monkeypatch.setenv("IDIS_DATA", str(path))
    main(["register", NAME, "--url", "u", "--value", "2001:price=9"])
    return path


def public(data: Path) -> list[int] | None:
    """The indexes that everybody sees; None when the record is not answered."""
    record = record_of(data)
    return None if record is None or not record.live else [value.index for value in decode_values(record.public)]


def test_a_list_is_set_shown_and_cleared(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with one line that says for whom the value is now."""
    capsys.readouterr()
    assert main(["readers", "set", NAME, "2001", "300:88.1/zhang"]) == ExitCode.DONE
    assert capsys.readouterr().out.startswith("88.118.8/A1 value 2001: for 300:88.1/ZHANG (version 2, position ")
    assert public(data) == [1]

    main(["readers", "show", NAME, "--json"])
    shown = json.loads(capsys.readouterr().out)["values"]
    assert shown == [{"index": 2001, "type": "price", "list": "its own", "readers": ["300:88.1/ZHANG"], "disabled": False}]

    assert main(["readers", "clear", NAME, "2001"]) == ExitCode.DONE
    assert public(data) == [1, 2001]


def test_a_value_that_is_not_there_has_no_list(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused with what is missing."""
    assert main(["readers", "set", NAME, "7"]) == ExitCode.REFUSED
    assert "has no value 7" in capsys.readouterr().err


def test_values_and_records_are_disabled_and_enabled(data: Path) -> None:
    """One by index, the whole without."""
    main(["register", NAME, "--disable", "1"])
    assert public(data) == [2001]
    main(["register", NAME, "--enable", "1"])
    main(["register", NAME, "--disable"])
    assert public(data) is None
    main(["register", NAME, "--enable"])
    assert public(data) == [1, 2001]


def test_terms_are_set_and_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not given stays as it was."""
    capsys.readouterr()
    assert main(["prefix", "terms", "88.118.8", "--signing", "required"]) == ExitCode.DONE
    assert main(["prefix", "terms", "88.118.8", "--daily-quota", "1000000"]) == ExitCode.DONE
    assert capsys.readouterr().out.startswith("88.118.8: kept so (version ")
    main(["prefix", "show", "88.118.8"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "signing required daily quota 1,000,000 resolutions" in shown
    assert main(["register", "88.118.8/B", "--url", "u"]) == ExitCode.REFUSED
    assert main(["prefix", "terms", "88.118.8"]) == ExitCode.USAGE
