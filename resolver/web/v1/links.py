"""`/api/v1/linkset` and `/api/v1/link`: the links of anything that can be recognised, and why one of them is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from idis.proto.any_name import any_name
from idis.proto.codes import ResponseCode
from idis.proto.detect import readings_of, trouble_of
from idis.proto.schemes import doi, handle
from idis.proto.schemes.gs1 import compression, digital_link, element_string
from idis.proto.schemes.gs1.link_types import curie, link_type
from idis.proto.schemes.recognised import Recognised
from idis.proto.types.link import Link
from idis.registry.foreign_route import ForeignRoute
from idis.registry.links import SCHEME as GS1
from idis.registry.links import Held
from idis.registry.registration.checks import Refusal
from idis.resolver.config import NodeConfig
from idis.resolver.foreign.finding import surroundings_of
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.request import HTTP, Peer
from idis.resolver.web.links.answering import gone, gone_sentence, is_warned
from idis.resolver.web.links.asked import LevelAsked, read_request
from idis.resolver.web.links.choice import Choice, Chosen, Nothing, Several, Wish, choose
from idis.resolver.web.links.finding import Found, found, held_at
from idis.resolver.web.links.levels import Level, own_page, with_defaults
from idis.resolver.web.links.linkset import linkset
from idis.resolver.web.links.preferences import read_accept, read_languages
from idis.resolver.web.links.resolver import LinkResolver
from idis.resolver.web.v1.link_model import ChoiceModel, ChoiceParameters, LevelModel, LinkModel, LinksetModel, LinksetParameters
from idis.resolver.web.v1.operation import Call, Needs, Operation, Reply

GROUP = "links 链接"

_OWN = (handle.SCHEME_IDIS, handle.SCHEME, doi.SCHEME)
# The limit was applied to whoever asks before this is asked for him.
_PEER = Peer(HTTP, Source("", "", "", trusted=True), Standing.TRUSTED)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a text: its reading, its levels, and its Digital Link if it has one."""

    reading: Recognised
    levels: tuple[Level, ...]
    uri: str


async def get_linkset(call: Call[LinksetParameters, None]) -> Reply | Refusal:
    """Everything that is linked from a thing."""
    seen = await _seen(call, "")
    if isinstance(seen, Refusal):
        return seen
    entries = linkset(seen.levels, old_descriptions=call.face.config.links.old_descriptions)["linkset"]
    return Reply(LinksetModel(tuple(entries)))


async def get_link(call: Call[ChoiceParameters, None]) -> Reply | Refusal:
    """Which link a client would be sent to, and why."""
    wanted = call.parameters
    languages = wanted.language or ""
    seen = await _seen(call, languages)
    if isinstance(seen, Refusal):
        return seen
    kind = (link_type(wanted.link_type) or wanted.link_type) if wanted.link_type else ""
    contexts = (wanted.context,) if wanted.context else ()
    wish = Wish(kind, contexts, read_languages(languages), read_accept(wanted.accept or ""))
    choice = _choice(seen.levels, wish)
    if isinstance(choice, Chosen) and seen.uri and call.face.config.links.recall_page and is_warned(wish, seen.levels):
        choice = replace(choice, why=f"{choice.why}; people first get a page with the recall flag")
    return Reply(_model(seen, choice, call.face.config))


def _choice(levels: Sequence[Level], wish: Wish) -> Choice:
    end = gone(levels[0])
    return choose([level.links for level in levels], wish) if end is None else Nothing(gone_sentence(end))


def _model(seen: _Seen, choice: Choice, config: NodeConfig) -> ChoiceModel:
    link: LinkModel | None = None
    level: str | None = None
    choices: tuple[LinkModel, ...] = ()
    match choice:
        case Chosen(link=chosen, level=place):
            link, level = _link(chosen), seen.levels[place].anchor
        case Several(links=several, level=place):
            level, choices = seen.levels[place].anchor, tuple(map(_link, several))
    compressed = compression.compress(digital_link.parse(seen.uri).elements, stem=_root(config)) if seen.uri else None
    return ChoiceModel(
        canonical=seen.reading.canonical,
        scheme=seen.reading.scheme,
        node=config.node.name,
        link=link,
        level=level,
        why=choice.why,
        choices=choices,
        levels=tuple(map(_level, seen.levels)),
        compressed=None if compressed is None else compressed.uri,
        warnings=() if compressed is None else compressed.warnings,
    )


def _link(link: Link) -> LinkModel:
    return LinkModel(curie(link.link_type), link.href, link.title)


def _level(level: Level) -> LevelModel:
    types = tuple(sorted({curie(link.link_type) for link in level.links}))
    return LevelModel(level.anchor, level.name, tuple(record.identifier for record in level.records), level.recalled, types)


async def _seen(call: Call[LinksetParameters, None] | Call[ChoiceParameters, None], languages: str) -> _Seen | Refusal:
    """What is known of the text of a request."""
    text, face = call.parameters.text, call.face
    readings = readings_of(text, surroundings_of(face.config, call.now))
    reading = next((reading for reading in readings if reading.ok), None)
    if reading is None:
        return Refusal(ResponseCode.INVALID_HANDLE, "a check digit is wrong: see /detect" if readings else trouble_of(text))
    root, uri = _root(face.config), ""
    variables: dict[str, str] = {}
    if reading.scheme == GS1:
        uri = digital_link.write(element_string.parse_bracketed(reading.display), stem=root)
        parts = urlsplit(uri)
        asked = read_request(parts.path, parts.query, root, "", languages)
        with face.service.chain.store.read() as txn:
            held = held_at(txn, asked)
        if isinstance(held, ForeignRoute):
            return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, f"{held.name} is in charge of {held.targets[0]}")
        levels, variables = asked.levels, asked.variables
    else:
        name = reading.canonical if reading.scheme in _OWN else any_name(f"{reading.scheme}:{reading.canonical}")
        levels, held = (LevelAsked(reading.display, own_page(root, name)),), [[Held(b"", name)]]
    resolver = LinkResolver(face.service.chain, face.config.links)
    settled = await resolver.settled(held, _PEER, call.caller, face)
    known = found(levels, held, settled, variables, known=not call.caller.anonymous)
    if not known.levels:
        return _refused(known, reading)
    return _Seen(reading, with_defaults(known.levels, root, read_languages(languages)), uri)


def _refused(known: Found, reading: Recognised) -> Refusal:
    if known.busy:
        return Refusal(ResponseCode.SERVER_TOO_BUSY, known.trouble)
    return Refusal(ResponseCode.HANDLE_NOT_FOUND, known.trouble or f"nothing is registered here for {reading.canonical}")


def _root(config: NodeConfig) -> str:
    """Scheme and host of this resolver, as far as it is told them."""
    if config.links.root:
        return config.links.root
    host = f"[{config.advertised}]" if ":" in config.advertised else config.advertised
    return f"{'https' if config.tls.enabled else 'http'}://{host}:{config.listen.http_port}"


OPERATIONS = (
    Operation(
        name="getLinkset",
        method="GET",
        path="/linkset",
        group=GROUP,
        summary=("the links of a thing", "链接集"),
        detail="Of anything that can be recognised, whichever scheme it is of: a GS1 key with all its levels, a handle, a serial"
        " number that a record has as its second name. The same as `linkType=linkset` gives for a Digital Link. Links that the"
        " caller may not see are left out.",
        answer=get_linkset,
        parameters=LinksetParameters,
        response=LinksetModel,
        successes=((200, "the links"),),
        refusals=(404, 422, 503),
        needs=Needs.OPTIONAL,
    ),
    Operation(
        name="getLink",
        method="GET",
        path="/link",
        group=GROUP,
        summary=("which link is chosen, and why", "链接选择说明"),
        detail="Where the resolver of Digital Links would send a client, by which rule, and what it knows of each level. Of a GS1"
        " key also its compressed form, for small symbols.",
        answer=get_link,
        parameters=ChoiceParameters,
        response=ChoiceModel,
        successes=((200, "the choice"),),
        refusals=(404, 422, 503),
        needs=Needs.OPTIONAL,
    ),
)
