"""`idis trace` asks live nodes and shows what they answer."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import openpyxl
import pytest

from idis.resolver.cli.main import main
from tests.resolver.trace.conftest import BLOCK, HEAT, MILL, PLATE, SHIP, WORKS, YARD, Chain


async def shown(chain: Chain, who: str, *words: str) -> int:
    """Run the command in the name of an enterprise; its exit code."""
    chain.key(who)
    server = f"http://127.0.0.1:{chain.entry.http_port}"
    key = str(chain.folder / f"{who[-1]}.pem")
    return await asyncio.to_thread(main, ["trace", *words, "--server", server, "--identity", f"300:{who}/QE", "--key", key])


async def test_a_tree_back(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """The block, the plate it was made from, the heat of the plate; and how far that reaches."""
    assert await shown(chain, WORKS, "back", BLOCK) == 0
    text = capsys.readouterr().out.splitlines()

    assert text[0] == BLOCK
    assert text[1].startswith(f"└─ made from {PLATE}  1970-01-03")
    assert text[2].startswith(f"   └─ made from {HEAT}  1970-01-02")
    assert "complete" in text


async def test_whoever_has_a_key_needs_no_token(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one in the environment is another node's: it is not shown to the node that is asked."""
    monkeypatch.setenv("IDIS_TOKEN", "idis_of_another_node")

    assert await shown(chain, WORKS, "back", BLOCK) == 0


async def test_a_recall_with_a_node_down_is_no_failure(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and a line that says what is missing."""
    await chain.nodes[YARD].stop()

    assert await shown(chain, WORKS, "recall", HEAT) == 0
    assert "NOT COMPLETE: 1 branch could not be followed" in capsys.readouterr().out


async def test_a_recall_as_json(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer as it came, with who was asked."""
    await shown(chain, WORKS, "recall", HEAT, "--json")
    found = json.loads(capsys.readouterr().out)

    assert [one["thing"] for one in found["affected"]] == [SHIP]
    assert {one["prefix"] for one in found["nodes"]} == {MILL, WORKS, YARD}


async def test_a_recall_as_csv(chain: Chain, tmp_path: Path) -> None:
    """One row for the ship, and the last one says whether that is all."""
    await shown(chain, WORKS, "recall", HEAT, "--csv", str(tmp_path / "a.csv"))
    rows = list(csv.reader((tmp_path / "a.csv").read_text("utf-8-sig").splitlines()))

    assert [row[0] for row in rows] == ["thing", SHIP, "# complete"]


async def test_hidden_names_are_in_no_file(chain: Chain, tmp_path: Path) -> None:
    """Neither in CSV nor in a sheet."""
    await shown(chain, MILL, "recall", HEAT, "--csv", str(tmp_path / "a.csv"))
    await shown(chain, MILL, "recall", HEAT, "--xlsx", str(tmp_path / "a.xlsx"))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["answer"]
    cells = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row]

    assert any(cell.startswith("~") for cell in cells)
    assert not [cell for cell in [*cells, (tmp_path / "a.csv").read_text()] if SHIP in cell or YARD in cell]


async def test_relation(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """A day is meant to its end."""
    await shown(chain, WORKS, "relation", BLOCK, SHIP, "--as-of", "1970-01-03")
    early = capsys.readouterr().out
    await shown(chain, WORKS, "relation", BLOCK, SHIP, "--as-of", "1970-01-04")
    late = capsys.readouterr().out

    assert (early.splitlines()[0], late.splitlines()[0]) == ("no", "yes")


async def test_an_identity_without_its_key_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, exit code 2."""
    assert main(["trace", "back", BLOCK, "--identity", "300:88.1/QE"]) == 2
    assert "--identity needs its --key FILE" in capsys.readouterr().err


async def test_what_was_missing_is_asked_again(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer names the command that asks again; its answer is whole."""
    gate = chain.gate()
    gate.shut = {chain.nodes[YARD].port}
    await shown(chain, WORKS, "recall", HEAT)
    job = capsys.readouterr().out.split()[-1]
    gate.shut.clear()

    assert await shown(chain, WORKS, "again", job) == 0
    text = capsys.readouterr().out
    assert (SHIP in text, "complete" in text.splitlines()) == (True, True)


async def test_a_job_answers_as_a_question_at_once(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """It is looked at until it is over."""
    await shown(chain, WORKS, "recall", HEAT, "--json")
    at_once = json.loads(capsys.readouterr().out)
    await shown(chain, WORKS, "recall", HEAT, "--job", "--json")
    later = json.loads(capsys.readouterr().out)

    assert [one["thing"] for one in later["affected"]] == [one["thing"] for one in at_once["affected"]]


async def test_a_question_that_is_not_kept(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and exit code 1 or 2."""
    assert await shown(chain, WORKS, "again", "a" * 52) == 1
    assert await shown(chain, WORKS, "again", "what") == 2
    assert "no such question is kept here" in capsys.readouterr().err


async def test_a_job_needs_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is handed on who is not named."""
    assert main(["trace", "back", BLOCK, "--job"]) == 2
    assert "--identity" in capsys.readouterr().err
