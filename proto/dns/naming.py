"""Identifiers as domain names, and back (`identifiers.md` §8).

Below the zone of a deployment stand the labels of a prefix, reversed; an item stands below the label `_` of its prefix:

    88.118.8            8.118.88.ZONE
    88.118.8/A1.x       a1_2ex._.8.118.88.ZONE

In a label small letters, digits and '-' stand for themselves; every other octet of the UTF-8 text is `_` and two
hexadecimal digits. DNS compares letters without case, so a letter read is a small one; a capital letter is spelled
`_41`, or as its small one where the prefix folds its suffixes, which is nearly everywhere. A suffix longer than a label is
cut; only the first label may be short, so a name whose first label is full may be the tail of a longer one.

Labels that begin with `_` and no hexadecimal digits belong to DNS: `_hdl-srv._tcp` in front of a prefix asks where it is
answered, `_s1` is its first server.

Outside the zone: ONS 2.0 and ONS 1 names of GS1 keys, and ORS names of OIDs (X.672). They give the key within its scheme.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.dns.name import LABEL_BYTES_MAX, Labels, below, write_name
from idis.proto.errors import DataError, IdentifierError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, Identifier, ascii_lower, parse_identifier
from idis.proto.schemes.mod10 import check_digit

GS1_HEAD, OID_HEAD = "gs1:", "urn:oid:"  # in front of the keys below, where a text must tell its scheme

ITEM = b"_"  # stands between an item and its prefix
FULL_LABEL_BYTES = LABEL_BYTES_MAX - 2  # an escape is never cut

ONS_KEY_TYPES = {  # key type of ONS 2.0 → (application identifier, what stands before the key, digits with the check digit)
    "gtin": ("01", "", 14),
    "sscc": ("00", "", 18),
    "gln": ("414", "", 13),
    "grai": ("8003", "0", 13),
    "gsrn": ("8018", "", 18),
    "gdti": ("253", "", 13),
    "gsin": ("402", "", 17),
    "gcn": ("255", "", 13),
    "giai": ("8004", "", 0),  # without a check digit, of any length
    "ginc": ("401", "", 0),
    "cpid": ("8010", "", 0),
}
ARCS_MAX = 32  # of an OID in a name; more do not fit into most names anyway

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-")
_EASY = re.compile(rf"[a-z0-9-]{{1,{LABEL_BYTES_MAX}}}")
_ESCAPE = re.compile(rb"_([0-9a-f]{2})|([^_])", re.DOTALL)
_WELL_FORMED = re.compile(rb"(?:_[0-9a-f]{2}|[^_])+", re.DOTALL)
_DIGITS = re.compile(rb"[0-9]+")
_ARC = re.compile(rb"0|[1-9][0-9]{0,38}")
_SERVER = re.compile(rb"_s([1-9][0-9]{0,3})")
_TRANSPORTS = {b"_tcp": "tcp", b"_udp": "udp"}
SERVICES = {b"_hdl-srv": "hdl-srv", b"_http": "http", b"_https": "https"}


@dataclass(frozen=True, slots=True)
class ItemName:
    """The name of an identifier with a suffix; `may_be_tail` when longer names may stand below it."""

    identifier: Identifier
    may_be_tail: bool


@dataclass(frozen=True, slots=True)
class PrefixName:
    """The name of a prefix; `bare` is false for a name that only stands between others: `_.8.118.88`, `_tcp.8.118.88`."""

    prefix: str
    bare: bool = True


@dataclass(frozen=True, slots=True)
class ServiceName:
    """`_hdl-srv._tcp` of a prefix: service and transport, without their underscores."""

    prefix: str
    service: str
    transport: str


@dataclass(frozen=True, slots=True)
class ServerName:
    """`_s1` of a prefix: the address of its first server."""

    prefix: str
    number: int


@dataclass(frozen=True, slots=True)
class Apex:
    """The zone itself."""


Place = Apex | ItemName | PrefixName | ServiceName | ServerName


def name_of(identifier: Identifier, zone: Labels, *, folds: bool = True) -> Labels:
    """The domain name of an identifier, without capital letters.

    Args:
        identifier: of this deployment.
        zone: of the deployment.
        folds: whether its prefix compares suffixes without case; small letters stand for capital ones then.

    Raises:
        DataError: it has no name, because it would be too long.
    """
    prefix = tuple(_escaped(label.lower()) for label in reversed(identifier.prefix.split(".")))
    if any(len(label) != 1 for label in prefix):
        raise DataError(f"a label of the prefix {identifier.prefix} is too long for a domain name")
    item: Labels = ()
    if identifier.suffix is not None:
        suffix = ascii_lower(identifier.suffix) if folds else identifier.suffix
        item = (*_escaped(suffix), ITEM)
    name = (*item, *(label[0] for label in prefix), *zone)
    write_name(name)
    return name


def place_of(labels: Labels) -> Place | None:
    """What a name below the zone means: its labels in front of the zone, lowered. None when no name is spelled so."""
    if not labels:
        return Apex()
    if ITEM in labels:
        cut = labels.index(ITEM)
        prefix = _prefix_of(labels[cut + 1 :])
        if prefix is None or cut == 0:
            return None if prefix is None else PrefixName(prefix, bare=False)
        return _item_of(prefix, labels[:cut])
    first = labels[0]
    if first in _TRANSPORTS:
        prefix = _prefix_of(labels[1:])
        return None if prefix is None else PrefixName(prefix, bare=False)
    if first in SERVICES and len(labels) > 1 and labels[1] in _TRANSPORTS:
        prefix = _prefix_of(labels[2:])
        return None if prefix is None else ServiceName(prefix, SERVICES[first], _TRANSPORTS[labels[1]])
    if number := _SERVER.fullmatch(first):
        prefix = _prefix_of(labels[1:])
        return None if prefix is None else ServerName(prefix, int(number[1]))
    prefix = _prefix_of(labels)
    return None if prefix is None else PrefixName(prefix)


def gs1_text(labels: Labels, root: Labels) -> str | None:
    """The GS1 key an ONS 2.0 name asks for, as `AI/key`; None when the name is none below the root.

    The name lacks the check digit, which is computed; the first digit stands in front of the reversed others.
    """
    front = below(labels, root)
    if front is None or len(front) < 3 or not all(len(digit) == 1 and digit.isdigit() for digit in front[:-1]):
        return None
    known = ONS_KEY_TYPES.get(front[-1].decode("ascii", "replace"))
    if known is None:
        return None
    ai, lead, size = known
    digits = b"".join(front[:-1]).decode()
    key = digits[0] + digits[:0:-1]
    if not size:
        return f"{ai}/{lead}{key}"
    if ai == "01":
        key = key.rjust(size - 1, "0")
    return f"{ai}/{lead}{key}{check_digit(key)}" if len(key) == size - 1 else None


def ons1_text(labels: Labels, root: Labels) -> str | None:
    """The GTIN an ONS 1 name asks for: `item.company.sgtin.ROOT`; None when the name is none."""
    front = below(labels, root)
    if front is None or len(front) != 3 or front[2] not in (b"sgtin", b"gtin"):
        return None
    item, company = front[0], front[1]
    if not (_DIGITS.fullmatch(item) and _DIGITS.fullmatch(company)) or len(item) + len(company) != 13:
        return None
    key = (item[:1] + company + item[1:]).decode()
    return f"01/{key}{check_digit(key)}"


def oid_text(labels: Labels, root: Labels) -> str | None:
    """The OID an ORS name asks for, as numbers; None when the name is none below the root."""
    front = below(labels, root)
    if not front or len(front) > ARCS_MAX or not all(map(_ARC.fullmatch, front)):
        return None
    return b".".join(reversed(front)).decode()


def oid_name(dotted: str, root: Labels) -> Labels:
    """The ORS name of an OID in numbers (X.672 §7)."""
    return (*reversed(tuple(arc.encode("ascii") for arc in dotted.split("."))), *root)


def gtin_name(gtin: str, root: Labels) -> Labels:
    """The ONS 2.0 name of a GTIN, padded to fourteen digits."""
    return _key_name(gtin.rjust(14, "0")[:-1], "gtin", root)


def gs1_name(ai: str, key: str, root: Labels) -> Labels | None:
    """The ONS 2.0 name of a GS1 key with its check digit, the reverse of `gs1_text`; None for keys without such names."""
    for kind, (known, lead, size) in ONS_KEY_TYPES.items():
        body = key[len(lead) :]
        if known == ai and key.startswith(lead) and body.isascii() and body.isdigit() and len(body) >= max(size, 2):
            return _key_name(body[: size - 1] if size else body, kind, root)
    return None


def _key_name(digits: str, kind: str, root: Labels) -> Labels:
    octets = digits.encode("ascii")
    return (octets[:1], *(bytes((digit,)) for digit in reversed(octets[1:])), kind.encode("ascii"), *root)


def _escaped(text: str) -> Labels:
    """Labels that spell a text, all full but the first."""
    if _EASY.fullmatch(text):  # most are
        return (text.encode("ascii"),)
    pieces = [bytes((octet,)) if octet in _PLAIN else b"_%02x" % octet for octet in text.encode("utf-8")]
    labels: list[bytes] = []
    label = b""
    for piece in reversed(pieces):
        if len(piece) + len(label) > LABEL_BYTES_MAX:
            labels.append(label)
            label = b""
        label = piece + label
    labels.append(label)
    return tuple(reversed(labels))


def _spelled(labels: Labels) -> str | None:
    octets = bytearray()
    for label in labels:
        if _WELL_FORMED.fullmatch(label) is None:
            return None
        for escaped, plain in _ESCAPE.findall(label):
            octets += bytes.fromhex(escaped.decode()) if escaped else plain
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _prefix_of(labels: Labels) -> str | None:
    spelled = [_spelled((label,)) for label in reversed(labels)]
    if not spelled or any(not label or "." in label for label in spelled):
        return None
    try:
        found = parse_identifier(".".join(label for label in spelled if label))
    except IdentifierError:
        return None
    return found.folded_prefix if found.names_prefix and len(found.prefix) < IDENTIFIER_BYTES_MAX else None


def _item_of(prefix: str, labels: Labels) -> ItemName | PrefixName | None:
    suffix = _spelled(labels)
    if suffix is None:
        return None
    try:
        identifier = parse_identifier(f"{prefix}/{suffix}")
    except IdentifierError:
        return None
    if identifier.names_prefix:  # `1._.na.0` is the prefix handle 0.NA/1
        return PrefixName(identifier.folded_prefix)
    return ItemName(identifier, len(labels[0]) >= FULL_LABEL_BYTES)
