"""What a landing page shows: plain data, free of HTML, in both languages. Whoever answers a person fills it in.

Texts may hold anything at all; `page.py` makes them harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from idis.proto.proof import Proof
from idis.resolver.web.landing.language import NO_WORDS, Words


class Case(Enum):
    """What became of the question; the value is the status of the page."""

    FOUND = (200, "found")
    NOTHING_PUBLIC = (200, "nothing public")  # it exists, and nothing of it is for everybody
    SEVERAL = (300, "several")  # a choice of links
    MALFORMED = (400, "malformed")
    REFUSED = (403, "refused")
    NOT_FOUND = (404, "not found")
    WITHDRAWN = (410, "withdrawn")
    STOPPED = (403, "stopped")  # its prefix is suspended or revoked
    NOT_RESPONSIBLE = (404, "not responsible")
    ELSEWHERE = (200, "elsewhere")  # another node answers
    BUSY = (503, "busy")
    FAILED = (502, "failed")  # who should answer did not

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.value[0]


class Recall(Enum):
    """Whether a thing may be used, by its recall flag 召回标志."""

    NONE = "none"
    CHECK = "check"
    STOP = "stop"


class Mark(Enum):
    """How a line stands out."""

    PLAIN = ""
    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Link:
    """A link. Only http and https addresses and paths of this node become one; anything else is shown as text.

    Attributes:
        href: where it leads.
        words: what is shown of it; without, the address itself.
        language: of what is behind it, as a tag.
        kind: of what is behind it, as a media type.
        aside: what stands beside it in small.
    """

    href: str
    words: Words = NO_WORDS
    language: str = ""
    kind: str = ""
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled line: texts, links, or further lines where the value has parts. `note` is what it is called to a program."""

    label: Words
    contents: tuple[Words | Link | tuple[Line, ...], ...]
    mark: Mark = Mark.PLAIN
    note: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, a test report, a data sheet: what it is, its lines, and whether it is valid today."""

    title: Words
    lines: tuple[Line, ...]
    href: str = ""
    validity: Words = NO_WORDS
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True, slots=True)
class Succession:
    """What took the place of the identifier, or that nothing did. `kind` is shown as a heading."""

    kind: Words
    successors: tuple[Link, ...] = ()
    date: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where what is shown comes from.

    Attributes:
        node: the name of this node.
        source: authority, upstream (asked just now), cache, or stale (its authority is silent).
        prefix: the prefix the identifier lies below.
        owner: the organisation that has the prefix; empty where that is not known here.
        server: ADDRESS:PORT of the node that answered, where another one did.
        age_s: how long ago it answered.
        changed: when a shown value was last changed, unix time in seconds; 0 for never told.
        proof: what the owner's signature comes to; None where nobody looked.
    """

    node: str
    source: Literal["authority", "cache", "stale", "upstream"] = "authority"
    prefix: str = ""
    owner: str = ""
    server: str = ""
    age_s: int = 0
    changed: int = 0
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """All that a page shows of one identifier.

    Attributes:
        identifier: as asked for, or as people write it.
        case: what became of the question.
        origin: where the answer comes from.
        name: of the thing; empty for the identifier itself.
        kind: what kind of thing it is.
        scheme: what kind of identifier it is; empty for our own.
        recall: its recall flag.
        recalled: what bears the flag, where that is not the thing itself but its lot or its product.
        notices: what its owner says of that.
        onward: where whoever has read of the flag may go on to.
        state: its state, where it is not simply in use.
        reason: one sentence of the node, in English, where there is no answer.
        lines, certificates, links: what is known of it.
        others: the same thing in other schemes.
        technical: values that are for programs.
        succession: what became of it.
        json: the path at which a program gets the same.
        omitted: values that are left out because there are too many.
    """

    identifier: str
    case: Case
    origin: Origin
    name: Words = NO_WORDS
    kind: Words = NO_WORDS
    scheme: Words = NO_WORDS
    recall: Recall = Recall.NONE
    recalled: str = ""
    notices: tuple[Link, ...] = ()
    onward: Link | None = None
    state: Words = NO_WORDS
    state_mark: Mark = Mark.PLAIN
    reason: str = ""
    lines: tuple[Line, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    links: tuple[Link, ...] = ()
    others: tuple[Line, ...] = ()
    technical: tuple[Line, ...] = ()
    succession: Succession | None = None
    json: str = ""
    omitted: int = 0
