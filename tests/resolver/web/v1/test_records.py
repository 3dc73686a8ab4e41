from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idis.registry.caller import Action, Caller, Role, RoleGrant
from idis.registry.identity import identity_of

PREFIX = "88.118.8"
URL = {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://example.com/new"}}
SECRET = {"index": 300, "type": "HS_SECKEY", "data": {"format": "string", "value": "k3y"}}


def record_of(*values: object) -> dict[str, object]:
    """What a record is to be."""
    return {"values": list(values)}


async def test_anybody_reads_public_values(nobody: Any) -> None:
    """Without a proof a record is shown with its public values, and nothing that would tell of hidden ones."""
    status, shown, headers = await nobody.ask("GET", "/records/88.118.8/secret")

    assert status == 200
    assert [value["index"] for value in shown["values"]] == [1]
    assert (shown["version"], shown["aliases"]) == (None, [])
    assert "ETag" not in headers


async def test_an_operator_reads_every_value_and_the_version(operator: Any) -> None:
    """An operator sees restricted values, and the version as the ETag."""
    status, shown, headers = await operator.ask("GET", "/records/88.118.8/secret")

    assert status == 200
    assert [value["index"] for value in shown["values"]] == [1, 300]
    assert headers["ETag"] == f'"{shown["version"]}"'


async def test_whoever_may_not_see_a_value_is_answered_as_if_it_were_not_there(api_of: Callable[..., Any], nobody: Any) -> None:
    """An application of another prefix gets what nobody in particular gets."""
    stranger = api_of(RoleGrant(Role.APPLICATION, "88.9"))

    assert (await stranger.ask("GET", "/records/88.118.8/secret"))[:2] == (await nobody.ask("GET", "/records/88.118.8/secret"))[
        :2
    ]


async def test_indexes_select_values(operator: Any) -> None:
    """Only the values asked for are shown."""
    _, shown, _ = await operator.ask("GET", "/records/88.118.8/A1?index=2&index=77")

    assert [value["index"] for value in shown["values"]] == [2]


@pytest.mark.parametrize(("path", "code"), [("88.118.8/none", 100), ("88.77/x", 301)])
async def test_what_is_not_there_is_a_404_with_its_code(nobody: Any, path: str, code: int) -> None:
    """A name that is not registered, and one that is not this node's."""
    status, problem, headers = await nobody.ask("GET", f"/records/{path}")

    assert (status, problem["status"], problem["code"]) == (404, 404, code)
    assert headers["Content-Type"] == "application/problem+json; charset=utf-8"


async def test_a_record_is_registered_and_read_back(operator: Any, nobody: Any) -> None:
    """PUT answers 201 with the version; what was sent is what is read."""
    status, written, headers = await operator.ask("PUT", "/records/88.118.8/N1", record_of(URL, SECRET))

    assert (status, written, headers["ETag"]) == (201, {"identifier": "88.118.8/N1", "version": 1, "changed": True}, '"1"')
    _, shown, _ = await nobody.ask("GET", "/records/88.118.8/N1")
    assert shown["values"][0]["data"] == URL["data"]
    assert len(shown["values"]) == 1


async def test_what_was_read_can_be_sent_back(operator: Any) -> None:
    """The form of values is the same in both directions, and sending it changes nothing."""
    _, shown, _ = await operator.ask("GET", "/records/88.118.8/secret")
    status, written, _ = await operator.ask("PUT", "/records/88.118.8/secret", {"values": shown["values"]})

    assert (status, written["changed"], written["version"]) == (200, False, shown["version"])


async def test_a_suffix_may_hold_slashes_and_chinese(operator: Any, nobody: Any) -> None:
    """Everything behind the first slash is the suffix, percent-encoded or not."""
    path = "/records/88.118.8/%E8%88%B9%E8%88%B6/%E5%88%86%E6%AE%B5%201"
    status, shown, _ = await nobody.ask("GET", path)

    assert (status, shown["identifier"]) == (200, "88.118.8/船舶/分段 1")
    assert (await nobody.ask("GET", path.replace("/%E5", "%2F%E5")))[1] == shown


async def test_if_none_match_registers_only_what_is_new(operator: Any) -> None:
    """With If-None-Match: * a record that is there is left alone."""
    assert (await operator.ask("PUT", "/records/88.118.8/N2", record_of(URL), If_None_Match="*"))[0] == 201
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N2", record_of(SECRET), If_None_Match="*")

    assert status == 412
    assert "version" in problem["detail"]


async def test_if_match_writes_only_the_expected_version(operator: Any) -> None:
    """Of two who read version 1 the second to write is refused."""
    await operator.ask("PUT", "/records/88.118.8/N3", record_of(URL))
    first = await operator.ask("PATCH", "/records/88.118.8/N3", {"values": [SECRET]}, If_Match='"1"')
    second = await operator.ask("DELETE", "/records/88.118.8/N3", If_Match='"1"')

    assert (first[0], first[1]["version"]) == (200, 2)
    assert second[0] == 412


async def test_if_match_needs_something_to_be_there(operator: Any) -> None:
    """If-Match: * on a name that is free is not met."""
    assert (await operator.ask("PUT", "/records/88.118.8/N4", record_of(URL), If_Match="*"))[0] == 412


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_Match": '"1"'}, 200),
        ({"If_Match": 'W/"1"'}, 200),
        ({"If_Match": '"9", "1"'}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": '"9"'}, 412),
        ({"If_Match": '"other"'}, 412),
        ({"If_Match": '"*"'}, 412),
        ({"If_None_Match": '"9"'}, 200),
        ({"If_None_Match": '"9", "1"'}, 412),
        ({"If_Match": '"1"', "If_None_Match": "*"}, 412),
        ({"If_Match": "1"}, 412),
        ({"If_Match": '"1" "2"'}, 412),
        ({"If_None_Match": ""}, 412),
    ],
)
async def test_conditions_are_read_as_http_has_them(operator: Any, headers: dict[str, str], status: int) -> None:
    """Lists of entity tags, weak ones, and the asterisk (RFC 9110 §13.1); what is none of these is never met."""
    await operator.ask("PUT", "/records/88.118.8/N3", record_of(URL))

    assert (await operator.ask("PUT", "/records/88.118.8/N3", record_of(SECRET), **headers))[0] == status


async def test_the_version_is_not_told_to_whoever_may_not_write(api_of: Callable[..., Any]) -> None:
    """Rights come before the condition: a stranger gets 403 whatever version he names."""
    stranger = api_of(RoleGrant(Role.APPLICATION, "88.9"))
    status, problem, _ = await stranger.ask("DELETE", "/records/88.118.8/A1", If_Match='"999"')

    assert (status, problem["code"]) == (403, 400)


async def test_a_patch_adds_changes_and_removes_at_once(operator: Any) -> None:
    """One PATCH does all of it."""
    change = {"values": [URL, {**URL, "index": 5}], "remove": [2]}
    assert (await operator.ask("PATCH", "/records/88.118.8/A1", change))[0] == 200
    _, shown, _ = await operator.ask("GET", "/records/88.118.8/A1")

    assert [(value["index"], value["data"]["value"]) for value in shown["values"]] == [
        (1, "https://example.com/new"),
        (5, "https://example.com/new"),
    ]


async def test_a_patch_that_is_refused_in_part_changes_nothing(operator: Any) -> None:
    """The values are not written when what is to be removed is read-only."""
    locked = {**URL, "index": 9, "permissions": "1010"}
    await operator.ask("PUT", "/records/88.118.8/N5", record_of(URL, locked))
    status, problem, _ = await operator.ask("PATCH", "/records/88.118.8/N5", {"values": [{**URL, "index": 2}], "remove": [9]})
    _, shown, _ = await operator.ask("GET", "/records/88.118.8/N5")

    assert (status, problem["code"]) == (403, 401)
    assert ([value["index"] for value in shown["values"]], shown["version"]) == ([1, 9], 1)


async def test_a_deleted_record_is_gone(operator: Any) -> None:
    """DELETE answers once, then 404."""
    assert (await operator.ask("DELETE", "/records/88.118.8/A1"))[0] == 200
    assert (await operator.ask("DELETE", "/records/88.118.8/A1"))[0] == 404
    assert (await operator.ask("GET", "/records/88.118.8/A1"))[0] == 404


async def test_an_idempotency_key_gives_the_first_answer_again(operator: Any) -> None:
    """The same request with the same key is not done twice: the deletion is answered as the first time."""
    first = await operator.ask("DELETE", "/records/88.118.8/A1", Idempotency_Key="k1")
    await operator.ask("PUT", "/records/88.118.8/A1", record_of(URL))
    again = await operator.ask("DELETE", "/records/88.118.8/A1", Idempotency_Key="k1")

    assert again[:2] == first[:2]
    assert (await operator.ask("GET", "/records/88.118.8/A1"))[0] == 200


async def test_an_idempotency_key_is_for_one_request(operator: Any) -> None:
    """Another request with the same key is refused."""
    await operator.ask("PUT", "/records/88.118.8/N6", record_of(URL), Idempotency_Key="k2")
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N6", record_of(SECRET), Idempotency_Key="k2")

    assert (status, problem["code"]) == (422, 202)


async def test_two_callers_may_use_the_same_key(operator: Any, api_of: Callable[..., Any]) -> None:
    """Keys belong to whoever sends them."""
    other = api_of(RoleGrant(Role.APPLICATION, PREFIX))
    await operator.ask("PUT", "/records/88.118.8/N7", record_of(URL), Idempotency_Key="k3")

    assert (await other.ask("PUT", "/records/88.118.8/N8", record_of(URL), Idempotency_Key="k3"))[0] == 201


async def test_a_refusal_is_not_kept_with_the_key(operator: Any) -> None:
    """What was refused is judged anew when it comes again."""
    refused = await operator.ask("DELETE", "/records/88.118.8/N9", Idempotency_Key="k4")
    await operator.ask("PUT", "/records/88.118.8/N9", record_of(URL))

    assert refused[0] == 404
    assert (await operator.ask("DELETE", "/records/88.118.8/N9", Idempotency_Key="k4"))[0] == 200


async def test_writing_needs_a_proof(nobody: Any) -> None:
    """Nobody in particular is told how to prove an identity."""
    status, problem, headers = await nobody.ask("PUT", "/records/88.118.8/N1", record_of(URL))

    assert (status, problem["code"]) == (401, 402)
    assert any(way.startswith("Bearer") for way in headers.getall("WWW-Authenticate"))


async def test_an_auditor_reads_and_does_not_write(api_of: Callable[..., Any]) -> None:
    """The role shows what is restricted, and changes nothing."""
    auditor = api_of(RoleGrant(Role.AUDITOR))

    assert len((await auditor.ask("GET", "/records/88.118.8/secret"))[1]["values"]) == 1  # a secret key is not read, only held
    assert (await auditor.ask("DELETE", "/records/88.118.8/secret"))[0] == 403


async def test_a_token_does_only_what_its_actions_allow(api_of: Callable[..., Any]) -> None:
    """A token for reading does not write, though its role might."""
    reader = api_of(RoleGrant(Role.OPERATOR), actions=frozenset((Action.READ,)))
    status, problem, _ = await reader.ask("DELETE", "/records/88.118.8/A1")

    assert (status, problem["code"]) == (403, 401)


async def test_a_list_goes_through_all_records_once(operator: Any) -> None:
    """Pages of two, by their cursors, hold every record of the prefix and end with null."""
    seen, path = [], "/records?prefix=88.118.8&limit=2"
    cursor = ""
    while cursor is not None:
        _, shown, _ = await operator.ask("GET", path + (f"&cursor={cursor}" if cursor else ""))
        seen += [item["identifier"] for item in shown["items"]]
        cursor = shown["next"]

    assert sorted(seen) == sorted(["88.118.8/A1", "88.118.8/secret", "88.118.8/hidden", "88.118.8/船舶/分段 1", "88.118.8/big"])


async def test_a_deleted_record_is_not_listed(operator: Any) -> None:
    """What leaves only a tombstone is passed over."""
    await operator.ask("DELETE", "/records/88.118.8/A1")
    _, shown, _ = await operator.ask("GET", "/records?prefix=88.118.8")

    assert "88.118.8/A1" not in [item["identifier"] for item in shown["items"]]


async def test_a_cursor_of_another_list_is_refused(operator: Any) -> None:
    """A cursor holds for its own list only."""
    _, shown, _ = await operator.ask("GET", "/records?prefix=88.118.8&limit=1")
    status, problem, _ = await operator.ask("GET", f"/records?prefix=88.9&cursor={shown['next']}")

    assert (status, problem["pointer"]) == (422, "cursor")


async def test_listing_needs_the_right(api_of: Callable[..., Any]) -> None:
    """An application of another prefix does not list this one."""
    assert (await api_of(RoleGrant(Role.APPLICATION, "88.9")).ask("GET", "/records?prefix=88.118.8"))[0] == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/values"),
        ({"values": []}, "#/values"),
        ({"values": [{**URL, "index": 0}]}, "#/values/0/index"),
        ({"values": [{**URL, "index": "1"}]}, "#/values/0/index"),
        ({"values": [{**URL, "permissions": "12"}]}, "#/values/0/permissions"),
        ({"values": [{**URL, "expires": "tomorrow"}]}, "#/values/0/expires"),
        ({"values": [{**URL, "colour": 1}]}, "#/values/0/colour"),
        ({"values": [URL], "a/b~": 1}, "#/a~1b~0"),
        ({"values": [URL], "": 1}, "#/"),
        ([], "#"),
    ],
)
async def test_what_is_wrong_with_a_body_is_pointed_at(operator: Any, body: object, pointer: str) -> None:
    """The pointer is RFC 6901 as a fragment."""
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N1", body)

    assert (status, problem["code"], problem["pointer"]) == (400, 4, pointer)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"values": [], "values": []}',
        b'{"values": NaN}',
        b'{"values": 1e999}',
        b'{"values": "\\ud800"}',
        b"[" * 100_000,
        b"[" * 30 + b"]" * 30,
        b'{"values": ' + b"9" * 5_000 + b"}",
    ],
)
async def test_a_body_that_is_no_json_of_ours_is_refused(operator: Any, raw: bytes) -> None:
    """Octets that are no JSON, members given twice, numbers that are none, halves of characters, bottomless nesting."""
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N1", raw=raw)

    assert (status, problem["code"]) == (400, 4)


@pytest.mark.parametrize(
    ("method", "body", "pointer"),
    [
        ("PUT", {"values": [{**URL, "data": {"format": "base64", "value": "?"}}]}, "#/values/0/data"),
        ("PUT", {"values": [{**URL, "type": "HS_ADMIN"}]}, "#/values/0/data"),
        ("PUT", {"values": [URL, {**URL, "expires": "2200-01-01T00:00:00Z"}]}, "#/values/1/expires"),
        ("PATCH", {}, "#"),
        ("PATCH", {"values": [URL], "remove": [1]}, "#/remove"),
    ],
)
async def test_what_no_schema_can_say_is_pointed_at_too(operator: Any, method: str, body: object, pointer: str) -> None:
    """Well formed, but no data of its type, no time, nothing to do, two things at once: 422."""
    status, problem, _ = await operator.ask(method, "/records/88.118.8/A1", body)

    assert (status, problem["code"], problem["pointer"]) == (422, 202, pointer)


async def test_what_cannot_be_registered_is_a_422(operator: Any) -> None:
    """A secret that everybody could read is well formed, and refused with the code of the protocol."""
    status, problem, _ = await operator.ask("PUT", "/records/88.118.8/N1", record_of({**SECRET, "permissions": "1110"}))

    assert (status, problem["code"]) == (422, 202)
    assert "1100" in problem["detail"]


async def test_a_listed_value_is_for_its_readers(operator: Any, nobody: Any, stand_in: Any) -> None:
    """Whom the list names sees the value, anybody else does not, and neither learns of the list."""
    readers = [{"index": 2, "readers": ["300:88.118.8/App_1"]}]
    assert (await operator.ask("PATCH", "/records/88.118.8/A1", {"readers": readers}))[0] == 200
    _, hidden, _ = await nobody.ask("GET", "/records/88.118.8/A1")
    _, whole, _ = await operator.ask("GET", "/records/88.118.8/A1")
    stand_in.caller = Caller("https 192.0.2.7", identity_of(300, "88.118.8/App_1"))
    _, listed, _ = await nobody.ask("GET", "/records/88.118.8/A1")

    assert [value["index"] for value in hidden["values"]] == [1]
    assert [value["index"] for value in listed["values"]] == [1, 2]
    assert (hidden["readers"], listed["readers"]) == ([], [])
    assert whole["readers"] == [{"index": 2, "readers": ["300:88.118.8/APP_1"]}]
    assert [value["index"] for value in whole["values"]] == [1, 2]


async def test_a_list_is_lifted_with_null(operator: Any, nobody: Any) -> None:
    """An empty list is for administrators only, null is no list."""
    await operator.ask("PATCH", "/records/88.118.8/A1", {"readers": [{"index": 2, "readers": []}]})
    assert len((await nobody.ask("GET", "/records/88.118.8/A1"))[1]["values"]) == 1
    await operator.ask("PATCH", "/records/88.118.8/A1", {"readers": [{"index": 2, "readers": None}]})

    assert len((await nobody.ask("GET", "/records/88.118.8/A1"))[1]["values"]) == 2


async def test_values_are_switched_off_and_on(operator: Any, nobody: Any) -> None:
    """Off, a value is kept and shown to nobody; administrators see that it is there."""
    await operator.ask("PATCH", "/records/88.118.8/A1", {"disable": [2]})
    _, shown, _ = await nobody.ask("GET", "/records/88.118.8/A1")
    _, whole, _ = await operator.ask("GET", "/records/88.118.8/A1")
    assert ([value["index"] for value in shown["values"]], whole["off"]) == ([1], [2])
    await operator.ask("PATCH", "/records/88.118.8/A1", {"enable": [2]})

    assert len((await nobody.ask("GET", "/records/88.118.8/A1"))[1]["values"]) == 2


async def test_a_record_is_switched_off_and_on(operator: Any, nobody: Any) -> None:
    """Off, it is not there for anybody but its administrators, who switch it on again."""
    await operator.ask("PATCH", "/records/88.118.8/secret", {"disabled": True})
    assert (await nobody.ask("GET", "/records/88.118.8/secret"))[0] == 404
    status, whole, headers = await operator.ask("GET", "/records/88.118.8/secret")
    assert (status, whole["disabled"], [value["index"] for value in whole["values"]]) == (200, True, [1])
    listed = (await operator.ask("GET", "/records?prefix=88.118.8"))[1]["items"]
    assert [item["disabled"] for item in listed if item["identifier"] == "88.118.8/secret"] == [True]
    await operator.ask("PATCH", "/records/88.118.8/secret", {"disabled": False}, If_Match=headers["ETag"])

    assert (await nobody.ask("GET", "/records/88.118.8/secret"))[0] == 200


async def test_an_application_sets_no_readers(api_of: Callable[..., Any]) -> None:
    """It keeps records up to date; who may read them is not its matter."""
    application = api_of(RoleGrant(Role.APPLICATION, PREFIX))
    status, _, _ = await application.ask("PATCH", "/records/88.118.8/A1", {"readers": [{"index": 2, "readers": []}]})

    assert status == 403
