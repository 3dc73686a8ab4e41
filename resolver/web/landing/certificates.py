"""Which values of a record are certificates and files, and how a registered certificate is shown on the page of its thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from idis.proto.value import Value
from idis.resolver.web.landing.fields import VALID_UNTIL, line_of, member_lines, objects_of, own_link, texts_of, validity
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.shown import Certificate, Line, Link, Mark
from idis.resolver.web.landing.template import Item, Template

NUMBER = "certificateNo"
# What a reader of another thing's page wants to know of its certificate, in this order.
_SHOWN = (NUMBER, "documentNo", "coaNo", "kind", "form", "issuer", "issueDate", "date", "version", "language", "result", "file")
_KINDS = ("_certificate", "_document", "_coa", "_report", "_sds")  # what a template that is a certificate ends in


@dataclass(frozen=True, slots=True)
class Named:
    """A certificate that a value only names: what the value is called, and the identifier of the certificate."""

    label: Words
    handle: str


def is_certificate(item: Item) -> bool:
    """Whether a field holds certificates or files, or names them."""
    if item.type == "F" and item.name != "events":
        return True
    if item.type in ("R", "R[]"):
        return "ertificate" in item.name or any(name.endswith(_KINDS) for name in item.references)
    return item.type == "list" and NUMBER in item.members


def named_in(value: Value, item: Item) -> list[Named]:
    """The certificates a value names."""
    return [Named(item.label, handle) for handle in texts_of(value.text, item)] if item.type in ("R", "R[]") else []


def held_in(value: Value, item: Item, values: Sequence[Value], template: Template, today: date) -> Iterable[Certificate]:
    """The certificates and files a value itself holds; `values` are those of its record."""
    if item.type == "list":
        for told in objects_of(value.text):
            lines = tuple(line for line in member_lines(told, item))
            until = next((str(text) for name, text in told.items() if name in VALID_UNTIL), "")
            words, mark = validity(until, today)
            yield Certificate(Words(str(told.get("scope") or told.get(NUMBER) or ""), ""), lines, "", words, mark)
        return
    link = Link(value.text)
    words, mark = _validity_of(values, template, today)
    yield Certificate(item.label, (Line(Words("文件", "File"), (link,)), *_digest(values, template)), value.text, words, mark)


def named(certificate: Named) -> Certificate:
    """A certificate of which only the identifier is known."""
    link = own_link(certificate.handle)
    return Certificate(
        certificate.label, (Line(Words("标识", "Identifier"), (link,)),), link.href if isinstance(link, Link) else ""
    )


def registered(certificate: Named, values: Sequence[Value], template: Template, today: date) -> Certificate:
    """A certificate as it is registered: its number, its kind, its dates, its file; the rest is on its own page."""
    told = {item.name: value for value in values if value.public and (item := template.items.get(value.index))}
    lines = [line_of(told[name], template.items[told[name].index], today) for name in _SHOWN if name in told]
    words, mark = _validity_of(values, template, today)
    known = named(certificate)
    title, english = (told[name].text if name in told else "" for name in ("name", "nameEn"))
    heading = Words(title or certificate.label.zh, english or title or certificate.label.en)
    return Certificate(heading, (*lines, *known.lines), known.href, words, mark)


def _validity_of(values: Sequence[Value], template: Template, today: date) -> tuple[Words, Mark]:
    """How long the thing of a record is valid, by the record itself."""
    indexes = {index for index, item in template.items.items() if item.name in VALID_UNTIL}
    return next((validity(value.text, today) for value in values if value.index in indexes), (Words(""), Mark.PLAIN))


def _digest(values: Sequence[Value], template: Template) -> Iterable[Line]:
    """The digest of the file of a record, for who compares it."""
    index = template.index_of("sha256")
    return (line_of(value, template.items[index], date.min) for value in values if index and value.index == index)
