"""What a text that the registry knows no handle for is answered: the work of the step `handlers/foreign.py`.

A record that has the name is answered like any question for that record: with its quota, its rights, its privacy. What a route
leads to is a referral to a node of ours, a place to go, or what its providers say.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from idis.proto.any_name import ANY_PREFIX, any_name, is_plain_handle, text_of
from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import Identifier, parse_identifier
from idis.proto.outcome import NotFound, Referral, Refused
from idis.proto.query import Query
from idis.proto.schemes import handle
from idis.proto.schemes.recognised import Recognised
from idis.proto.types.site import Site, encode_site
from idis.proto.value import Value, encode_values
from idis.registry.aliases import HOLDER_TYPE, Holder
from idis.registry.authority import responsible_entry
from idis.registry.foreign_route import ForeignRoute, RouteAnswer, TargetKind
from idis.registry.store.base import ReadTxn
from idis.resolver.config import NodeConfig
from idis.resolver.foreign.abroad import Abroad, Providers, selected
from idis.resolver.foreign.did import own_document
from idis.resolver.foreign.finding import Found, Held, Malformed, Reader, Routed, Twin, Unrouted, find, with_local
from idis.resolver.foreign.settings import settings_of
from idis.resolver.foreign.shown import redirected, values_of_did_document
from idis.resolver.foreign.targets import redirect_of
from idis.resolver.handlers.foreign import Steps
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.recursion.target import server_address, site_at
from idis.resolver.request import Later, Request, Verdict

CHOICE_TTL_S = 60
DID_TTL_S = 86_400  # a DID that holds its own document never changes


class Taking:
    """Takes up what the authority knows nothing of.

    Args:
        reader: reads texts.
        steps: those that a question for a handle passes, from the quota to the recursion.
        providers: of routes.
        recursor: of a node that recurses.
        own_places: ADDRESS:PORT of this node, which asks itself for nothing.
    """

    def __init__(
        self,
        reader: Reader,
        steps: Steps,
        providers: Providers,
        recursor: Recursor | None,
        own_places: frozenset[str] = frozenset(),
    ) -> None:
        self._reader = reader
        self._steps = tuple(steps)
        self.providers = providers
        self._recursor = recursor
        self._own_places = own_places

    def found(self, txn: ReadTxn, text: str, now: int) -> tuple[tuple[Recognised, ...], Found | None]:
        """The readings of a text, and what it leads to."""
        readings = with_local(txn, text, self._reader.readings(text, now), now)
        return readings, find(txn, readings, now)

    def own_query(self, query: Query, txn: ReadTxn, now: int) -> Query | None:
        """The same question by the handle that this node's registry knows it by; None for a name that leads elsewhere."""
        text, carried = text_of(query.spelling)
        if not carried and (is_plain_handle(text) or responsible_entry(txn, query.identifier.folded_prefix) is not None):
            return query
        match self.found(txn, text, now)[1]:
            case Held(holders=(holder,)):
                return _renamed(query, holder.identifier)
            case Twin(identifiers=identifiers, known=True):
                return _renamed(query, identifiers[0])
            case _:
                return None

    def take_up(self, request: Request, query: Query, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """What the text comes to; the verdict as it is where it is a handle, or nothing else either."""
        text, carried = text_of(query.spelling)
        if not carried and responsible_entry(txn, query.identifier.folded_prefix) is not None:
            return verdict
        _readings, found = self.found(txn, text, now)
        looks_like_handle = not carried and handle.recognise(text) is not None
        match found:
            case None:
                return Refused(ResponseCode.INVALID_HANDLE, "this is no identifier of any known scheme") if carried else verdict
            case Malformed(reason=reason):
                return verdict if looks_like_handle else Refused(ResponseCode.INVALID_HANDLE, reason)
            case Held(holders=holders):
                return self._held(request, query, holders, txn, now)
            case Twin(identifiers=identifiers):
                return verdict if looks_like_handle else self._twin(request, query, identifiers, txn, now)
            case Routed(reading=reading, route=route):
                return self._along(query, reading, route, now)
            case Unrouted(reading=reading):
                return self._unrouted(query, reading, now)

    # A record, or a handle

    def _held(self, request: Request, query: Query, holders: Sequence[Holder], txn: ReadTxn, now: int) -> Verdict:
        verdicts = [self._as_handle(request, query, holder.identifier, txn, now) for holder in holders]
        # Of a record that is hidden from everybody its names lead nowhere.
        shown = [(holder, verdict) for holder, verdict in zip(holders, verdicts, strict=True) if verdict != NotFound()]
        if len(shown) == 1:
            return shown[0][1]
        if not shown:
            return NotFound()
        forms = [json.dumps({"handle": holder.identifier, "owner": holder.owner}, ensure_ascii=False) for holder, _ in shown]
        values = [Value(index, HOLDER_TYPE, form.encode(), ttl=CHOICE_TTL_S) for index, form in enumerate(forms, 1)]
        return selected(encode_values(values, timestamp=now), query, CHOICE_TTL_S)

    def _twin(self, request: Request, query: Query, identifiers: Sequence[str], txn: ReadTxn, now: int) -> Verdict:
        first, *others = identifiers
        verdict = self._as_handle(request, query, first, txn, now)
        if isinstance(verdict, Later) and others:
            return replace(verdict, instead=tuple(_renamed(query, other) for other in others))
        return verdict

    def _as_handle(self, request: Request, query: Query, identifier: str, txn: ReadTxn, now: int) -> Verdict:
        """What a question for a handle comes to, by the steps it passes."""
        try:
            renamed = replace(request, query=_renamed(query, identifier))
        except IdentifierError as error:
            return Refused(ResponseCode.INVALID_HANDLE, str(error))
        verdict: Verdict = None
        for step in self._steps:
            verdict = step(renamed, txn, now, verdict)
        return verdict

    # A route

    def _along(self, query: Query, reading: Recognised, route: ForeignRoute, now: int) -> Verdict:
        if not route.enabled:
            # Settled: no other node is asked in its place.
            return Resolved(Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, f"the route {route.name} is disabled"), "authority")
        if route.targets[0].kind is TargetKind.NODE:
            return self._to_nodes(query, reading, route, now)
        if route.answer is RouteAnswer.REDIRECT:
            url = next((url for target in route.targets if (url := redirect_of(target, route, reading))), "")
            if url:
                return selected(encode_values(_lasting(redirected(url), route.ttl_s)), query, route.ttl_s)
        abroad = Abroad(reading, route)
        return self.providers.cached(abroad, query) or Later(query, abroad=abroad)

    def _to_nodes(self, query: Query, reading: Recognised, route: ForeignRoute, now: int) -> Verdict:
        if any(target.place in self._own_places for target in route.targets):
            return NotFound()  # it would be here
        sites = [site_at(*server_address(target.place)) for target in route.targets]
        values = [_site_value(index, site, route.ttl_s) for index, site in enumerate(sites, 1)]
        referral = Referral(ResponseCode.SERVICE_REFERRAL, encode_values(values), ttl_s=route.ttl_s)
        if self._recursor is not None:
            named = _named(query, reading)
            return self._recursor.cached(named, now) or Later(named, referral)
        if query.do_not_refer:
            return Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, f"{route.name} is answered elsewhere")
        return referral

    def _unrouted(self, query: Query, reading: Recognised, now: int) -> Verdict:
        if (document := own_document(reading.canonical)) is not None:
            return selected(encode_values(_lasting(values_of_did_document(document), DID_TTL_S)), query, DID_TTL_S)
        if self._recursor is None:
            return NotFound()
        # Whoever is at the top may have a route for it.
        named = _named(query, reading)
        return self._recursor.cached(named, now) or Later(named)


def make_taking(config: NodeConfig, steps: Steps, recursor: Recursor | None, own_places: frozenset[str]) -> Taking:
    """What takes up foreign texts on a node; see `Taking` for the arguments."""
    providers = Providers(settings_of(config.routes, str(config.data_dir)), time, secrets.SystemRandom().random)
    return Taking(Reader(config), steps, providers, recursor, own_places)


def _renamed(query: Query, identifier: str) -> Query:
    """The same question for a handle. Raises IdentifierError when it is none."""
    return replace(query, spelling=identifier, identifier=parse_identifier(identifier))


def _named(query: Query, reading: Recognised) -> Query:
    """The same question as other nodes are asked it: the name in its one spelling, carried by a handle."""
    spelling = any_name(f"{reading.scheme}:{reading.canonical}")
    return replace(query, spelling=spelling, identifier=Identifier(ANY_PREFIX, spelling[len(ANY_PREFIX) + 1 :]))


def _site_value(index: int, site: Site, ttl_s: int) -> Value:
    return Value(index, "HS_SITE", encode_site(site), ttl=ttl_s)


def _lasting(values: Sequence[Value], ttl_s: int) -> list[Value]:
    return [replace(value, ttl=ttl_s) for value in values]
