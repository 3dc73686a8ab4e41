"""The rules that tell a text's scheme from the text alone, one function each (`identifiers.md` §7).

Every rule takes a text and its surroundings, and gives its readings with the surest first, or none. Their order, and
which of them look at a text at all, stands in `idis.proto.detect`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from idis.proto.schemes import (
    ark,
    battery,
    bpn,
    cas,
    did,
    doi,
    duns,
    ec,
    ecode,
    ghs,
    handle,
    imo,
    irdi,
    iso6346,
    iso15434,
    iso15459,
    kks,
    lei,
    ma,
    mod10,
    oid,
    publication,
    sector,
    un,
    uscc,
    uuid,
    vaa,
    vin,
)
from idis.proto.schemes.gs1.application_identifiers import KEYS
from idis.proto.schemes.gs1.digital_link import parse as parse_digital_link
from idis.proto.schemes.gs1.element_string import GS1_CARRIERS, GTIN_CARRIERS
from idis.proto.schemes.gs1.elements import Gs1Error
from idis.proto.schemes.gs1.epc_binary import is_header
from idis.proto.schemes.gs1.recognise import recognise as recognise_gs1
from idis.proto.schemes.link import Link
from idis.proto.schemes.near_miss import mistaken_key
from idis.proto.schemes.recognised import Confidence, Recognised, alias_route
from idis.proto.schemes.spelling import tidy_compact
from idis.proto.schemes.surroundings import Surroundings
from idis.proto.schemes.verdict import Verdict

Readings = tuple[Recognised, ...]
Rule = Callable[[str, Surroundings], Readings]

NUMBER_CHARACTERS_MAX = 64  # no number without label or structure is longer, EPC in hexadecimal apart
HEX_CHARACTERS_MAX = 512

_NONE: Readings = ()
_BARE_OID = re.compile(r"[012](?:\.[0-9]+){2,}")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_PRIMARY_KEY = f"(?:{'|'.join(KEYS)})/"
_RELATIVE_LINK = re.compile(f"/?{_PRIMARY_KEY}[!-~]+")
_LICENCE_PLATE = re.compile(r"[1-6]?[Jj](?:UN[0-9]{9}|OD[0-9A-Z]{4}|VAA[0-9]{14})", re.IGNORECASE | re.ASCII)
_STATEMENT = re.compile(r"[HP][0-9]{3}")  # as short as a part number
_KEY_SEGMENT = re.compile(f"/{_PRIMARY_KEY}")
_UNANNOUNCED = re.compile(r"01([0-9]{14})|00([0-9]{18})")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HEX = re.compile(r"[0-9A-Fa-f]{24,}")

# Numbers with letters or hyphens of their own; the group that matches names the function that judges it.
_OWN_SHAPES = re.compile(
    r"(?P<imo>IMO[ -]?[0-9]{7})|(?P<un>UN[ -]?[0-9]{4})|(?P<ghs>GHS0[1-9]|(?:EUH[0-9]{3}|[HP][1-5][0-9]{2})[A-Z0-9+ ]*)"
    r"|(?P<cas>[0-9]{2,7}-[0-9]{2}-[0-9])|(?P<ec>[0-9]{3}-[0-9]{3}-[0-9])"
    r"|(?P<issn>(?:ISSN[ :]?)?[0-9]{4}-[0-9]{3}[0-9X])|(?P<iso6346>[A-Z]{3}[UJZR][ -]?[0-9]{6}[ -]?[0-9])"
    r"|(?P<uuid>\{?[0-9A-F]{8}-[0-9A-F-]{27}\}?)|(?P<bpn>BPN[LSA][0-9A-Z]{12})|(?P<irdi>[0-9]{4}[-/][^#]{1,40}#[^#]+(?:#[0-9]+)?)"
    r"|(?P<duns>D-?U-?N-?S[ :#-]?[0-9-]{9,11})|(?P<isbn>(?:ISBN(?:-1[03])?[ :]? ?[0-9X -]{10,17}|97[89][ -][0-9 -]{12}[0-9]))",
    re.IGNORECASE | re.ASCII,
)


def envelope(text: str, around: Surroundings) -> Readings:
    """An envelope of ISO/IEC 15434."""
    read = iso15434.parse(text)
    if read is None:
        return _NONE
    if string := read.element_string():
        found = gs1(string, around)
        return tuple(replace(reading, warnings=(*reading.warnings, *read.warnings)) for reading in found)
    return _some(iso15434.recognise(text))


def scheme_of_uri(text: str, around: Surroundings) -> Readings:
    """`did:` and what follows it."""
    return _some(did.recognise(text)) if text[:4].lower() == "did:" else _NONE


def urn(text: str, around: Surroundings) -> Readings:
    """URNs of EPC, OID, UUID, ISBN and ISSN."""
    match text[:9].lower().split(":")[:2]:
        case ["urn", "epc"]:
            return tuple(map(_with_route, gs1(text, around)))
        case ["urn", "oid"]:
            return _some(oid.recognise(text))
        case ["urn", "uuid"]:
            return _some(uuid.recognise(text))
        case ["urn", "isbn"]:
            return _some(publication.recognise_isbn(text))
        case ["urn", "issn"]:
            return _some(publication.recognise_issn(text))
    return _NONE


def label(text: str, around: Surroundings) -> Readings:
    """Texts that say what they are: doi:, hdl:, info:, ark:, ecode:, oid:."""
    head = text[:5].lower()
    if head[:4] == "ark:":
        return _some(ark.recognise(text))
    if head == "ecode":
        return _ecode(text, around)
    if head[:4] == "oid:":
        return _some(oid.recognise(text))
    lowered = text[:9].lower()
    for spelled in ("info:doi/", "doi:"):
        if lowered.startswith(spelled):
            return _some(doi.recognise(_decoded(text[len(spelled) :].lstrip(" "))))
    for spelled in ("info:hdl/", "handle:", "hdl:"):
        if lowered.startswith(spelled):
            named = _decoded(text[len(spelled) :].lstrip(" "))
            return handle_family(named) if "/" in named or "." in named else _NONE
    return _NONE


def _decoded(text: str) -> str:
    """What stands behind the label of a URI without its percent-encoding; as it is where that is none."""
    if "%" not in text or _BROKEN_ESCAPE.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return text


def handle_family(text: str) -> Readings:
    """A DOI, an identifier of IDIS, any other Handle, or a prefix, without its label."""
    return _some(doi.recognise(text) or handle.recognise(text))


def bracketed(text: str, around: Surroundings) -> Readings:
    """Element strings with application identifiers in brackets."""
    return gs1(text, around) if text[1:3].isdigit() else _NONE


def digital_link(text: str, parsed: Link, around: Surroundings) -> Readings:
    """Digital Links on any host, compressed ones on those where they are expected."""
    if _KEY_SEGMENT.search(parsed.path) is None and parsed.host.partition(":")[0] not in around.gs1_hosts:
        return _NONE
    return gs1(text, around)


def is_broken_link(text: str, parsed: Link) -> bool:
    """Whether a URL that is no Digital Link was meant as one: a right key is in its path, beside something wrong."""
    if _KEY_SEGMENT.search(parsed.path) is None:
        return False
    try:
        parse_digital_link(text, short_gtin=True, trailing_slash=True)
    except Gs1Error as error:
        return error.near
    return False


def raw_elements(text: str, around: Surroundings) -> Readings:
    """Element strings with separators, from a scanner that does not name the symbol."""
    if text.startswith("[)>"):
        return _NONE
    return tuple(replace(reading, confidence=Confidence.LIKELY) for reading in gs1(text, around))


def agency(text: str, around: Surroundings) -> Readings:
    """VAA and MA, and numbers of ISO/IEC 15459 behind their data identifier: letters first, so before Handle."""
    head = text[:3].upper()
    if head == "VAA" or (head.isdigit() and text[3:4] in "·•・"):
        found = vaa.recognise(text)
        return _NONE if found is None else (found, *_twins(found))
    if head == "MA.":
        return _some(ma.recognise(text))
    if head in ("25S", "37S", "18S"):
        return tuple(replace(found, confidence=Confidence.LIKELY) for found in _some(iso15459.recognise(text)))
    if _LICENCE_PLATE.match(text):
        return tuple(replace(found, confidence=Confidence.POSSIBLE) for found in _some(iso15459.recognise(text)))
    return _NONE


def relative_link(text: str, around: Surroundings) -> Readings:
    """The path of a Digital Link without its host; before Handle, because `01/06901234567892` looks like one."""
    if _RELATIVE_LINK.fullmatch(text) is None:
        return _NONE
    host = min(around.gs1_hosts, default="id.gs1.org")
    return gs1(f"https://{host}/{text.removeprefix('/')}", around)


def slashed(text: str, around: Surroundings) -> Readings:
    """Handles: a prefix that begins with a digit, a slash, a suffix. Also OIDs as IRIs, which begin with the slash."""
    if text[0] == "/":
        return _some(oid.recognise(text))
    if "/" not in text:
        return _NONE
    found = handle_family(text)
    if found and text[0] == "0" and text[1:2] not in (".", "/"):
        warnings: tuple[str, ...] = ("a prefix seldom begins with a zero",)
        fixed: tuple[str, ...] = ()
        if (mistake := mistaken_key(f"/{text}")) is not None:
            warnings, fixed = (*warnings, f"as a Digital Link: {mistake[0]}"), (mistake[1][1:],)
        return (replace(found[0], confidence=Confidence.LIKELY, warnings=warnings, suggestions=fixed),)
    if found and "." not in text.partition("/")[0]:
        return (replace(found[0], confidence=Confidence.LIKELY),)  # 24/7 is one as well
    return found


def dotted(text: str, around: Surroundings) -> Readings:
    """Digits with dots and no slash: OIDs, prefixes, and perhaps the address of a machine."""
    if "/" in text or "." not in text or _DOTTED.fullmatch(text) is None:
        return _NONE
    if _BARE_OID.fullmatch(text):
        found = oid.recognise(text)
    else:
        found = doi.recognise(text) or handle.recognise(text)
        if found is not None and found.scheme == handle.SCHEME and not text.startswith("20."):
            return _NONE  # an amount, a version, a date: anything has digits and dots
    if found is None:
        return _NONE
    labels = text.split(".")
    if (len(labels) < 4 and found.scheme == oid.SCHEME) or len(labels) < 3:
        return (replace(found, confidence=Confidence.LIKELY),)  # versions and amounts look like this, too
    if len(labels) == 4 and all(len(part) <= 3 and int(part) <= 255 for part in labels):
        return (replace(found, confidence=Confidence.POSSIBLE, warnings=("it may as well be the IP address of a machine",)),)
    return (found,)


def own_shape(text: str, around: Surroundings) -> Readings:
    """Numbers with letters of their own or a pattern of hyphens."""
    match = _OWN_SHAPES.fullmatch(text) if len(text) <= NUMBER_CHARACTERS_MAX and text.isascii() else None
    if match is None or match.lastgroup is None:
        return _NONE
    name = match.lastgroup
    if (read := _OWN_READERS.get(name)) is not None:
        return _some(read(text))
    verdict = _OWN_JUDGES[name](text)
    if not verdict.ok:
        return _NONE
    sure = not verdict.warnings and (name in ("imo", "un") or (name == "ghs" and _STATEMENT.fullmatch(verdict.canonical) is None))
    confidence = Confidence.CERTAIN if sure else Confidence.LIKELY
    return (sector.recognised(verdict, confidence, _OWN_WHY[name]),)


def fixed_lengths(text: str, around: Surroundings) -> Readings:
    """24 and more hexadecimal digits of an EPC, battery codes: both may fit."""
    if not 18 <= len(text) <= HEX_CHARACTERS_MAX:
        return _NONE
    found: list[Recognised] = []
    if _HEX.fullmatch(text) and is_header(int(text[:2], 16)):
        found.extend(replace(reading, confidence=Confidence.LIKELY) for reading in gs1(text, around))
    if len(text) <= NUMBER_CHARACTERS_MAX:
        verdict = battery.check(text, reference_year=around.year)
        if verdict.ok:
            found.append(sector.recognised(verdict, Confidence.LIKELY, "the pattern and date of a traction battery code"))
    return tuple(found)


def bare_number(text: str, around: Surroundings) -> Readings:
    """Characters and digits told apart by their number and their check digits."""
    if len(text) > NUMBER_CHARACTERS_MAX or not text.isascii():
        return _NONE
    plain, _ = tidy_compact(text)
    if not plain.isalnum():
        return _unannounced(text, around)
    if plain.isdigit():
        found = [
            *_organisation(plain),
            *(_gs1_keys(plain, around) or _unannounced(text, around)),
            *_some(publication.recognise_isbn(text) if len(plain) in (10, 13) else None),
        ]
        if len(plain) == 7:
            found += _judged(imo.check, text, Confidence.POSSIBLE, "seven digits with a ship's check digit, which one in ten has")
        return tuple(found)
    if len(plain) == 10:
        return _some(publication.recognise_isbn(text))
    return _organisation(plain) or _unannounced(text, around)


def plant_code(text: str, around: Surroundings) -> Readings:
    """Codes of power plants: a loose grammar, so late."""
    if len(text) > NUMBER_CHARACTERS_MAX:
        return _NONE
    return (
        *_judged(kks.check, text, Confidence.POSSIBLE, "the grammar of KKS"),
        *_judged(kks.check_french, text, Confidence.POSSIBLE, "the grammar of a plant code in the French style"),
    )


def gs1(text: str, around: Surroundings) -> Readings:
    """Whatever GS1 form it is."""
    return _some(recognise_gs1(text, year=around.year, hosts=around.gs1_hosts, prefix_lengths=around.prefix_lengths))


def names_gs1(carrier: str) -> bool:
    """Whether a symbology prefix says that its symbol holds GS1 data or a trade item number."""
    return carrier in GS1_CARRIERS or carrier in GTIN_CARRIERS


def _some(found: Recognised | None) -> Readings:
    return _NONE if found is None else (found,)


def _with_route(found: Recognised) -> Recognised:
    """Ships and containers that are told by an EPC URN are known by their aliases, like those told otherwise."""
    return replace(found, route=alias_route(found.scheme, found.canonical)) if found.route is None else found


def _ecode(text: str, around: Surroundings) -> Readings:
    found = ecode.recognise(text, around.nsi_lengths)
    if found is None or not found.canonical.startswith(f"ecode:{ecode.VERSION_GS1}."):
        return _some(found)
    for inner in gs1(ecode.main_code(found.canonical), around):
        return (replace(found, route=inner.route, attributes=(("gs1", inner.canonical),)),)
    return (found,)


def _twins(found: Recognised) -> Readings:
    """The Handles that may be the same as a VAA number, the likelier first."""
    twins = [handle.recognise(value) for name, value in found.attributes if name == "handle"]
    why = "the Handle twin of the VAA number, with the enterprise's leading zeros"
    return tuple(
        replace(twin, confidence=Confidence.POSSIBLE, why=why if number == 0 else why.replace("with", "without", 1))
        for number, twin in enumerate(twins)
        if twin is not None
    )


def _judged(check: Callable[[str], Verdict], text: str, confidence: Confidence, why: str) -> Readings:
    verdict = check(text)
    return (sector.recognised(verdict, confidence, why),) if verdict.ok else _NONE


def _organisation(plain: str) -> Readings:
    """Numbers of companies and vehicles, told by their length."""
    match len(plain):
        case 20:
            return _judged(lei.check, plain, Confidence.LIKELY, "20 characters that are 1 modulo 97")
        case 18:
            return _judged(uscc.check, plain, Confidence.LIKELY, "18 characters with both check characters of a credit code")
        case 17:
            verdict = vin.check(plain)
            sure = Confidence.POSSIBLE if verdict.warnings else Confidence.LIKELY
            return (sector.recognised(verdict, sure, "17 characters of a vehicle"),) if verdict.ok else _NONE
    return _NONE


def _unannounced(text: str, around: Surroundings) -> Readings:
    """An element string without brackets, separators or prefix: only with a right trade item or logistic unit in front."""
    match = _UNANNOUNCED.match(text)
    if match is None:
        return _NONE
    key = match[1] or match[2]
    return gs1(text, around) if mod10.check_digit(key[:-1]) == key[-1] else _NONE


def _gs1_keys(digits: str, around: Surroundings) -> Readings:
    """The keys that so many digits may be, the usual one first; the check digit must be right."""
    codes = _KEYS_BY_LENGTH.get(len(digits), ())
    if not codes or mod10.check_digit(digits[:-1]) != digits[-1]:
        return _NONE
    usual = gs1(digits, around)  # the first of the codes
    others = [reading for code in codes[1:] for reading in gs1(f"({code}){digits}", around)]
    why = f"{len(digits)} digits, which also fit here"
    return *usual, *(replace(reading, confidence=Confidence.POSSIBLE, why=why) for reading in others)


# Application identifiers of what so many digits may be.
_KEYS_BY_LENGTH = {8: ("01",), 12: ("01",), 13: ("01", "414"), 14: ("01",), 18: ("00", "8018")}
_OWN_READERS: dict[str, Callable[[str], Recognised | None]] = {
    "issn": publication.recognise_issn,
    "isbn": publication.recognise_isbn,
    "uuid": uuid.recognise,
    "bpn": bpn.recognise,
    "irdi": irdi.recognise,
    "duns": duns.recognise,
}
_OWN_JUDGES: dict[str, Callable[[str], Verdict]] = {
    "imo": imo.check,
    "un": un.check,
    "ghs": ghs.check,
    "cas": cas.check,
    "ec": ec.check,
    "iso6346": iso6346.check,
}
_OWN_WHY = {
    "imo": "IMO and seven digits",
    "un": "UN and four digits",
    "ghs": "a code of the GHS",
    "cas": "digits in three groups with the check digit of CAS",
    "ec": "digits in groups of 3-3-1 with the check digit of EC",
    "iso6346": "four letters and seven digits with the check digit of a container",
}
