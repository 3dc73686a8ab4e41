"""The page itself: what comes first, what it says in both languages, that nothing of a stranger's acts."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from idis.proto.proof import Proof, Standing
from idis.resolver.web.landing.language import Language, Reader, Words
from idis.resolver.web.landing.page import landing_page
from idis.resolver.web.landing.shown import Case, Certificate, Line, Link, Mark, Origin, Recall, Shown, Succession
from idis.resolver.web.landing.style import CONTENT_SECURITY_POLICY

ORIGIN = Origin("node-8", prefix="88.118.8", owner="示例公司")
CHINESE = Reader(Language.CHINESE, path="/88.118.8/A1")
ENGLISH = Reader(Language.ENGLISH, path="/88.118.8/A1")
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e'"


class Elements(HTMLParser):
    """The elements of a page and their attributes; fails where an end has no beginning."""

    VOID = ("meta", "br", "img", "link", "input", "hr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the last one that began."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text between."""
        self.texts.append(data)


def shown(**named: object) -> Shown:
    """A found thing with a name."""
    return replace(Shown("88.118.8/A1", Case.FOUND, ORIGIN, name=Words("船用钢板", "Plate")), **named)


def plain(page: str) -> str:
    """What a reader reads."""
    return " ".join("".join(Elements(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)).texts).split())


def test_a_page_is_in_the_readers_language():
    """Its language is told to the browser, its own words and the fields' labels follow it."""
    thing = shown(lines=(Line(Words("重量", "Weight"), (Words("12 t"),)),))
    chinese, english = landing_page(thing, CHINESE), landing_page(thing, ENGLISH)

    assert '<html lang="zh-CN">' in chinese
    assert "重量" in plain(chinese)
    assert "Weight" not in plain(chinese)
    assert '<html lang="en">' in english
    assert "Weight" in plain(english)
    assert "重量" not in plain(english)


def test_a_page_leads_to_itself_in_the_other_language():
    """Without a script, by a link that is itself in that language."""
    assert '<a href="/88.118.8/A1?lang=zh" lang="zh-CN"' in landing_page(shown(), ENGLISH)


def test_a_chosen_language_is_kept_on_the_way():
    """Links to other pages of this node carry it; links elsewhere do not."""
    links = (Link("/88.118.8/B2", Words("B2")), Link("https://a.example/x", Words("x")))
    page = landing_page(shown(links=links), Reader(Language.ENGLISH, chosen=True, path="/x"))

    assert 'href="/88.118.8/B2?lang=en"' in page
    assert 'href="https://a.example/x"' in page


@pytest.mark.parametrize(("recall", "words"), [(Recall.STOP, "停止使用"), (Recall.CHECK, "使用前须核查")])
def test_a_recall_comes_before_everything(recall, words):
    """Before the name, as an alert to who cannot see, and in the title."""
    page = landing_page(shown(recall=recall), CHINESE)

    assert page.index("role=alert") < page.index("<h1>")
    assert f"<title>{words} · 船用钢板</title>" in page
    assert words in plain(page)


def test_a_wrong_signature_is_a_warning_before_the_content():
    """What somebody may have changed is not shown as if nothing were."""
    origin = Origin("node-8", proof=Proof(Standing.FAILED, "the values are not those that were signed"))
    page = landing_page(shown(origin=origin), ENGLISH)

    assert page.index("do not trust what follows") < page.index("<h1>")


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing.VERIFIED, "Signature verified"),
        (Standing.UNSIGNED, "Not signed"),
        (Standing.UNVERIFIABLE, "Signed, not verified here"),
    ],
)
def test_only_what_was_verified_is_called_verified(standing, words):
    """Each standing has its own word."""
    page = plain(landing_page(shown(origin=Origin("n", proof=Proof(standing, not_after=1_800_000_000))), ENGLISH))

    assert words in page
    assert ("Signature verified" in page) is (standing is Standing.VERIFIED)


def test_a_signature_for_ever_has_a_last_day_too():
    """Calendars end with the year 9999, numbers do not."""
    origin = Origin("n", proof=Proof(Standing.VERIFIED, not_after=2**63))

    assert "9999-12-31" in landing_page(shown(origin=origin), ENGLISH)


def test_who_does_not_know_is_no_authority():
    """A node that is not responsible says nothing of where data come from."""
    assert "Authoritative" in landing_page(shown(), ENGLISH)
    assert "Authoritative" not in landing_page(Shown("99.1/x", Case.NOT_RESPONSIBLE, ORIGIN), ENGLISH)


def test_where_it_comes_from_is_told():
    """Node, prefix, owner, the server that answered, and how old a copy is."""
    origin = Origin("node-8", "cache", "88.118.8", "示例公司", "192.0.2.1:2641", age_s=7_300, changed=1_700_000_000)
    page = plain(landing_page(shown(origin=origin), ENGLISH))

    for words in ("node-8", "88.118.8", "示例公司", "192.0.2.1:2641", "2 hours ago", "Cached", "2023-11-15 06:13 (UTC+8)"):
        assert words in page


@pytest.mark.parametrize("case", [case for case in Case if case not in (Case.FOUND, Case.SEVERAL)])
@pytest.mark.parametrize("reader", [CHINESE, ENGLISH])
def test_every_page_without_an_answer_says_what_to_do(case, reader):
    """A headline, which is in the title too, and at least one thing to do."""
    page = landing_page(Shown("88.118.8/A1", case, ORIGIN, reason="because of that"), reader)

    title = re.search(r"<title>(.*) · 88\.118\.8/A1</title>", page)
    assert title
    assert f"<strong>{title[1]}</strong>" in page
    assert "<ul class=steps><li>" in page
    assert "because of that" in plain(page)


def test_a_certificate_shows_whether_it_is_valid():
    """Its title leads to it, its validity stands out."""
    certificate = Certificate(
        Words("材质证明书", "Mill certificate"),
        (Line(Words("编号", "No"), (Words("M-1"),)),),
        "/88.118.8/CERT.1",
        Words("已过期", "Expired"),
        Mark.BAD,
    )
    page = landing_page(shown(certificates=(certificate,)), ENGLISH)

    assert '<h3><a href="/88.118.8/CERT.1"><bdi>Mill certificate</bdi></a></h3><p class="bad"><bdi>Expired</bdi></p>' in page
    assert "M-1" in plain(page)


def test_an_end_names_its_successor():
    """What took its place is a link, with date and note."""
    end = Succession(Words("已被替代", "Superseded"), (Link("/88.118.8/B2", Words("88.118.8/B2")),), "2026-11-26", "new drawing")
    page = landing_page(shown(case=Case.WITHDRAWN, succession=end), ENGLISH)

    assert '<a href="/88.118.8/B2">' in page
    assert "Superseded" in plain(page)
    assert "2026-11-26" in plain(page)
    assert "new drawing" in plain(page)


def test_nothing_of_a_strangers_acts():
    """Hostile text in every place of a page opens no element, no attribute, no address."""
    words, link = Words(HOSTILE), Link(f"javascript:{HOSTILE}", Words(HOSTILE), HOSTILE, HOSTILE, HOSTILE)
    line = Line(words, (words, link, (Line(words, (words,)),)), note=HOSTILE)
    end = Succession(words, (link,), HOSTILE, HOSTILE)
    certificate = Certificate(words, (line,), f"javascript:{HOSTILE}", words)
    everything = Shown(
        HOSTILE, Case.FOUND, Origin(HOSTILE, "cache", HOSTILE, HOSTILE, HOSTILE, proof=Proof(Standing.FAILED, HOSTILE)),
        words, words, words, Recall.STOP, HOSTILE, (link,), link, words, Mark.BAD, HOSTILE,
        (line,), (certificate,), (link,), (line,), (line,), end, f"javascript:{HOSTILE}", 3,
    )  # fmt: skip
    found = Elements(landing_page(everything, Reader(Language.ENGLISH, True, f"/{HOSTILE}", ((HOSTILE, HOSTILE),)))).found

    ours = "html head meta title style body header div span a main h1 p ul li strong section h2 h3 dl dt dd bdi small details"
    assert {tag for tag, _ in found} <= {*ours.split(), "summary", "footer"}
    assert not [name for _, attributes in found for name in attributes if name.startswith("on") or name in ("style", "src")]
    assert all(attributes["href"].startswith("/") for tag, attributes in found if tag == "a")


def test_a_record_of_a_thousand_huge_values_is_a_bounded_page():
    """Lines and characters are bounded, however much is registered."""
    lines = tuple(Line(Words(f"f{number}"), (Words("x" * 100_000),)) for number in range(1_000))

    assert len(landing_page(shown(lines=lines), CHINESE)) < 300_000


def test_values_with_parts_end_somewhere():
    """A value nested too deep is cut, not followed."""
    deep: tuple[Line, ...] = (Line(Words("end"), (Words("deepest"),)),)
    for _ in range(50):
        deep = (Line(Words("in"), (deep,)),)

    assert "deepest" not in landing_page(shown(lines=deep), CHINESE)


def test_the_policy_allows_this_sheet_and_nothing_else():
    """The digest in the header is that of the sheet in the page; nothing is fetched, run, framed or submitted."""
    page = landing_page(shown(), CHINESE)
    sheet = page[page.index("<style>") + 7 : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}';" in CONTENT_SECURITY_POLICY
    assert "url(" not in sheet
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_a_page_can_be_read_aloud_and_by_keyboard():
    """One heading of the first rank, sections with headings, every link with a text, a visible focus."""
    page = landing_page(shown(lines=(Line(Words("重量"), (Words("1"),)),), json="/api/handles/88.118.8/A1"), CHINESE)

    assert page.count("<h1>") == 1
    assert page.count("<section>") == page.count("<section><h2>")
    assert not re.search(r"<a [^>]*></a>", page)
    assert ":focus-visible" in page
