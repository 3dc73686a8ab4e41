"""EPC URNs (GS1 EPC Tag Data Standard): `urn:epc:id:sgtin:6901234.056789.42` and its like, to elements and back.

A URN tells where the company prefix of a key ends, and has no check digit; elements have a check digit and do not tell. So
writing one needs the length of the company prefix, which the caller knows or does not: a URN is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.schemes.gs1.elements import Elements, Gs1Error, require_value
from idis.proto.schemes.gs1.keys import identity
from idis.proto.schemes.mod10 import check_digit

PREFIX = "urn:epc:"
COMPANY_DIGITS_MIN = 6
COMPANY_DIGITS_MAX = 12

# Kept as URNs: no GS1 key has their data.
FOREIGN_SCHEMES = ("bic", "imovn", "adi", "usdod", "gid")

_URN = re.compile(r"urn:epc:(id|class|idpat|tag):([a-z]+)(?:-(?:[0-9]+|var))?:(.+)", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_LEGAL = re.compile(r"(?:[!'()*+,.0-9:;=A-Z_a-z-]|%[0-9A-Fa-f]{2})*")
_TO_ESCAPE = re.compile(r"[\"#%&/<>?]")
_ANY = "*"


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How a URN scheme is made: its key, the digits of company prefix and reference, and what follows them.

    `indicator` is set where the first digit of the reference stands before the company prefix in the key. `tail` is the
    application identifier of what follows; `serial` says that it is a part of the key instead.
    """

    key: str
    digits: int
    fields: int
    indicator: bool = False
    tail: str = ""
    serial: bool = False


_SCHEMES: dict[str, _Scheme] = {
    "sgtin": _Scheme("01", 13, 3, indicator=True, tail="21"),
    "lgtin": _Scheme("01", 13, 3, indicator=True, tail="10"),
    "upui": _Scheme("01", 13, 3, indicator=True, tail="235"),
    "itip": _Scheme("8006", 13, 5, indicator=True, tail="21"),
    "sscc": _Scheme("00", 17, 2, indicator=True),
    "sgln": _Scheme("414", 12, 3, tail="254"),
    "pgln": _Scheme("417", 12, 2),
    "grai": _Scheme("8003", 12, 3, serial=True),
    "gdti": _Scheme("253", 12, 3, serial=True),
    "sgcn": _Scheme("255", 12, 3, serial=True),
    "gsrn": _Scheme("8018", 17, 2),
    "gsrnp": _Scheme("8017", 17, 2),
    "gsin": _Scheme("402", 16, 2),
    # Without a number of digits: characters, and no check digit.
    "giai": _Scheme("8004", 0, 2),
    "ginc": _Scheme("401", 0, 2),
    "cpi": _Scheme("8010", 0, 3, tail="8011"),
}
_BY_KEY = {scheme.key: name for name, scheme in _SCHEMES.items() if name not in ("lgtin", "upui")}
# Schemes for a key with a certain qualifier.
_BY_QUALIFIER = {("01", "235"): "upui", ("01", "10"): "lgtin"}


@dataclass(frozen=True, slots=True)
class EpcUrn:
    """An EPC URN, taken apart.

    Attributes:
        urn: the pure identity, lot class or pattern, spelled canonically.
        elements: the same as application identifiers; empty for the schemes that are no GS1 keys.
        company_digits: how many digits the company prefix has; 0 without one.
        scheme: 'sgtin', 'bic', …
        fields: what stands behind the scheme, unescaped.
        filter: what the tag says to skip, where the URN is one of a tag.
    """

    urn: str
    elements: Elements
    company_digits: int
    scheme: str
    fields: tuple[str, ...]
    filter: int | None = None


def parse(text: str) -> EpcUrn:
    """Read an EPC URN of the kinds id, class, idpat (with only its serial left open) or tag.

    Raises:
        Gs1Error: it is none, or has fields that are wrong.
    """
    match = _URN.fullmatch(text)
    if match is None:
        raise Gs1Error("an EPC URN is urn:epc:id:, a scheme, and its fields")
    kind, name, body = match[1].lower(), match[2].lower(), match[3]
    if _LEGAL.fullmatch(body) is None:
        raise Gs1Error("an EPC URN has a character that must be escaped")
    tag_filter: int | None = None
    if kind == "tag" and name != "gid":
        digits, _, body = body.partition(".")
        if not digits.isdigit() or len(digits) > 2:
            raise Gs1Error("a tag URN begins with a filter value")
        tag_filter = int(digits)
    if name in FOREIGN_SCHEMES:
        fields = tuple(map(_decode, body.split(".")))
        return EpcUrn(f"{PREFIX}id:{name}:{body}", (), 0, name, fields, tag_filter)
    scheme = _SCHEMES.get(name)
    if scheme is None:
        raise Gs1Error(f"there is no EPC scheme {name}")
    fields = tuple(map(_decode, body.split(".", scheme.fields - 1)))
    is_any = kind == "idpat" and fields[-1] == _ANY and (scheme.tail != "" or scheme.serial)
    if len(fields) != scheme.fields or (kind == "idpat" and not is_any) or (kind == "class") != (name == "lgtin"):
        raise Gs1Error(f"{kind}:{name} has {scheme.fields} fields, and is written otherwise")
    elements = _elements(scheme, fields[:-1] + (("",) if is_any else fields[-1:]))
    shown = "id" if kind == "tag" else kind
    spelled = ".".join(map(escaped, fields[:-1])) + "." + (_ANY if is_any else escaped(fields[-1]))
    return EpcUrn(f"{PREFIX}{shown}:{name}:{spelled}", elements, len(fields[0]), name, fields, tag_filter)


def write(path: Elements, company_digits: int) -> str:
    """The URN of a key and its qualifiers; of a class it is the pattern of its instances.

    Args:
        path: as a Digital Link has it; of several qualifiers the one that is the identity counts.
        company_digits: how many digits the company prefix has.

    Returns:
        The URN; empty where the standard has none for it.
    """
    (code, value), *qualifier = identity(path).path
    qualifier_code, tail = qualifier[0] if qualifier else ("", "")
    name = _BY_QUALIFIER.get((code, qualifier_code)) or _BY_KEY.get(code, "")
    scheme = _SCHEMES.get(name)
    if scheme is None or not COMPANY_DIGITS_MIN <= company_digits <= COMPANY_DIGITS_MAX:
        return ""
    if qualifier_code not in ("", scheme.tail):
        return ""
    fields = _fields(scheme, value, company_digits)
    if not fields:
        return ""
    kind = "class" if name == "lgtin" else "id"
    last: list[str] = []
    if scheme.tail or scheme.serial:
        tail = fields.pop() if scheme.serial else tail
        if scheme.tail == "254":
            if tail == "0":
                return ""  # in a URN 0 says that there is no extension
            tail = tail or "0"
        if not tail:
            kind = "idpat"
        last = [escaped(tail) or _ANY]
    return f"{PREFIX}{kind}:{name}:" + ".".join([*map(escaped, fields), *last])


def escaped(text: str) -> str:
    """A field as a URN has it."""
    return _TO_ESCAPE.sub(lambda character: f"%{ord(character[0]):02X}", text)


def _elements(scheme: _Scheme, fields: tuple[str, ...]) -> Elements:
    company, reference = fields[0], fields[1]
    if not COMPANY_DIGITS_MIN <= len(company) <= COMPANY_DIGITS_MAX or not company.isdigit():
        raise Gs1Error(f"a company prefix has {COMPANY_DIGITS_MIN} to {COMPANY_DIGITS_MAX} digits")
    if scheme.digits:
        if len(company) + len(reference) != scheme.digits or not (company + reference).isdigit():
            raise Gs1Error(f"company prefix and reference have {scheme.digits} digits together")
        body = reference[:1] + company + reference[1:] if scheme.indicator else company + reference
        value = body + check_digit(body)
    else:
        value = company + reference
    if scheme.key == "8003":
        value = "0" + value
    if scheme.key == "8006":
        value += fields[2] + fields[3]
    tail = fields[-1] if scheme.tail or scheme.serial else ""
    if scheme.serial:
        value += tail
        tail = ""
    elements: Elements = ((scheme.key, value),)
    if tail and not (scheme.tail == "254" and tail == "0"):
        elements += ((scheme.tail, tail),)
    for element in elements:
        require_value(*element)
    return elements


def _fields(scheme: _Scheme, value: str, company_digits: int) -> list[str]:
    """Company prefix, reference, and the parts of the key behind them; empty when the prefix does not fit."""
    if scheme.key == "8003":
        value = value[1:]
    if not scheme.digits:
        company, reference = value[:company_digits], value[company_digits:]
        return [company, reference] if reference and company.isdigit() and len(company) == company_digits else []
    body, rest = value[: scheme.digits], value[scheme.digits + 1 :]
    if scheme.indicator:
        company, reference = body[1 : company_digits + 1], body[0] + body[company_digits + 1 :]
    else:
        company, reference = body[:company_digits], body[company_digits:]
    if scheme.key == "8006":
        return [company, reference, rest[:2], rest[2:]]
    return [company, reference, rest] if scheme.serial else [company, reference]


def _decode(text: str) -> str:
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
