"""What others say about an identifier, as values of a record.

    a proxy of the Handle System     the values as they are, those that everybody may see
    a set of links (RFC 9264)        an IDIS.LINK for each link
    a DID document                   the document (DID.DOCUMENT), and a URL for each of its services
    NAPTR records                    a URL for each that ends in one, and the records as they are
    anything else                    the URL it was found at (URL), and what stands there, if that is text (CONTENT)

Nothing of it is believed further than that it is what a provider said: secrets, keys, rights and sites of others are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from idis.proto.dns.records import NAPTR, Rr, data_text, read_naptr
from idis.proto.errors import DataError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.types.fields import json_object
from idis.proto.types.link import LINK_TYPE, Link, decode_link, encode_link
from idis.proto.value import DEFAULT_PERMISSIONS, TTL_RELATIVE, Value
from idis.registry.loading.rest_rows import values_of_rest

DID_DOCUMENT_TYPE = "DID.DOCUMENT"
VALUES_MAX = 256  # of one answer; a resolver that tells more of one thing tells a list
CONTENT_BYTES_MAX = 65_536  # as large as a value may be
URL_BYTES_MAX = 2_048

_FOUND = 1  # responseCode of the Handle proxy
_ABSENT = (100, 200)
_OURS = ("HS_", "IDIS.")  # types that mean something to a node or its clients; from others they would be taken for ours
_KEPT = ("HS_ALIAS", LINK_TYPE)
_SUBSTITUTION = re.compile(rb"(.)\^\.\*\$\1(.+)\1i?", re.DOTALL)
_URL = re.compile(r"https?://[!-~]+")


class Unreadable(Exception):
    """What a provider said cannot be read; its text says why."""


def values_of_answer(url: str, content_type: str, body: bytes) -> tuple[Value, ...]:
    """What stands at a URL.

    Args:
        url: where it was found, after redirects.
        content_type: of the body, without parameters.
        body: within its bounds.

    Returns:
        None of them where the provider says that there is nothing.

    Raises:
        Unreadable: it is no answer.
    """
    document = _json(body) if content_type.endswith("json") else None
    if isinstance(document, Mapping):
        if "responseCode" in document:
            return _of_handle(document)
        if isinstance(document.get("linkset"), list):
            return _of_linkset(document["linkset"])
        if (found := _did_document(document)) is not None:
            return values_of_did_document(found)
    return _of_page(url, content_type, body)


def values_of_did_document(document: Mapping[str, object]) -> tuple[Value, ...]:
    """The document itself, and its services."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > CONTENT_BYTES_MAX:
        raise Unreadable(f"a DID document of {len(text)} octets, at most {CONTENT_BYTES_MAX}")
    services = document.get("service")
    places = (item.get("serviceEndpoint") for item in services if isinstance(item, Mapping)) if isinstance(services, list) else ()
    urls = [place for place in places if _is_url(place)]
    return _numbered([(DID_DOCUMENT_TYPE, text), *(("URL", str(url).encode()) for url in urls)])


def values_of_naptr(records: Iterable[Rr]) -> tuple[Value, ...]:
    """The records of a name, best first."""
    found = []
    for record in records:
        if record.type != NAPTR:
            continue
        try:
            order, preference, flags, _service, rule, _replacement = read_naptr(record.data)
            found.append((order, preference, flags.lower(), rule, data_text(record)))
        except ProtocolError:
            continue
    found.sort()
    matches = [_SUBSTITUTION.fullmatch(rule) for _, _, flags, rule, _ in found if flags == b"u"]
    urls = dict.fromkeys(match[2].decode("ascii", "replace") for match in matches if match is not None)
    kept = [("URL", url.encode()) for url in urls if _is_url(url)]
    return _numbered([*kept, *(("NAPTR", text.encode()) for *_, text in found)])


def redirected(url: str) -> tuple[Value, ...]:
    """Where to go, as the one value of an answer."""
    return _numbered([("URL", url.encode())])


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("it says that it is JSON, and is none") from None


def _of_handle(document: Mapping[str, object]) -> tuple[Value, ...]:
    code = document["responseCode"]
    if code in _ABSENT:
        return ()
    if code != _FOUND:
        raise Unreadable(f"it answered with the code {code!r:.20}")
    try:
        values = values_of_rest(document.get("values"))
    except DataError as error:
        raise Unreadable(str(error)) from None
    shown = [value for value in values if value.public and _is_plain(value)]
    return tuple(replace(value, ttl_type=TTL_RELATIVE, references=()) for value in shown[:VALUES_MAX])


def _is_plain(value: Value) -> bool:
    name = fold(value.type)
    return name in _KEPT or not name.startswith(_OURS)


def _of_linkset(contexts: Sequence[object]) -> tuple[Value, ...]:
    """The links of every level, each once."""
    links = []
    for context in contexts:
        if not isinstance(context, Mapping):
            continue
        for relation, targets in context.items():
            if relation == "anchor" or not isinstance(targets, list):
                continue
            links += [link for target in targets if (link := _link(str(relation), target)) is not None]
    return _numbered([(LINK_TYPE, octets) for octets in dict.fromkeys(links)])


def _link(relation: str, target: object) -> bytes | None:
    """One link in our form; None for what is no link, or one of a form that ours cannot say."""
    try:
        fields = json_object(target, "a link")
        href, title = str(fields.get("href", "")), str(fields.get("title") or relation)
        languages = fields.get("hreflang")
        link = Link(
            relation,
            href,
            title[:255],
            media_type=str(fields.get("type") or ""),
            languages=tuple(map(str, languages)) if isinstance(languages, list) else (),
        )
        octets = encode_link(link)
        decode_link(octets)
    except (DataError, UnicodeEncodeError):
        return None
    return octets


def _did_document(document: Mapping[str, object]) -> Mapping[str, object] | None:
    inner = document.get("didDocument", document)
    if not isinstance(inner, Mapping):
        return None
    return inner if str(inner.get("id", "")).startswith("did:") else None


def _of_page(url: str, content_type: str, body: bytes) -> tuple[Value, ...]:
    found = [("URL", url.encode())]
    is_text = content_type.startswith("text/") or content_type.endswith(("json", "xml"))
    if is_text and 0 < len(body) <= CONTENT_BYTES_MAX and not content_type.endswith("html"):
        found.append(("CONTENT", body))
    return _numbered(found)


def _is_url(text: object) -> bool:
    return isinstance(text, str) and len(text) <= URL_BYTES_MAX and _URL.fullmatch(text) is not None


def _numbered(found: Sequence[tuple[str, bytes]]) -> tuple[Value, ...]:
    return tuple(
        Value(index, name, data, permissions=int(DEFAULT_PERMISSIONS)) for index, (name, data) in enumerate(found[:VALUES_MAX], 1)
    )
