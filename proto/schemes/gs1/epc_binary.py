"""EPC binary encodings (GS1 EPC Tag Data Standard): the bits of an RFID tag, in hexadecimal, to EPC URNs and back.

The first eight bits name the layout; a partition value tells how the digits are shared between company prefix and reference. The
layouts with a "+" of version 2 (headers F0 to FB) carry element data in another way and are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.schemes.gs1 import epc_urn
from idis.proto.schemes.gs1.bits import BitReader, BitWriter
from idis.proto.schemes.gs1.elements import Gs1Error
from idis.proto.schemes.gs1.epc_urn import EpcUrn, escaped

WORD_BITS = 16  # tag memory is read in words
HEX_DIGITS_MIN = 24
HEX_DIGITS_MAX = 128

_HEX = re.compile(r"[0-9A-Fa-f]+")
_COMPANY_BITS = (40, 37, 34, 30, 27, 24, 20)  # by partition value; a company prefix of 12 digits less the value
_SIX_BIT = re.compile(r"[#/0-9A-Z-]*")


@dataclass(frozen=True, slots=True)
class _Layout:
    """One header: the bits and digits of company prefix and reference together, and how the last field is written.

    Endings: 'number' a number without leading zeros, 'digits' digits behind a one, 'text' 7-bit characters, '' no such field.
    Without `digits` the reference itself is a number ('number') or text and takes all bits that the prefix leaves.
    """

    scheme: str
    bits: int
    shared_bits: int
    digits: int
    ending: str = ""
    ending_bits: int = 0


_LAYOUTS: dict[int, _Layout] = {
    0x2C: _Layout("gdti", 96, 41, 12, "number", 41),
    0x2D: _Layout("gsrn", 96, 58, 17),
    0x2E: _Layout("gsrnp", 96, 58, 17),
    0x30: _Layout("sgtin", 96, 44, 13, "number", 38),
    0x31: _Layout("sscc", 96, 58, 17),
    0x32: _Layout("sgln", 96, 41, 12, "number", 41),
    0x33: _Layout("grai", 96, 44, 12, "number", 38),
    0x34: _Layout("giai", 96, 82, 0, "number"),
    0x36: _Layout("sgtin", 198, 44, 13, "text", 140),
    0x37: _Layout("grai", 170, 44, 12, "text", 112),
    0x38: _Layout("giai", 202, 188, 0, "text"),
    0x39: _Layout("sgln", 195, 41, 12, "text", 140),
    0x3A: _Layout("gdti", 113, 41, 12, "digits", 58),
    0x3C: _Layout("cpi", 96, 51, 0, "number", 31),
    0x3D: _Layout("cpi", 0, 0, 0, "number", 40),
    0x3E: _Layout("gdti", 174, 41, 12, "text", 119),
    0x3F: _Layout("sgcn", 96, 41, 12, "digits", 41),
    0x40: _Layout("itip", 110, 44, 13, "number", 38),
    0x41: _Layout("itip", 212, 44, 13, "text", 140),
}
_USDOD, _GID, _ADI, _CPI_VARIABLE = 0x2F, 0x35, 0x3B, 0x3D
_PIECE_BITS = 7
# Which headers to try for a scheme, shortest first; GDTI-113 is deprecated and only read.
_HEADERS: dict[str, tuple[int, ...]] = {
    "gdti": (0x2C, 0x3E),
    "gsrn": (0x2D,),
    "gsrnp": (0x2E,),
    "sgtin": (0x30, 0x36),
    "sscc": (0x31,),
    "sgln": (0x32, 0x39),
    "grai": (0x33, 0x37),
    "giai": (0x34, 0x38),
    "cpi": (0x3C, 0x3D),
    "sgcn": (0x3F,),
    "itip": (0x40, 0x41),
}


def is_header(first: int) -> bool:
    """Whether eight bits name a layout that is read here."""
    return first in _LAYOUTS or first in (_USDOD, _GID, _ADI)


def decode(text: str) -> EpcUrn:
    """Read the EPC memory of a tag, given in hexadecimal; bits behind the layout's length are padding.

    Raises:
        Gs1Error: not hexadecimal, a header unknown, or fields with more than their digits.
    """
    if not HEX_DIGITS_MIN <= len(text) <= HEX_DIGITS_MAX or len(text) % 2 or _HEX.fullmatch(text) is None:
        raise Gs1Error("an EPC is 24 hexadecimal digits or more, in octets")
    reader = BitReader(int(text, 16), 4 * len(text))
    header = reader.read(8)
    if not is_header(header):
        raise Gs1Error(f"{header:02X} is no header of an EPC")
    if header in (_USDOD, _GID, _ADI):
        return _foreign(header, reader)
    layout = _LAYOUTS[header]
    tag_filter = reader.read(3)
    partition = reader.read(3)
    if partition >= len(_COMPANY_BITS):
        raise Gs1Error(f"there is no partition value {partition}")
    company_digits = 12 - partition
    company = _digits(reader.read(_COMPANY_BITS[partition]), company_digits)
    fields = [company, *_read_reference(header, layout, reader, partition)]
    if layout.ending_bits:
        fields.append(_read_ending(layout, reader))
    elif not layout.ending and reader.read(layout.bits - (4 * len(text) - reader.remaining)):
        raise Gs1Error("bits that must be zero are set")
    _require_padding(reader)
    return epc_urn.parse(f"urn:epc:tag:{layout.scheme}:{tag_filter}." + ".".join(map(escaped, fields)))


def encode(urn: EpcUrn, tag_filter: int = 0) -> str:
    """The shortest encoding of an instance, in hexadecimal capitals, padded to words.

    Args:
        urn: what `epc_urn.parse` or `decode` gave.
        tag_filter: 0 to 7: what kind of thing carries the tag.

    Raises:
        Gs1Error: a scheme without a binary form, or a pattern.
    """
    headers = _HEADERS.get(urn.scheme, ())
    if not headers or ":idpat:" in urn.urn:
        raise Gs1Error(f"{urn.urn} has no binary form")
    for header in headers:
        writer = BitWriter()
        writer.write(header, 8)
        writer.write(tag_filter & 7, 3)
        if _write_fields(header, _LAYOUTS[header], writer, urn.fields):
            writer.pad(WORD_BITS)
            return f"{writer.number:0{writer.length // 4}X}"
    raise AssertionError(f"{urn.urn} fits no layout, though the longest holds all its key may have")


def _read_reference(header: int, layout: _Layout, reader: BitReader, partition: int) -> list[str]:
    if header == _CPI_VARIABLE:
        return [_six_bit(reader)]
    bits = layout.shared_bits - _COMPANY_BITS[partition]
    if not layout.digits:
        return [_seven_bit(reader, bits) if layout.ending == "text" else str(reader.read(bits))]
    reference = _digits(reader.read(bits), layout.digits - (12 - partition))
    if layout.scheme != "itip":
        return [reference]
    return [reference, _digits(reader.read(_PIECE_BITS), 2), _digits(reader.read(_PIECE_BITS), 2)]


def _read_ending(layout: _Layout, reader: BitReader) -> str:
    if layout.ending == "text":
        return _seven_bit(reader, layout.ending_bits)
    value = reader.read(layout.ending_bits)
    return _behind_one(value) if layout.ending == "digits" else str(value)


def _write_fields(header: int, layout: _Layout, writer: BitWriter, fields: tuple[str, ...]) -> bool:
    """Put partition and fields; false when one does not fit, whereupon another layout is to be tried."""
    company, reference = fields[0], fields[1]
    partition = 12 - len(company)
    writer.write(partition, 3)
    writer.write(int(company), _COMPANY_BITS[partition])
    if header == _CPI_VARIABLE:
        if _SIX_BIT.fullmatch(reference) is None:
            return False
        for character in reference:
            writer.write(ord(character) & 63, 6)
        writer.write(0, 6)
        return _put(writer, "number", 40, fields[2])
    bits = layout.shared_bits - _COMPANY_BITS[partition]
    if not layout.digits:
        if not _put(writer, "text" if layout.ending == "text" else "number", bits, reference):
            return False
        return not layout.ending_bits or _put(writer, "number", layout.ending_bits, fields[2])
    writer.write(int(reference or "0"), bits)
    if layout.scheme == "itip":
        writer.write(int(fields[2]), _PIECE_BITS)
        writer.write(int(fields[3]), _PIECE_BITS)
    if not layout.ending:
        writer.write(0, layout.bits - writer.length)
        return True
    return _put(writer, layout.ending, layout.ending_bits, fields[-1])


def _put(writer: BitWriter, ending: str, bits: int, text: str) -> bool:
    if ending == "text":
        if 7 * len(text) > bits:
            return False
        number = 0
        for character in text:
            number = number << 7 | ord(character)
        writer.write(number << (bits - 7 * len(text)), bits)
        return True
    if not text.isdigit() or (ending == "number" and text[0] == "0" and text != "0"):
        return False
    value = int("1" + text) if ending == "digits" else int(text)
    if value.bit_length() > bits:
        return False
    writer.write(value, bits)
    return True


def _digits(value: int, count: int) -> str:
    text = str(value).zfill(count) if count else ""
    if len(text) > count or (not count and value):
        raise Gs1Error(f"a field has more than {count} digits")
    return text


def _behind_one(value: int) -> str:
    text = str(value)
    if len(text) < 2 or text[0] != "1":
        raise Gs1Error("a string of digits does not begin with its one")
    return text[1:]


def _seven_bit(reader: BitReader, bits: int) -> str:
    number = reader.read(bits)
    if number & ((1 << bits % 7) - 1):
        raise Gs1Error("bits that must be zero are set")
    number >>= bits % 7
    octets = [number >> shift & 127 for shift in range(bits // 7 * 7 - 7, -1, -7)]
    text = "".join(map(chr, octets)).rstrip("\0")
    if "\0" in text or not text:
        raise Gs1Error("a text has characters behind its end, or none")
    return text


def _six_bit(reader: BitReader) -> str:
    text = ""
    while code := reader.read(6):
        text += _six_bit_character(code)
    return text


def _six_bit_character(code: int) -> str:
    # ASCII without its seventh bit: letters lie below 32, digits and signs above.
    return chr(code | 64 if code < 32 else code)


def _require_padding(reader: BitReader) -> None:
    if reader.remaining >= WORD_BITS and reader.rest():
        raise Gs1Error("there is more than the fields of an EPC")


def _foreign(header: int, reader: BitReader) -> EpcUrn:
    if header == _GID:
        body = f"{reader.read(28)}.{reader.read(24)}.{reader.read(36)}"
        return epc_urn.parse(f"urn:epc:tag:gid-96:{body}")
    if header == _USDOD:
        tag_filter = reader.read(4)
        cage = "".join(chr(reader.read(8)) for _ in range(6)).lstrip(" ")
        name, body = "usdod-96", f"{escaped(cage)}.{reader.read(36)}"
    else:
        tag_filter = reader.read(6)
        cage = "".join(_six_bit_character(reader.read(6)) for _ in range(6)).lstrip(" ")
        name, body = "adi-var", f"{escaped(cage)}.{escaped(_six_bit(reader))}.{escaped(_six_bit(reader))}"
    _require_padding(reader)
    return epc_urn.parse(f"urn:epc:tag:{name}:{tag_filter}.{body}")
