"""The checklist of the GS1-Conformant Resolver standard 1.2 (`identifiers.md` §5), line by line, against a running node."""

from __future__ import annotations

import jsonschema
import pytest

from idis.proto.schemes.gs1 import compression, digital_link
from idis.proto.schemes.gs1.application_identifiers import KEYS
from idis.proto.value import Value
from idis.registry.foreign_route import ForeignRoute, RouteAnswer, RouteTarget, TargetKind
from idis.registry.foreign_routes import put_foreign_route
from idis.registry.record import Record, prepare
from idis.resolver.config import LinksSection
from tests.resolver.web.links.schemas import DESCRIPTION, LINKSET
from tests.resolver.web.links.things import (
    BARE_KEY,
    CLAIMED_KEY,
    EVERY_KEY,
    GONE_KEY,
    GTIN,
    HIDDEN_KEY,
    KEY,
    MERGED_KEY,
    OLD_KEY,
    PLAIN_KEY,
    PREFIX,
    PUMP_KEY,
    RECORDS,
    Asking,
    alias,
    link,
)

VOC = "https://ref.gs1.org/voc/"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
LINKSET_JSON = "application/linkset+json"
# Every way to ask that is answered differently, and the status.
ANSWERS = {
    KEY: 307,
    f"{KEY}?linkType=gs1:pip": 300,
    f"{KEY}?linkType=linkset": 200,
    f"{KEY}/foo": 400,
    f"{KEY}?linkType=gs1:nosuch": 404,
    "/01/06901234567977": 404,
    GONE_KEY: 410,
}


# 5.1 Transport and errors


@pytest.mark.parametrize(("path", "status"), ANSWERS.items())
async def test_head_is_get_without_content(ask: Asking, path: str, status: int):
    """HEAD gives the status and the header fields of GET."""
    whole, head = await ask(path), await ask(path, method="HEAD")

    assert (whole.status, head.status, head.text) == (status, status, "")
    assert {**head.headers, "Date": ""} == {**whole.headers, "Date": ""}


@pytest.mark.parametrize(("path", "status"), ANSWERS.items())
async def test_every_answer_may_be_read_by_any_page(ask: Asking, path: str, status: int):
    """CORS holds for redirects and errors too, and names the three methods."""
    answer = await ask(path, Origin="https://shop.example")

    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "Link" in answer.headers["Access-Control-Expose-Headers"]


async def test_options_and_preflight_list_the_methods(ask: Asking):
    """A page asks first, and is told what it may."""
    answer = await ask(KEY, method="OPTIONS", Origin="https://shop.example", Access_Control_Request_Method="GET")

    assert answer.status == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


async def test_other_methods_are_refused(ask: Asking):
    """POST is no method of a resolver."""
    answer = await ask(KEY, method="POST")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "path",
    [
        "/01/06901234567893",  # the check digit
        f"{KEY}/foo",  # a segment too many
        f"{KEY}/21/42/10/LOT7",  # the order of qualifiers
        f"{KEY}/17/280131",  # an attribute in the path
        f"{KEY}/99/ABC",
        f"{KEY}/8011/1",  # a qualifier of another key
        f"{KEY}/21/",  # an empty value
        f"{KEY}//21/42",
        f"{KEY}?17=289931",  # the wrong month
        f"{KEY}?10=LOT7",  # a qualifier in the query
        f"{KEY}?17=280131&17=280131",
        "/01",
        "/01/",
        "/01/6901234567892",  # not padded
        f"/gtin/{GTIN}",  # words went with 1.3
        "/00/169012340000000014",
        "/8013/69012341VALVE-DN50R5",
        "/AQyNo0UVqX",  # compressed, with bits behind its end
        "/eh3035a537c8",
    ],
)
async def test_what_is_no_digital_link_is_refused(ask: Asking, path: str):
    """400 with a problem that says why, whatever of the URI is wrong."""
    answer = await ask(path)

    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json["status"] == 400
    assert answer.json["detail"].startswith("this is no GS1 Digital Link: ")


@pytest.mark.parametrize("path", ["/01/06901234567977", "/01/06901234567977/21/1?linkType=gs1:pip", HIDDEN_KEY])
async def test_what_nobody_registered_is_not_found(ask: Asking, path: str):
    """Well formed, and unknown."""
    answer = await ask(path)

    assert (answer.status, answer.json["status"]) == (404, 404)


async def test_an_absent_type_of_link_is_not_found(ask: Asking):
    """404, with the types that there are."""
    answer = await ask(f"{KEY}/21/42?linkType=gs1:recipeInfo")

    assert answer.status == 404
    assert "gs1:pip" in answer.json["linkTypes"]


async def test_what_was_withdrawn_is_gone(ask: Asking):
    """410 with the day and what was noted; no successor."""
    answer = await ask(GONE_KEY)

    assert answer.status == 410
    assert answer.json["date"] == "2026-01-31"
    assert "no longer made" in answer.json["detail"]
    assert "successor-version" not in answer.links


async def test_what_was_merged_leads_on(ask: Asking):
    """410 with a link to the key that it became part of, at this resolver."""
    answer = await ask(f"{MERGED_KEY}?linkType=linkset")

    assert answer.status == 410
    assert answer.links["successor-version"] == ask.base + KEY


async def test_what_was_superseded_keeps_resolving(ask: Asking):
    """An old edition is still in use somewhere; its successor is named beside."""
    answer = await ask(OLD_KEY)

    assert (answer.status, answer.location) == (307, "https://maker.example/old")
    assert answer.links["successor-version"] == f"{ask.base}/{PREFIX}/VALVE"


@pytest.mark.parametrize("path", [KEY, f"{KEY}/21/42", f"{KEY}/10/LOT7", BARE_KEY])
async def test_a_trailing_slash_makes_no_difference(ask: Asking, path: str):
    """The same answer, by aiohttp and before it."""
    plain, slashed = await ask(f"{path}?a=1"), await ask(f"{path}/?a=1")

    assert (slashed.status, slashed.location) == (plain.status, plain.location)
    assert slashed.links == plain.links


@pytest.mark.parametrize("path", [KEY, f"{KEY}/21/42", f"{KEY}/10/LOT7", PLAIN_KEY])
async def test_a_compressed_link_is_answered_like_the_plain_one(ask: Asking, path: str):
    """With the plain URI in the Link header, and the linkset of the plain one."""
    elements = digital_link.parse(ask.base + path).elements
    compressed = compression.compress(elements, stem=ask.base).uri.removeprefix(ask.base)
    plain, short = await ask(path), await ask(compressed)

    assert (short.status, short.location) == (plain.status, plain.location)
    assert short.links == {**plain.links, "owl:sameAs": ask.base + path}


async def test_no_digit_is_lost_in_a_compressed_link(ask: Asking):
    """Numbers beyond 2^53 and leading zeros come back as they were (the published compression loses them)."""
    for path in ("/00/106141412345678908", f"{KEY}/21/00042", "/8004/69012349007199254740993"):
        short = compression.compress(digital_link.parse(ask.base + path).elements, stem=ask.base).uri
        answer = await ask(short.removeprefix(ask.base) + "?linkType=linkset")

        assert path in (answer.text + answer.headers.get("Link", ""))


@pytest.mark.parametrize("segment", ["eh30164596f40c0e5cbe991a83", "exMBZFlvQMDly-mRqD"])
async def test_the_epc_of_a_tag_is_a_digital_link(start_node, browser_of, segment: str):
    """Both examples of the compression standard for EPC binary strings name (01)09528765123457(21)123456789123."""
    key = "/01/09528765123457/21/123456789123"
    tagged = Record(f"{PREFIX}/T", (alias(1, key), link(2, "gs1:defaultLink", "https://maker.example/tag")))
    asking = Asking(browser_of(await start_node(records=(tagged,))))
    answer = await asking(f"/{segment}?a=1")

    assert (answer.status, answer.location) == (307, "https://maker.example/tag?a=1")
    assert answer.links["owl:sameAs"] == f"{asking.base}{key}?a=1"


@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "text/html", "image/png", "text/html;q=0.1,  */* ; q=0.01", "nonsense", "a/b;q=7", ",,;", "foo/x", BROWSER],
)
async def test_any_accept_header_gets_the_default(ask: Asking, accept: str | None):
    """Nothing a client would rather have keeps it from being sent where everybody is; 406 is never an answer."""
    answer = await ask(KEY, accept=accept)

    assert (answer.status, answer.location) == (307, "https://maker.example/valve")


# 5.2 Choosing the link


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (f"{KEY}/21/42?linkType=gs1:pip", "https://maker.example/42"),  # the item has one
        (f"{KEY}/21/unknown?linkType=gs1:instructions", "https://maker.example/manual?v=2"),  # nobody registered it
        (f"{KEY}/21/42", "https://maker.example/valve"),  # no default of its own
        (f"{KEY}/10/LOT7", "https://maker.example/lot7"),
        (f"{KEY}/10/LOT7/21/42", "https://maker.example/lot7"),  # serial, lot, product
        (f"{KEY}/22/2A/10/LOT8/21/43", "https://maker.example/valve"),
    ],
)
async def test_levels_are_walked_up(ask: Asking, path: str, location: str):
    """For each type of link the finest level that has it counts; an unknown lot or serial number is no error."""
    answer = await ask(path)

    assert (answer.status, answer.location.partition("linkType")[0].rstrip("?&")) == (307, location)


@pytest.mark.parametrize("key", KEYS)
async def test_every_primary_key_resolves(start_node, browser_of, key: str):
    """With all its qualifiers, at the level that is registered."""
    for path in EVERY_KEY[key]:
        levels = digital_link.parse(f"https://x.example{path}").identity.levels
        registered = digital_link.uri(levels[0], "")
        thing = Record(f"{PREFIX}/THING", (alias(1, registered), link(2, "gs1:defaultLink", "https://maker.example/thing")))
        asking = Asking(browser_of(await start_node(f"node-{abs(hash(path))}", records=(thing,))))
        answer = await asking(path)

        assert (answer.status, answer.location) == (307, "https://maker.example/thing"), path


@pytest.mark.parametrize(
    ("path", "accept", "languages"),
    [
        (f"{KEY}?linkType=linkset", "*/*", ""),
        (f"{KEY}?linkType=linkset", None, ""),
        (f"{KEY}?linkType=all", "*/*", ""),
        (KEY, LINKSET_JSON, ""),
        (KEY, f"{LINKSET_JSON}, text/html;q=0.9, */*;q=0.1", "zh"),
        (f"{KEY}/21/42", LINKSET_JSON, ""),
    ],
)
async def test_the_linkset_is_returned_and_nobody_sent(ask: Asking, path: str, accept: str | None, languages: str):
    """By linkType=linkset, its old name, or an Accept header that prefers it."""
    answer = await ask(path, accept, languages)

    assert (answer.status, answer.headers["Content-Type"], answer.location) == (200, LINKSET_JSON, "")
    jsonschema.validate(answer.json, LINKSET)


async def test_the_old_name_of_the_linkset_is_deprecated(ask: Asking):
    """linkType=all says so, and gives the same."""
    new, old = await ask(f"{KEY}?linkType=linkset"), await ask(f"{KEY}?linkType=all")

    assert old.json == new.json
    assert "Deprecation" in old.headers
    assert "Deprecation" not in new.headers


async def test_a_person_gets_the_list_as_a_page(ask: Asking):
    """In a browser; with the same as data in it, which is escaped."""
    answer = await ask(f"{BARE_KEY}?linkType=linkset", BROWSER, "en")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<script type="application/ld+json">' in answer.text
    assert "<b>bones</b>" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("media_type", ["application/json", "application/ld+json"])
async def test_a_program_that_wants_data_gets_the_linkset(ask: Asking, media_type: str):
    """With its context in it where JSON-LD is wanted."""
    answer = await ask(KEY, media_type)
    document = answer.json
    context = document.pop("@context", None)

    assert (answer.status, answer.headers["Content-Type"]) == (200, media_type)
    assert (context is None) == (media_type == "application/json")
    jsonschema.validate(document, LINKSET)


@pytest.mark.parametrize(
    "kind",
    [
        "gs1:instructions",
        f"{VOC}instructions",
        "https%3A%2F%2Fref.gs1.org%2Fvoc%2Finstructions",
        "https://gs1.org/voc/instructions",
        "https://www.gs1.org/voc/instructions",
    ],
)
async def test_a_link_type_has_several_spellings(ask: Asking, kind: str):
    """CURIE, URI, and the vocabulary's former addresses."""
    answer = await ask(f"{KEY}?linkType={kind}")

    assert (answer.status, answer.location) == (307, f"https://maker.example/manual?v=2&linkType={kind}")


async def test_a_registered_relation_is_a_link_type(ask: Asking):
    """By its name, as RFC 8288 has it."""
    answer = await ask(f"{KEY}?linkType=alternate")

    assert answer.location == "https://maker.example/other?linkType=alternate"


@pytest.mark.parametrize(
    ("languages", "accept", "location"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.1", "*/*", "/zh"),
        ("zh-Hans-CN", "*/*", "/zh"),  # a range is cut from its end until something fits
        ("fr, zh;q=0.2, en;q=0.1", "*/*", "/zh"),
        ("en-US,en;q=0.9", "text/html", "/en"),
        ("en-US,en;q=0.9", BROWSER, "/en"),
        ("en", "application/json;q=0.9, text/html;q=0.5", "/en.json"),
        ("en", "application/json, text/html;q=0.5", "/en.json"),
        ("de", "application/json", "/en.json"),  # no link is in German: language is no criterion, the type decides
    ],
)
async def test_language_then_media_type_decide(ask: Asking, languages: str, accept: str, location: str):
    """By their weights, in this order; what nothing fits is no criterion."""
    answer = await ask(f"{KEY}?linkType=gs1:pip", accept, languages)
    there = answer.location.partition("?")[0]

    assert (answer.status, there) == (307, f"https://maker.example{location}")


@pytest.mark.parametrize(("context", "location"), [("CN", "/cn"), ("EU", "/eu"), ("UK&context=XX", "/eu")])
async def test_context_decides(ask: Asking, context: str, location: str):
    """As the query names it."""
    answer = await ask(f"{KEY}?linkType=gs1:certificationInfo&context={context}")

    assert answer.location.partition("?")[0] == f"https://maker.example{location}"


@pytest.mark.parametrize("query", ["gs1:relatedVideo", "gs1:certificationInfo", "gs1:certificationInfo&context=US"])
async def test_what_cannot_be_decided_is_given_to_choose_from(ask: Asking, query: str):
    """300 with these links as a linkset; never one at random."""
    answer = await ask(f"{KEY}?linkType={query}", languages="en")
    (entry,) = answer.json["linkset"]

    assert (answer.status, answer.headers["Content-Type"], answer.location) == (300, LINKSET_JSON, "")
    assert len(entry[VOC + query.partition("gs1:")[2].partition("&")[0]]) == 2
    jsonschema.validate(answer.json, LINKSET)


async def test_two_owners_of_one_key_are_both_shown(ask: Asking):
    """Whose it is, is not for the resolver to guess."""
    answer = await ask(CLAIMED_KEY)
    (entry,) = answer.json["linkset"]

    assert answer.status == 300
    assert {shown["href"] for shown in entry[f"{VOC}defaultLink"]} == {"https://a.example/", "https://b.example/"}


async def test_a_person_chooses_from_a_page(ask: Asking):
    """300 in a browser."""
    answer = await ask(f"{KEY}?linkType=gs1:relatedVideo", BROWSER, "zh")

    assert (answer.status, answer.headers["Content-Language"]) == (300, "zh-CN")
    assert 'href="https://maker.example/v1?linkType=gs1:relatedVideo"' in answer.text


@pytest.mark.parametrize(
    ("path", "languages", "location"),
    [
        (PUMP_KEY, "zh-CN", "/pump/zh"),
        (PUMP_KEY, "en;q=0.5, zh;q=0.1", "/pump/en"),
        (PUMP_KEY, "", "/pump"),  # nothing in the request decides
        (PUMP_KEY, "fr", "/pump"),  # nothing fits
        (f"{PUMP_KEY}/10/L2", "zh", "/pump/zh"),
        (f"{PUMP_KEY}/10/L1", "zh", "/pump/l1"),  # a default of its own goes before those of its product
    ],
)
async def test_the_default_by_language(ask: Asking, path: str, languages: str, location: str):
    """defaultLinkMulti where one of them fits alone, else defaultLink."""
    answer = await ask(path, languages=languages)

    assert (answer.status, answer.location) == (307, f"https://maker.example{location}")


async def test_everything_has_exactly_one_default(ask: Asking):
    """With href and title only; a URL value is one, and where there is none, the page of the record."""
    for path, href in (
        (KEY, "https://maker.example/valve"),
        (PLAIN_KEY, "https://maker.example/pallet"),
        (BARE_KEY, f"{ask.base}/{PREFIX}/BARE"),
    ):
        answer = await ask(f"{path}?linkType=linkset")
        (default,) = answer.json["linkset"][-1][f"{VOC}defaultLink"]

        assert default.keys() == {"href", "title"}
        assert default["href"] == href


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("foo=bar", "https://maker.example/valve?foo=bar"),
        ("17=280131&a=%20b&flag", "https://maker.example/valve?17=280131&a=%20b&flag"),
        ("linkType=gs1:instructions&x=1", "https://maker.example/manual?v=2&linkType=gs1:instructions&x=1"),
    ],
)
async def test_the_query_is_passed_on(ask: Asking, query: str, location: str):
    """As it came, behind one question mark."""
    answer = await ask(f"{KEY}?{query}")

    assert answer.location == location


async def test_the_query_stands_before_a_fragment(ask: Asking):
    """A fragment stays at the end."""
    answer = await ask(f"{KEY}?linkType=gs1:pip&x=1", "text/html", "en")

    assert answer.location == "https://maker.example/en?linkType=gs1:pip&x=1#top"


async def test_a_link_may_want_no_query(ask: Asking):
    """fwqs false; what was asked for stands in its path."""
    answer = await ask(f"{KEY}/10/A%2FB/21/4%202?linkType=gs1:traceability&x=1".replace("%202", "2"))

    assert answer.location == "https://maker.example/t/42/A%2FB?a=1"


async def test_a_target_that_lacks_its_variables_is_no_link(ask: Asking):
    """A link to an item leads nowhere from its class."""
    answer = await ask(f"{KEY}?linkType=gs1:traceability")

    assert answer.status == 404


async def test_a_company_prefix_may_be_handled_by_another_resolver(resolver, ask: Asking):
    """The request goes there as it came, with the relation handledBy."""
    place = RouteTarget(TargetKind.GS1, "https://id.other.example")
    route = ForeignRoute("GS1", "9506000", "9506000", (place,), answer=RouteAnswer.REDIRECT)
    resolver._store.write(lambda txn: put_foreign_route(txn, route), actor="test").result()
    answer = await ask("/01/09506000134352/10/L?linkType=gs1:pip&a=1")

    assert (answer.status, answer.location) == (307, "https://id.other.example/01/09506000134352/10/L?linkType=gs1:pip&a=1")
    assert answer.links["gs1:handledBy"] == "https://id.other.example/01/09506000134352/10/L"


async def test_every_redirect_names_the_linkset(ask: Asking):
    """One link, not all of them: those are in the linkset."""
    answer = await ask(f"{KEY}/10/LOT7/21/42?a=1")

    assert answer.links == {"linkset": f"{ask.base}{KEY}/10/LOT7/21/42?linkType=linkset"}
    assert f'type="{LINKSET_JSON}"' in answer.headers["Link"]


@pytest.mark.parametrize(
    ("path", "age"),
    [(KEY, 60), (f"{KEY}?linkType=gs1:relatedVideo", 60), (f"{KEY}/21/42", 5), (f"{KEY}/21/42?linkType=linkset", 5)],
)
async def test_caches_are_told_how_long(ask: Asking, path: str, age: int):
    """Shortly, shorter for what must not be used, and by which header fields answers differ."""
    answer = await ask(path)

    assert answer.headers["Cache-Control"] == f"public, max-age={age}"
    assert answer.headers["Vary"] == "Accept, Accept-Language"
    assert answer.headers["ETag"]


async def test_what_a_client_has_is_not_sent_again(ask: Asking):
    """304 to its ETag, for the linkset."""
    first = await ask(f"{KEY}?linkType=linkset")
    again = await ask(f"{KEY}?linkType=linkset", If_None_Match=first.headers["ETag"])

    assert (again.status, again.text) == (304, "")


# 5.3 Linkset


async def test_the_linkset_has_an_entry_for_each_level(ask: Asking):
    """The finest first; its anchor is the uncompressed URI of the level here."""
    answer = await ask(f"{KEY}/10/LOT7/21/42", LINKSET_JSON)
    entries = answer.json["linkset"]

    assert list(answer.json) == ["linkset"]
    assert [entry["anchor"] for entry in entries] == [f"{ask.base}{path}" for path in (f"{KEY}/21/42", f"{KEY}/10/LOT7", KEY)]
    assert [entry["description"] for entry in entries] == ["球阀 42", "(01)06901234567892(10)LOT7", "球阀 DN50"]


@pytest.mark.parametrize("path", [KEY, f"{KEY}/21/42", PUMP_KEY, BARE_KEY, PLAIN_KEY, CLAIMED_KEY, OLD_KEY])
async def test_linksets_validate(ask: Asking, path: str):
    """By the published schema; from version 1.2 on they shall."""
    answer = await ask(f"{path}?linkType=linkset")

    jsonschema.validate(answer.json, LINKSET)


async def test_members_are_uris_or_relations(ask: Asking):
    """Not CURIEs."""
    entry = (await ask(f"{KEY}?linkType=linkset")).json["linkset"][0]

    assert f"{VOC}pip" in entry
    assert "alternate" in entry
    assert not [name for name in entry if name.startswith("gs1:")]


async def test_a_link_has_the_members_of_the_profile(ask: Asking):
    """Languages as the schema takes them, attributes where they are given."""
    entry = (await ask(f"{KEY}/10/L/21/42?linkType=linkset")).json["linkset"][1]

    assert entry[f"{VOC}pip"][0] == {
        "href": "https://maker.example/zh",
        "title": "产品信息",
        "type": "text/html",
        "hreflang": ["zh-CN"],
    }
    assert entry[f"{VOC}certificationInfo"][1]["context"] == ["EU", "UK"]
    assert entry[f"{VOC}traceability"][0] == {"href": "https://maker.example/t/42/L?a=1", "title": "Trace", "fwqs": False}


async def test_the_linkset_names_its_context(ask: Asking):
    """By the Link header, for who reads JSON-LD."""
    answer = await ask(f"{KEY}?linkType=linkset")

    assert answer.links["http://www.w3.org/ns/json-ld#context"] == "https://ref.gs1.org/standards/resolver/linkset-context"
    assert 'type="application/ld+json"' in answer.headers["Link"]


async def test_links_that_are_not_for_everybody_are_left_out(ask: Asking):
    """Of values that may not be read, and of links that are not public; neither is a target either."""
    whole = await ask(f"{KEY}?linkType=linkset")

    assert "partners" not in whole.text
    assert "staff" not in whole.text
    assert [(await ask(f"{KEY}?linkType={kind}")).status for kind in ("gs1:masterData", "gs1:safetyInfo")] == [404, 404]


async def test_descriptions_may_have_their_old_name(start_node, browser_of):
    """For readers that know the schema before 1.2; it is deprecated, and still allowed."""
    asking = Asking(browser_of(await start_node(records=RECORDS, links=LinksSection(old_descriptions=True))))
    document = (await asking(f"{KEY}?linkType=linkset")).json

    assert document["linkset"][0]["itemDescription"] == "球阀 DN50"
    jsonschema.validate(document, LINKSET)


# 5.5 Description file


async def test_the_resolver_describes_itself(ask: Asking):
    """As JSON that any page may read, by the published schema."""
    answer = await ask("/.well-known/gs1resolver")
    document = answer.json

    jsonschema.validate(document, DESCRIPTION)
    assert (answer.headers["Content-Type"], answer.headers["Access-Control-Allow-Origin"]) == ("application/json", "*")
    assert document["resolverRoot"] == ask.base
    assert document["supportedPrimaryKeys"] == ["all"]
    assert document["supportedLinkType"] == [{"namespace": VOC, "prefix": "gs1:"}]
    assert document["linkTypeDefaultCanBeLinkset"] is False


async def test_the_root_may_be_configured(start_node, browser_of):
    """A resolver behind a name of its own says that name, whatever host it is asked under."""
    config = LinksSection(root="https://id.example.cn", contact="示例公司", terms="https://example.cn/terms")
    asking = Asking(browser_of(await start_node(records=RECORDS, links=config)))
    document = (await asking("/.well-known/gs1resolver")).json
    answer = await asking(KEY)

    assert (document["resolverRoot"], document["contact"], document["termsOfUse"]) == (
        "https://id.example.cn",
        {"fn": "示例公司"},
        "https://example.cn/terms",
    )
    assert answer.links["linkset"] == f"https://id.example.cn{KEY}?linkType=linkset"


# Links are ordinary values


async def test_a_changed_link_is_in_the_next_answer(resolver, ask: Asking):
    """Whatever was kept of the answer before."""
    for _ in range(3):
        assert (await ask(f"{KEY}/10/LOT7")).location == "https://maker.example/lot7"
    lot = Record(f"{PREFIX}/LOT7", (alias(1, f"{KEY}/10/LOT7"), link(10, "gs1:defaultLink", "https://maker.example/new")))
    resolver._store.write_all([prepare(lot, 1_700_000_001)], actor="test")

    assert (await ask(f"{KEY}/10/LOT7")).location == "https://maker.example/new"


async def test_a_key_that_is_registered_later_is_in_the_next_answer(resolver, ask: Asking):
    """A level that was unknown when the answer was kept."""
    for _ in range(3):
        assert (await ask(f"{KEY}/21/77")).location == "https://maker.example/valve"
    item = Record(f"{PREFIX}/VALVE-77", (alias(1, f"{KEY}/21/77"), Value(2, "URL", b"https://maker.example/77")))
    resolver._store.write_all([prepare(item, 1_700_000_001)], actor="test")

    assert (await ask(f"{KEY}/21/77")).location == "https://maker.example/77"
