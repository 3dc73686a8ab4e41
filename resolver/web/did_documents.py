"""`GET /1.0/identifiers/{did}`: this node as a resolver of DIDs (DID Resolution, HTTP binding).

Whoever asks for a document by its media type gets the document alone; everybody else the result with its metadata.
"""

from __future__ import annotations

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.outcome import Answer, NotFound, NoValues, Refused, outcome_code
from idis.proto.schemes import did
from idis.proto.succession import succession_of
from idis.proto.types.successor import SuccessionKind
from idis.resolver.foreign.did_rendering import document_of
from idis.resolver.foreign.resolving import Resolution, resolve
from idis.resolver.web.answer_json import json_text
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import status_of
from idis.resolver.web.links.preferences import read_accept
from idis.resolver.web.parameters import BadParameter
from idis.resolver.web.paths import rest_of
from idis.resolver.web.peer import peer_of

DID_PATH = "/1.0/identifiers/"

_DOCUMENTS = ("application/did+ld+json", "application/did+json", "application/did")
_RESULT = "application/did-resolution"
_RETRY_AFTER_S = "1"


class DidDocuments:
    """Answers for DIDs."""

    def __init__(self, face: Face) -> None:
        self._face = face

    async def get(self, request: web.Request) -> web.Response:
        """One DID."""
        chain = self._face.service.chain
        if chain.limit(peer_of(request), chain.clock.monotonic()) is not None:
            return _result(request, None, {"error": "busy"}, 503)
        try:
            text = rest_of(request, DID_PATH)
        except BadParameter as error:
            return _result(request, None, {"error": "invalidDid", "message": str(error)}, 400)
        reading = did.recognise(text)
        if reading is None or not reading.ok:
            return _result(request, None, {"error": "invalidDid"}, 400)
        try:
            found = await resolve(chain, reading.canonical)
        except IdentifierError as error:
            return _result(request, None, {"error": "invalidDid", "message": str(error)}, 400)
        return _answered(request, reading.canonical, found)


def _answered(request: web.Request, canonical: str, found: Resolution) -> web.Response:
    match found.outcome:
        case Answer() | NoValues():
            succession = succession_of(found.values)
            gone = succession is not None and succession.kind is SuccessionKind.WITHDRAWN
            known = [f"hdl:{found.handle}"] if found.handle else []
            document = document_of(canonical, found.values, known)
            return _result(request, document, {}, 410 if gone else 200, deactivated=gone)
        case NotFound():
            return _result(request, None, {"error": "notFound"}, 404)
        case Refused(code=ResponseCode.SERVER_NOT_RESPONSIBLE, message=message):
            return _result(request, None, {"error": "notFound", "message": message}, 404)
        case Refused(code=ResponseCode.INVALID_HANDLE, message=message):
            return _result(request, None, {"error": "invalidDid", "message": message}, 400)
        case Refused(code=code, message=message):
            return _result(request, None, {"error": "internalError", "message": message}, status_of(code))
        case outcome:
            return _result(request, None, {"error": "notFound"}, status_of(outcome_code(outcome)))


def _result(
    request: web.Request, document: object, metadata: dict[str, object], status: int, *, deactivated: bool = False
) -> web.Response:
    """The document alone for whoever wants its media type most; else the whole result."""
    accepts = read_accept(request.headers.get("Accept", ""))
    wanted = next((kind for kind in _DOCUMENTS if accepts.prefers(kind)), "")
    headers = {"Access-Control-Allow-Origin": "*"}
    if status == 503:
        headers["Retry-After"] = _RETRY_AFTER_S
    if wanted and isinstance(document, dict):
        return web.Response(text=json_text(document), status=status, content_type=wanted, headers=headers)
    if document is not None:
        metadata = {"contentType": _DOCUMENTS[0], **metadata}
    result = {
        "didDocument": document,
        "didResolutionMetadata": metadata,
        "didDocumentMetadata": {"deactivated": True} if deactivated else {},
    }
    return web.Response(text=json_text(result), status=status, content_type=_RESULT, headers=headers)
