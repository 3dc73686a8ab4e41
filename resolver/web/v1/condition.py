"""What must be there for a write to happen: If-Match and If-None-Match (RFC 9110 §13.1), versions being the entity tags."""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.registry.registration.checks import Refusal
from idis.resolver.web.v1.problem import outdated
from idis.resolver.web.v1.reading import Unmet

ANYTHING = "*"

_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_LIST = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")
_OPAQUE = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be there, and what must not.

    A tag marked weak counts as any other: what stands between may weaken it, and a version is exact all the same.

    Attributes:
        match: tags of which one must be there; None for no matter.
        none_match: tags of which none may be there; None for no matter.
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    def refuse(self, version: int | None) -> Refusal | None:
        """What the condition has against a write; `version` is what is there, None for nothing."""
        there = set() if version is None else {ANYTHING, str(version)}
        if self.match is not None and not self.match & there:
            return outdated(version)
        if self.none_match is not None and self.none_match & there:
            return outdated(version)
        return None


UNCONDITIONAL = Condition()


def read_tags(header: str, name: str) -> frozenset[str]:
    """The entity tags of a header, without their quotes; `*` stands for any.

    Raises:
        Unmet: it is neither. The write does not happen, as its sender wanted it to be conditional.
    """
    if header.strip() == ANYTHING:
        return frozenset((ANYTHING,))
    if _LIST.fullmatch(header) is None:
        raise Unmet(name, 'this must be * or entity tags in quotes, such as "7"')
    return frozenset(_OPAQUE.findall(header)) - {ANYTHING}
