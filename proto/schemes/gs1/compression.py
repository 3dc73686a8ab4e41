"""Compressed GS1 Digital Links (compression standard 1.0): elements as bits, the bits as one path segment of base64url.

Nothing is lost: numbers have any size, decoded digits are padded to their stated length, and every link is expanded again before
it is given out. The reference toolkit loses leading zeros and integers beyond 2^53; where a value can be written so that it reads
it too, it is written so, and where not, a warning says it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from idis.proto.schemes.gs1.application_identifiers import LENGTH_BY_HEAD, TABLE, ApplicationIdentifier
from idis.proto.schemes.gs1.bits import BitReader, BitWriter
from idis.proto.schemes.gs1.digital_link import CANONICAL_STEM, DigitalLink, parse, write
from idis.proto.schemes.gs1.elements import ELEMENTS_MAX, Elements, Gs1Error

SEGMENT_CHARACTERS_MAX = 2048  # some 12,000 bits; longer than any link that fits a symbol
SEGMENT_CHARACTERS_MIN = 6  # the shortest key, a consignment number of four digits
EXACT_DIGITS_MAX = 15  # integers of so many digits survive a decoder that computes with doubles

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PLACE = {character: place for place, character in enumerate(_ALPHABET)}
_LINK = re.compile(
    r"(?P<stem>(?:https?|HTTPS?)://[A-Za-z0-9.:\[\]-]+(?:/[^?#]*)?)/(?P<segment>[A-Za-z0-9_-]+)/?(?P<rest>[?#].*)?",
)
_HOST = re.compile(r"https?://([^/?#]+)", re.IGNORECASE)
_FOREIGN = 15  # in place of the first digit of an application identifier
_FOREIGN_LENGTH_BITS = 7
_FOREIGN_KEY = re.compile(r"[A-Za-z0-9_-]{1,127}")

# The eight-bit codes for application identifiers that often go together. Members are written in ascending order of their text, as
# the reference toolkit does; where the standard lists them otherwise, reading tries that order too.
_CODES: dict[str, tuple[str, ...]] = {
    "1A": ("01", "10", "17", "21"),
    "1F": ("01", "10", "15"),
    "0A": ("01", "22"),
    "0B": ("01", "10"),
    "0C": ("01", "21"),
    "0D": ("01", "17"),
    "0E": ("01", "7003"),
    "0F": ("01", "30"),
    "1B": ("01", "15"),
    "1C": ("01", "11"),
    "1D": ("01", "16"),
    "1E": ("01", "91"),
    **{f"2{letter}": ("01", f"310{place}") for place, letter in enumerate("ABCDEF")},
    **{f"3{letter}": ("01", f"320{place}") for place, letter in enumerate("ABCDEF")},
    "9A": ("8010", "8011"),
    "9B": ("8017", "8019"),
    "9C": ("8018", "8019"),
    "9D": ("254", "414"),
    **{f"A{digit}": ("01", f"392{digit}") for digit in range(10)},
    **{f"C{digit}": ("255", f"390{digit}") for digit in range(10)},
    **{f"C{letter}": ("255", f"394{place}") for place, letter in enumerate("ABCD")},
}
_OTHER_ORDERS = {"1A": ("01", "10", "21", "17"), "9D": ("414", "254")}


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed link, and what decoders that follow the reference toolkit would read wrongly."""

    uri: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """A part of a value as the compression sees it: digits or any characters, of one length or up to one."""

    digits: bool
    length: int
    variable: bool


def compress(elements: Iterable[tuple[str, str]], *, stem: str = CANONICAL_STEM, others: Iterable[str] = ()) -> Compressed:
    """The compressed link of elements whose values are right.

    Args:
        elements: a primary key, its qualifiers and attributes.
        stem: scheme and host, with a path if wanted.
        others: further pieces of the query; those that the bits have no form for stay in the query.

    Raises:
        Gs1Error: the elements make no Digital Link.
    """
    plain = parse(write(elements, others=others))
    writer = BitWriter()
    warnings: list[str] = []
    values = dict(plain.elements)
    for code in _blocks(list(values)):
        _write_code(writer, code)
        if code in _OTHER_ORDERS:
            names = "), (".join(_CODES[code])
            warnings.append(f"({names}) stand in the order that the reference toolkit writes and does not read")
        for name in _CODES.get(code, (code,)):
            _write_value(writer, TABLE[name], values[name], warnings)
    kept = [piece for piece in plain.others if not _write_foreign(writer, piece)]
    writer.pad(6)
    segment = "".join(_ALPHABET[writer.number >> shift & 63] for shift in range(writer.length - 6, -1, -6))
    uri = f"{stem.rstrip('/')}/{segment}" + ("?" + "&".join(kept) if kept else "")
    expanded = expand(uri)
    assert expanded.path == plain.path
    assert (dict(expanded.elements), sorted(expanded.others)) == (values, sorted(plain.others))
    return Compressed(uri, tuple(warnings))


def expand(text: str) -> DigitalLink:
    """The Digital Link that a compressed URI stands for, with the same stem.

    Its key may stand before the segment in plain, `/01/06901234567892/` and the rest compressed.

    Raises:
        Gs1Error: it is none.
    """
    match = _LINK.fullmatch(text)
    if match is None or len(match["segment"]) > SEGMENT_CHARACTERS_MAX:
        raise Gs1Error("a compressed Digital Link ends in one segment of base64url")
    segment = match["segment"]
    stem, key = _plain_key(match["stem"])
    if not key and len(segment) < SEGMENT_CHARACTERS_MIN:
        raise Gs1Error("a segment too short for a compressed key")
    number = 0
    for character in segment:
        number = number << 6 | _PLACE[character]
    elements, others = _read(BitReader(number, 6 * len(segment)), key, ())
    query = (match["rest"] or "").partition("#")[0].removeprefix("?")
    return parse(write(elements, stem=stem, others=(*others, *filter(None, query.split("&")))))


def _plain_key(stem: str) -> tuple[str, Elements]:
    if stem.count("/") < 4:
        return stem, ()
    try:
        link = parse(stem)
    except Gs1Error:
        return stem, ()
    return link.stem, link.path


def host_of(text: str) -> str:
    """The host of a URI in small letters, with its port; empty when it is none."""
    match = _HOST.match(text)
    return match[1].lower() if match else ""


def _blocks(codes: list[str]) -> list[str]:
    """Codes for the elements: one that covers the most of them, and the others by themselves.

    The key comes first, so that it is told from another one among the attributes.
    """
    present = set(codes)
    fitting = [code for code, members in _CODES.items() if codes[0] in members and present.issuperset(members)]
    if not fitting:
        return codes
    best = max(fitting, key=lambda code: len(_CODES[code]))
    return [best, *(code for code in codes if code not in _CODES[best])]


def _write_code(writer: BitWriter, code: str) -> None:
    for digit in code:
        writer.write(int(digit, 16), 4)


def _write_value(writer: BitWriter, ai: ApplicationIdentifier, value: str, warnings: list[str]) -> None:
    at = 0
    for field in _fields(ai.code):
        part = value[at:] if field.variable else value[at : at + field.length]
        at += len(part)
        if field.digits:
            if field.variable:
                writer.write(len(part), field.length.bit_length())
            writer.write(int(part or "0"), _digit_bits(len(part)))
            if len(part.lstrip("0")) > EXACT_DIGITS_MAX or (field.variable and part[:1] == "0"):
                warnings.append(f"({ai.code}) {value} is not read exactly by decoders like the reference toolkit")
        else:
            length_bits = field.length.bit_length() if field.variable else 0
            _write_text(writer, part, length_bits)
    if len(_fields(ai.code)) > 1:
        warnings.append(f"({ai.code}) has two parts, which decoders like the reference toolkit do not join")


def _write_text(writer: BitWriter, text: str, length_bits: int) -> None:
    indicator = _indicator(text)
    writer.write(indicator, 3)
    if length_bits:
        writer.write(len(text), length_bits)
    if indicator == 0:
        writer.write(int(text or "0"), _digit_bits(len(text)))
        return
    for character in text:
        if indicator == 3:
            writer.write(_PLACE[character], 6)
        elif indicator == 4:
            writer.write(ord(character), 7)
        else:
            writer.write(int(character, 16), 4)


def _indicator(text: str) -> int:
    """How characters are written: 0 a number, 1 and 2 hexadecimal small and large, 3 base64url, 4 ASCII."""
    if text.isdigit() or not text:
        # Digits that an old decoder would lose go as hexadecimal, which it reads one by one.
        return 2 if text[:1] == "0" or len(text) > EXACT_DIGITS_MAX else 0
    characters = set(text)
    if characters.issubset("0123456789ABCDEF"):
        return 2
    if characters.issubset("0123456789abcdef"):
        return 1
    return 3 if characters.issubset(_PLACE) else 4


def _write_foreign(writer: BitWriter, piece: str) -> bool:
    key, equals, value = piece.partition("=")
    if not equals or not value or len(value) > 127 or _FOREIGN_KEY.fullmatch(key) is None:
        return False
    writer.write(_FOREIGN, 4)
    writer.write(len(key), _FOREIGN_LENGTH_BITS)
    for character in key:
        writer.write(_PLACE[character], 6)
    _write_text(writer, value, _FOREIGN_LENGTH_BITS)
    return True


def _read(reader: BitReader, elements: Elements, others: tuple[str, ...]) -> tuple[Elements, tuple[str, ...]]:
    """All blocks that are left, behind those read. Where a code has two orders, the first with which all fits."""
    while reader.remaining > 5:
        if len(elements) + len(others) >= ELEMENTS_MAX:
            raise Gs1Error(f"more than {ELEMENTS_MAX} elements")
        first = reader.read(4)
        if first == _FOREIGN:
            others += (_read_foreign(reader),)
            continue
        code = f"{first:X}{reader.read(4):X}"
        if code in _OTHER_ORDERS:
            try:
                return _read_members(reader.copy(), _CODES[code], elements, others)
            except Gs1Error:
                return _read_members(reader, _OTHER_ORDERS[code], elements, others)
        if code in _CODES:
            return _read_members(reader, _CODES[code], elements, others)
        code += "".join(str(reader.read(4)) for _ in range(LENGTH_BY_HEAD.get(code, 2) - 2))
        elements = _with(elements, code, reader)
    if reader.rest():
        raise Gs1Error("the bits at the end are not zero")
    return elements, others


def _read_members(
    reader: BitReader, codes: tuple[str, ...], elements: Elements, others: tuple[str, ...]
) -> tuple[Elements, tuple[str, ...]]:
    for code in codes:
        elements = _with(elements, code, reader)
    return _read(reader, elements, others)


def _with(elements: Elements, code: str, reader: BitReader) -> Elements:
    # Refused here and not at the end, so that codes with two orders cannot be tried more than once each.
    if any(name == code for name, _ in elements):
        raise Gs1Error(f"({code}) is given twice")
    return (*elements, (code, _read_value(reader, code)))


def _read_value(reader: BitReader, code: str) -> str:
    ai = TABLE.get(code)
    if ai is None:
        raise Gs1Error(f"there is no application identifier ({code})")
    value = ""
    for field in _fields(code):
        if field.digits:
            length = reader.read(field.length.bit_length()) if field.variable else field.length
            value += _read_digits(reader, length)
        else:
            indicator = reader.read(3)
            length = reader.read(field.length.bit_length()) if field.variable else field.length
            value += _read_text(reader, indicator, length)
    if problem := ai.problem(value):
        raise Gs1Error(f"({code}) {problem}")
    return value


def _read_foreign(reader: BitReader) -> str:
    key = "".join(_ALPHABET[reader.read(6)] for _ in range(reader.read(_FOREIGN_LENGTH_BITS)))
    indicator = reader.read(3)
    return f"{key}={_read_text(reader, indicator, reader.read(_FOREIGN_LENGTH_BITS))}"


def _read_text(reader: BitReader, indicator: int, length: int) -> str:
    match indicator:
        case 0:
            return _read_digits(reader, length)
        case 1:
            return "".join(f"{reader.read(4):x}" for _ in range(length))
        case 2:
            return "".join(f"{reader.read(4):X}" for _ in range(length))
        case 3:
            return "".join(_ALPHABET[reader.read(6)] for _ in range(length))
        case 4:
            return "".join(chr(reader.read(7)) for _ in range(length))
    raise Gs1Error(f"there is no way {indicator} to write characters")


def _read_digits(reader: BitReader, length: int) -> str:
    if not length:
        return ""
    digits = str(reader.read(_digit_bits(length))).zfill(length)
    if len(digits) > length:
        raise Gs1Error(f"a number has more than {length} digits")
    return digits


@cache
def _digit_bits(digits: int) -> int:
    """Bits for a number of so many digits, by the formula of the standard, which gives one too many at 59."""
    return math.ceil(digits * math.log2(10) + 0.01) if digits else 0


@cache
def _fields(code: str) -> tuple[_Field, ...]:
    """The components of a value joined to what the compression distinguishes: one kind of characters, one kind of length."""
    fields: list[_Field] = []
    for component in TABLE[code].components:
        digits = component.type == "N"
        variable = component.optional or component.length_min != component.length_max
        last = fields[-1] if fields else None
        if last is not None and _joins(last, digits, variable):
            fields[-1] = _Field(digits, last.length + component.length_max, variable)
        else:
            fields.append(_Field(digits, component.length_max, variable))
    return tuple(fields)


def _joins(last: _Field, digits: bool, variable: bool) -> bool:
    """Parts of one kind are one, but for digits of a fixed length before digits that may vary."""
    return last.digits == digits and (last.variable == variable or (variable and not digits))
