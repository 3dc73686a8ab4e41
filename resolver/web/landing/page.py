"""The page of one identifier as HTML: no scripts, nothing to fetch, nothing of a stranger's that acts.

Every text passes `markup.py`; what stands between is ours. The most important comes first: whether a thing may be used, then
what it is, then how far that can be believed, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from idis.proto.proof import Standing
from idis.resolver.web.landing import words
from idis.resolver.web.landing.language import PARAMETER, Language, Reader, Words
from idis.resolver.web.landing.markup import href, is_outside, text, told
from idis.resolver.web.landing.shown import Case, Certificate, Line, Link, Mark, Origin, Recall, Shown
from idis.resolver.web.landing.style import STYLE

LINES_MAX = 200  # of one section; more are counted, not shown
DEPTH_MAX = 4  # of values that have parts
_CHINA = timezone(timedelta(hours=8))
_LAST = 253_402_300_799  # second of the year 9999: calendars know none later
# What somebody said who knows; the others are words of this node about itself.
_KNOWN = (Case.FOUND, Case.SEVERAL, Case.NOTHING_PUBLIC, Case.NOT_FOUND, Case.WITHDRAWN)

_PAGE = """\
<!doctype html>
<html lang="{tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="format-detection" content="telephone=no">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><div><span>{brand}</span>
<a href="{switch}" lang="{other}" hreflang="{other}" title="{hint}">{switch_name}</a></div></header>
<main>
{main}
</main>
<footer>{footer}</footer>
</body>
</html>
"""


def landing_page(shown: Shown, reader: Reader) -> str:
    """The page.

    Args:
        shown: what it shows.
        reader: in which language, and the page's own address for its switch.
    """
    language = reader.language
    page = _Page(reader)
    title = shown.name.of(language) or shown.identifier
    headline = _headline(shown, language)
    return _PAGE.format(
        tag=language.tag,
        title=text(f"{headline} · {title}" if headline else title),
        style=STYLE,
        brand=words.BRAND.of(language),
        switch=href(reader.switched()),
        other=language.other.tag,
        hint=words.SWITCH_HINT.of(language),
        switch_name=words.SWITCH.of(language),
        main="\n".join(filter(None, page.main(shown))),
        footer=page.footer(shown),
    )


def _headline(shown: Shown, language: Language) -> str:
    """What stands first in the title: what went wrong, or that the thing must not be used."""
    if shown.case in words.CASES:
        return words.CASES[shown.case][0].of(language)
    if shown.recall in words.RECALLS:
        return words.RECALLS[shown.recall][0].of(language)
    return ""


class _Page:
    """The parts of a page for one reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._language = reader.language

    def main(self, shown: Shown) -> Iterable[str]:
        """What stands between head and foot."""
        yield self._recall(shown)
        yield self._forgery(shown.origin)
        yield self._head(shown)
        yield self._case(shown)
        yield self._succession(shown)
        if shown.case is Case.SEVERAL or shown.case is Case.ELSEWHERE:
            yield self._links(shown.links, words.CHOICE)
        yield self._section(words.FIELDS, shown.lines)
        yield self._certificates(shown.certificates)
        if shown.case is not Case.SEVERAL and shown.case is not Case.ELSEWHERE:
            yield self._links(shown.links, words.LINKS)
        yield self._section(words.OTHERS, shown.others)
        if shown.omitted:
            yield f"<p class=quiet>{words.OMITTED.of(self._language).format(count=shown.omitted)}</p>"
        yield self._section(words.ORIGIN, _origin_lines(shown.origin, known=shown.case in _KNOWN))
        if shown.technical:
            yield f"<details><summary>{self._say(words.TECHNICAL)}</summary>{self._list(shown.technical)}</details>"

    def footer(self, shown: Shown) -> str:
        """What stands at the foot."""
        statement = words.STATEMENT.of(self._language).format(node=told(shown.origin.node, self._language))
        json = f'<a href="{href(shown.json)}" rel=nofollow>{self._say(words.JSON)}</a>' if href(shown.json) else ""
        return f"<p><span>{statement}</span>{json}</p>"

    # From the top

    def _recall(self, shown: Shown) -> str:
        if shown.recall not in words.RECALLS:
            return ""
        headline, advice = words.RECALLS[shown.recall]
        kind = "bad stop" if shown.recall is Recall.STOP else "doubt"
        body = f"<p>{self._say(advice)}</p>"
        if shown.recalled:
            body += f"<p>{self._say(words.RECALLED)} {told(shown.recalled, self._language)}</p>"
        body += "".join(f"<p>{self._link(notice)}</p>" for notice in shown.notices)
        if shown.onward is not None:
            body += f"<p class=onward>{self._link(shown.onward)}</p>"
        return self._notice(kind, self._say(headline), body, alert=True)

    def _forgery(self, origin: Origin) -> str:
        if origin.proof is None or origin.proof.standing is not Standing.FAILED:
            return ""
        headline, sentence = words.SIGNATURE_WRONG
        reason = f'<p class=quiet lang="en">{text(origin.proof.reason)}</p>'
        return self._notice("bad", self._say(headline), f"<p>{self._say(sentence)}</p>{reason}", alert=True)

    def _head(self, shown: Shown) -> str:
        language = self._language
        name = shown.name.of(language)
        parts = [f"<h1>{told(name or shown.identifier, language)}</h1>"]
        kinds = " · ".join(told(kind.of(language), language) for kind in (shown.kind, shown.scheme) if kind.of(language))
        if kinds:
            parts.append(f"<p class=quiet>{kinds}</p>")
        if name:
            parts.append(f"<p class=name>{told(shown.identifier, language)}</p>")
        if chips := list(self._chips(shown)):
            parts.append(f"<ul class=chips>{''.join(chips)}</ul>")
        return "".join(parts)

    def _chips(self, shown: Shown) -> Iterable[str]:
        """A glance's worth: state, where it comes from, whether it is signed."""
        if shown.case not in (Case.FOUND, Case.SEVERAL, Case.WITHDRAWN):
            return
        if state := shown.state.of(self._language):
            yield _chip(told(state, self._language), shown.state_mark.value)
        source, mark = words.SOURCES[shown.origin.source]
        yield _chip(self._say(source), mark)
        if shown.origin.proof is not None:
            proof, mark = words.PROOFS[shown.origin.proof.standing]
            yield _chip(self._say(proof), mark)

    def _case(self, shown: Shown) -> str:
        if shown.case not in words.CASES or shown.succession is not None:
            return ""
        headline, sentence, steps = words.CASES[shown.case]
        kind = "doubt" if shown.case in (Case.NOT_FOUND, Case.MALFORMED, Case.WITHDRAWN, Case.STOPPED) else ""
        body = f"<p>{self._say(sentence)}</p><ul class=steps>{''.join(f'<li>{self._say(step)}</li>' for step in steps)}</ul>"
        if shown.reason:
            body += f'<p class=quiet>{self._say(words.REASON)}: <span lang="en">{told(shown.reason, Language.ENGLISH)}</span></p>'
        return self._notice(kind, self._say(headline), body)

    def _succession(self, shown: Shown) -> str:
        succession = shown.succession
        if succession is None:
            return ""
        lines = [Line(words.SUCCESSORS, succession.successors)] if succession.successors else []
        if succession.date:
            lines.append(Line(words.SINCE, (Words(succession.date),)))
        note = f"<p>{told(succession.note, self._language)}</p>" if succession.note else ""
        advice = f"<p>{self._say(words.USE_SUCCESSOR if lines and succession.successors else words.NO_SUCCESSOR)}</p>"
        return self._notice("doubt", self._say(succession.kind), f"{note}{self._list(lines)}{advice}")

    def _notice(self, kind: str, headline: str, body: str, *, alert: bool = False) -> str:
        role = " role=alert" if alert else ""
        return f'<div class="notice {kind}"{role}><strong>{headline}</strong>{body}</div>'

    # Sections

    def _section(self, title: Words, lines: Iterable[Line]) -> str:
        shown = self._list(lines)
        return f"<section><h2>{self._say(title)}</h2>{shown}</section>" if shown else ""

    def _certificates(self, certificates: Iterable[Certificate]) -> str:
        cards = "".join(map(self._certificate, certificates))
        return f"<section><h2>{self._say(words.CERTIFICATES)}</h2>{cards}</section>" if cards else ""

    def _certificate(self, certificate: Certificate) -> str:
        title = told(certificate.title.of(self._language), self._language)
        if target := self._target(certificate.href):
            title = f"<a {target}>{title}</a>"
        validity = certificate.validity.of(self._language)
        shown = f'<p class="{certificate.mark.value or "quiet"}">{told(validity, self._language)}</p>' if validity else ""
        return f"<div class=card><h3>{title}</h3>{shown}{self._list(certificate.lines)}</div>"

    def _links(self, links: Iterable[Link], title: Words) -> str:
        items = "".join(f"<li>{self._link(link)}</li>" for link, _ in zip(links, range(LINES_MAX), strict=False))
        return f"<section><h2>{self._say(title)}</h2><ul class=links>{items}</ul></section>" if items else ""

    # Lines

    def _list(self, lines: Iterable[Line], depth: int = 1) -> str:
        rows = "".join(self._line(line, depth) for line, _ in zip(lines, range(LINES_MAX), strict=False))
        return f"<dl>{rows}</dl>" if rows else ""

    def _line(self, line: Line, depth: int) -> str:
        mark = f' class="{line.mark.value}"' if line.mark is not Mark.PLAIN else ""
        contents = [self._content(content, depth) for content in line.contents[:LINES_MAX]]
        body = contents[0] if len(contents) == 1 else f"<ul>{''.join(f'<li>{content}</li>' for content in contents)}</ul>"
        note = f" <small>{text(line.note)}</small>" if line.note else ""
        return f"<div><dt>{told(line.label.of(self._language), self._language)}{note}</dt><dd{mark}>{body}</dd></div>"

    def _content(self, content: Words | Link | tuple[Line, ...], depth: int) -> str:
        match content:
            case Words():
                return told(content.of(self._language), self._language)
            case Link():
                return self._link(content)
            case lines:
                return self._list(lines, depth + 1) if depth < DEPTH_MAX else "…"

    def _link(self, link: Link) -> str:
        words_shown = told(link.words.of(self._language) or link.href, self._language)
        target = self._target(link.href, link.language)
        if not target:
            address = "" if words_shown == told(link.href, self._language) else f" {told(link.href, self._language)}"
            return f"{words_shown}{address if link.href else ''}"
        host = link.href.split("/")[2] if is_outside(link.href) else ""
        aside = [told(host, self._language)] if host and link.words.of(self._language) else []
        aside += [told(link.aside, self._language)] if link.aside else []
        aside += [text(told_of) for told_of in (link.kind, link.language) if told_of]
        shown = f" <span class=quiet>{' · '.join(aside)}</span>" if aside else ""
        return f"<a {target}>{words_shown}</a>{shown}"

    def _target(self, address: str, language: str = "") -> str:
        """The attributes of a link; empty when a page must not lead there."""
        own = not is_outside(address)
        if own and address and self._reader.chosen:
            address += f"{'&' if '?' in address else '?'}{PARAMETER}={self._language.value}"
        shown = href(address)
        if not shown:
            return ""
        spoken = f' hreflang="{text(language)}"' if language else ""
        return f'href="{shown}"{spoken}' + ("" if own else ' rel="nofollow noopener noreferrer"')

    def _say(self, said: Words) -> str:
        return text(said.of(self._language))


def _chip(shown: str, mark: str) -> str:
    return f'<li class="{mark}">{shown}</li>' if mark else f"<li>{shown}</li>"


def _origin_lines(origin: Origin, *, known: bool) -> Iterable[Line]:
    if known:
        source, mark = words.SOURCES[origin.source]
        yield Line(words.SOURCE, (source,), Mark(mark))
    if known and origin.source in ("cache", "stale"):
        yield Line(words.AGE, (words.age_words(origin.age_s),))
    if origin.proof is not None:
        proof, mark = words.PROOFS[origin.proof.standing]
        yield Line(words.SIGNATURE, (proof,), Mark(mark))
        if origin.proof.standing is Standing.VERIFIED:
            yield Line(words.KEY, (Words(origin.proof.kid.hex()),))
            yield Line(words.GOOD_UNTIL, (Words(_day(origin.proof.not_after)),))
    if origin.prefix:
        yield Line(words.PREFIX, (Words(origin.prefix),))
    if origin.owner:
        yield Line(words.OWNER, (Words(origin.owner),))
    if origin.server:
        yield Line(words.ANSWERED_BY, (Words(origin.server),))
    yield Line(words.NODE, (Words(origin.node),))
    if origin.changed:
        yield Line(words.CHANGED, (Words(_moment(origin.changed)),))


def _day(moment: int) -> str:
    return datetime.fromtimestamp(min(moment, _LAST), UTC).strftime("%Y-%m-%d")


def _moment(moment: int) -> str:
    return datetime.fromtimestamp(moment, _CHINA).strftime("%Y-%m-%d %H:%M (UTC+8)")
