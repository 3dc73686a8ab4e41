"""/healthz, /readyz, /metrics and the front page of a live node."""

from __future__ import annotations

import json

from prometheus_client.parser import text_string_to_metric_families

from idis.proto import speedups


async def scrape(browser) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Samples by name, then by their labels."""
    _status, text, _headers = await browser.ask("/metrics")
    samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return samples


async def test_a_living_process_says_ok(browser):
    """Nothing is asked of store or journal."""
    assert (await browser.ask("/healthz"))[:2] == (200, "ok\n")


async def test_a_ready_node_says_who_it_is(browser):
    """Name, tier, prefixes, records, position: what `idis health` prints."""
    status, text, _headers = await browser.ask("/readyz")
    facts = json.loads(text)

    assert status == 200
    assert {key: facts[key] for key in ("ready", "name", "tier", "prefixes", "records", "recursion")} == {
        "ready": True,
        "name": "enterprise-118-8",
        "tier": "enterprise",
        "prefixes": ["88.118.8"],
        "records": 5,
        "recursion": False,
    }


async def test_a_node_that_cannot_read_its_journal_is_not_ready(browser, node):
    """503 and the reason, so that a balancer turns away."""
    node._follower.failure = "the disk is gone"
    status, text, _headers = await browser.ask("/readyz")

    assert status == 503
    assert json.loads(text)["reason"] == "the disk is gone"


async def test_requests_are_counted_by_tier_transport_and_code(browser, client, frame):
    """Each transport and each code has its own series, and the histogram its buckets."""
    await client.ask_udp(frame("88.118.8/A1"))
    await client.ask_tcp(frame("88.118.8/absent"))
    await browser.ask("/api/handles/88.118.8/A1")
    samples = await scrape(browser)

    def series(transport: str, code: str) -> tuple[tuple[str, str], ...]:
        return (("code", code), ("tier", "enterprise"), ("transport", transport))

    counted = samples["idis_requests_total"]
    assert [counted[series(*which)] for which in (("udp", "1"), ("tcp", "100"), ("http", "1"))] == [1, 1, 1]
    assert samples["idis_request_duration_seconds_count"][("tier", "enterprise"), ("transport", "udp")] == 1
    assert samples["idis_request_duration_seconds_bucket"][("le", "+Inf"), ("tier", "enterprise"), ("transport", "http")] == 1


async def test_records_journal_and_build_are_shown(browser):
    """What an operator looks for first."""
    samples = await scrape(browser)

    assert samples["idis_records"] == {(("prefix", "88.118.8"),): 5}
    assert samples["idis_journal_position"][(("part", "epoch"),)] == 1
    assert samples["idis_connections"][(("transport", "http"),)] == 1
    (labels,) = samples["idis_build"]
    assert dict(labels)["name"] == "enterprise-118-8"


async def test_the_path_of_the_binary_port_is_shown(browser):
    """One process, by the step that is installed; the same in /readyz."""
    paths = {dict(labels)["step"]: count for labels, count in (await scrape(browser))["idis_hot_path"].items() if count}
    step = json.loads((await browser.ask("/readyz"))[1])["step"]

    assert paths == {step: 1}
    assert (step == "compiled") == (speedups.LOADED == speedups.COMPILED)


async def test_a_node_that_recurses_shows_its_cache(start_node, browser_of):
    """Counters of the cache and of what asking others took; a node that does not recurse has none."""
    from idis.resolver.config import RecursionSection, Tier

    recursion = RecursionSection(enabled=True, roots=("127.0.0.1:1",))
    running = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    samples = await scrape(browser_of(running))

    assert {"idis_cache_hits_total", "idis_cache_misses_total", "idis_cache_bytes", "idis_upstream_total"} <= set(samples)


async def test_the_front_page_names_the_node_in_both_languages(browser):
    """Name, tier, prefix, version; nothing is loaded from elsewhere."""
    status, text, headers = await browser.ask("/")

    assert status == 200
    assert all(word in text for word in ("enterprise-118-8", "企业节点", "enterprise node", "88.118.8", "标识前缀"))
    assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_the_server_keeps_its_library_to_itself(browser):
    """The Server header says what this is, not what it is made of."""
    assert (await browser.ask("/healthz"))[2]["Server"] == "idis"


async def test_a_bare_identifier_leads_to_its_resolution(browser):
    """`GET /88.118.8/A1` redirects, spelling and parameters unchanged."""
    status, _text, headers = await browser.ask("/88.118.8/%E8%88%B9%20x?pretty")

    assert status == 302
    assert headers["Location"] == "/api/handles/88.118.8/%E8%88%B9%20x?pretty"


async def test_other_paths_are_not_found(browser):
    """A browser's own questions end here."""
    assert (await browser.ask("/favicon.ico"))[0] == 404
