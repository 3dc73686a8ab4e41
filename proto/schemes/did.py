"""Decentralized identifiers (W3C DID 1.0): `did:cn:88.100.1`; the grammars of the methods we know are tested.

Path, query and fragment of a DID URL are not identity. A `did:cn` has the numbers of a Handle prefix and is routed by
it, as is the Handle inside the contract form of `did:vaa`; every other method by its name (`identifiers.md` §3.5).
"""

from __future__ import annotations

import re

from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.schemes import handle
from idis.proto.schemes.recognised import Check, Confidence, Granularity, Recognised, RouteKey

SCHEME = "did"
ROUTE = "DID"

_SHAPE = re.compile(r"did:([a-z0-9]+):([^/?#\s]+)", re.IGNORECASE | re.ASCII)
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2}|:)+")
_REST = re.compile(r"[!-~]*")
_BASE58 = "1-9A-HJ-NP-Za-km-z"
_VAA_CONTRACT = re.compile(r"did:vaa:(IDcontract[0-9]+):(.+/[^?#\s]+)", re.IGNORECASE | re.ASCII)

_METHODS = {
    "cn": re.compile(r"[0-9]{2}\.[0-9]{3,5}\.[0-9]{1,128}"),
    "vaa": re.compile(rf"[{_BASE58}]{{27,31}}"),
    "bid": re.compile(r"(?:[0-9a-z]{4}:)?[zes][fst][0-9A-Za-z]{20,40}"),
    "web": re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+(?:%3A[0-9]{1,5})?(?::[^:]+)*", re.IGNORECASE | re.ASCII),
    "key": re.compile(rf"z[{_BASE58}]+"),
    "jwk": re.compile(r"[A-Za-z0-9_-]+"),
}


def recognise(text: str) -> Recognised | None:
    """Read a DID or a DID URL; what follows the DID becomes attributes."""
    if len(text) > IDENTIFIER_BYTES_MAX:
        return None
    if (contract := _VAA_CONTRACT.fullmatch(text)) is not None:
        return _of_contract(contract[1], contract[2])
    match = _SHAPE.match(text)
    if match is None:
        return None
    method, specific, rest = match[1].lower(), match[2], text[match.end() :]
    if _CHARACTERS.fullmatch(specific) is None or specific.endswith(":") or _REST.fullmatch(rest) is None:
        return None
    canonical = f"did:{method}:{specific}"
    grammar = _METHODS.get(method)
    route = RouteKey(handle.ROUTE, specific) if method == "cn" else RouteKey(ROUTE, method)
    checks = () if grammar is None else (Check(f"grammar of did:{method}", grammar.fullmatch(specific) is not None),)
    return Recognised(
        SCHEME,
        canonical,
        canonical,
        Granularity.UNKNOWN,
        Confidence.CERTAIN,
        "it begins with did: and a method",
        (canonical,),
        route,
        checks,
        _parts(rest),
        () if not checks or checks[0].ok else (f"the method did:{method} is written otherwise",),
        uri=canonical,
    )


def _of_contract(contract: str, inner: str) -> Recognised | None:
    """`did:vaa:IDcontract1:86.100.1234/abc`: the slash belongs to the Handle that is in it."""
    named = handle.recognise(inner)
    if named is None or named.route is None:
        return None
    canonical = f"did:vaa:{contract}:{inner}"
    return Recognised(
        SCHEME,
        canonical,
        canonical,
        named.granularity,
        Confidence.CERTAIN,
        "the contract form of did:vaa, which holds a handle",
        (canonical,),
        named.route,
        (Check("grammar of did:vaa", True),),
        (("handle", named.canonical),),
        uri=canonical,
    )


def _parts(rest: str) -> tuple[tuple[str, str], ...]:
    if not rest:
        return ()
    body, _, fragment = rest.partition("#")
    path, _, query = body.partition("?")
    return tuple((name, value) for name, value in (("path", path), ("query", query), ("fragment", fragment)) if value)
