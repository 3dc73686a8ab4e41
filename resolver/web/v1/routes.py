"""Routes of every scheme (`/routes`), what a text comes to (`/resolve`), and one thing's many names (`/aliases`)."""

from __future__ import annotations

from functools import partial
from typing import Any

from idis.proto.errors import IdentifierError
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused, outcome_code
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.succession import Following
from idis.registry import foreign_route_acts
from idis.registry.aliases import Holder
from idis.registry.caller import Action
from idis.registry.foreign_route import ForeignRoute, parse_targets
from idis.registry.foreign_routes import routes
from idis.registry.record import declared_aliases
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import WriteTxn
from idis.resolver.foreign.abroad import Abroad
from idis.resolver.foreign.finding import Held, Routed, is_shown
from idis.resolver.foreign.resolving import Resolution, resolve, resolve_on
from idis.resolver.web.v1.asking import decide
from idis.resolver.web.v1.common_model import Done
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.detections import reading_model
from idis.resolver.web.v1.operation import Call, Needs, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.record_model import RecordModel, RecordPath
from idis.resolver.web.v1.records import identifier_of, record_question
from idis.resolver.web.v1.resolution_model import (
    HolderModel,
    HoldersModel,
    NameModel,
    NamesModel,
    ResolutionModel,
    ResolveParameters,
    SuccessionModel,
    TextParameters,
)
from idis.resolver.web.v1.route_model import (
    HealthModel,
    ListRoutesParameters,
    PutRoute,
    RouteDetail,
    RouteModel,
    RoutePage,
    RoutePath,
    RouteTestModel,
    SwitchRoute,
    TestedModel,
    TestRoute,
    route_model,
)
from idis.resolver.web.v1.value_model import model_of, value_of
from idis.resolver.web.v1.writing import commit

GROUP = "routes 解析路由"
_LIST = "routes"
_OPERATORS = "operators of the whole node"


async def list_routes(call: Call[ListRoutesParameters, None]) -> Reply | Refusal:
    """Routes, page by page."""
    if refusal := foreign_route_acts.refuse_seeing_routes(call.caller):
        return refusal
    asked = call.parameters
    after = read_cursor(_LIST, asked.cursor)
    with call.face.service.chain.store.read() as txn:
        page = routes(txn, after, asked.limit)
    cursor = make_cursor(_LIST, page[-1][0]) if len(page) == asked.limit else None
    return Reply(RoutePage(tuple(route_model(route) for _key, route in page), cursor))


async def get_route(call: Call[RoutePath, None]) -> Reply | Refusal:
    """One route, and what was observed of its providers."""
    if refusal := foreign_route_acts.refuse_seeing_routes(call.caller):
        return refusal
    path = call.parameters
    with call.face.service.chain.store.read() as txn:
        held = foreign_route_acts.held_route(txn, path.type, path.beginning, path.end or "")
    if isinstance(held, Refusal):
        return held
    foreign = call.face.service.chain.foreign
    assert foreign is not None, "a node asks providers"
    observed = foreign.providers.observed(held)
    health = tuple(
        HealthModel(str(target), seen.well, seen.failures, round(seen.seconds * 1_000), seen.trouble) for target, seen in observed
    )
    return Reply(RouteDetail(route_model(held), health))


async def put_route(call: Call[RoutePath, PutRoute]) -> Reply | Refusal:
    """Keep a route."""
    path, body, caller = call.parameters, call.body, call.caller
    try:
        targets = parse_targets(body.targets)
    except ValueError as error:
        raise Unfit("#/targets", str(error)) from None
    wanted = ForeignRoute(
        path.type, path.beginning, path.end or "", targets, body.enabled, body.answer, body.ttl_s, body.negative_ttl_s, body.note
    )

    def change(txn: WriteTxn, groups: Groups) -> ForeignRoute | Refusal | Unknown:
        done = foreign_route_acts.put_route(txn, caller, wanted)
        return done if isinstance(done, Refusal) else done[0]

    return await commit(call, change, lambda route: Reply(route_model(route)))


async def switch_route(call: Call[RoutePath, SwitchRoute]) -> Reply | Refusal:
    """Switch a route on or off."""
    path, enabled, caller = call.parameters, call.body.enabled, call.caller

    def change(txn: WriteTxn, groups: Groups) -> ForeignRoute | Refusal | Unknown:
        done = foreign_route_acts.switch_route(txn, caller, path.type, path.beginning, path.end or "", enabled=enabled)
        return done if isinstance(done, Refusal) else done[0]

    return await commit(call, change, lambda route: Reply(route_model(route)))


async def remove_route(call: Call[RoutePath, None]) -> Reply | Refusal:
    """Remove a route."""
    path, caller = call.parameters, call.caller

    def change(txn: WriteTxn, groups: Groups) -> ForeignRoute | Refusal | Unknown:
        return foreign_route_acts.remove_route(txn, caller, path.type, path.beginning, path.end or "")

    return await commit(call, change, lambda _route: Reply(Done(True)))


async def try_route(call: Call[Nothing, TestRoute]) -> Reply | Refusal:
    """Ask each provider of the route that a text goes."""
    if refusal := foreign_route_acts.refuse_routing(call.caller):
        return refusal
    chain, text = call.face.service.chain, call.body.text
    assert chain.foreign is not None, "a node asks providers"
    with chain.store.read() as txn:
        readings, found = chain.foreign.found(txn, text, call.now)
    if not isinstance(found, Routed):
        canonical = readings[0].canonical if readings else ""
        return Reply(RouteTestModel(text, canonical, None, ()))
    results = await chain.foreign.providers.test(Abroad(found.reading, found.route))
    tested = tuple(TestedModel(str(target), round(seconds * 1_000), trouble) for target, trouble, seconds in results)
    return Reply(RouteTestModel(text, found.reading.canonical, route_model(found.route), tested))


async def resolve_text(call: Call[ResolveParameters, None]) -> Reply | Refusal:
    """What a text comes to."""
    chain, text = call.face.service.chain, call.parameters.text
    try:
        if not call.parameters.follow:
            found, following = await resolve(chain, text), Following()
            following.next(found.handle or text, found.values)
        else:
            found, following = await resolve_on(chain, text)
    except IdentifierError as error:
        raise Unfit("text", str(error)) from None
    return Reply(_resolution(text, found, following))


async def list_names(call: Call[RecordPath, None]) -> Reply | Refusal:
    """The names of a record in other schemes."""
    return await decide(call, partial(record_question, call, identifier_of(call.parameters), ()), _names)


def _names(record: RecordModel) -> Reply:
    """All of them for whoever may see the whole record; for others those that its public values say."""
    said = declared_aliases(value_of(value, f"#/{at}") for at, value in enumerate(record.values))
    names = [NameModel(alias.scheme, alias.name) for alias in record.aliases]
    names = names or [NameModel(alias.scheme, alias.local_id) for alias in said]
    return Reply(NamesModel(record.identifier, tuple(names)))


async def list_holders(call: Call[TextParameters, None]) -> Reply:
    """The records that have a name."""
    chain, text = call.face.service.chain, call.parameters.text
    assert chain.foreign is not None, "a node knows other schemes"
    with chain.store.read() as txn:
        readings, found = chain.foreign.found(txn, text, call.now)
        held = found.holders if isinstance(found, Held) else ()
        shown = tuple(holder for holder in held if is_shown(txn, holder.identifier, call.now))
    reading = found.reading if isinstance(found, Held) else readings[0] if readings else None
    canonical = "" if reading is None or reading.scheme == PERSONAL else reading.canonical
    return Reply(HoldersModel(canonical, tuple(map(_holder, shown))))


def _holder(holder: Holder) -> HolderModel:
    return HolderModel(holder.identifier, holder.owner, holder.level)


def _resolution(text: str, found: Resolution, following: Following) -> ResolutionModel:
    outcome = found.outcome
    personal = found.reading is not None and found.reading.scheme == PERSONAL
    return ResolutionModel(
        text="" if personal else text,
        reading=None if found.reading is None else reading_model(found.reading),
        identifier=found.handle or None,
        code=int(outcome_code(outcome)),
        message=_sentence(outcome),
        values=tuple(map(model_of, found.values)),
        holders=tuple(map(_holder, found.holders)),
        route=None if found.route is None else route_model(found.route),
        source=found.resolved.source,
        age_s=int(found.resolved.age_s),
        succession=tuple(SuccessionModel(name, end.kind, end.successors, end.date, end.note) for name, end in following.steps),
        ended=following.ended,
    )


def _sentence(outcome: Outcome) -> str:
    match outcome:
        case Refused(message=message):
            return message
        case NotFound():
            return "nobody has registered this identifier, as far as this node can find out"
        case NoValues():
            return "it exists, and shows nothing to everybody"
        case Referral():
            return "it is answered by the sites below"
        case Answer():
            return ""


_SEES = "operators and auditors of the whole node"

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        name="resolve",
        method="GET",
        path="/resolve",
        group=GROUP,
        summary=("resolve a text of any scheme", "解析任意标识"),
        detail="The same record as over every other transport: of this node, of another node of ours, or what the providers of"
        " a route say. A success whatever it comes to: 'code' tells. With follow, what stands in place of one that ended.",
        answer=resolve_text,
        parameters=ResolveParameters,
        response=ResolutionModel,
        successes=((200, "what it comes to"),),
        refusals=(422,),
        needs=Needs.NOBODY,
    ),
    Operation(
        name="listHolders",
        method="GET",
        path="/aliases",
        group=GROUP,
        summary=("list the records that have a name", "按别名查记录"),
        detail="One thing may have many codes, and one code may have been given to several records: all of them are listed with"
        " their owners. Where nobody has the name itself, those of the lot or class that it belongs to.",
        answer=list_holders,
        parameters=TextParameters,
        response=HoldersModel,
        successes=((200, "the records of this node that have it"),),
        needs=Needs.NOBODY,
    ),
    Operation(
        name="listNames",
        method="GET",
        path="/aliases/{prefix}/{suffix}",
        group=GROUP,
        summary=("list the names of a record in other schemes", "查记录的别名"),
        detail="They come from public values of the type IDIS.ALIAS, and from fields of its template, which only those see who"
        " may see all of the record.",
        may="everybody what public values say; READ_VALUE the rest",
        answer=list_names,
        parameters=RecordPath,
        response=NamesModel,
        successes=((200, "its names"),),
        refusals=(404,),
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="listRoutes",
        method="GET",
        path="/routes",
        group=GROUP,
        summary=("list routes of other schemes", "解析路由列表"),
        may=_SEES,
        answer=list_routes,
        parameters=ListRoutesParameters,
        response=RoutePage,
        successes=((200, "one page"),),
        refusals=(403,),
        action=Action.PREFIX,
    ),
    Operation(
        name="testRoute",
        method="POST",
        path="/routes/test",
        group=GROUP,
        summary=("ask each provider for a text", "测试解析路由"),
        detail="Whatever is kept or known of their health, each is asked now.",
        may=_OPERATORS,
        answer=try_route,
        parameters=Nothing,
        request=TestRoute,
        response=RouteTestModel,
        successes=((200, "what became of it"),),
        refusals=(403,),
        action=Action.PREFIX,
        asks=True,
    ),
    Operation(
        name="getRoute",
        method="GET",
        path="/routes/{type}/{beginning}",
        group=GROUP,
        summary=("show a route and how its providers are", "查看解析路由"),
        may=_SEES,
        answer=get_route,
        parameters=RoutePath,
        response=RouteDetail,
        successes=((200, "the route"),),
        refusals=(403, 404, 422),
        action=Action.PREFIX,
    ),
    Operation(
        name="putRoute",
        method="PUT",
        path="/routes/{type}/{beginning}",
        group=GROUP,
        summary=("keep a route", "配置解析路由"),
        detail="Prefixes may lie within each other and within ranges, the longest match counts. Ranges of one type never overlap."
        " A template may hold {id}, {path}, {key}, {rest} (what follows the prefix) and {scheme}, never in its host.",
        may=_OPERATORS,
        answer=put_route,
        parameters=RoutePath,
        request=PutRoute,
        response=RouteModel,
        successes=((200, "the route"),),
        refusals=(403, 422),
        action=Action.PREFIX,
    ),
    Operation(
        name="switchRoute",
        method="PATCH",
        path="/routes/{type}/{beginning}",
        group=GROUP,
        summary=("switch a route on or off", "启用或停用解析路由"),
        detail="While it is off, identifiers that it holds are answered as disabled, not as not found.",
        may=_OPERATORS,
        answer=switch_route,
        parameters=RoutePath,
        request=SwitchRoute,
        response=RouteModel,
        successes=((200, "the route"),),
        refusals=(403, 404, 422),
        action=Action.PREFIX,
    ),
    Operation(
        name="removeRoute",
        method="DELETE",
        path="/routes/{type}/{beginning}",
        group=GROUP,
        summary=("remove a route", "删除解析路由"),
        may=_OPERATORS,
        answer=remove_route,
        parameters=RoutePath,
        response=Done,
        successes=((200, "it is removed"),),
        refusals=(403, 404, 422),
        action=Action.PREFIX,
    ),
)
