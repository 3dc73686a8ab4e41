"""Links of anything that can be recognised, and why one of them is chosen."""

from __future__ import annotations

from urllib.parse import quote

import jsonschema
import pytest

from idis.proto.value import Value
from idis.registry.record import Record
from idis.resolver.node import Node
from tests.resolver.web.links.schemas import LINKSET
from tests.resolver.web.links.things import GONE_KEY, KEY, PREFIX, RECORDS, link
from tests.resolver.web.v1.conftest import Api

VOC = "https://ref.gs1.org/voc/"
IMO = Value(1, "IDIS.ALIAS", b"imo:IMO9074729")
SHIP = Record(f"{PREFIX}/SHIP", (IMO, link(2, "gs1:traceability", "https://yard.example/9074729", "Trace")))


@pytest.fixture
async def node(start_node) -> Node:
    """A node that knows keys of GS1 and a ship."""
    return await start_node(records=(*RECORDS, SHIP))


@pytest.fixture
def api(session, node: Node) -> Api:
    """A client of it."""
    return Api(session, node)


async def _linkset(api: Api, text: str):
    status, document, _headers = await api.ask("GET", f"/linkset?text={quote(text, safe='')}")
    return status, document


@pytest.mark.parametrize(
    "text",
    ["(01)06901234567892(10)LOT7(21)42", f"https://x.example{KEY}/10/LOT7/21/42?17=280131", "]d2010690123456789210LOT7\x1d2142"],
)
async def test_a_gs1_key_has_its_levels(api: Api, text: str):
    """In any of its forms: item, lot and product."""
    status, document = await _linkset(api, text)

    assert (status, len(document["linkset"])) == (200, 3)
    jsonschema.validate(document, LINKSET)


@pytest.mark.parametrize("text", ["IMO9074729", "imo 9074729", f"{PREFIX}/SHIP"])
async def test_other_schemes_have_links_too(api: Api, text: str):
    """By a second name of the record, and by the record itself; at an address of this node."""
    status, document = await _linkset(api, text)
    (entry,) = document["linkset"]

    assert (status, entry[f"{VOC}traceability"][0]["href"]) == (200, "https://yard.example/9074729")
    assert entry[f"{VOC}defaultLink"][0]["href"] == entry["anchor"]
    jsonschema.validate(document, LINKSET)


@pytest.mark.parametrize(
    ("text", "status"), [("(01)06901234567977", 404), ("(01)06901234567893", 422), ("???", 422), (f"{PREFIX}/NOTHING", 404)]
)
async def test_what_has_no_links_says_why(api: Api, text: str, status: int):
    """Unknown here, wrong, or nothing at all."""
    assert (await _linkset(api, text))[0] == status


async def _choice(api: Api, text: str, **wishes: str):
    query = "&".join(f"{name}={quote(said, safe='')}" for name, said in {"text": text, **wishes}.items())
    status, document, _headers = await api.ask("GET", f"/link?{query}")
    assert status == 200
    return document


async def test_a_choice_is_explained(api: Api):
    """The link, its level and the rule; and what is known of the others."""
    document = await _choice(api, "(01)06901234567892(21)7", linkType="gs1:pip", language="zh-CN")

    assert document["link"] == {"type": "gs1:pip", "href": "https://maker.example/zh", "title": "产品信息"}
    assert document["why"] == "the link of type gs1:pip by language"
    assert document["level"].endswith(KEY)
    assert [level["records"] for level in document["levels"]] == [[f"{PREFIX}/VALVE"]]
    assert document["node"] == "enterprise-118-8"


async def test_what_cannot_be_decided_is_listed(api: Api):
    """With no link."""
    document = await _choice(api, "(01)06901234567892", linkType="gs1:relatedVideo")

    assert document["link"] is None
    assert [shown["title"] for shown in document["choices"]] == ["First", "Second"]


async def test_an_end_is_told(api: Api):
    """In place of a link."""
    document = await _choice(api, f"https://x.example{GONE_KEY}")

    assert (document["link"], document["why"]) == (None, "withdrawn on 2026-01-31: nothing takes its place (no longer made)")


async def test_a_digital_link_is_compressed(api: Api, node: Node):
    """For a small symbol; with what old decoders lose of it."""
    document = await _choice(api, "(01)06901234567892(21)0001")

    assert document["compressed"].rpartition("/")[2] == "DAyNo0UVqIgAAg"
    assert (await _choice(api, "IMO9074729"))["compressed"] is None
