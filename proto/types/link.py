"""IDIS.LINK: one link of a record, of which a resolver chooses (GS1-Conformant Resolver 1.2, §2.5; RFC 9264).

    data: JSON in UTF-8, an object of
        linkType   what it leads to: `gs1:pip`, a URI, or a registered relation such as `alternate`
        href       an absolute http(s) URI; in its path `{serial}`, `{lot}`, `{variant}` and `{key}` stand for what was asked
        title      for people, in the language of the target
        type       media type of the target; optional, as all that follow
        hreflang   its languages, as BCP 47 tags
        context    where it holds: countries, kinds of readers; whatever its owner says
        fwqs       false: the query of a request is not passed on to it
        public     false: kept out of links for whoever proves no identity

One link of a record may be `gs1:defaultLink`; it has linkType, href and title only. Links that stand in for it by language or
format are of the type `gs1:defaultLinkMulti`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from idis.proto.errors import DataError
from idis.proto.schemes.gs1.link_types import DEFAULT, LINK_TYPES, PREFIX, link_type
from idis.proto.types.fields import flag_field, json_list, json_object, text_field

LINK_TYPE = "IDIS.LINK"
HREF_CHARACTERS_MAX = 2_048  # what browsers, proxies and symbols take
TITLE_CHARACTERS_MAX = 255
LANGUAGES_MAX = 16
CONTEXTS_MAX = 16
CONTEXT_CHARACTERS_MAX = 64
LINK_BYTES_MAX = 16_384  # of the data; twice what all members hold at most
REMEMBERED_MAX = 1_024  # links read; a record is asked for more often than it changes

VARIABLES = {"serial": "21", "lot": "10", "variant": "22"}  # and `key`, the value of the primary key

_MEMBERS = ("linkType", "href", "title", "type", "hreflang", "context", "fwqs", "public")
_OF_DEFAULT = {"linkType", "href", "title", "public"}
_URI = re.compile(r"https?://[A-Za-z0-9\[][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%{}-]*")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link. `link_type` is in its one spelling (`link_types.link_type`), languages in small letters."""

    link_type: str
    href: str
    title: str
    media_type: str = ""
    languages: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    forwards_query: bool = True
    public: bool = True

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in braces in its target."""
        return tuple(_VARIABLE.findall(self.href)) if "{" in self.href else ()


@lru_cache(REMEMBERED_MAX)
def decode_link(octets: bytes) -> Link:
    """Read the data of an IDIS.LINK value.

    Raises:
        DataError: it is none; one sentence says what to write instead.
    """
    if len(octets) > LINK_BYTES_MAX:
        raise DataError(f"a link has {len(octets)} octets, at most {LINK_BYTES_MAX}")
    try:
        fields = json_object(json.loads(octets), "a link")
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f'a link is JSON, as {{"linkType":"gs1:pip","href":"https://…","title":"…"}}: {error}') from None
    for name in fields:
        if name not in _MEMBERS:
            raise DataError(f"{name!r} is no member of a link: it has {', '.join(_MEMBERS)}")
    languages = _texts(fields, "hreflang", _LANGUAGE, LANGUAGES_MAX, "tags as zh-CN or en")
    link = Link(
        link_type=_type(text_field(fields, "linkType")),
        href=_href(text_field(fields, "href")),
        title=_text(text_field(fields, "title"), "title", TITLE_CHARACTERS_MAX),
        media_type=_media_type(fields),
        languages=tuple(dict.fromkeys(map(str.lower, languages))),
        contexts=tuple(dict.fromkeys(_texts(fields, "context", None, CONTEXTS_MAX, "words"))),
        forwards_query=flag_field(fields, "fwqs", default=True),
        public=flag_field(fields, "public", default=True),
    )
    if link.link_type == DEFAULT and not fields.keys() <= _OF_DEFAULT:
        raise DataError("a gs1:defaultLink has linkType, href and title only: use gs1:defaultLinkMulti by language or format")
    return link


def encode_link(link: Link) -> bytes:
    """The data of an IDIS.LINK value; `decode_link` gives back the same."""
    fields = {"linkType": link.link_type, **members(link, link.languages)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def members(link: Link, languages: Sequence[str]) -> dict[str, object]:
    """What a link says beside its type, as JSON has it; what says nothing is left out.

    Args:
        link: whose members.
        languages: its languages, as whoever reads it takes them.
    """
    fields: dict[str, object] = {"href": link.href, "title": link.title}
    if link.media_type:
        fields["type"] = link.media_type
    if languages:
        fields["hreflang"] = list(languages)
    if link.contexts:
        fields["context"] = list(link.contexts)
    if not link.forwards_query:
        fields["fwqs"] = False
    if not link.public:
        fields["public"] = False
    return fields


def _type(text: str) -> str:
    found = link_type(text)
    if not found:
        raise DataError(f"{text!r} is no link type: write gs1:pip, a URI without '-', '#' or '?', or a relation as alternate")
    name = text.removeprefix(PREFIX)
    # A name misspelled is never found again. What the vocabulary gains later can be written as a URI.
    if text.startswith(PREFIX) and name not in LINK_TYPES:
        from difflib import get_close_matches  # every client imports the types of values, and none misspells a link

        near = get_close_matches(name, LINK_TYPES, 1)
        hint = f": gs1:{near[0]}?" if near else "; types of your own are URIs"
        raise DataError(f"{text} is not in the GS1 Web Vocabulary{hint}")
    return found


def _href(text: str) -> str:
    if len(text) > HREF_CHARACTERS_MAX:
        raise DataError(f"href has {len(text)} characters, at most {HREF_CHARACTERS_MAX}")
    if _URI.fullmatch(text) is None:
        raise DataError("href must be an absolute http(s) URI, other characters percent-encoded")
    rest = _VARIABLE.sub("", text)
    if "{" in rest or "}" in rest:
        raise DataError("href has a brace without its other one")
    for name in _VARIABLE.findall(text):
        if name not in VARIABLES and name != "key":
            raise DataError(f"{{{name}}} is no variable: href may have {{{'}, {'.join((*VARIABLES, 'key'))}}}")
    authority = text.partition("://")[2].partition("/")[0]
    query = text.partition("?")[1:]
    if "@" in authority:
        raise DataError("href names somebody before its host: a reader would take that for the host")
    if "{" in authority or "{" in "".join(query):
        raise DataError("variables stand in the path of href, not in its host or query")
    return text


def _text(text: str, name: str, most: int) -> str:
    if not 0 < len(text) <= most or not text.isprintable() or not text.strip():
        raise DataError(f"{name} must be 1 to {most} printable characters")
    return text


def _media_type(fields: Mapping[str, object]) -> str:
    if "type" not in fields:
        return ""
    text = text_field(fields, "type")
    if _MEDIA_TYPE.fullmatch(text) is None:
        raise DataError("type must be a media type without parameters, as text/html")
    return text.lower()


def _texts(fields: Mapping[str, object], name: str, pattern: re.Pattern[str] | None, most: int, kind: str) -> list[str]:
    if name not in fields:
        return []
    found = []
    for item in json_list(fields[name], name):
        if not isinstance(item, str) or (pattern is not None and pattern.fullmatch(item) is None):
            raise DataError(f"{name} must be a list of {kind}")
        found.append(_text(item, name, CONTEXT_CHARACTERS_MAX))
    if not 0 < len(found) <= most:
        raise DataError(f"{name} must have 1 to {most} items; leave it out without any")
    return found
