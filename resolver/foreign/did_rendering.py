"""A record as a DID document (W3C DID Core 1.0): what a resolver of DIDs answers for did:cn and for every DID that has a record.

Its keys become verification methods, its URLs and sites services; a document that is a value is the answer as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from idis.proto.errors import ProtocolError
from idis.proto.identifier import fold
from idis.proto.types.site import HTTP, HTTPS, TCP, UDP, decode_site
from idis.proto.types.table import describe
from idis.proto.value import Value
from idis.resolver.foreign.shown import DID_DOCUMENT_TYPE
from idis.resolver.recursion.target import peer_name

_CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"]
_SCHEMES = {TCP: "hdl", UDP: "hdl", HTTP: "http", HTTPS: "https"}


def document_of(did: str, values: Sequence[Value], also_known_as: Sequence[str] = ()) -> Mapping[str, object]:
    """The document of a DID.

    Args:
        did: the DID, without path, query and fragment.
        values: of its record, those that everybody may see.
        also_known_as: URIs of the same subject.
    """
    for value in values:
        if value.type == DID_DOCUMENT_TYPE and (document := _document(value.data)) is not None:
            return document
    keys = [method for value in values if (method := _method(did, value)) is not None]
    services = [service for value in values for service in _services(did, value)]
    made: dict[str, object] = {"@context": _CONTEXT, "id": did}
    if also_known_as:
        made["alsoKnownAs"] = list(also_known_as)
    if keys:
        made["verificationMethod"] = keys
        made["assertionMethod"] = [key["id"] for key in keys]
    if services:
        made["service"] = services
    return made


def _document(octets: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _method(did: str, value: Value) -> Mapping[str, object] | None:
    if fold(value.type) != "HS_PUBKEY":
        return None
    shown = describe(value.type, value.data)
    if shown["format"] != "key":
        return None
    name = f"{did}#key-{value.index}"
    return {"id": name, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": shown["value"]}


def _services(did: str, value: Value) -> Iterable[Mapping[str, object]]:
    name = fold(value.type)
    if name == "URL" or name.startswith("URL."):
        yield {"id": f"{did}#value-{value.index}", "type": "URL", "serviceEndpoint": value.text}
    elif name in ("HS_SITE", "HS_SITE.6"):
        try:
            site = decode_site(value.data)
        except ProtocolError:
            return
        places = dict.fromkeys(
            f"{_SCHEMES[way.protocol]}://{peer_name(server.address, way.port)}"
            for server in site.servers
            for way in server.interfaces
            if way.protocol in _SCHEMES
        )
        for number, place in enumerate(places, 1):
            yield {"id": f"{did}#value-{value.index}-{number}", "type": "HandleSite", "serviceEndpoint": place}
