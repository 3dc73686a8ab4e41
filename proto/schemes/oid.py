"""Object identifiers (X.660, ISO/IEC 9834-1): `1.2.156.10197.1.301`, `urn:oid:…`, and as an IRI, `/ISO/Member-Body/156`.

An IRI is turned into numbers where all its names are known; else it is kept as given. Every arc is a level of the
hierarchy (`identifiers.md` §3.3).
"""

from __future__ import annotations

import re

from idis.proto.identifier import IDENTIFIER_BYTES_MAX, ancestors
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "oid"
ROUTE = "OID"

ARCS_MAX = 128  # the limit of common ASN.1 libraries; bounds the walk upwards

_SHAPE = re.compile(r"(?:[01]\.[1-3]?[0-9]|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))*")
_LABEL = re.compile(r"(?:urn:oid:|oid:)", re.IGNORECASE | re.ASCII)
_IRI = re.compile(r"(?:/[^\s/\x00-\x1f\x7f-\x9f\ud800-\udfff]+){2,}")
_NUMBER = re.compile(r"0|[1-9][0-9]*")

# Unicode labels of arcs near the root (X.660 annex A); those of one label alone are long arcs.
_ROOTS = {"ITU-T": "0", "ISO": "1", "JOINT-ISO-ITU-T": "2"}
_LONG_ARCS = {"COUNTRY": "2.16", "UUID": "2.25", "TAG-BASED": "2.27", "BIP": "2.41", "ALERTING": "2.49", "EXAMPLE": "2.999"}
_BELOW = {
    "0": {"RECOMMENDATION": "0.0", "ADMINISTRATION": "0.2", "NETWORK-OPERATOR": "0.3", "IDENTIFIED-ORGANIZATION": "0.4"},
    "1": {"STANDARD": "1.0", "REGISTRATION-AUTHORITY": "1.1", "MEMBER-BODY": "1.2", "IDENTIFIED-ORGANIZATION": "1.3"},
    "2": _LONG_ARCS,
    "1.2": {"CN": "1.2.156"},
    "2.16": {"CN": "2.16.156"},
}


def recognise(text: str) -> Recognised | None:
    """Read an OID in any of its spellings; two arcs are enough here."""
    label = _LABEL.match(text)
    body = text if label is None else text[label.end() :]
    if len(body) > IDENTIFIER_BYTES_MAX:
        return None
    if body.startswith("/"):
        return _of_iri(body)
    return _of_numbers(body, "numbers with dots, the first 0, 1 or 2" if label is None else "labelled as an OID")


def _of_numbers(dotted: str, why: str) -> Recognised | None:
    if _SHAPE.fullmatch(dotted) is None or dotted.count(".") >= ARCS_MAX:
        return None
    levels = tuple(ancestors(dotted)[:-1])  # down to two arcs
    route = RouteKey(ROUTE, dotted)
    return Recognised(
        SCHEME, dotted, dotted, Granularity.UNKNOWN, Confidence.CERTAIN, why, levels, route, uri=f"urn:oid:{dotted}"
    )


def _of_iri(iri: str) -> Recognised | None:
    if _IRI.fullmatch(iri) is None:
        return None
    labels = iri[1:].split("/")
    arc = _ROOTS.get(labels[0].upper()) or _LONG_ARCS.get(labels[0].upper())
    if arc is None or len(labels) > ARCS_MAX:
        return None  # any path looks like this
    for label in labels[1:]:
        if _NUMBER.fullmatch(label):
            arc = f"{arc}.{label}"
        elif (below := _BELOW.get(arc, {}).get(label.upper())) is not None:
            arc = below
        else:
            warning = f"the arc {label} is not known by its number"
            return Recognised(
                SCHEME, iri, iri, Granularity.UNKNOWN, Confidence.LIKELY, "an OID as an IRI",
                (iri,), warnings=(warning,), uri=f"oid:{iri}",
            )  # fmt: skip
    return _of_numbers(arc, "an OID as an IRI")
