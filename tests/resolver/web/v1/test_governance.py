"""Tokens, roles and the audit trail."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from idis.registry.audit.chain import Broken, Checked, check
from idis.registry.caller import Action, Caller, Role, RoleGrant
from idis.registry.identity import Identity
from tests.waiting import until

GRANT = {"identity": "300:88.118.8/App_1", "role": {"role": "application", "prefix": "88.118.8"}}


@pytest.fixture
def by_key(stand_in: Any, nobody: Any) -> Any:
    """A client that has proved an operator's key, not a token."""
    stand_in.caller = Caller("https 192.0.2.7", Identity(300, "0.NA/88.118.8"), (RoleGrant(Role.OPERATOR),))
    return nobody


async def test_a_token_is_made_used_and_revoked(by_key: Any, stand_in: Any) -> None:
    """The secret comes once and works until the token is revoked."""
    status, made, headers = await by_key.ask("POST", "/tokens", {"label": "ERP", "identity": "300:0.NA/88.118.8"})
    assert (status, headers["Location"]) == (201, f"/api/v1/tokens/{made['token']['id']}")
    proof = {"Authorization": f"Bearer {made['secret']}"}
    stand_in.caller = None
    _, known, _ = await by_key.ask("GET", "/whoami", **proof)
    assert (known["identity"], known["scope"]["token"]) == ("300:0.NA/88.118.8", made["token"]["id"])
    assert (await by_key.ask("DELETE", f"/tokens/{made['token']['id']}", **proof))[1] == {"changed": True}

    assert (await by_key.ask("GET", "/whoami", **proof))[0] == 401


async def test_the_secret_is_not_kept_with_an_idempotency_key(by_key: Any) -> None:
    """A repeated request shows the same token without its secret, and makes no second one."""
    body = {"label": "ERP", "identity": "300:0.NA/88.118.8"}
    first = await by_key.ask("POST", "/tokens", body, Idempotency_Key="t1")
    again = await by_key.ask("POST", "/tokens", body, Idempotency_Key="t1")
    _, listed, _ = await by_key.ask("GET", "/tokens")

    assert first[1]["secret"].startswith("idis_")
    assert (again[0], again[1]) == (201, {**first[1], "secret": None})
    assert len(listed["items"]) == 1


async def test_a_token_makes_no_tokens(operator: Any) -> None:
    """It would outlive its own end."""
    status, problem, _ = await operator.ask("POST", "/tokens", {"identity": "300:0.NA/88.118.8"})

    assert (status, problem["code"]) == (403, 401)


async def test_a_token_that_is_not_yours_is_as_if_it_were_not_there(operator: Any, api_of: Callable[..., Any]) -> None:
    """An application does not see an operator's token."""
    stranger = api_of(RoleGrant(Role.APPLICATION, "88.118.8"), prefixes=("88.118.8",))
    _, me, _ = await operator.ask("GET", "/whoami")

    assert (await stranger.ask("GET", f"/tokens/{me['scope']['token']}"))[0] == 404
    assert (await operator.ask("GET", f"/tokens/{me['scope']['token']}"))[0] == 200


async def test_tokens_are_listed_page_by_page(operator: Any, api_of: Callable[..., Any]) -> None:
    """Every token once."""
    for _ in range(3):
        api_of(RoleGrant(Role.AUDITOR))
    found: list[str] = []
    path = "/tokens?limit=2"
    while path:
        _, shown, _ = await operator.ask("GET", path)
        found += [item["id"] for item in shown["items"]]
        path = f"/tokens?limit=2&cursor={shown['next']}" if shown["next"] else ""

    assert len(found) == len(set(found)) == 4


async def test_a_role_is_granted_listed_and_revoked(operator: Any) -> None:
    """Granting twice changes nothing the second time; what was revoked is listed no more."""
    assert (await operator.ask("POST", "/roles/grant", GRANT))[:2] == (200, {"changed": True})
    assert (await operator.ask("POST", "/roles/grant", GRANT))[:2] == (200, {"changed": False})
    _, listed, _ = await operator.ask("GET", "/roles")
    assert {"identity": "300:88.118.8/APP_1", "roles": [GRANT["role"]]} in listed["items"]
    assert (await operator.ask("POST", "/roles/revoke", GRANT))[:2] == (200, {"changed": True})

    assert "88.118.8/APP_1" not in str((await operator.ask("GET", "/roles"))[1])


async def test_an_application_sees_and_grants_no_roles(api_of: Callable[..., Any], operator: Any) -> None:
    """An empty list, and a refusal."""
    await operator.ask("POST", "/roles/grant", GRANT)
    application = api_of(RoleGrant(Role.APPLICATION, "88.118.8"))

    assert (await application.ask("GET", "/roles"))[1] == {"items": [], "next": None}
    assert (await application.ask("POST", "/roles/grant", GRANT))[0] == 403


async def test_what_was_done_is_in_the_audit_trail(operator: Any) -> None:
    """The newest first, by subject, with who and before and after."""
    await operator.ask("DELETE", "/records/88.118.8/A1")
    _, shown, _ = await operator.ask("GET", "/audit?subject=88.118.8/A1")
    line = shown["items"][0]

    assert (line["act"], line["subject"], line["code"], line["after"]) == ("delete", "88.118.8/A1", 1, None)
    assert "(token " in line["actor"]


async def test_a_token_used_beyond_its_actions_is_in_the_trail(api_of: Callable[..., Any], operator: Any) -> None:
    """A stolen token that is tried for more than it may shows."""
    reading = api_of(RoleGrant(Role.OPERATOR), actions=frozenset((Action.READ,)))
    assert (await reading.ask("DELETE", "/records/88.118.8/A1"))[0] == 403

    async def told() -> Any:
        return (await operator.ask("GET", "/audit?refused=true"))[1]["items"]

    (line,) = await until(told)
    assert (line["act"], line["subject"], line["code"]) == ("delete record", "88.118.8/A1", 401)


async def test_a_batch_that_was_refused_whole_is_in_the_trail_as_a_refusal(api_of: Callable[..., Any], operator: Any) -> None:
    """By the first item that was forbidden, and not in the commit, which anybody with a key could ask for."""
    items = [{"verb": "delete", "identifier": "88.118.8/NONE"}, {"verb": "delete", "identifier": "88.118.8/A1"}]
    _, done, _ = await api_of(RoleGrant(Role.AUDITOR)).ask("POST", "/batch", {"items": items})
    assert [result["code"] for result in done["results"]] == [100, 401]

    async def told() -> Any:
        return (await operator.ask("GET", "/audit?refused=true"))[1]["items"]

    (line,) = await until(told)
    assert (line["act"], line["subject"], line["code"]) == ("batch", "88.118.8/A1", 401)


async def test_the_trail_goes_on_by_cursor_in_both_directions(operator: Any) -> None:
    """Backwards is forwards reversed, and every line comes once."""
    for name in ("N1", "N2", "N3"):
        value = {"index": 1, "type": "URL", "data": {"format": "string", "value": "x"}}
        await operator.ask("PUT", f"/records/88.118.8/{name}", {"values": [value]})

    async def read(order: str) -> list[str]:
        found: list[str] = []
        path = f"/audit?subject=88.118.8/N&limit=2{order}"
        cursor = ""
        while cursor is not None:
            _, shown, _ = await operator.ask("GET", path + (f"&cursor={cursor}" if cursor else ""))
            found += [item["subject"] for item in shown["items"]]
            cursor = shown["next"]
        return found

    forwards = await read("&oldest_first=true")
    assert forwards == ["88.118.8/N1", "88.118.8/N2", "88.118.8/N3"]
    assert await read("") == forwards[::-1]


async def test_an_export_is_whole_and_shows_a_cut(operator: Any) -> None:
    """The lines are chained as `idis audit check` wants them."""
    await operator.ask("DELETE", "/records/88.118.8/A1")
    status, text, headers = await operator.ask("GET", "/audit/export")
    rows = text.encode().splitlines(keepends=True)

    assert (status, headers["Content-Type"]) == (200, "application/jsonl")
    assert isinstance(check(rows), Checked)
    assert isinstance(check(rows[:1] + rows[2:]), Broken)


@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
async def test_the_trail_is_not_for_everybody(api_of: Callable[..., Any], nobody: Any, path: str) -> None:
    """Administrators of a prefix get 403, nobody 401, auditors the trail."""
    assert (await nobody.ask("GET", path))[0] == 401
    assert (await api_of(RoleGrant(Role.ADMINISTRATOR, "88.118.8")).ask("GET", path))[0] == 403
    assert (await api_of(RoleGrant(Role.AUDITOR)).ask("GET", path))[0] == 200


async def test_the_trail_is_narrowed_by_time(operator: Any) -> None:
    """Until a moment in the past nothing was done."""
    await operator.ask("DELETE", "/records/88.118.8/A1")
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))

    assert (await operator.ask("GET", f"/audit?until={past}"))[1]["items"] == []
    assert (await operator.ask("GET", f"/audit?since={past}"))[1]["items"] != []


async def test_a_token_without_the_action_reads_no_trail(api_of: Callable[..., Any]) -> None:
    """An operator's token for registering is refused."""
    client = api_of(RoleGrant(Role.OPERATOR), actions=frozenset((Action.REGISTER,)))

    assert (await client.ask("GET", "/audit"))[0] == 403
