"""`/api/prefixes`: which prefixes are homed here, and homing."""

from __future__ import annotations

import time

import pytest

from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.token import TokenTerms
from tests.resolver.web.rest_client import basic

ADMIN = basic("301:0.NA/88.118.8", "s3cret")


@pytest.fixture
def operator(secure_node) -> str:
    """The header of an operator's token."""
    terms = TokenTerms("test", roles=(RoleGrant(Role.OPERATOR),), prefixes=("",), actions=frozenset(Action))
    made = secure_node._store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test").result()
    return f"Bearer {made.result[1]}"


async def test_an_operator_sees_which_prefixes_are_homed(rest, operator):
    """As prefix handles."""
    status, document, _headers = await rest.ask("GET", "/api/prefixes", Authorization=operator)

    assert (status, document) == (200, {"responseCode": 1, "prefixes": ["0.NA/88.118.8"]})


@pytest.mark.parametrize("path", ["/api/prefixes/0.NA/88.119.7", "/api/prefixes?prefix=0.NA/88.119.7", "/api/prefixes/88.119.7"])
async def test_an_operator_homes_and_unhomes(rest, operator, path):
    """POST and DELETE, the prefix in the path or as a parameter."""
    homed = await rest.ask("POST", path, Authorization=operator)
    seen = (await rest.ask("GET", "/api/prefixes", Authorization=operator))[1]["prefixes"]
    gone = await rest.ask("DELETE", path, Authorization=operator)
    left = (await rest.ask("GET", "/api/prefixes", Authorization=operator))[1]["prefixes"]

    assert (homed[0], homed[1]["responseCode"]) == (200, 1)
    assert seen == ["0.NA/88.118.8", "0.NA/88.119.7"]
    assert (gone[0], left) == (200, ["0.NA/88.118.8"])


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("POST", "/api/prefixes", 4), ("POST", "/api/prefixes/88.118.8/x", 102), ("DELETE", "/api/prefixes/88.777", 100)],
)
async def test_what_is_no_prefix_here_is_refused(rest, operator, method, path, code):
    """A sentence and the code of the field."""
    status, document, _headers = await rest.ask(method, path, Authorization=operator)

    assert status >= 400
    assert document["responseCode"] == code
    assert document["message"]


async def test_nobody_homes_without_a_proof(rest):
    """401."""
    status, document, _headers = await rest.ask("POST", "/api/prefixes/88.119.7")

    assert (status, document["responseCode"]) == (401, 402)


async def test_an_administrator_of_one_prefix_does_not_see_the_others(rest):
    """Which prefixes a node has is for operators and auditors."""
    status, document, _headers = await rest.ask("GET", "/api/prefixes", Authorization=ADMIN)

    assert (status, document["responseCode"]) == (403, 401)


async def test_a_form_of_another_site_changes_nothing(rest, operator):
    """A browser that is made to send what it knows says where it was made to (`Sec-Fetch-Site`)."""
    status, document, _headers = await rest.ask(
        "POST", "/api/prefixes/88.119.7", Authorization=operator, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate"
    )

    assert status == 403
    assert document["message"]
