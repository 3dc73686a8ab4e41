"""What synthetic sample data are made of: rows, the made-up enterprises that own them, and draws that repeat.

All names, codes and persons are synthetic: the enterprises carry "示例" (example) in their names, and their social
credit codes are made with right check characters from bodies that were invented.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from random import Random

from idis.proto.schemes import uscc

BEIJING = timezone(timedelta(hours=8))
FIRST_DAY = date(2024, 2, 5)
# Families start weekly within this span after the first day, there and back again however many there are: nothing lies
# in the future of a reader from 2026 on, because no family takes a year, and neighbours stay a week apart.
START_DAYS_SPAN = 43 * 7


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One record to be: who owns it, what kind of thing it is, its name, and its fields by english name.

    The fields hold text, whole and decimal numbers, truth values, lists and objects of these, and nothing else, so
    that they can be written as JSON; days are `YYYY-MM-DD`, times ISO 8601 with offset.
    """

    prefix: str
    object_code: str
    identifier: str
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A synthetic enterprise with a prefix of its own.

    Attributes:
        prefix: enterprise prefix, below the secondary prefix of its pilot.
        chinese: full Chinese name.
        english: English name.
        uscc: unified social credit code with right check characters.
        hosted: whether the secondary node answers for it, because it has no node.
        kind: what it is to others, a code of organisationKind.
        address: where it is.
    """

    prefix: str
    chinese: str
    english: str
    uscc: str
    hosted: bool
    kind: str
    address: str

    @property
    def identifier(self) -> str:
        """Its own record."""
        return f"{self.prefix}/ORG.{self.uscc}"

    def organisation(self) -> SampleRow:
        """The record of the enterprise itself."""
        fields = {"uscc": self.uscc, "bpn": made_bpn(self.uscc), "country": "CHN", "kinds": [self.kind], "address": self.address}
        return self.row("organisation", f"ORG.{self.uscc}", self.chinese, nameEn=self.english, **fields)

    def partner(self, chinese: str, english: str, code: str, kind: str, address: str) -> SampleRow:
        """The record this enterprise keeps of another that has no prefix."""
        fields = {"uscc": code, "bpn": made_bpn(code), "country": "CHN", "kinds": [kind], "address": address}
        return self.row("organisation", f"ORG.{code}", chinese, nameEn=english, **fields)

    def person(self, number: str, surname: str, kind: str, processes: list[str]) -> SampleRow:
        """The record of one who works there; only the number and the qualifications, and none of it public."""
        qualification: dict[str, object] = {
            "certificateNo": f"Q-{number}",
            "kind": kind,
            "validFrom": "2023-01-01",
            "validUntil": "2026-12-31",
        }
        if processes:
            qualification["processes"] = processes
        fields = {"personNo": number, "employer": self.identifier, "qualifications": [qualification]}
        return self.row("person", f"STAFF.{number}", f"{surname}师傅", visibility="private", **fields)

    def site(self, number: str, chinese: str, kind: str, address: str) -> SampleRow:
        """The record of a place that belongs to it."""
        fields = {"siteNo": number, "kind": kind, "organisation": self.identifier, "country": "CHN", "address": address}
        return self.row("site", f"SITE.{number}", chinese, **fields)

    def document(self, kind: str, number: str, name: str, issued: date, /, **fields: object) -> SampleRow:
        """The record of a document; its digest is that of its made-up text."""
        own = {"documentNo": number, "kind": kind, "issueDate": issued.isoformat(), "sha256": digest(number)}
        return self.row("document", f"DOC.{number}", name, visibility="partners", **own, **fields)

    def row(self, code: str, suffix: str, name: str, /, **fields: object) -> SampleRow:
        """A record of this enterprise with the common head, which the fields may override.

        Args:
            code: object type.
            suffix: what follows the prefix in the identifier.
            name: what a person calls it.
            fields: its own fields; one whose value is None is left out.
        """
        common = {"objectType": code, "name": name, "producer": self.identifier, "status": "active", "recallFlag": "none"}
        given = {field: value for field, value in fields.items() if value is not None}
        return SampleRow(self.prefix, code, f"{self.prefix}/{suffix}", {**common, "visibility": "public", **given})


def made_uscc(region: str, organisation: str) -> str:
    """A social credit code of a company from six digits of a region and eight characters of an organisation code."""
    body = f"91{region}{organisation}{uscc.organisation_check_digit(organisation)}"
    return body + uscc.check_digit(body)


def made_bpn(code: str) -> str:
    """A business partner number of a company, made of its social credit code."""
    return f"BPNL{code[-12:]}"


def digest(text: str) -> str:
    """The SHA-256 of a made-up file, which is its number as text."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_of(number: str) -> dict[str, object]:
    """The two fields of a document's file."""
    return {"file": f"https://files.example/{number}.pdf", "sha256": digest(number)}


def family_start(number: int) -> date:
    """The first day of a family: a week after the one before, and back again by weeks when the span is used up."""
    phase = number * 7 % (2 * START_DAYS_SPAN)
    return FIRST_DAY + timedelta(days=min(phase, 2 * START_DAYS_SPAN - phase))


def day(start: date, days: int) -> str:
    """The day so many days later, as it is written."""
    return (start + timedelta(days=days)).isoformat()


def moment(start: date, days: int, minutes: int) -> str:
    """The time so many days and minutes after midnight of a day in China, as it is written."""
    return (datetime(start.year, start.month, start.day, tzinfo=BEIJING) + timedelta(days=days, minutes=minutes)).isoformat()


def near(draw: Random, middle: float, spread: float, places: int = 2) -> float:
    """A measured value: uniform within the spread about the middle, rounded."""
    return round(draw.uniform(middle - spread, middle + spread), places)
