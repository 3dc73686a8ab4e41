"""`GET /PREFIX/SUFFIX` of a person: the question is asked as any other, and what it comes to becomes a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote_to_bytes

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Answer, NotFound, NoValues, Referral, Refused
from idis.proto.types.site import HTTP, HTTPS
from idis.proto.value import Value, decode_values
from idis.registry.authority import responsible_entry
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.registration.values import sites_in
from idis.resolver.address import path_of
from idis.resolver.foreign.finding import surroundings_of
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Peer, Settled
from idis.resolver.web.face import Face
from idis.resolver.web.landing.asked import UNSAID, Asked, Unreadable, read_path
from idis.resolver.web.landing.asking import Questions, outcome_of
from idis.resolver.web.landing.language import NO_WORDS, Reader, reader_of
from idis.resolver.web.landing.page import landing_page
from idis.resolver.web.landing.proving import Prover, trusted_keys
from idis.resolver.web.landing.showing import Registered, holders_in, scheme_words, shown_record
from idis.resolver.web.landing.shown import Case, Link, Origin, Shown
from idis.resolver.web.landing.style import CONTENT_SECURITY_POLICY
from idis.resolver.web.landing.words import PREFIX
from idis.resolver.web.paths import HANDLES_PATH
from idis.resolver.web.peer import peer_of

CHINA = timezone(timedelta(hours=8))  # days begin as they do where the system is
VARY = "Accept, Accept-Language"

_STATUSES: dict[int, Case] = {
    ResponseCode.SERVER_TOO_BUSY: Case.BUSY,
    ResponseCode.SERVER_BACKUP: Case.BUSY,
    ResponseCode.DAILY_REQUEST_LIMIT: Case.BUSY,
    ResponseCode.INVALID_HANDLE: Case.MALFORMED,
    ResponseCode.PROTOCOL_ERROR: Case.MALFORMED,
    ResponseCode.SERVER_NOT_RESPONSIBLE: Case.NOT_RESPONSIBLE,
    ResponseCode.AUTHENTICATION_NEEDED: Case.REFUSED,
    ResponseCode.INSUFFICIENT_PERMISSIONS: Case.REFUSED,
}
_STOPPED = (PrefixState.SUSPENDED, PrefixState.REVOKED)
_SCHEMES = {HTTP: "http", HTTPS: "https"}


class Landing:
    """Shows people what is registered, from this node's registry or from the nodes that it asks."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._prover = Prover(trusted_keys(face.config.page.root_key, face.config.data_dir))

    async def get(self, request: web.Request) -> web.Response:
        """The page of the identifier that the path is."""
        path = request.raw_path.partition("?")[0]
        reader = reader_of(",".join(request.headers.getall("Accept-Language", [])), path, request.query)
        return page_response(await self.shown(path.removeprefix("/"), peer_of(request)), reader)

    async def shown(self, encoded: str, peer: Peer) -> Shown:
        """What the page of an identifier shows.

        Args:
            encoded: the identifier, percent-encoded, as it stands behind the first slash of its address.
            peer: who looks.
        """
        now = int(self._face.service.clock.time())
        try:
            asked = read_path(encoded, surroundings_of(self._face.config, now))
        except Unreadable as error:
            text = unquote_to_bytes(encoded).decode("utf-8", "replace")
            return Shown(text, Case.MALFORMED, Origin(self._face.config.node.name), reason=str(error))
        questions = Questions(self._face.service.chain, self._prover, peer, now)
        settled = await questions.settle(asked.name)
        base = Shown(
            asked.shown,
            Case.FOUND,
            self._origin(asked.prefix, settled),
            kind=PREFIX if asked.is_prefix else NO_WORDS,
            scheme=scheme_words(asked.scheme) if asked.scheme else NO_WORDS,
            json=HANDLES_PATH + path_of(asked.text)[1:] if asked.shown != UNSAID else "",
        )
        outcome = outcome_of(settled)
        match outcome:
            case Answer(values=octets):
                return await self._record(questions, base, decode_values(octets), asked, now)
            case NoValues():
                return replace(base, case=Case.NOTHING_PUBLIC)
            case NotFound():
                return replace(base, case=Case.NOT_FOUND)
            case Referral(values=octets):
                links = _faces_of(decode_values(octets) if octets else (), encoded)
                return replace(base, case=Case.ELSEWHERE, links=links)
            case Refused(code=code, message=message):
                return replace(base, case=self._case_of(code, asked.prefix), reason=message)
            case _:
                raise AssertionError("a resolution over HTTP is always answered")

    async def _record(self, questions: Questions, base: Shown, values: tuple[Value, ...], asked: Asked, now: int) -> Shown:
        if holders := holders_in(values):
            return replace(base, case=Case.SEVERAL, links=holders)
        today = datetime.fromtimestamp(now, CHINA).date()
        # A statement names the record, and by which name of another scheme it was found says nothing of that.
        around = await questions.surroundings(asked.name, values, today, signed=not asked.scheme)
        changed = max((value.timestamp for value in values), default=0)
        origin = replace(base.origin, changed=changed, proof=around.proof)
        registered = Registered(base.identifier, values, around.template, around.certificates, around.names)
        shown = shown_record(registered, origin, today, base.json)
        return replace(shown, scheme=base.scheme, kind=shown.kind if shown.kind.zh else base.kind)

    def _origin(self, prefix: str, settled: Settled) -> Origin:
        """Where an answer comes from. Who owns a prefix that hides itself is not told."""
        entry = self._entry(prefix) if prefix else None
        known = entry is not None and entry.privacy is not Privacy.STRICT
        origin = Origin(self._face.config.node.name, prefix=prefix, owner=entry.owner if entry is not None and known else "")
        if not isinstance(settled, Resolved):
            return origin
        server = settled.hops[-1].server if settled.hops else ""
        return replace(origin, source="stale" if settled.stale else settled.source, age_s=int(settled.age_s), server=server)

    def _entry(self, prefix: str) -> PrefixEntry | None:
        """The prefix as it is registered here, if it is."""
        with self._face.service.chain.store.read() as txn:
            entry = responsible_entry(txn, prefix)
        return entry if entry is not None and entry.prefix == prefix else None

    def _case_of(self, code: int, prefix: str) -> Case:
        case = _STATUSES.get(code, Case.FAILED)
        if case is not Case.NOT_RESPONSIBLE or not prefix:
            return case
        with self._face.service.chain.store.read() as txn:
            entry = responsible_entry(txn, prefix)
        return Case.STOPPED if entry is not None and entry.state in _STOPPED else case


def page_response(shown: Shown, reader: Reader) -> web.Response:
    """A page as the answer, with the headers that keep it harmless."""
    answer = web.Response(text=landing_page(shown, reader), status=shown.case.status, content_type="text/html", charset="utf-8")
    answer.headers.update(
        {
            "Content-Language": reader.language.tag,
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
            "Vary": VARY,
        }
    )
    if shown.case is Case.BUSY:
        answer.headers["Retry-After"] = "1"
    return answer


def _faces_of(values: Sequence[Value], encoded: str) -> tuple[Link, ...]:
    """The same identifier at the HTTP faces of the sites that answer for it."""
    links = []
    for site in sites_in(values):
        for server in site.servers:
            for way in server.interfaces:
                if way.protocol in _SCHEMES:
                    host = f"[{server.address}]" if ":" in server.address else server.address
                    links.append(Link(f"{_SCHEMES[way.protocol]}://{host}:{way.port}/{encoded}"))
    return tuple(dict.fromkeys(links))
