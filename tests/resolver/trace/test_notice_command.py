"""`idis notice` tells the holders of a recall, shows who has it, and acknowledges."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from idis.resolver.cli.main import main
from tests.resolver.trace.conftest import HEAT, MILL, SHIP, WORKS, YARD, Chain
from tests.waiting import until

TEXT = "裂纹: stop and check"


async def notice(chain: Chain, prefix: str, *words: str) -> int:
    """Run the command at the node of an enterprise; its exit code."""
    token = chain.folder / f"{prefix}.token"
    token.write_text(chain.token(prefix))
    server = f"http://127.0.0.1:{chain.nodes[prefix].http_port}"
    return await asyncio.to_thread(main, ["notice", *words, "--server", server, "--token-file", str(token)])


async def once(chain: Chain, prefix: str, capsys: pytest.CaptureFixture[str], wanted: str, *words: str) -> str:
    """What the command prints, once something is in it."""

    async def look() -> str:
        await notice(chain, prefix, *words)
        text = capsys.readouterr().out
        return text if wanted in text else ""

    text: str = await until(look)
    assert text
    return text


async def told(chain: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path, who: str) -> Any:
    """A recall of an enterprise, and the notice to all holders it reaches."""
    found = await chain.recall(who, HEAT)
    (tmp_path / "recall.json").write_text(json.dumps(found["recall"]))
    words = ("--recall", str(tmp_path / "recall.json"), "--text", TEXT, "--sender", who, "--about", HEAT, "--json")
    assert await notice(chain, who, "send", *words) == 0
    return json.loads(capsys.readouterr().out)


async def test_the_holders_of_a_recall_are_told(chain: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each with what is affected of his; then who has it."""
    made = await told(chain, capsys, tmp_path, WORKS)
    listed = await once(chain, YARD, capsys, TEXT, "list")
    shown = await once(chain, WORKS, capsys, "received", "show", made["id"])

    assert [(one["to"], one["things"]) for one in made["to"]] == [(YARD, [SHIP])]
    assert WORKS in listed
    assert "1 told, 1 have it, 0 acknowledged" in shown


async def test_a_hidden_holder_acknowledges(chain: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The mill reads what the yard says, and not who that is."""
    made = await told(chain, capsys, tmp_path, MILL)
    (one,) = json.loads(await once(chain, YARD, capsys, TEXT, "list", "--json"))["notices"]
    await notice(chain, YARD, "acknowledge", one["id"], "--words", "已检查")
    capsys.readouterr()  # what the yard was shown
    shown = await once(chain, MILL, capsys, "1 acknowledged", "show", made["id"])

    assert one["to"][0]["things"] == [SHIP]
    assert YARD not in shown


async def test_a_notice_is_handed_on(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """By the name it has here."""
    await notice(chain, MILL, "send", "--to", WORKS, "--text", TEXT, "--sender", MILL)
    capsys.readouterr()
    (one,) = json.loads(await once(chain, WORKS, capsys, TEXT, "list", "--json"))["notices"]
    assert await notice(chain, WORKS, "forward", one["id"], "--to", YARD, "--text", TEXT, "--sender", WORKS) == 0

    assert "handed on as" in await once(chain, WORKS, capsys, "handed on as", "show", one["id"])


async def test_what_is_no_recall(chain: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One sentence."""
    (tmp_path / "x.json").write_text("[]")

    assert await notice(chain, MILL, "send", "--recall", str(tmp_path / "x.json"), "--text", TEXT) == 2
    assert "is no answer of 'idis trace recall --json'" in capsys.readouterr().err


def test_without_a_node(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said what is missing."""
    assert main(["notice", "list"]) == 2
    assert "--server URL" in capsys.readouterr().err
