"""Nodes sign what they answer: it is kept, and proves later, without any network, who said what."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from idis.proto.trace import AskRow, ExpandReply, ExpandRequest, PointerRow
from idis.registry.suites import read_public
from idis.registry.trace.edge import ALWAYS_MS
from idis.registry.trace.expanding import BEGINNING_MS
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.cli.main import main
from idis.resolver.trace.evidence import Evidence, EvidenceError, Said, Standing, hops, read_evidence
from tests.resolver.trace.conftest import BLOCK, HEAT, MILL, PLATE, WORKS, Chain, capture, group, made

KEY = ServerKey(rsa.generate_private_key(65_537, 2_048))


@pytest.fixture
async def signing(
    make_chain: Callable[..., Awaitable[Chain]], monkeypatch: pytest.MonkeyPatch
) -> Chain:
    """Mill and works, whose servers have a key."""
    monkeypatch.setattr("idis.resolver.node.read_server_key", lambda _path: KEY)
    groups = {prefix: (group(f"{prefix}/TRACE_READERS", f"{WORKS}/QE"),) for prefix in (MILL, WORKS)}
    chain = await make_chain(MILL, WORKS, groups=groups)
    capture(chain.nodes[MILL], MILL, made("urn:e:1", 1, HEAT, PLATE))
    capture(chain.nodes[WORKS], WORKS, made("urn:e:2", 2, PLATE, BLOCK))
    return chain


def evidence_of(found: Any) -> list[Evidence]:
    """What came with an answer."""
    return [
        Evidence(one["prefix"], one["server"], *(b64decode(one[name]) for name in ("key", "request", "response")))
        for one in found["evidence"]
    ]


async def test_what_nodes_said_is_proved_later(signing: Chain) -> None:
    """Who, what was asked, and the very edges of the answer."""
    found = await signing.ask(WORKS, "", thing=BLOCK, signed=True)
    said = [read_evidence(one) for one in evidence_of(found)]

    assert [(one.asked.prefix, one.asked.asks[0].thing) for one in said] == [(WORKS, BLOCK), (MILL, PLATE), (MILL, HEAT)]
    assert [(edge.child, edge.parent) for one in said for edge in one.answered.edges] == [(BLOCK, PLATE), (PLATE, HEAT)]
    assert found["trace"]["extent"]["complete"] is True


async def test_who_was_pointed_to_has_signed_for_himself(signing: Chain) -> None:
    """The mill says, signed, that the works has more of its plate; the works has signed that it has."""
    await signing.told()
    found = await signing.ask(WORKS, "/recall", starts=[{"thing": HEAT}], signed=True)

    assert [(hop.thing, hop.said_by, hop.holder, hop.standing) for hop in hops(map(read_evidence, evidence_of(found)))] == [
        (PLATE, MILL, WORKS, Standing.CONFIRMED)
    ]


WHOLE = AskRow(PLATE, BEGINNING_MS, ALWAYS_MS)


@pytest.mark.parametrize(
    ("asked", "standing"),
    [
        ({}, Standing.DENIED),
        ({"known_ms": 4}, Standing.OTHER_TIME),
        ({"as_of_ms": 9}, Standing.OTHER_TIME),
        ({"lots": False}, Standing.OTHER_TIME),
        ({"visited": (MILL,)}, Standing.OTHER_TIME),
        ({"asks": (AskRow(PLATE, 5, ALWAYS_MS),)}, Standing.OTHER_TIME),
        ({"asks": (AskRow(BLOCK, BEGINNING_MS, ALWAYS_MS),)}, Standing.UNHEARD),
        ({"forward": False}, Standing.UNHEARD),
    ],
)
def test_a_pointer_that_is_denied(asked: dict[str, Any], standing: Standing) -> None:
    """Only an answer about all of time, lots and what is known since says that there is nothing."""
    at_mill = ExpandRequest(bytes(16), MILL, "test", b"", True, True, None, 6, 9, 9, 9, (), (WHOLE,))
    at_works = replace(at_mill, prefix=WORKS, **asked)
    key = read_public(KEY.public_octets)
    pointing = Said(at_mill, ExpandReply(pointers=(PointerRow(PLATE, WORKS, 5),), named=True), 0, key)
    (hop,) = hops((pointing, Said(at_works, ExpandReply(named=True), 0, key)))

    assert (hop.said_by, hop.holder, hop.standing) == (MILL, WORKS, standing)


async def test_nothing_is_signed_unless_it_is_asked_for(signing: Chain) -> None:
    """A signature costs half a millisecond."""
    assert (await signing.ask(WORKS, "", thing=BLOCK))["evidence"] == []


async def test_changed_evidence_proves_nothing(signing: Chain) -> None:
    """Neither with another octet in it, nor in another's name, nor under another key."""
    one = evidence_of(await signing.ask(WORKS, "", thing=BLOCK, signed=True))[1]
    at = one.response.index(b"88.1/HEAT") + 5
    other = ServerKey(rsa.generate_private_key(65_537, 2_048))
    wrong = [
        replace(one, response=one.response[:at] + b"M" + one.response[at + 1 :]),
        replace(one, request=one.request.replace(b"88.1/PLATE", b"88.1/PLATF")),
        replace(one, prefix="88.9"),
        replace(one, key=other.public_octets),
        replace(one, key=b"no key"),
        replace(one, response=b"no message"),
    ]

    read_evidence(one)
    for changed in wrong:
        with pytest.raises(EvidenceError):
            read_evidence(changed)


async def test_a_node_that_signs_nothing_is_missing(signing: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where proof is wanted, what is not proved is not in the answer."""
    letters = signing.nodes[MILL]._office.desk.letters  # type: ignore[union-attr]
    monkeypatch.setattr(letters, "_server_key", ServerKey(rsa.generate_private_key(65_537, 2_048)))
    found = await signing.ask(WORKS, "", thing=BLOCK, signed=True)
    (stone,) = found["trace"]["extent"]["tombstones"]

    assert (stone["prefix"], stone["step"]) == (MILL, "validate")
    assert "not signed with the key of its site" in stone["message"]


async def test_a_file_of_evidence_is_verified(signing: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command, offline, with the keys one believes."""
    found = await signing.ask(WORKS, "", thing=BLOCK, signed=True)
    names = ("a.json", "b.json", "none.json", "deep.json", "anchors.pem", "others.pem")
    whole, changed, nothing, deep, anchors, others = (tmp_path / name for name in names)
    whole.write_text(json.dumps({"form": "idis-trace-evidence-1", "answers": found["evidence"]}))
    found["evidence"][0]["response"] = b64encode(b"nothing").decode()
    changed.write_text(json.dumps({"form": "idis-trace-evidence-1", "answers": found["evidence"]}))
    nothing.write_text(json.dumps({"form": "idis-trace-evidence-1", "answers": []}))
    deep.write_text("[" * 100_000)
    anchors.write_bytes(KEY.public_pem)
    others.write_bytes(ServerKey(rsa.generate_private_key(65_537, 2_048)).public_pem)
    codes = [
        main(["trace", "verify", str(whole)]),
        main(["trace", "verify", str(whole), "--anchors", str(anchors)]),
        main(["trace", "verify", str(whole), "--anchors", str(others)]),
        main(["trace", "verify", str(changed)]),
        *(main(["trace", "verify", str(file)]) for file in (anchors, nothing, deep)),
    ]

    assert codes == [0, 0, 1, 1, 2, 2, 2]
    assert "answers as signed: all 3" in capsys.readouterr().out
