from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idis.registry.caller import Caller, Role, RoleGrant
from idis.registry.identity import Identity

APPLICATION = {
    "prefix": "88.118.8.*",
    "form": {
        "orgName": "示例船舶有限公司",
        "orgNature": 1,
        "orgAddrProvince": "310000",
        "orgAddrCity": "310100",
        "orgAddr": "浦东大道1号",
        "orgCrtType": 1,
        "orgCrtCode": "91310000MA1FL0007C",
        "industryCategory": "C37",
        "contactName": "张三",
        "contactPhone": "+86 21 0000 0000",
        "contactEmail": "zhang@example.com",
        "legalName": "李四",
    },
}
SITE = {"servers": [{"address": "192.0.2.10", "tcp": 2641, "http": 8000}, {"address": "2001:db8::10", "tcp": 2641}]}
KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"


@pytest.fixture
def act_as(stand_in: Any) -> Callable[..., None]:
    """Makes all requests come from an identity with these roles, proved by a key."""

    def become(identifier: str, *roles: RoleGrant) -> None:
        stand_in.caller = Caller("https 192.0.2.7", Identity(300, identifier), roles)

    return become


async def granted(operator: Any, prefix: str) -> None:
    """Lead a prefix to being active."""
    assert (await operator.ask("POST", f"/prefixes/{prefix}/allocate", {}))[0] == 200


async def test_a_prefix_is_applied_for_examined_and_approved(operator: Any) -> None:
    """From the application to the delegation, each step answered with the prefix as it stands."""
    status, applied, headers = await operator.ask("POST", "/prefixes", APPLICATION)
    assert (status, applied["entry"]["prefix"], applied["entry"]["state"]) == (201, "88.118.8.1", "applied")
    assert headers["Location"] == "/api/v1/prefixes/88.118.8.1"
    for event, state in (("review", "in_review"), ("approve", "active")):
        _, moved, _ = await operator.ask("POST", f"/prefixes/88.118.8.1/{event}", {})
        assert moved["entry"]["state"] == state
    status, routed, _ = await operator.ask("PUT", "/prefixes/88.118.8.1/sites", {"sites": [SITE]})

    assert status == 200
    assert [server["address"] for server in routed["entry"]["sites"][0]["servers"]] == ["192.0.2.10", "2001:db8::10"]


async def test_an_application_shows_its_form(operator: Any) -> None:
    """Whoever examines it reads what the applicant wrote."""
    await operator.ask("POST", "/prefixes", APPLICATION)
    _, shown, headers = await operator.ask("GET", "/prefixes/88.118.8.1")

    assert shown["form"]["orgCrtCode"] == "91310000MA1FL0007C"
    assert (shown["entry"]["owner"], shown["records"]) == ("示例船舶有限公司", 0)
    assert headers["ETag"] == f'"{shown["version"]}"'


async def test_a_wrong_credit_code_is_pointed_at(operator: Any) -> None:
    """The form is checked as the registry checks it."""
    form = {**APPLICATION["form"], "orgCrtCode": "91310000MA1FL0008C"}  # type: ignore[dict-item]
    status, problem, _ = await operator.ask("POST", "/prefixes", {"prefix": "88.118.8.5", "form": form})

    assert (status, problem["code"], problem["pointer"]) == (422, 202, "#/form/orgCrtCode")


async def test_a_rejection_needs_a_reason(operator: Any) -> None:
    """Which the applicant reads, and may then correct the facts."""
    await operator.ask("POST", "/prefixes", APPLICATION)
    assert (await operator.ask("POST", "/prefixes/88.118.8.1/reject", {}))[0] == 422
    _, rejected, _ = await operator.ask("POST", "/prefixes/88.118.8.1/reject", {"reason": "no such company"})
    assert (rejected["entry"]["state"], rejected["entry"]["reason"]) == ("rejected", "no such company")

    _, again, _ = await operator.ask("POST", "/prefixes/88.118.8.1/resubmit", {"organisation": {"owner": "新名"}})
    assert (again["entry"]["state"], again["entry"]["owner"]) == ("applied", "新名")


async def test_an_event_out_of_turn_is_a_conflict(operator: Any) -> None:
    """What does not fit the state is 409 and says what does."""
    await operator.ask("POST", "/prefixes", APPLICATION)
    status, problem, _ = await operator.ask("POST", "/prefixes/88.118.8.1/approve", {})

    assert (status, problem["code"]) == (409, 2)
    assert "possible now" in problem["detail"]


async def test_an_event_happens_only_at_the_expected_version(operator: Any) -> None:
    """Two officers who read the same version do not both decide."""
    await operator.ask("POST", "/prefixes", APPLICATION)
    _, shown, headers = await operator.ask("GET", "/prefixes/88.118.8.1")
    first = await operator.ask("POST", "/prefixes/88.118.8.1/review", {}, If_Match=headers["ETag"])
    second = await operator.ask("POST", "/prefixes/88.118.8.1/reject", {"reason": "x"}, If_Match=headers["ETag"])

    assert (first[0], second[0]) == (200, 412)
    assert first[1]["version"] == shown["version"] + 1


async def test_a_suspended_prefix_stops_answering(operator: Any, nobody: Any) -> None:
    """Records below it are not answered until it is resumed."""
    await operator.ask("POST", "/prefixes/88.118.8/suspend", {"reason": "unpaid"})
    assert (await nobody.ask("GET", "/records/88.118.8/A1"))[0] == 404
    await operator.ask("POST", "/prefixes/88.118.8/resume", {})

    assert (await nobody.ask("GET", "/records/88.118.8/A1"))[0] == 200


async def test_revoking_takes_two_persons(operator: Any, nobody: Any, act_as: Callable[..., None]) -> None:
    """The first request waits with 202, the same by somebody else is done."""
    await granted(operator, "88.118.8.7")
    act_as("88.118.8/ZHANG", RoleGrant(Role.OPERATOR))
    status, waits, _ = await nobody.ask("POST", "/prefixes/88.118.8.7/revoke", {"reason": "gone"})
    assert (status, waits["entry"], waits["awaiting"]["act"]) == (202, None, "revoke")
    act_as("88.118.8/LI", RoleGrant(Role.OPERATOR))
    assert (await nobody.ask("GET", "/prefixes/88.118.8.7"))[1]["awaiting"][0]["person"] == "88.118.8/ZHANG"

    status, done, _ = await nobody.ask("POST", "/prefixes/88.118.8.7/revoke", {"reason": "gone"})
    assert (status, done["entry"]["state"]) == (200, "revoked")


async def test_a_transfer_takes_two_persons(operator: Any, nobody: Any, act_as: Callable[..., None]) -> None:
    """The new owner is there after the second request."""
    await granted(operator, "88.118.8.7")
    body = {"organisation": {"owner": "新船舶有限公司"}, "reason": "merger"}
    act_as("88.118.8/ZHANG", RoleGrant(Role.OPERATOR))
    assert (await nobody.ask("POST", "/prefixes/88.118.8.7/transfer", body))[0] == 202
    act_as("88.118.8/LI", RoleGrant(Role.OPERATOR))

    assert (await nobody.ask("POST", "/prefixes/88.118.8.7/transfer", body))[1]["entry"]["owner"] == "新船舶有限公司"


async def test_prefixes_are_listed_by_parent_and_state(operator: Any) -> None:
    """Below one prefix, in one state, page by page."""
    for label in ("1", "2", "3"):
        await granted(operator, f"88.118.8.{label}")
    await operator.ask("POST", "/prefixes/88.118.8.2/suspend", {})
    _, page, _ = await operator.ask("GET", "/prefixes?below=88.118.8&state=active&limit=1")
    _, rest, _ = await operator.ask("GET", f"/prefixes?below=88.118.8&state=active&limit=1&cursor={page['next']}")

    assert [item["prefix"] for item in (*page["items"], *rest["items"])] == ["88.118.8.1", "88.118.8.3"]


async def test_terms_change_one_by_one(operator: Any) -> None:
    """What is not given stays."""
    await operator.ask("PATCH", "/prefixes/88.118.8", {"quota": 50})
    _, changed, _ = await operator.ask("PATCH", "/prefixes/88.118.8", {"privacy": "strict"})

    assert (changed["entry"]["quota"], changed["entry"]["privacy"]) == (50, "strict")


async def test_hosting_is_asked_for_and_approved(operator: Any) -> None:
    """The national states of hosting."""
    await granted(operator, "88.118.8.7")
    states = []
    for event in ("apply", "approve", "end"):
        _, changed, _ = await operator.ask("POST", "/prefixes/88.118.8.7/hosting", {"event": event})
        states.append(changed["entry"]["hosting"])

    assert states == ["applied", "hosted", "not_hosted"]


async def test_a_prefix_is_homed_and_let_go(operator: Any) -> None:
    """This node answers for it, and then no longer."""
    await granted(operator, "88.118.8.7")

    assert (await operator.ask("PUT", "/prefixes/88.118.8.7/home", {}))[1]["entry"]["homed"] is True
    assert (await operator.ask("DELETE", "/prefixes/88.118.8.7/home"))[1]["entry"]["homed"] is False


async def test_a_range_is_delegated_listed_and_withdrawn(operator: Any) -> None:
    """Ranges do not overlap."""
    body = {"end": "88.118.8.1999", "sites": [SITE]}
    assert (await operator.ask("PUT", "/ranges/88.118.8.1000", body))[0] == 200
    assert (await operator.ask("PUT", "/ranges/88.118.8.1500", body))[0] == 409
    _, listed, _ = await operator.ask("GET", "/ranges?below=88.118.8")
    assert [(item["start"], item["end"]) for item in listed["items"]] == [("88.118.8.1000", "88.118.8.1999")]

    assert (await operator.ask("DELETE", "/ranges/88.118.8.1000"))[0] == 200
    assert (await operator.ask("DELETE", "/ranges/88.118.8.1000"))[0] == 404


async def test_ranges_are_listed_page_by_page(operator: Any) -> None:
    """Every range below a prefix once, and none below its neighbours."""
    for start, end in (("88.118.8.10", "88.118.8.19"), ("88.118.8.20", "88.118.8.29"), ("88.118.8.100", "88.118.8.199")):
        await operator.ask("PUT", f"/ranges/{start}", {"end": end, "sites": [SITE]})
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        path = "/ranges?below=88.118.8&limit=1" + (f"&cursor={cursor}" if cursor else "")
        _, shown, _ = await operator.ask("GET", path)
        found += [item["start"] for item in shown["items"]]
        cursor = shown["next"]

    assert found == ["88.118.8.10", "88.118.8.20", "88.118.8.100"]


async def test_the_keys_of_a_prefix_are_changed_value_by_value(operator: Any, nobody: Any) -> None:
    """A value is put and seen; the sites of a prefix are not changed so by its own administrator."""
    value = {"index": 7, "type": "DESC", "data": {"format": "string", "value": "示例"}}
    assert (await operator.ask("PATCH", "/prefixes/88.118.8/values", {"values": [value]}))[0] == 200
    _, shown, _ = await nobody.ask("GET", "/prefixes/88.118.8/values")

    assert 7 in [item["index"] for item in shown["values"]]


async def test_the_administrators_key_comes_with_the_sites(operator: Any) -> None:
    """It is shown with the prefix and is value 300 of its record; it stays with other sites, and goes when it is empty."""
    await granted(operator, "88.118.8.7")
    shown = []
    for key in ({"administratorKey": KEY.replace("\n", "\r\n")}, {}, {"administratorKey": ""}):
        _, routed, _ = await operator.ask("PUT", "/prefixes/88.118.8.7/sites", {"sites": [SITE], **key})
        _, record, _ = await operator.ask("GET", "/prefixes/88.118.8.7/values")
        in_record = [value["data"] for value in record["values"] if value["index"] == 300]
        shown.append((routed["entry"]["administratorKey"], in_record))

    assert [key for key, _ in shown] == [KEY, KEY, ""]
    assert [len(values) for _, values in shown] == [1, 1, 0]


async def test_a_hosted_enterprise_has_its_key_here(operator: Any) -> None:
    """It comes with the approval."""
    await granted(operator, "88.118.8.7")
    await operator.ask("POST", "/prefixes/88.118.8.7/hosting", {"event": "apply"})
    _, hosted, _ = await operator.ask("POST", "/prefixes/88.118.8.7/hosting", {"event": "approve", "administratorKey": KEY})

    assert (hosted["entry"]["hosting"], hosted["entry"]["administratorKey"]) == ("hosted", KEY)


async def test_an_administrator_grants_nothing_above_his_prefix(api_of: Callable[..., Any], operator: Any) -> None:
    """Who administers a prefix neither suspends nor delegates it: that is its parent's."""
    await granted(operator, "88.118.8.7")
    administrator = api_of(RoleGrant(Role.ADMINISTRATOR, "88.118.8.7"))

    assert (await administrator.ask("POST", "/prefixes/88.118.8.7/suspend", {}))[0] == 403
    assert (await administrator.ask("PUT", "/prefixes/88.118.8.7/sites", {"sites": [SITE]}))[0] == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"sites": []}, "#/sites"),
        ({"sites": [{"servers": [{"address": "192.0.2.10"}]}]}, "#/sites/0/servers/0"),
        ({"sites": [{"servers": [{"address": "999", "tcp": 1}]}]}, "#/sites/0/servers/0/address"),
        ({"sites": [{"servers": [{"address": "192.0.2.1", "tcp": 1, "publicKey": "-"}]}]}, "#/sites/0/servers/0/publicKey"),
        ({"sites": [SITE], "administratorKey": "key"}, "#/administratorKey"),
        ({"sites": [SITE], "administratorKey": "-----BEGIN PRIVATE KEY-----"}, "#/administratorKey"),
    ],
)
async def test_what_is_wrong_with_a_site_is_pointed_at(operator: Any, body: object, pointer: str) -> None:
    """No site, no port, no address."""
    status, problem, _ = await operator.ask("PUT", "/prefixes/88.118.8/sites", body)

    assert (status, problem["pointer"]) == (422, pointer)
