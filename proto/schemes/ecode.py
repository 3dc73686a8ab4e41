"""Ecode (GB/T 31866): version, coding system (NSI) and main code, `ecode:1.20.3001…`.

Digits alone cannot be told from a trade item number, so a code is claimed only with its label. Where version, NSI and
main code are not divided by dots, the lengths of the NSI come from a table that the operator fills in: the standard's
are not at hand (`identifiers.md` §3.4). Version 0 holds a GS1 code unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "ecode"
ROUTE = "Ecode"
VERSION_GS1 = "0"

NO_LENGTHS: Mapping[str, int] = {}

_LABEL = re.compile(r"ecode[:=]\s?", re.IGNORECASE | re.ASCII)
_DIVIDED = re.compile(r"([0-9A-Za-z])\.([0-9A-Za-z]{1,16})\.([!-~]+)")
_JOINED = re.compile(r"[0-9A-Za-z][!-\-/-~]+")  # no dots


def recognise(text: str, nsi_lengths: Mapping[str, int] = NO_LENGTHS) -> Recognised | None:
    """Read a labelled Ecode.

    Args:
        text: with its label, `ecode:` or `Ecode=`.
        nsi_lengths: version → characters of its NSI, for codes without dots.
    """
    label = _LABEL.match(text)
    if label is None or len(text) > IDENTIFIER_BYTES_MAX:
        return None
    body = text[label.end() :]
    match = _DIVIDED.fullmatch(body)
    if match is not None:
        return _of_parts(*match.groups())
    if _JOINED.fullmatch(body) is None:
        return None
    length = nsi_lengths.get(body[0], 0)
    if 0 < length < len(body) - 1:
        return _of_parts(body[0], body[1 : 1 + length], body[1 + length :])
    canonical = f"ecode:{body}"
    warning = f"where the NSI of version {body[0]} ends is not known here, so the code is not routed"
    why = "labelled as an Ecode"
    return Recognised(
        SCHEME, canonical, canonical, Granularity.UNKNOWN, Confidence.CERTAIN, why, (canonical,), warnings=(warning,)
    )


def main_code(canonical: str) -> str:
    """The MD of a canonical Ecode; empty where its parts are not known."""
    parts = canonical.removeprefix("ecode:").split(".", 2)
    return parts[2] if len(parts) == 3 else ""


def _of_parts(version: str, nsi: str, md: str) -> Recognised:
    canonical = f"ecode:{version}.{nsi}.{md}"
    namespace = f"ecode:{version}.{nsi}"
    return Recognised(
        SCHEME, canonical, canonical, Granularity.UNKNOWN, Confidence.CERTAIN, "labelled as an Ecode",
        (canonical, namespace), RouteKey(ROUTE, f"{version}.{nsi}"),
    )  # fmt: skip
