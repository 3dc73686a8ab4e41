"""`/code`: an identifier as a symbol for a label."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from idis.resolver.config import LinksSection
from idis.resolver.node import Node

zxingcpp = pytest.importorskip("zxingcpp", reason="needs pip install 'idis[codes]'")
images = pytest.importorskip("PIL.Image", reason="needs pip install 'idis[codes]'")


def read(png: bytes) -> tuple[str, str]:
    """Symbology and content of the one symbol in a picture."""
    (found,) = zxingcpp.read_barcodes(images.open(io.BytesIO(png)).convert("L"))
    return found.symbology_identifier, found.bytes.decode()


async def fetched(node: Node, path: str) -> tuple[int, str, bytes]:
    """Status, content type and octets."""
    url = URL(f"http://127.0.0.1:{node.http_port}/api/v1/code/{path}", encoded=True)
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, answer.content_type, await answer.read()


@pytest.mark.parametrize(
    ("path", "prefix", "content"),
    [
        ("88.118.8/A1?file=png", "]Q1", "88.118.8/A1"),
        ("88.118.8/A1?file=png&base=https://id.example.cn", "]Q1", "https://id.example.cn/88.118.8/A1"),
        (quote("88.118.8/分段 1", safe="") + "?file=png&format=datamatrix", "]d1", "88.118.8/分段 1"),
        ("(01)06901234567892(21)42?file=png&format=gs1-datamatrix", "]d2", "01069012345678922142"),
        ("169012340000000013?file=png&format=gs1-128", "]C1", "00169012340000000013"),
        ("169012340000000013?file=png&format=gs1-qr", "]Q3", "00169012340000000013"),
    ],
)
async def test_a_label_can_be_scanned(node: Node, path: str, prefix: str, content: str) -> None:
    """Nobody has to prove anything; slashes of the identifier stand as they are or encoded."""
    status, content_type, octets = await fetched(node, path)

    assert (status, content_type) == (200, "image/png")
    assert read(octets) == (prefix, content)


@pytest.mark.parametrize(
    ("kind", "content_type", "head"),
    [("svg", "image/svg+xml", b"<svg "), ("pdf", "application/pdf", b"%PDF-"), ("png", "image/png", b"\x89PNG")],
)
async def test_the_file_is_of_the_kind_that_is_asked_for(node: Node, kind: str, content_type: str, head: bytes) -> None:
    """With its media type."""
    status, told, octets = await fetched(node, f"88.118.8/A1?file={kind}")

    assert (status, told) == (200, content_type)
    assert octets.startswith(head)


async def test_codes_lead_to_where_people_reach_the_node(start_node: Any) -> None:
    """The setting says it once for Digital Links and codes."""
    node = await start_node(links=LinksSection(root="https://id.example.cn"))
    _status, _type, octets = await fetched(node, "88.118.8/A1?file=png")

    assert read(octets) == ("]Q1", "https://id.example.cn/88.118.8/A1")


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("(01)06901234567893", 422, "2 would be right"),
        ("foo", 422, "no identifier"),
        ("11010519491231002X", 422, "number of a person"),
        ("88.118.8/A1?format=gs1-128", 422, "holds GS1 data only"),
        ("88.118.8/A1?base=javascript:alert(1)", 422, "no address"),
        ("88.118.8/A1?format=aztec", 400, ""),
        ("88.118.8/A1?file=gif", 400, ""),
        ("88.118.8/" + "x" * 601, 400, ""),
    ],
)
async def test_what_cannot_be_made_is_a_problem(nobody: Any, path: str, status: int, sentence: str) -> None:
    """One sentence, and no picture."""
    got, problem, _headers = await nobody.ask("GET", f"/code/{path}")

    assert got == status
    assert sentence in problem["detail"]


async def test_without_the_library_it_is_not_implemented(nobody: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """501, with the command that installs it."""
    from idis.resolver.codes import symbol

    monkeypatch.setattr(symbol, "library", lambda name: None)
    status, problem, _headers = await nobody.ask("GET", "/code/88.118.8/A1")

    assert status == 501
    assert "pip install 'idis[codes]'" in problem["detail"]
