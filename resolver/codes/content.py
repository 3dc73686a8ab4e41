"""What a symbol holds for an identifier, judged before anything is drawn: a wrong check digit is never printed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from idis.proto.detect import BROKEN_LINK, readings_of, trouble_of
from idis.proto.schemes import iso15434, link
from idis.proto.schemes.gs1 import digital_link, element_string
from idis.proto.schemes.gs1.elements import Elements, Gs1Error, companion_problem
from idis.proto.schemes.gs1.recognise import elements_in
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.recognised import Recognised
from idis.proto.schemes.scan import GS, ScanError, read_scan
from idis.proto.schemes.surroundings import Surroundings
from idis.resolver.address import path_of
from idis.resolver.codes.carrier import GS1_128_CHARACTERS_MAX, Carrier, CodeError, Unprintable

TEXT_CHARACTERS_MAX = 2_048  # the longest identifier; the carriers hold less
BASE_CHARACTERS_MAX = 200

_WEB = ("https://", "http://")
_GS1 = "gs1"
_OWN = ("idis", "handle", "doi")  # schemes whose identifiers our nodes answer by path


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a symbol.

    Attributes:
        payload: the text, or for GS1 carriers the elements in square brackets.
        octets: what a scanner tells of it.
        human: what is printed beside it.
    """

    payload: str
    octets: bytes
    human: str


def content_of(text: str, carrier: Carrier, around: Surroundings, base: str = "") -> Content:
    """What a symbol holds.

    Args:
        text: an identifier of any scheme, an element string, a URL.
        carrier: GS1 carriers hold elements, the others text.
        around: the present year, and whose hosts are whose.
        base: the address at which people reach a node, `https://id.example.cn`: a QR code then leads there. Without it, it
            holds the identifier itself, and Digital Links are on id.gs1.org.

    Raises:
        Unprintable: it is no identifier, a check digit is wrong, or the carrier cannot hold it.
        CodeError: the base is no address.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        raise Unprintable(f"{len(text):,} characters: an identifier has at most {TEXT_CHARACTERS_MAX:,}")
    reading = _judged(text, around)
    if carrier.rules.gs1:
        return _elements(text, reading, carrier, around)
    payload = _payload(text, reading, carrier, checked_base(base), around)
    return Content(payload, payload.encode("utf-8"), _human(text, reading, around))


def checked_base(base: str) -> str:
    """The base address without a slash at its end.

    Raises:
        CodeError: it is no address of a node.
    """
    base = base.rstrip("/")
    plain = base.isascii() and base.isprintable() and not set(base) & set(" ?#<>\"'\\^`{|}")
    if base and (not base.startswith(_WEB) or not plain or len(base) > BASE_CHARACTERS_MAX):
        raise CodeError("the base is no address like https://id.example.cn")
    return base


def elements_of(text: str, reading: Recognised, around: Surroundings) -> Elements:
    """The GS1 elements of a text in any form, all of them, not only those that identify.

    Raises:
        Gs1Error: it has none.
    """
    scan = read_scan(text)
    given = scan.coded if scan.has_controls else scan.text
    if (envelope := iso15434.parse(given)) is not None:
        given = envelope.element_string() or given
    if given.startswith("]"):
        symbol = element_string.parse_scan(given)
        if symbol.elements:
            return symbol.elements
        given = given[3:]
    if given.startswith("(") or (given.startswith("[") and given[1:2].isdigit()):
        return element_string.parse_bracketed(given)
    if GS in given:
        return element_string.parse_raw(given)
    return elements_in(given, around.gs1_hosts) or digital_link.parse(reading.uri).elements


def _judged(text: str, around: Surroundings) -> Recognised:
    """The first reading of a text, when it is right."""
    readings = readings_of(text, around)
    if not readings:
        raise Unprintable(trouble_of(text))
    reading = readings[0]
    if reading.scheme == PERSONAL:
        raise Unprintable("this looks like the number of a person, which no label may carry")
    if not reading.ok:
        wrong = next(check for check in reading.checks if not check.ok)
        right = f": {wrong.expected} would be right" if wrong.expected else ""
        meant = f"; perhaps {reading.suggestions[0]} is meant" if reading.suggestions else ""
        raise Unprintable(f"{reading.display}: the check of {wrong.name} fails{right}{meant}")
    if trouble := _broken_link(reading, around):
        raise Unprintable(f"{reading.display}: {trouble}")
    return reading


def _broken_link(reading: Recognised, around: Surroundings) -> str:
    """What is wrong with a URL that was meant as a Digital Link: its check digit, or anything on a host that has nothing else."""
    warning = next((warning for warning in reading.warnings if warning.startswith(BROKEN_LINK)), "")
    if not warning or reading.scheme != link.SCHEME:
        return ""
    if reading.suggestions:
        return f"{warning}; perhaps {reading.suggestions[0]} is meant"
    parsed = link.parse(reading.canonical)
    return warning if parsed is not None and parsed.host in around.gs1_hosts else ""


def _elements(text: str, reading: Recognised, carrier: Carrier, around: Surroundings) -> Content:
    title = carrier.rules.title
    try:
        elements = elements_of(text, reading, around)
    except (Gs1Error, ScanError):
        raise Unprintable(f"{title} holds GS1 data only, and this is {reading.scheme}: use qr or datamatrix") from None
    if problem := companion_problem(elements):
        raise Unprintable(f"{element_string.write_bracketed(elements)}: {problem}")
    raw = element_string.write_raw(elements)
    if carrier is Carrier.GS1_128 and len(raw) > GS1_128_CHARACTERS_MAX:
        sentence = f"{len(raw)} characters, and GS1-128 holds at most {GS1_128_CHARACTERS_MAX}"
        raise Unprintable(f"{sentence}: leave elements out, or use gs1-datamatrix")
    payload = "".join(f"[{code}]{value}" for code, value in elements)
    return Content(payload, raw.encode("ascii"), element_string.write_bracketed(elements))


def _payload(text: str, reading: Recognised, carrier: Carrier, base: str, around: Surroundings) -> str:
    scan = read_scan(text)
    if scan.has_controls:
        return scan.coded  # an envelope of ISO/IEC 15434 is what its reader expects
    if scan.text.lower().startswith(_WEB):
        return _encoded(scan.text)
    bare = carrier is Carrier.DATAMATRIX
    if reading.scheme == _GS1:
        try:
            stem = base if base and not bare else digital_link.CANONICAL_STEM
            return digital_link.write(elements_of(text, reading, around), stem=stem)
        except Gs1Error as error:
            raise Unprintable(f"{reading.display} makes no Digital Link: {error}") from None
    if bare:
        return _own_spelling(text, reading) if reading.scheme in _OWN else reading.canonical
    if base and reading.scheme in _OWN:
        return base + path_of(_own_spelling(text, reading))
    return reading.uri if reading.scheme not in _OWN and reading.uri else _own_spelling(text, reading)


def _own_spelling(text: str, reading: Recognised) -> str:
    """An identifier as it was given, without what surrounded it; else as its scheme spells it."""
    given = read_scan(text).text
    return given if given.upper() == reading.canonical.upper() else reading.canonical


def _human(text: str, reading: Recognised, around: Surroundings) -> str:
    if reading.scheme in _OWN:
        return _own_spelling(text, reading)
    if reading.scheme == _GS1:
        return element_string.write_bracketed(elements_of(text, reading, around))
    return reading.display or reading.canonical


def _encoded(address: str) -> str:
    """A URL with its characters beyond ASCII escaped, as every scanner takes it."""
    return quote(address, safe="%/?#[]@!$&'()*+,;=:~") if not address.isascii() else address
