"""Things with links: records, their keys, and what clients would rather have."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from multidict import CIMultiDict
from yarl import URL

from idis.proto.value import Value
from idis.registry.record import Record

PREFIX = "88.118.8"
GTIN = "06901234567892"
KEY = f"/01/{GTIN}"


def link(index: int, kind: str, href: str, title: str = "title", *, permissions: int = 0x0E, **more: object) -> Value:
    """A value of a link, as a client writes it."""
    data = json.dumps({"linkType": kind, "href": href, "title": title, **more}, ensure_ascii=False)
    return Value(index, "IDIS.LINK", data.encode(), permissions=permissions)


def alias(index: int, path: str) -> Value:
    """The key of a thing, as a value of its record."""
    return Value(index, "IDIS.ALIAS", f"gs1:https://id.gs1.org{path}".encode())


def record(suffix: str, path: str, *values: Value) -> Record:
    """A record that a key leads to."""
    return Record(f"{PREFIX}/{suffix}", (alias(1, path), *values))


VALVE = record(
    "VALVE",
    KEY,
    Value(2, "name", "球阀 DN50".encode()),
    link(10, "gs1:defaultLink", "https://maker.example/valve", "Valve"),
    link(11, "gs1:pip", "https://maker.example/zh", "产品信息", type="text/html", hreflang=["zh-Hans"]),
    link(12, "gs1:pip", "https://maker.example/en#top", "Product information", type="text/html", hreflang=["en"]),
    link(13, "gs1:pip", "https://maker.example/en.json", "Data", type="application/json", hreflang=["en"]),
    link(14, "gs1:relatedVideo", "https://maker.example/v1", "First"),
    link(15, "gs1:relatedVideo", "https://maker.example/v2", "Second"),
    link(16, "gs1:certificationInfo", "https://maker.example/cn", "CCC", context=["CN"]),
    link(17, "gs1:certificationInfo", "https://maker.example/eu", "CE", context=["EU", "UK"]),
    link(18, "gs1:traceability", "https://maker.example/t/{serial}/{lot}?a=1", "Trace", fwqs=False),
    link(19, "gs1:instructions", "https://maker.example/manual?v=2", "Manual"),
    link(20, "gs1:masterData", "https://maker.example/partners", "For partners", public=False),
    link(21, "gs1:safetyInfo", "https://maker.example/staff", "For staff", permissions=0x0C),
    link(22, "alternate", "https://maker.example/other", "Another view"),
)
ITEM = record(
    "VALVE-42",
    f"{KEY}/21/42",
    Value(2, "name", "球阀 42".encode()),
    Value(3, "recallFlag", b"stop"),
    link(10, "gs1:pip", "https://maker.example/42", "This one"),
)
LOT = record("LOT7", f"{KEY}/10/LOT7", link(10, "gs1:defaultLink", "https://maker.example/lot7", "Lot 7"))
# Defaults by language, at the level of the product.
PUMP_KEY = "/01/06901234567908"
PUMP = record(
    "PUMP",
    PUMP_KEY,
    link(10, "gs1:defaultLink", "https://maker.example/pump", "Pump"),
    link(11, "gs1:defaultLinkMulti", "https://maker.example/pump/zh", "泵", hreflang=["zh"]),
    link(12, "gs1:defaultLinkMulti", "https://maker.example/pump/en", "Pump", hreflang=["en"]),
)
PUMP_LOT = record("PUMP-L1", f"{PUMP_KEY}/10/L1", link(10, "gs1:defaultLink", "https://maker.example/pump/l1", "Lot 1"))
# Nothing but values: what this node shows is its page.
BARE_KEY = "/01/06901234567915"
BARE = record("BARE", BARE_KEY, Value(2, "name", b"Bare <b>bones</b>"))
# A record of the field: its URL is where it leads.
PLAIN_KEY = "/00/169012340000000013"
PLAIN = record("PALLET", PLAIN_KEY, Value(2, "URL", b"https://maker.example/pallet"))
GONE_KEY = "/01/06901234567922"
GONE = record(
    "GONE",
    GONE_KEY,
    Value(2, "IDIS.SUCCESSOR", b'{"kind":"withdrawn","successors":[],"date":"2026-01-31","note":"no longer made"}'),
    link(10, "gs1:defaultLink", "https://maker.example/gone"),
)
MERGED_KEY = "/01/06901234567939"
MERGED = record(
    "MERGED",
    MERGED_KEY,
    Value(2, "IDIS.SUCCESSOR", f'{{"kind":"merged","successors":["gs1:https://id.gs1.org{KEY}"],"date":"2026-02-01"}}'.encode()),
)
OLD_KEY = "/01/06901234567946"
OLD = record(
    "OLD",
    OLD_KEY,
    Value(2, "IDIS.SUCCESSOR", f'{{"kind":"superseded","successors":["{PREFIX}/VALVE"],"date":"2026-02-01"}}'.encode()),
    link(10, "gs1:defaultLink", "https://maker.example/old"),
)
# Two owners claim one key.
CLAIMED_KEY = "/01/06901234567953"
CLAIMED = (
    record("CLAIM-A", CLAIMED_KEY, link(10, "gs1:defaultLink", "https://a.example/", "Of A")),
    record("CLAIM-B", CLAIMED_KEY, link(10, "gs1:defaultLink", "https://b.example/", "Of B")),
)
# A lot on hold, and an item of it that has no flag of its own; nobody has named a default link.
HELD_KEY = "/01/06901234567984"
HELD = (
    record("HELD", f"{HELD_KEY}/10/L9", Value(3, "recallFlag", b"check"), link(10, "gs1:pip", "https://maker.example/l9", "Lot")),
    record("HELD-1", f"{HELD_KEY}/21/1", Value(2, "name", b"Item 1")),
)
HIDDEN_KEY = "/01/06901234567960"
HIDDEN = Record(f"{PREFIX}/HIDDEN", (Value(2, "note", b"for staff", permissions=0x0C),))

RECORDS = (VALVE, ITEM, LOT, PUMP, PUMP_LOT, BARE, PLAIN, GONE, MERGED, OLD, *CLAIMED, *HELD, HIDDEN)
EVERY_KEY = {
    "00": ("/00/169012340000000013",),
    "01": (f"{KEY}/22/2A/10/LOT7/21/42", f"{KEY}/22/2A", f"{KEY}/10/LOT7", f"{KEY}/21/42", f"{KEY}/235/TPX9"),
    "253": ("/253/6901234000016DOC77", "/253/6901234000016"),
    "255": ("/255/69012340000160012",),
    "401": ("/401/6901234ABC",),
    "402": ("/402/69012340000000016",),
    "414": ("/414/6901234000016/254/A-1", "/414/6901234000016"),
    "415": ("/415/6901234000016/8020/REF1",),
    "417": ("/417/6901234000016",),
    "8003": ("/8003/06901234000016AB", "/8003/06901234000016"),
    "8004": ("/8004/6901234007199254740993",),
    "8006": ("/8006/069012345678920102/21/7", "/8006/069012345678920102/10/L"),
    "8010": ("/8010/6901234PART-7/8011/12",),
    "8013": ("/8013/69012341VALVE-DN50R4",),
    "8017": ("/8017/690123400000000018/8019/3",),
    "8018": ("/8018/690123400000000018/8019/3",),
}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: CIMultiDict[str]

    @property
    def location(self) -> str:
        """Where it sends."""
        return self.headers.get("Location", "")

    @property
    def links(self) -> dict[str, str]:
        """The Link header: relation → target; the last one of each."""
        return {match[2]: match[1] for match in re.finditer(r'<([^>]*)>; rel="([^"]*)"', self.headers.get("Link", ""))}

    @property
    def json(self) -> Any:
        """The content."""
        return json.loads(self.text)


class Asking:
    """A client of one node, whose header fields can be chosen."""

    def __init__(self, browser: Any) -> None:
        self._session = browser._session
        self.base = browser._base

    async def __call__(
        self, path: str, accept: str | None = "*/*", languages: str = "", method: str = "GET", **headers: str
    ) -> Answer:
        """One request; `accept` None sends no such header."""
        fields = {name.replace("_", "-"): text for name, text in headers.items()}
        if accept is not None:
            fields["Accept"] = accept
        if languages:
            fields["Accept-Language"] = languages
        async with self._session.request(
            method,
            URL(self.base + path, encoded=True),
            allow_redirects=False,
            headers=fields,
            skip_auto_headers=["Accept"],
        ) as answer:
            return Answer(answer.status, await answer.text(), CIMultiDict(answer.headers))
