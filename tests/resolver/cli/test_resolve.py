"""`idis resolve` against a running node."""

from __future__ import annotations

import asyncio
import json

import pytest

from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.resolver.cli.main import main
from idis.resolver.client import DEFAULT_SERVER

A1 = "88.118.8/A1"


@pytest.fixture
def run(node, capsys):
    """Runs the command in a thread, as a shell would; gives exit code and output."""

    async def command(*words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["resolve", "--server", f"127.0.0.1:{node.port}", *words])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return command


async def test_a_found_identifier_is_a_headline_and_a_table(run, node) -> None:
    """Code, flags, server, transport, time; then the values."""
    code, out, _err = await run(A1)
    lines = out.splitlines()

    assert code == 0
    assert lines[0].startswith(f"{A1}  SUCCESS (1)  authoritative recursive public-only  127.0.0.1:{node.port} udp  ")
    assert lines[0].endswith(" µs")
    assert [line.split() for line in lines[1:]] == [
        ["index", "type", "ttl", "data"],
        ["1", "URL", "86400", "s", "https://example.com/p/1"],
        ["2", "EMAIL", "86400", "s", "a@example.com"],
    ]


async def test_tcp_is_used_on_request(run) -> None:
    """The headline says so."""
    _code, out, _err = await run(A1, "--tcp")

    assert " tcp " in out.splitlines()[0]


async def test_types_and_indexes_are_repeatable(run) -> None:
    """The union of all."""
    _code, out, _err = await run(A1, "--type", "PHONE", "--type", "email", "--index", "1")

    assert [line.split()[0] for line in out.splitlines()[2:]] == ["1", "2"]


async def test_an_absent_identifier_is_exit_code_1(run) -> None:
    """With the field's name of the code."""
    code, out, _err = await run("88.118.8/absent")

    assert code == 1
    assert "HANDLE_NOT_FOUND (100)" in out


async def test_a_refusal_shows_the_nodes_sentence_and_what_to_do(run) -> None:
    """Exit code 1 as well."""
    code, out, _err = await run("77.1/x")

    assert code == 1
    assert "SERVER_NOT_RESPONSIBLE (301)" in out
    assert out.splitlines()[1:] == [
        "  nothing is registered here for the prefix 77.1",
        "  check the prefix 77.1, or ask another node with --server, best a recursive one",
    ]


async def test_a_typo_is_one_sentence_with_its_place(run) -> None:
    """Exit code 2, nothing is asked."""
    code, out, err = await run("88.118.8/A1", "88 118/x")

    assert (code, out) == (2, "")
    assert err == "idis: '88 118/x' is no identifier: a prefix holds no blanks or control characters (at character 3)\n"


async def test_a_silent_server_is_exit_code_3(capsys) -> None:
    """The sentence names it."""
    code = await asyncio.to_thread(main, ["resolve", A1, "--server", "127.0.0.1:1", "--tcp"])

    assert code == 3
    assert "no answer: 127.0.0.1:1: connection refused" in capsys.readouterr().out


async def test_a_bare_prefix_is_resolved(run, node) -> None:
    """Its site is shown readably."""
    code, out, _err = await run("88.118.8", "--type", "HS_SITE")

    assert code == 0
    assert f"primary, serial 1; 127.0.0.1 TCP/{node.port} UDP/{node.port} HTTP/{node.http_port}" in out


async def test_several_identifiers_are_answered_in_order(run) -> None:
    """The exit code is that of the worst."""
    code, out, _err = await run(A1, "88.118.8/absent")
    first, second = out.split("\n\n")

    assert code == 1
    assert (first.split()[0], second.split()[0]) == (A1, "88.118.8/absent")


async def test_json_is_one_object(run) -> None:
    """For one identifier."""
    code, out, _err = await run(A1, "--json", "--index", "2")
    document = json.loads(out)

    assert (code, document["code"], document["codeName"]) == (0, 1, "SUCCESS")
    assert document["values"] == [
        {
            "index": 2,
            "type": "EMAIL",
            "data": {"format": "string", "value": "a@example.com"},
            "ttl": 86_400,
            "ttlAbsolute": False,
            "timestamp": 1_700_000_000,
            "permissions": "1110",
        }
    ]


async def test_json_of_several_is_an_array(run) -> None:
    """In their order."""
    _code, out, _err = await run(A1, "88.118.8/absent", "--json")

    assert [document["code"] for document in json.loads(out)] == [1, 100]


async def test_an_explanation_names_the_node_and_its_source(run) -> None:
    """An authority asks nobody."""
    _code, out, _err = await run(A1, "--explain")

    assert "answered by enterprise-118-8, source authority, fresh" in out


async def test_an_explanation_is_in_the_json_too(run) -> None:
    """With age and hops."""
    _code, out, _err = await run(A1, "--explain", "--json")

    assert json.loads(out)["explanation"] == {"node": "enterprise-118-8", "source": "authority", "ageSeconds": 0.0, "hops": []}


async def test_octets_that_are_no_text_are_shown_encoded(run) -> None:
    """Base64 with its name in front."""
    _code, out, _err = await run("88.118.8/big", "--tcp")

    assert "base64:AAECAwQF" in out


@pytest.mark.parametrize("words", [[], [A1, "--index", "0"], [A1, "--index", "x"], [A1, "--timeout", "-1"]])
def test_wrong_arguments_are_exit_code_2(words, capsys) -> None:
    """Told by the parser."""
    with pytest.raises(SystemExit) as ended:
        main(["resolve", *words])

    assert ended.value.code == 2
    assert "idis resolve --help" in capsys.readouterr().err


def test_a_server_that_is_no_address_is_exit_code_2(capsys) -> None:
    """One sentence."""
    assert main(["resolve", A1, "--server", "127.0.0.1:http"]) == 2
    said = capsys.readouterr().err

    assert said == "idis: '127.0.0.1:http' is no server address: write HOST:PORT, [ADDRESS]:PORT with an IPv6 address, or https://HOST:PORT\n"


async def test_the_server_may_come_from_the_environment(node, monkeypatch, capsys) -> None:
    """IDIS_SERVER, else the default of the field."""
    monkeypatch.setenv("IDIS_SERVER", f"127.0.0.1:{node.port}")
    code = await asyncio.to_thread(main, ["resolve", A1])

    assert code == 0
    assert f":{node.port} " in capsys.readouterr().out
    assert DEFAULT_SERVER == "127.0.0.1:2641"


@pytest.fixture
def named(node) -> None:
    """A record with names, and one that ended."""
    end = {"kind": "superseded", "successors": ["88.118.8/new"], "date": "2026-11-26", "note": "新图"}
    values = {
        "88.118.8/new": [("URL", "https://new"), ("IDIS.ALIAS", "imo:IMO9074729"), ("IDIS.ALIAS", "oid:1.2.156.7")],
        "88.118.8/old": [("URL", "https://old"), ("IDIS.SUCCESSOR", json.dumps(end, ensure_ascii=False))],
    }
    for name, pairs in values.items():
        made = tuple(Value(index, kind, text.encode()) for index, (kind, text) in enumerate(pairs, 1))
        node._store.write_all([prepare(Record(name, made), 1_700_000_000)], actor="test")


@pytest.mark.parametrize("text", ["IMO 9074729", "imo:9074729", "urn:oid:1.2.156.7", "1.2.156.7", "hdl:88.118.8/new"])
async def test_a_text_of_any_scheme_is_resolved(run, named, text) -> None:
    """As it was pasted, over the same protocol; what it was read as is told."""
    code, out, _err = await run(text)
    lines = out.splitlines()

    assert code == 0
    assert lines[0].startswith(f"{text}  SUCCESS (1)")
    assert lines[1].startswith("  read as ")
    assert "https://new" in out


async def test_what_ended_says_so_and_is_followed(run, named) -> None:
    """On request; the way is told."""
    _code, told, _err = await run("88.118.8/old")
    _code, followed, _err = await run("88.118.8/old", "--follow")
    _code, document, _err = await run("88.118.8/old", "--follow", "--json")

    assert "88.118.8/old was superseded on 2026-11-26 by 88.118.8/new: 新图" in told
    assert "--follow goes on" in told
    assert "https://old" in told
    assert "https://new" in followed
    assert json.loads(document)["succession"][0]["successors"] == ["88.118.8/new"]


async def test_the_number_of_a_person_is_not_sent(run) -> None:
    """Nor repeated."""
    code, out, err = await run("11010519491231002X")

    assert code == 2
    assert "1949" not in out + err


async def test_a_name_is_not_verified(run, named) -> None:
    """Its owner signed the record under its handle."""
    code, _out, err = await run("IMO9074729", "--verify")

    assert code == 2
    assert "give the handle" in err
