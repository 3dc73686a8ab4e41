from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idis.resolver.node import Node


async def test_a_path_that_is_none_is_a_problem(nobody: Any) -> None:
    """404 in the one form of refusals."""
    status, problem, headers = await nobody.ask("GET", "/nothing")

    assert (status, problem["status"], problem["title"]) == (404, 404, "error")
    assert headers["Content-Type"].startswith("application/problem+json")


async def test_a_method_that_is_none_says_which_are(nobody: Any) -> None:
    """405 with Allow."""
    status, problem, headers = await nobody.ask("POST", "/node")

    assert (status, problem["code"], headers["Allow"]) == (405, 5, "GET, HEAD, OPTIONS")


async def test_head_is_get_without_its_body(nobody: Any) -> None:
    """HEAD answers with the headers alone."""
    status, text, headers = await nobody.ask("HEAD", "/node")

    assert (status, text) == (200, "")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/records?prefix=88.118.8&limit=0", "limit"),
        ("/records?prefix=88.118.8&limit=1001", "limit"),
        ("/records?prefix=88.118.8&limit=ten", "limit"),
        ("/records?prefix=88.118.8&limit=1&limit=2", "limit"),
        ("/records?prefix=88..8", "prefix"),
        ("/records", "prefix"),
        ("/records?prefix=88.118.8&colour=red", "colour"),
        ("/records?prefix=88.118.8&cursor=!", "cursor"),
        ("/records?prefix=88.118.8&=", ""),
        ("/audit?since=yesterday", "since"),
        ("/audit?refused=maybe", "refused"),
        ("/prefixes?state=happy", "state"),
        ("/records/88.118.8/%00", "suffix"),
        ("/records/88.118.8/%0A", "suffix"),
        ("/records/88.118.8/%FF", "suffix"),
    ],
)
async def test_what_is_wrong_with_a_parameter_is_pointed_at(operator: Any, path: str, pointer: str) -> None:
    """The pointer is the parameter's name."""
    status, problem, _ = await operator.ask("GET", path)

    assert (status, problem["code"], problem["pointer"]) == (400, 4, pointer)


@pytest.mark.parametrize(
    ("name", "text", "status"), [("If-Match", "7", 412), ("If-None-Match", "7", 412), ("Idempotency-Key", "a b", 400)]
)
async def test_what_is_wrong_with_a_header_is_pointed_at(operator: Any, name: str, text: str, status: int) -> None:
    """The pointer is the header's name."""
    answered, problem, _ = await operator.ask("DELETE", "/records/88.118.8/A1", **{name: text})

    assert (answered, problem["pointer"]) == (status, name)


@pytest.mark.parametrize(
    "headers",
    [{"Content_Type": "text/plain"}, {"Content_Type": "application/json; charset=gbk"}, {"Content_Encoding": "gzip"}],
)
async def test_a_body_of_another_kind_is_refused(operator: Any, headers: dict[str, str]) -> None:
    """Only JSON in UTF-8 as it is: 415."""
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N1", raw=b"{}", **headers)

    assert (status, problem["code"]) == (415, 4)


async def test_a_body_that_is_too_long_is_refused(operator: Any) -> None:
    """One octet more than a megabyte: 413."""
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N1", raw=b" " * 1_048_577)

    assert (status, problem["code"]) == (413, 4)


async def test_a_body_that_is_too_long_in_pieces_is_refused(operator: Any) -> None:
    """Neither does one without a length get further."""

    async def pieces() -> Any:
        for _ in range(17):
            yield b" " * 65_536
            await asyncio.sleep(0)

    assert (await operator.ask("PUT", "/records/88.118.8/N1", raw=pieces()))[0] == 413


async def test_a_bad_proof_is_refused_where_none_is_needed(nobody: Any) -> None:
    """Who sends a token that is none is told so, not answered as nobody."""
    status, problem, _ = await nobody.ask("GET", "/records/88.118.8/A1", Authorization="Bearer idis_none")

    assert (status, problem["status"]) == (401, 401)


async def test_who_am_i_tells_what_came_of_a_proof(operator: Any, nobody: Any) -> None:
    """The token's roles and scope; nothing of nobody."""
    _, known, _ = await operator.ask("GET", "/whoami")
    _, unknown, _ = await nobody.ask("GET", "/whoami")

    assert known["roles"] == [{"role": "operator", "prefix": ""}]
    assert known["scope"]["prefixes"] == [""]
    assert (known["anonymous"], unknown["anonymous"]) == (False, True)


async def test_a_node_tells_its_limits(nobody: Any, node: Node) -> None:
    """Name, tier and what one request may bring."""
    _, shown, _ = await nobody.ask("GET", "/node")

    assert (shown["name"], shown["tier"]) == (node.config.node.name, "enterprise")
    assert shown["limits"]["body_bytes"] == 1_048_576


async def test_options_tells_the_methods_of_a_path(nobody: Any) -> None:
    """Each path its own, without a proof."""
    status, _, headers = await nobody.ask("OPTIONS", "/records/88.118.8/A1")

    assert (status, headers["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")


async def test_a_proof_that_cannot_be_read_is_a_401(nobody: Any) -> None:
    """Whatever is wrong with it, what helps is another one."""
    status, _, headers = await nobody.ask("GET", "/node", Authorization="Nonsense")

    assert status == 401
    assert "WWW-Authenticate" in headers


async def test_scripts_of_other_origins_may_use_it(nobody: Any) -> None:
    """A preflight allows PATCH and the headers of conditions; an answer shows the version."""
    _, _, asked = await nobody.ask("OPTIONS", "/records/88.118.8/A1", Origin="https://example.org")
    _, _, answered = await nobody.ask("GET", "/node", Origin="https://example.org")

    assert "PATCH" in asked["Access-Control-Allow-Methods"]
    assert "If-Match,If-None-Match,Idempotency-Key" in asked["Access-Control-Allow-Headers"]
    assert answered["Access-Control-Expose-Headers"] == "ETag,Location"
