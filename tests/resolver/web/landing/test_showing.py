"""From values and their template to what a page shows."""

from __future__ import annotations

from datetime import date

import pytest

from idis.proto.value import Value, encode_values
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import template_record
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.showing import Registered, certificates_named, handles_in, shown_record
from idis.resolver.web.landing.shown import Case, Certificate, Line, Link, Mark, Origin, Recall, Shown
from idis.resolver.web.landing.template import NO_TEMPLATE, Template, known_template, read_template, readable_name

TODAY = date(2026, 11, 26)
PLATE = known_template("88.118.8/META_ship_plate")
EQUIPMENT = known_template("88.118.8/META_ship_equipment")
CERTIFICATE = known_template("88.118.8/META_ship_certificate")
ORGANISATION = known_template("88.118.8/META_ship_organisation")


def values_of(template: Template, **texts: str) -> tuple[Value, ...]:
    """Values at the indexes that a template gives these names, as templates' records have them."""
    found = [Value(template.index_of(name), name, text.encode()) for name, text in texts.items()]
    assert all(value.index for value in found)
    return tuple(sorted(found, key=lambda value: value.index))


def shown(template: Template, *more: Value, **texts: str) -> Shown:
    """What is shown of such values."""
    registered = Registered("88.118.8/A1", (*values_of(template, **texts), *more), template)
    return shown_record(registered, Origin("node"), TODAY, "/api/handles/88.118.8/A1")


def line(found: Shown, english: str) -> Line:
    """The line of that label."""
    return next(line for line in found.lines if line.label.en == english)


@pytest.mark.parametrize(
    ("name", "words"),
    [("productionDate", "Production date"), ("sha256", "Sha256"), ("in_use", "In use"), ("imoNumber", "Imo number")],
)
def test_program_names_become_words(name, words):
    """Capitals and underscores part words."""
    assert readable_name(name) == words


def test_a_template_is_read_from_its_own_record():
    """What is registered as a template gives the names in both languages, the kind, the vocabulary, the unit."""
    pilot = PILOTS["ship"]
    record = template_record(pilot, pilot.objects["plate"], "88.118.8")
    template = read_template(encode_values(record.values))
    thickness = template.items[template.index_of("thickness")]

    assert template.kind == Words("钢板", "Plate")
    assert thickness.label == Words("厚度", "Thickness")
    assert thickness.unit == "mm"
    assert template.items[2005].codes["in_use"] == "在用"


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"itemIndex":1}', b"[" * 100_000, b'{"englishName":{"a":1}}', b"\xff\xfe"])
def test_an_item_that_is_none_is_left_out(data):
    """A stranger's template cannot break a page."""
    assert read_template(encode_values([Value(2001, "META_ITEM", data)])).items == {}


@pytest.mark.parametrize("name", ["", "88.118.8/META_ship_nothing", "88.118.8/META_nothing_plate", "88.118.8/PLATE.1", "META_"])
def test_only_our_pilots_are_known_by_name(name):
    """Any other template has to be registered to be read."""
    assert known_template(name) is NO_TEMPLATE


def test_a_field_is_shown_in_both_languages_with_its_unit():
    """Label and unit are the template's, codes become their label and their words."""
    found = shown(PLATE, thickness="18", steelGrade="AH36", status="in_use")

    assert line(found, "Thickness") == Line(Words("厚度", "Thickness"), (Words("18 mm"),))
    assert found.state == Words("在用", "In use")
    assert found.state_mark is Mark.GOOD
    assert found.kind == Words("钢板", "Plate")


def test_name_state_and_kind_are_not_said_twice():
    """What stands on top of the page is not among the fields."""
    found = shown(PLATE, objectType="plate", name="船板", nameEn="Plate", status="active", visibility="public")

    assert found.name == Words("船板", "Plate")
    assert found.lines == ()


@pytest.mark.parametrize(
    ("flag", "recall", "mark"),
    [
        ("none", Recall.NONE, Mark.GOOD),
        ("check", Recall.CHECK, Mark.DOUBT),
        ("stop", Recall.STOP, Mark.BAD),
        ("perhaps", Recall.CHECK, Mark.DOUBT),
    ],
)
def test_the_recall_flag_is_seen_with_and_without_a_template(flag, recall, mark):
    """One that nobody knows counts as a reason to check."""
    with_template = shown(PLATE, recallFlag=flag)
    without = shown(NO_TEMPLATE, Value(7, "recallFlag", flag.encode()))

    assert with_template.recall is without.recall is recall
    assert with_template.lines[0].mark is without.lines[0].mark is mark


def test_a_reference_leads_to_the_page_of_its_thing():
    """By its name where that is known, its identifier beside it."""
    values = values_of(PLATE, producer="88.118.8/ORG.1")
    names = {"88.118.8/ORG.1": Words("示例船厂", "Example Yard")}
    found = shown_record(Registered("88.118.8/A1", values, PLATE, names=names), Origin("node"), TODAY, "")

    assert handles_in(values, PLATE) == ["88.118.8/ORG.1"]
    assert found.lines[0].contents == (Link("/88.118.8/ORG.1", names["88.118.8/ORG.1"], aside="88.118.8/ORG.1"),)


def test_a_reference_that_is_no_identifier_is_text():
    """No link leads nowhere."""
    assert shown(PLATE, producer="nobody knows").lines[0].contents == (Words("nobody knows"),)


def test_a_web_address_is_a_link_and_another_scheme_is_text():
    """Only http and https."""
    found = shown(NO_TEMPLATE, Value(1, "URL", b"https://a.example/x"), Value(2, "URL", b"javascript:alert(1)"))

    assert [line.contents for line in found.lines] == [(Link("https://a.example/x"),), (Words("javascript:alert(1)"),)]


def test_certificates_that_are_only_named_lead_to_their_page():
    """Until more is known of them."""
    values = values_of(EQUIPMENT, certificates='["88.118.30/CERT.1","88.118.30/CERT.2"]')
    found = shown_record(Registered("88.118.8/A1", values, EQUIPMENT), Origin("node"), TODAY, "")

    assert [named.handle for named in certificates_named(values, EQUIPMENT)] == ["88.118.30/CERT.1", "88.118.30/CERT.2"]
    assert [certificate.href for certificate in found.certificates] == ["/88.118.30/CERT.1", "/88.118.30/CERT.2"]
    assert found.lines == ()


@pytest.mark.parametrize(
    ("until", "words", "mark"),
    [
        ("2026-11-25", "Expired on 2026-11-25", Mark.BAD),
        ("2026-11-26", "Expires on 2026-11-26", Mark.DOUBT),
        ("2026-12-26", "Expires on 2026-12-26", Mark.DOUBT),
        ("2026-12-27", "Valid until 2026-12-27", Mark.GOOD),
        ("some day", "", Mark.PLAIN),
    ],
)
def test_a_certificate_is_judged_by_today(until, words, mark):
    """The last day counts; the last month is a warning."""
    (certificate,) = shown(CERTIFICATE, file="https://files.example/1.pdf", validUntil=until).certificates

    assert (certificate.validity.en, certificate.mark) == (words, mark)
    assert certificate.href == "https://files.example/1.pdf"


def test_approvals_of_an_organisation_are_certificates():
    """Each object of the list is one, with its own validity."""
    approvals = '[{"scope":"AH36","certificateNo":"W-1","validUntil":"2020-01-01"},{"scope":"EH36","certificateNo":"W-2"}]'
    found: tuple[Certificate, ...] = shown(ORGANISATION, approvals=approvals).certificates

    assert [(one.title.zh, one.mark) for one in found] == [("AH36", Mark.BAD), ("EH36", Mark.PLAIN)]
    assert found[0].lines[1] == Line(Words("证书编号", "Certificate no"), (Words("W-1"),))


@pytest.mark.parametrize("text", ["[", "{}", '"x"', "7", "[" * 100_000, "x" * 1_000_000])
def test_a_list_that_is_none_is_shown_as_text(text):
    """Broken or endless JSON of a stranger is text as any other."""
    found = shown(PLATE, localIds=text)

    assert found.lines[0].contents == (Words(text),)


def test_octets_that_are_no_text_are_counted():
    """Nobody reads binary data."""
    found = shown(NO_TEMPLATE, Value(1, "blob", bytes(range(256)) * 4_096))

    assert found.lines[0].contents[0].en == "Binary data, 1,048,576 octets"


def test_values_for_programs_are_set_apart():
    """Keys, sites, statements and the template's name are no product information."""
    values = (Value(1, "note", b"x"), Value(100, "HS_ADMIN", b"\x00"), Value(1000, "TEMPLATE_ID", b"88/META_a_b"))
    found = shown(NO_TEMPLATE, *values)

    assert [line.label.zh for line in found.lines] == ["note"]
    assert [line.label.zh for line in found.technical] == ["HS_ADMIN", "TEMPLATE_ID"]


def test_links_and_other_names_have_their_own_sections():
    """IDIS.LINK by what it leads to, IDIS.ALIAS as people write it; what cannot be read is left out."""
    found = shown(
        NO_TEMPLATE,
        Value(1, "IDIS.LINK", b'{"linkType":"gs1:instructions","href":"https://a.example/m","title":"Manual"}'),
        Value(2, "IDIS.LINK", b'{"linkType":"gs1:pip","href":"https://a.example/p","title":"P","public":false}'),
        Value(3, "IDIS.LINK", b"nonsense"),
        Value(4, "IDIS.ALIAS", b"gs1:https://id.gs1.org/01/06901234567892/21/42"),
        Value(5, "IDIS.ALIAS", b"new-scheme:X1"),
        Value(6, "IDIS.ALIAS", b"\xff"),
    )

    assert [(link.href, link.words.en) for link in found.links] == [("https://a.example/m", "Instructions: Manual")]
    assert [(line.label.en, line.contents[0].zh) for line in found.others] == [
        ("GS1 identifier", "(01)06901234567892(21)42"),
        ("new-scheme", "X1"),
    ]


@pytest.mark.parametrize(
    ("data", "case", "successors"),
    [
        (b'{"kind":"superseded","successors":["88.118.8/B2"],"date":"2026-11-26"}', Case.FOUND, ["/88.118.8/B2"]),
        (b'{"kind":"withdrawn","date":"2026-11-26"}', Case.WITHDRAWN, []),
    ],
)
def test_an_end_is_told(data, case, successors):
    """What was replaced keeps its page and names its successor; what was withdrawn is gone."""
    found = shown(NO_TEMPLATE, Value(1, "IDIS.SUCCESSOR", data))

    assert found.case is case
    assert found.succession is not None
    assert [link.href for link in found.succession.successors] == successors


def test_an_item_that_is_disabled_is_not_shown():
    """Whoever published the template has hidden it."""
    item = b'{"itemIndex":2010,"englishName":"weight","chineseName":"\xe9\x87\x8d\xe9\x87\x8f","type":"N","itemState":1}'
    template = read_template(encode_values([Value(2010, "META_ITEM", item)]))

    assert shown(template, weight="12").lines == ()


def test_too_many_values_are_counted():
    """A page has an end; what is left out is said."""
    found = shown(NO_TEMPLATE, *(Value(index, "note", b"x") for index in range(1, 1_001)))

    assert len(found.lines) == 200
    assert found.omitted == 800
